"""Credentials on command lines and in statements: options and arguments of known commands."""

from __future__ import annotations

from functools import partial
import re

from agent_otel.policy.scrubbing import detector as d
from agent_otel.policy.scrubbing.placeholders import is_placeholder
from agent_otel.policy.scrubbing.validators import opaque

__all__ = ["DETECTORS", "SECRET", "coded_password", "no_placeholder", "telling"]

_command = partial(d.rule, family="command_lines")

_ARGUMENT = r"""(?:[^\s"'`\\;|&<>]|\\[^nrt"'`])+"""
_QUOTE = r"""["'`\\]*"""
_LINE = r"[^\r\n]"
_GAP = r"(?:\s|\\[rnt])"
# Between arguments: in a line, and in the JSON of a list of them.
_SPACE = r"""[\s"',\\]"""
_WORD = r"""[^\s"',\\]+"""
SECRET = rf"{_QUOTE}(?P<secret>{_ARGUMENT})"


def no_placeholder(value: bytes) -> bool:
    """Tell a value from a variable, another option or a stand-in."""
    return not is_placeholder(value) and not value.startswith((b"$", b"%", b"-", b"<", b"{", b"(", b"*"))


def telling(value: bytes) -> bool:
    """Tell a password from a word of a sentence: it has a digit or a sign."""
    return no_placeholder(value) and re.search(rb"[0-9!@#%^&*?~+]", value.rstrip(b".,;:!?)")) is not None


def coded_password(value: bytes) -> bool:
    """Tell a password with a digit from a formatted name."""
    return re.search(rb"[0-9]", value) is not None and re.fullmatch(rb"[\w.]+![rsa]", value) is None


def _argument(value: bytes) -> bool:
    """Tell a password from a number, a path or a placeholder."""
    return no_placeholder(value) and not value.isdigit() and not value.startswith((b"/", b"./", b"~/"))


def _piped(value: bytes) -> int:
    """Give where what is piped into a command ends."""
    return len(re.split(rb"[\"'`\s|\\]", value, maxsplit=1)[0])


DETECTORS: tuple[d.Detector, ...] = (
    _command(
        "curl_user",
        "user and password on a command line of curl or alike",
        ("curl", "wget", "http"),
        rf"(?i)(?:curl|wget|https?){_LINE}*?{_SPACE}+(?:-u|--user|--proxy-user|-a|--auth)[\s=\"',\\]*"
        rf"[^\s\"'`:\\]*:(?P<secret>{_ARGUMENT})",
        triggers=(r"(?:curl|wget)(?:\.exe)?[\s\"\\]", r"https?[\s\"',\\]+--?a"),
        boundary=True,
        validate=no_placeholder,
        samples=(
            ("curl -s -u admin:{} https://host/api", "<a5,24>"),
            ("curl --user 'admin:{}' https://host", "<a5,24>"),
        ),
    ),
    _command(
        "client_password_option",
        "password option of a database client",
        ("mysql", "mariadb", "mongo", "redis-cli", "sqlcmd", "sshpass", "mssql", "ldap", "smbclient", "docker login"),
        rf"(?i)(?:(?:mysql|mariadb)[a-z-]*{_LINE}*?{_SPACE}-p"
        rf"|(?:mongo|ldap|docker login)[a-z]*{_LINE}*?{_SPACE}-[pw]{_SPACE}+"
        rf"|redis-cli{_LINE}*?{_SPACE}-a{_SPACE}+|sshpass{_SPACE}+-p{_SPACE}*"
        rf"|(?:sqlcmd|mssql)[a-z-]*{_LINE}*?{_SPACE}(?-i:-P){_SPACE}*|smbclient{_LINE}*?-U\s+[^\s%]+%)"
        rf"{_QUOTE}(?P<secret>{_ARGUMENT})",
        triggers=(
            r"(?:mysql|mariadb|mongo|ldap)[a-z-]*[\s\"\\]+[^\s=:]",
            r"(?:docker login|redis-cli|sshpass|smbclient|sqlcmd|mssql-cli|rpcclient)[\s\"\\]",
        ),
        validate=no_placeholder,
        samples=(
            ("mysql -h db -u root -p{} app", "<a5,24>"),
            ("sshpass -p {} ssh host", "<a5,24>"),
            ("redis-cli -h cache -a {} ping", "<a5,24>"),
        ),
    ),
    _command(
        "login_password",
        "password beside a login",
        ("login ", "login\t", "account ", "username "),
        rf"(?i)(?:login|account|username|user){_GAP}+[^\s\\]+{_GAP}+password{_GAP}+(?:0 |7 |5 )?{SECRET}",
        triggers=(rf"(?:login|account|username){_GAP}+[^\s\\]+{_GAP}+password{_GAP}",),
        validate=telling,
        samples=(("login bob password {}", "<a5,24>7"),),
    ),
    _command(
        "netrc_password",
        "password of a netrc",
        ("machine ", "default "),
        rf"(?i)(?:machine{_GAP}+[^\s\\]+|default){_GAP}+login{_GAP}+[^\s\\]+{_GAP}+password{_GAP}+{SECRET}",
        triggers=(rf"(?:machine{_GAP}+[^\s\\]+|default){_GAP}+login",),
        validate=no_placeholder,
        samples=(("machine host.example login bob password {}", "<a5,24>"),),
    ),
    _command(
        "pgpass_line",
        "password of a pgpass line",
        (":5432:", "*:*:", ":*:"),
        r"(?::5432|:\*|\*:\*):[^\s:]+:[^\s:]+:(?P<secret>[^\s:\"'\\]+)",
        any_case=False,
        validate=_argument,
        samples=(("db.internal:5432:app:bob:{}", "<a5,24>"),),
    ),
    _command(
        "curl_cookie",
        "cookies on a command line of curl",
        ("curl", "wget"),
        rf"(?i)curl{_LINE}*?{_SPACE}+(?:-b|--cookie)[\s=\"',\\]*(?P<secret>[A-Za-z0-9_.$-]+=[^\r\n\"'`\\]+)",
        triggers=(r"curl(?:\.exe)?[\s\"\\]",),
        boundary=True,
        samples=(("curl -b 'session={}' https://host", "<a32>"),),
    ),
    _command(
        "curl_user_token",
        "token as the user on a command line of curl",
        ("curl",),
        rf"(?i)curl{_LINE}*?{_SPACE}+(?:-[a-z]*u|--user)[\s=\"',\\]*(?P<secret>[A-Za-z0-9_.-]{{16,}}:)",
        triggers=(r"curl(?:\.exe)?[\s\"\\]",),
        boundary=True,
        validate=opaque,
        samples=(("curl -su '{}' https://host", "<h32>:"),),
    ),
    _command(
        "login_option",
        "password option of a login command",
        ("login", "podman", "evil-winrm", "hydra", "crackmapexec", "netexec", "nxc", "cqlsh", "rpcclient", "medusa"),
        rf"(?i)(?:(?:podman|helm|nerdctl|skopeo|buildah|oras|crane|docker|az|oc|cf|ibmcloud|registry|bx|kubelogin)"
        rf"{_LINE}*?login|evil-winrm|hydra|crackmapexec|netexec|nxc|cqlsh|medusa){_LINE}*?{_SPACE}-p[\s=\"',\\]+{SECRET}",
        lead=48,
        triggers=(r"login[\s\"',]+[^\r\n]", r"(?:evil-winrm|hydra|crackmapexec|netexec|nxc|cqlsh|medusa)[\s\"',\\]"),
        boundary=True,
        validate=_argument,
        samples=(("podman login -u bob -p {} quay.example", "<a5,24>"),),
    ),
    _command(
        "archive_password",
        "password option of an archiver or of a key tool",
        (
            "zip",
            "unzip",
            "7z",
            "7za",
            "rar",
            "unrar",
            "ssh-keygen",
            "useradd",
            "usermod",
            "openssl",
            "ipmitool",
        ),
        rf"(?i)(?:(?:un)?zip{_LINE}*?{_SPACE}(?-i:-P){_SPACE}*|(?:7za?|(?:un)?rar){_LINE}*?{_SPACE}-h?p"
        rf"|ssh-keygen{_LINE}*?{_SPACE}(?-i:-[NP]){_SPACE}+|user(?:add|mod){_LINE}*?{_SPACE}-p{_SPACE}+"
        rf"|openssl{_SPACE}+enc{_LINE}*?{_SPACE}-k{_SPACE}+|ipmitool{_LINE}*?{_SPACE}(?-i:-P){_SPACE}+){SECRET}",
        triggers=(
            r"(?:(?:un)?zip|7za?|(?:un)?rar|ssh-keygen|user(?:add|mod)|ipmitool)[\s\"',\\]+[^\r\n]",
            r"openssl[\s\"',\\]+enc",
        ),
        boundary=True,
        validate=_argument,
        samples=(("zip -P {} a.zip f", "<a5,24>"), ("ssh-keygen -t rsa -N '{}' -f k", "<a5,24>")),
    ),
    _command(
        "openssl_pass",
        "password of openssl",
        ("pass:",),
        rf"(?i)-pass(?:in|out)?[\s=]+pass:{SECRET}",
        lead=16,
        triggers=(r"pass:[^\s]",),
        validate=no_placeholder,
        samples=(("openssl rsa -in k.pem -passin pass:{}", "<a5,24>"),),
    ),
    _command(
        "user_argument",
        "password behind a user's name on a command line",
        ("htpasswd", "rabbitmqctl", "mysqladmin", "http-basic.", "net use", "net user", "wpa_passphrase"),
        rf"(?i)(?:htpasswd{_SPACE}+-[a-z]*b[a-z]*{_SPACE}+(?:{_WORD}{_SPACE}+)?{_WORD}"
        rf"|rabbitmqctl{_SPACE}+(?:add_user|change_password){_SPACE}+{_WORD}|mysqladmin\s{_LINE}*?password"
        rf"|http-basic\.{_WORD}{_SPACE}+{_WORD}|wpa_passphrase{_SPACE}+{_WORD}"
        rf"|net use\s{_LINE}*?/user:{_WORD}|net user{_SPACE}+{_WORD}){_SPACE}+{SECRET}",
        boundary=True,
        validate=_argument,
        samples=(("rabbitmqctl add_user bob {}", "<a5,24>"), ("htpasswd -bc .htpasswd bob {}", "<a5,24>")),
    ),
    _command(
        "slash_password",
        "password option of a Windows command",
        ("/p:", "/pass:", "/pwd:", "/password:"),
        rf"(?i)\s/(?:p|pass|pwd|password):{SECRET}",
        lead=1,
        triggers=(r"/(?:p|pass|pwd|password):[^\s]",),
        validate=_argument,
        samples=(("xfreerdp /u:bob /p:{} /v:host", "<a5,24>"),),
    ),
    _command(
        "piped_password",
        "password piped into a command",
        (
            "--password-stdin",
            "--with-token",
            "chpasswd",
            "sudo -s",
            "passwd --stdin",
            "kinit",
            "cryptsetup",
            "--passphrase-fd",
            "--stdin",
        ),
        rf"(?i)(?:echo|printf)(?:\s+-[a-z]+)*\s+[\"'`\\]*(?:%s\S*[\"'`\s\\]+)?(?P<secret>[^\s|]{_LINE}*?\|{_LINE}*?"
        rf"(?:--password-stdin|--with-token|chpasswd|sudo -s|--stdin|--passphrase-fd|kinit|cryptsetup))",
        lead=200,
        narrow=_piped,
        validate=no_placeholder,
        samples=(("echo {} | docker login -u bob --password-stdin", "<a24>"),),
    ),
    _command(
        "here_string",
        "password given to a command as a here-string",
        ("<<<",),
        rf"(?i)\b(?:sudo -s|su|kinit|passwd|chpasswd|cryptsetup|login|secrets){_LINE}*?<<<\s*{SECRET}",
        lead=60,
        validate=_argument,
        samples=(("sudo -S <<< '{}'", "<a5,24>"),),
    ),
    _command(
        "oracle_login",
        "user and password of Oracle's tools",
        ("sqlplus", "jdbc:oracle", "expdp", "impdp", "sqlldr", "rman target"),
        rf"(?i)(?:sqlplus(?:\s+-\S+)*\s+|jdbc:oracle:(?:thin|oci):|(?:expdp|impdp|sqlldr)\s+|rman target\s+){_QUOTE}"
        r"[A-Za-z0-9_$.-]+/(?P<secret>[^\s\"'`@]+)",
        boundary=True,
        validate=no_placeholder,
        samples=(("sqlplus scott/{}@orcl", "<a5,24>"),),
    ),
)
