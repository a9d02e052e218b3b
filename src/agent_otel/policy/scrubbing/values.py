"""Whether what stands behind a secret-like key in running text is a secret, or code, prose or a placeholder."""

from __future__ import annotations

from enum import Enum
import re

from attrs import evolve, frozen

from agent_otel.policy.scrubbing.keys import KeyKind
from agent_otel.policy.scrubbing.placeholders import is_placeholder
from agent_otel.policy.scrubbing.validators import coded, is_uuid, mixed, random_looking, random_run, scrambled

__all__ = ["Assigned", "Manner", "is_secret"]

_WORD_LIKE = re.compile(rb"[A-Za-z_][A-Za-z_ .:!?/-]*")
_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*(?:(?:\.|->|::)[A-Za-z_][A-Za-z0-9_]*)*")
_DIGIT = re.compile(rb"[0-9]")
_NUMBER = re.compile(rb"[-+]?[0-9][0-9_,.]*(?:[eE][-+]?[0-9]+)?[a-z%]?")
_CODE = re.compile(
    rb"[A-Za-z0-9_)\]][(\[]|\]\(|==(?=.)|=>|->|&&|\|\||[{};]$|^[({\[&*!/|+=-]|^[,;:)\]}%\s]|\\[nrt]|^\w*[\"']"
)
_CALL = re.compile(rb"[A-Za-z0-9_)\]][(\[]|\]\(|==(?=.)|=>|->|[{}]$|^[,;:)\]}%\s({\[]")
_CAPITALS = re.compile(rb"[A-Z][A-Z0-9_]*")
_PATH = re.compile(rb"(?:~|\.{1,2})?/[^/]*/|[A-Za-z]:\\\\|https?://|file:|s3://|arn:|[./~]")
_WORDY_PATH = re.compile(rb"(?:~|\.{1,2})?/[A-Za-z_.-]+(?:/|$)|[A-Za-z]:\\\\|https?://|file:|s3://|arn:")
_OWN_NAMES = frozenset(
    b"password passwd passphrase pwd pass secret token key apikey api_key bearer basic cookie credentials".split()
)
_STRONG = re.compile(rb"(?=.*[0-9])(?=.*[A-Za-z])(?=.*[!@#$^&*?~%+])[^\s]{6,64}")
_LIKE_CODE = re.compile(rb"\w\(.*\)|[=-]>|==|&&|\|\||^[$%@{(\[<&*]|://|^\w+[.:]\w+\(")
# How the base64 of public keys begins.
_PUBLIC_KEYS = (
    b"MFkwEwYH",
    b"MIIBIjAN",
    b"MIICIjAN",
    b"MIGfMA0G",
    b"MCowBQYD",
    b"MHYwEAYH",
    b"AAAAB3Nz",
    b"AAAAC3Nz",
    b"AAAAE2Vj",
)
_REGEX = re.compile(rb"\(\?[:=!]|\[\^|\\[wdsbWDSB]|%[sdr]")
_ASCII = re.compile(rb"[A-Za-z0-9]")
_NAMES = frozenset(
    b"value data line input result text string name user userdata username other match info self args params config "
    b"settings request response item field default passwd pass getpass prompt".split()
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
_RUN = re.compile(rb"[A-Za-z0-9+/_=.:~-]+")
_HEADER = re.compile(rb"[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]*)+")
_CODE_DIGITS = re.compile(rb"[0-9]{3,10}")
_OPTION_WORD = re.compile(rb"[A-Za-z][a-z]*[A-Za-z]*")
_JUDGED = 256  # a longer value is judged by its head
_CODE_SHOWS = 48  # within so many characters
_SHORTEST = 8
_SHORTEST_ALONE = 5
_SHORTEST_QUOTED = 4
_PHRASE_WORDS = (b"phrase", b"mnemonic", b"psk")


class Manner(Enum):
    """How a value stands to its key.

    Attributes:
        ASSIGNED: Behind a separator.
        OPTION: An option's argument.
        CALL: The only argument of a call.
        BESIDE: The next item of a list, or the next argument of a call.
        PROSE: In a sentence: ``is``, ``was``, in brackets.
        BARE_PROSE: The next word.
    """

    ASSIGNED = 0
    OPTION = 1
    CALL = 2
    BESIDE = 3
    PROSE = 4
    BARE_PROSE = 5


@frozen
class Assigned:
    """A value with what stands around it.

    Attributes:
        kind: What the key's name says.
        key: The key.
        value: The value, without its quotes.
        quoted: Whether it stands in quotes.
        key_quoted: Whether the key does.
        tight: Whether key, separator and value touch.
        whole_line: Whether key and value fill their line.
        manner: How the value stands to the key.
    """

    kind: KeyKind
    key: bytes
    value: bytes
    quoted: bool
    key_quoted: bool
    tight: bool
    whole_line: bool
    manner: Manner = Manner.ASSIGNED


def is_secret(found: Assigned) -> bool:
    """Judge a value in running text; structured values are judged by their key alone."""
    if len(found.value) > _JUDGED:
        found = evolve(found, value=found.value[:_JUDGED])
    value = found.value
    if is_placeholder(value) or value.lower() in _OWN_NAMES:
        return False
    if found.kind is KeyKind.CODE and _CODE_DIGITS.fullmatch(value):
        return found.manner is Manner.ASSIGNED or found.manner is Manner.OPTION
    if found.manner in (Manner.PROSE, Manner.BARE_PROSE):
        return _in_prose(found)
    if found.manner is Manner.BESIDE:
        return _beside(found)
    if found.kind in (KeyKind.WEAK, KeyKind.CODE):
        return _weak(found)
    if _is_own_name(found) or (found.quoted and found.kind is KeyKind.SECRET and _REGEX.search(value)):
        return False
    if found.manner is Manner.CALL and (_CAPITALS.fullmatch(value) or value.endswith(b":")):
        return False
    if found.key.lower().endswith(b"pwd") and _PATH.match(value):
        return False
    return _quoted(found) if found.quoted else _bare(found)


def _weak(found: Assigned) -> bool:
    value = found.value
    if not found.quoted and _RUN.fullmatch(value) is None:
        return False
    if value.startswith(_PUBLIC_KEYS) or (b"." in value and _IDENTIFIER.fullmatch(value)):
        return False
    return random_looking(value) and not _is_path(value)


def _is_own_name(found: Assigned) -> bool:
    """Tell ``self.token2 = module.token2``."""
    own = found.key.rpartition(b".")[2]
    return not found.quoted and found.value.rpartition(b".")[2] == own


def _is_path(value: bytes) -> bool:
    """Tell a path or an address; base64 may begin like one."""
    return _PATH.match(value) is not None and not (_BASE64.fullmatch(value) and mixed(value))


def _in_prose(found: Assigned) -> bool:
    value = found.value
    if _is_path(value) or b"://" in value:
        return False
    if found.manner is Manner.PROSE and is_uuid(value):
        return True
    return len(value) >= 2 * _SHORTEST and (random_looking(value) or random_run(value)) and not is_uuid(value)


def _beside(found: Assigned) -> bool:
    value = found.value
    if _is_path(value) or b"\n" in value or _DIGIT.search(value) is None or _NUMBER.fullmatch(value):
        return False
    if found.kind is KeyKind.PASSWORD:
        return b" " not in value and not value.startswith(b"-")
    return random_looking(value.replace(b" ", b"")) or random_run(value) or is_uuid(value)


def _quoted(found: Assigned) -> bool:
    value = found.value
    if value[:1] in b" \t\r\n\\" or b"\n" in value or (value[:1] in b",;:)]}%+" and not found.key_quoted):
        return False
    if found.kind is KeyKind.PASSWORD:
        configured = found.tight and _CAPITALS.fullmatch(found.key) is not None
        return (
            value.count(b" ") < 2
            or found.key_quoted
            or configured
            or any(word in found.key.lower() for word in _PHRASE_WORDS)
        )
    if found.key_quoted and _CODE_DIGITS.fullmatch(value) and len(value) >= _SHORTEST_QUOTED:
        return False
    if _ASCII.search(value) is None:
        return False
    if len(value) < _SHORTEST_QUOTED or b" " in value or _is_path(value) or _NUMBER.fullmatch(value):
        return False
    if scrambled(value):
        return True
    wordy = _WORD_LIKE.fullmatch(value) is not None
    return not wordy or (found.key_quoted and len(value) >= _SHORTEST and not _IDENTIFIER.fullmatch(value))


def _bare(found: Assigned) -> bool:
    value = found.value
    capitals = _CAPITALS.fullmatch(found.key) is not None
    password = found.kind is KeyKind.PASSWORD
    configured = (capitals or password) and found.tight
    if (_WORDY_PATH if configured else _PATH).match(value) and _is_path(value):
        return False
    if password and (found.tight or found.whole_line) and _STRONG.fullmatch(value) and not _LIKE_CODE.search(value):
        return True
    if random_run(value) and _RUN.fullmatch(value):
        return True
    if (_CALL if configured else _CODE).search(value[:_CODE_SHOWS]):
        return False
    if _NUMBER.fullmatch(value):
        alone = found.tight or found.whole_line or found.key_quoted
        return password and alone and len(value) >= _SHORTEST_QUOTED
    if _HEADER.fullmatch(found.key) and found.whole_line and _DIGIT.search(value) and len(value) >= _SHORTEST:
        return True
    if found.manner is Manner.OPTION:
        return value.islower() or not _OPTION_WORD.fullmatch(value) or random_looking(value + b"0")
    return _bare_name(found, capitals=capitals)


def _bare_name(found: Assigned, *, capitals: bool) -> bool:
    """Judge a bare value that may be the name of something, or a secret of letters and digits."""
    value = found.value
    password = found.kind is KeyKind.PASSWORD
    if scrambled(value) or (password and found.tight and coded(value)):
        return True
    if _IDENTIFIER.fullmatch(value) and _DIGIT.search(value) is None:
        named = capitals and found.tight and not _CAPITALS.fullmatch(value)
        return named or (password and found.whole_line and not found.tight and _is_word(found))
    if password or (capitals and found.tight):
        return b"." not in value or not _IDENTIFIER.fullmatch(value)
    if _IDENTIFIER.fullmatch(value) and (b"_" in value or b"." in value or value in found.key or found.key in value):
        return False
    shortest = _SHORTEST_ALONE if found.tight or found.whole_line else _SHORTEST
    return len(value) >= shortest and _DIGIT.search(value) is not None


def _is_word(found: Assigned) -> bool:
    """Tell a password that is a mere word from a variable's name."""
    value = found.value
    return value.islower() and value.isalpha() and b"." not in found.key and value not in _NAMES
