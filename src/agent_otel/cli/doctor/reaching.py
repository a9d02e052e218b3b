"""Whether an endpoint can be reached, step by step: its name, its TCP port, its certificate. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
import socket
import ssl
import time
from typing import Any, Final, Literal

from attrs import asdict, field, frozen

from agent_otel.cli.doctor.address import GRPC, Address, without_credentials
from agent_otel.setup.exporters import Signal

__all__ = ["REQUESTS_VARIABLES", "Reached", "Trust", "reach", "trust_of"]

State = Literal["connected", "not_resolved", "refused", "timeout", "unreachable", "tls", "not_checked"]
_MILLIS: Final = 1000
_OTLP: Final = "OTEL_EXPORTER_OTLP"
REQUESTS_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@frozen(kw_only=True)
class Reached:
    """How far one got.

    Args:
        state: ``connected``, or where it ended; ``not_checked`` if only the exporter can tell.
        at: Host and port that were tried: the proxy's, where one stands between.
        detail: What the system said; never an address.
        ms: Milliseconds until it was connected, TLS included; else None.
        trust_said_by: The variable that says which certificates are trusted; empty if none does.
        through_proxy: Whether a proxy stands between, so that nothing is known of the endpoint itself.
    """

    state: State
    at: str = ""
    detail: str = ""
    ms: int | None = None
    trust_said_by: str = ""
    through_proxy: bool = False

    @property
    def failed(self) -> bool:
        """Whether something is wrong."""
        return self.state not in ("connected", "not_checked")

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return asdict(self)


@frozen(kw_only=True)
class Trust:
    """Whom a client trusts, and what it shows of itself.

    Args:
        authorities: File or directory of certificates in PEM; None for those of the system.
        said_by: The variable that names it; empty if none does.
        certificate: The client's own, in PEM; None if it has none.
        key: Its private key; None if it stands in the certificate's file.
    """

    authorities: str | None = None
    said_by: str = ""
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)

    def context(self) -> ssl.SSLContext:
        """Give what to shake hands with.

        Raises:
            OSError: A file cannot be read, or is none of certificates (``ssl.SSLError``).
        """
        context = ssl.create_default_context()
        if self.authorities is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody else
            context.load_verify_locations(self.authorities)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


def trust_of(signal: Signal, protocol: str, environ: Mapping[str, str]) -> Trust:
    """Read whom the exporter of a signal trusts.

    Args:
        signal: Which signal.
        protocol: ``http/protobuf`` or ``grpc``.
        environ: Environment variables.
    """

    def own(part: str) -> tuple[str, str]:
        return f"{_OTLP}_{signal.upper()}_{part}", f"{_OTLP}_{part}"

    def file(*names: str) -> str | None:
        return next((environ[name].strip() for name in names if environ.get(name, "").strip()), None)

    if protocol == GRPC:
        names: tuple[str, ...] = (*own("CERTIFICATE"), "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
    elif signal == "metrics":  # the stock exporter, which our sinks are not, lets requests' own variables go first
        names = (*REQUESTS_VARIABLES, *own("CERTIFICATE"))
    else:
        names = (*own("CERTIFICATE"), *REQUESTS_VARIABLES)
    authorities = file(*names)
    return Trust(
        authorities=authorities if authorities is not None or protocol == GRPC else _bundled_authorities(),
        said_by=next((name for name in names if environ.get(name, "").strip()), ""),
        certificate=file(*own("CLIENT_CERTIFICATE")),
        key=file(*own("CLIENT_KEY")),
    )


def _bundled_authorities() -> str:
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415  only where HTTP is spoken

    return str(DEFAULT_CA_BUNDLE_PATH)


def reach(address: Address, trust: Trust, environ: Mapping[str, str], timeout_s: float) -> Reached:
    """Resolve, connect, and shake hands if it is encrypted. Never raises.

    Args:
        address: Where to.
        trust: Whom to trust.
        environ: Environment variables, for proxies.
        timeout_s: Seconds for connecting; resolving a name may take longer.
    """
    if address.host is None:
        return Reached(state="not_checked", detail="gRPC itself reads this kind of address")
    proxy = _proxy_of(address, environ)
    host, port = proxy if proxy is not None else (address.host, address.port)
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    begin = time.monotonic()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter for what is no name at all
        said = getattr(error, "strerror", None) or "not a host name"
        return Reached(state="not_resolved", at=at, detail=said, through_proxy=proxy is not None)
    try:
        with _connected(found, begin + timeout_s) as connection:
            if address.encrypted and proxy is None:
                connection.settimeout(max(0.001, begin + timeout_s - time.monotonic()))
                with _context(trust, address).wrap_socket(connection, server_hostname=address.host):
                    pass
    except OSError as error:
        return Reached(
            state=_state_of(error),
            at=at,
            detail=_said_by(error),
            trust_said_by=trust.said_by,
            through_proxy=proxy is not None,
        )
    ms = round((time.monotonic() - begin) * _MILLIS)
    return Reached(state="connected", at=at, ms=ms, through_proxy=proxy is not None)


def _connected(found: list[Any], deadline: float) -> socket.socket:
    """Connect to the first address that takes it.

    Raises:
        OSError: What the last one said.
    """
    last: OSError = TimeoutError()
    for family, kind, protocol, _, where in found:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            connection.connect(where)
        except OSError as error:
            connection.close()
            last = error
        else:
            return connection
    raise last


def _context(trust: Trust, address: Address) -> ssl.SSLContext:
    context = trust.context()
    context.set_alpn_protocols(["h2"] if address.protocol == GRPC else ["http/1.1"])
    return context


def _state_of(error: OSError) -> State:
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "unreachable"


def _said_by(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message).rstrip(".")
    if isinstance(error, ssl.SSLError):
        return str(error.reason or type(error).__name__).lower().replace("_", " ")
    return str(error.strerror or type(error).__name__)


def _proxy_of(address: Address, environ: Mapping[str, str]) -> tuple[str, int] | None:
    """Give the proxy that the exporter goes through, by host and port."""
    from requests.utils import get_environ_proxies, select_proxy, should_bypass_proxies  # noqa: PLC0415  as above

    url = f"{'https' if address.encrypted else 'http'}://{address.host}:{address.port}"
    if address.protocol == GRPC:
        names = ("grpc_proxy", "https_proxy", "http_proxy")
        proxy = next((text for name in names if (text := environ.get(name, "").strip())), None)
        none_for = environ.get("no_grpc_proxy") or environ.get("no_proxy")
        if proxy is None or should_bypass_proxies(url, none_for):
            return None
    else:
        proxy = select_proxy(url, get_environ_proxies(url, no_proxy=None))
        if proxy is None:
            return None
    host, _, port = without_credentials(proxy).rpartition("://")[2].partition("/")[0].rpartition(":")
    return (host.strip("[]"), int(port)) if host and port.isdecimal() else (port, 80)
