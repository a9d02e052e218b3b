"""Where a sink sends: variables or the settings file in, protocol, URL, host and port out. Credentials are left out."""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from agent_otel.policy import scrub
from agent_otel.setup import otlp_protocol
from agent_otel.setup.config_file import FileSink
from agent_otel.setup.exporters import Signal

__all__ = ["GRPC", "HTTP", "Address", "address_of", "without_credentials"]

HTTP: Final = "http/protobuf"
GRPC: Final = "grpc"
_EXPORTERS: Final = {"otlp_proto_http": HTTP, "otlp_proto_grpc": GRPC}
_DEFAULTS: Final = {HTTP: "http://localhost:4318", GRPC: "http://localhost:4317"}
_BASE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PORTS: Final = {"http": 80, "https": 443}
_GRPC_SCHEMES: Final = frozenset({"unix", "unix-abstract", "dns", "ipv4", "ipv6", "xds", "vsock"})
_QUERY: Final = re.compile("[?#]")
_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")
_GRPC_PORT: Final = 443  # what gRPC takes for an address without one


@frozen(kw_only=True)
class Address:
    """Where an OTLP sink sends.

    Args:
        protocol: ``http/protobuf`` or ``grpc``.
        url: The whole address, for gRPC without a path; without user, password and query.
        host: Name or IP address; None where only gRPC can read it (``unix:``, ``dns:``).
        port: TCP port.
        encrypted: Whether TLS is spoken.
        said_by: The variable or setting that says so; empty if nothing does.
        names_signal: Whether that is for this signal alone, so that no path is appended to it.
    """

    protocol: str
    url: str
    host: str | None
    port: int
    encrypted: bool
    said_by: str = ""
    names_signal: bool = False


def without_credentials(url: str) -> str:
    """Give a URL without user and password, query and fragment, and without what looks like a secret."""
    scheme, found, rest = url.rpartition("://")
    place = _QUERY.split(rest, maxsplit=1)[0].rpartition("@")[2]
    host = place.partition("/")[0]
    # A password with a question mark in it ends the address too early: what is left then is no host.
    shown = f"{scheme}{found}{place if _HOST.fullmatch(host) else '…'}"
    return str(scrub(shown).value)


def address_of(name: str, signal: Signal, environ: Mapping[str, str], sink: FileSink | None = None) -> Address | None:
    """Give the address of a sink as the stock exporters read it.

    Args:
        name: Of the exporter.
        signal: Which signal.
        environ: Environment variables.
        sink: What the settings file says of it, if it has an endpoint of its own.

    Returns:
        None if it is no OTLP exporter: only itself knows where it sends.
    """
    if sink is not None and sink.endpoint is not None:
        said_by = f"sinks.{sink.name}.endpoint"
        if sink.protocol == HTTP:
            return _over_http(f"{sink.endpoint.rstrip('/')}/v1/{signal}", said_by, names_signal=False)
        return _over_grpc(sink.endpoint, said_by, signal, environ)
    protocol = otlp_protocol(signal, environ) if name == "otlp" else _EXPORTERS.get(name)
    if protocol is None:
        return None
    own = f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"
    said_by = next((variable for variable in (own, _BASE) if environ.get(variable, "").strip()), "")
    url = environ.get(said_by, "").strip() or _DEFAULTS[protocol]
    if protocol == GRPC:
        return _over_grpc(url, said_by, signal, environ)
    names_signal = said_by == own
    return _over_http(url if names_signal else f"{url.rstrip('/')}/v1/{signal}", said_by, names_signal=names_signal)


def _over_http(url: str, said_by: str, *, names_signal: bool) -> Address:
    parts = urlsplit(url)
    return Address(
        protocol=HTTP,
        url=without_credentials(url),
        host=parts.hostname,
        port=_port(parts, _PORTS.get(parts.scheme, 80)),
        encrypted=parts.scheme == "https",
        said_by=said_by,
        names_signal=names_signal,
    )


def _over_grpc(url: str, said_by: str, signal: Signal, environ: Mapping[str, str]) -> Address:
    parts = urlsplit(url)
    encrypted = not _is_insecure(parts.scheme, signal, environ)
    shown = without_credentials(parts.netloc or url)
    read_by_grpc = not parts.netloc and url.partition(":")[0] in _GRPC_SCHEMES
    where = urlsplit(f"//{shown}")
    return Address(
        protocol=GRPC,
        url=shown if read_by_grpc else f"{'https' if encrypted else 'http'}://{shown}",
        host=None if read_by_grpc else where.hostname,
        port=_port(where, _GRPC_PORT),
        encrypted=encrypted,
        said_by=said_by,
    )


def _is_insecure(scheme: str, signal: Signal, environ: Mapping[str, str]) -> bool:
    """As the stock exporter decides: ``https`` above all, then the variables, then ``http``; else TLS it is."""
    if scheme == "https":
        return False
    names = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE")
    said = next((environ[name] for name in names if name in environ), None)
    return said.lower() == "true" if said is not None else scheme == "http"


def _port(parts: SplitResult, default: int) -> int:
    try:
        return parts.port or default
    except ValueError:  # no number, or beyond 65535: the exporter says so itself
        return default
