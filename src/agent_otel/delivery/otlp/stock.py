"""What a stock OTLP exporter was told: endpoint, headers, TLS, compression, credentials and timeout, read from it.

Only here stand private names of OpenTelemetry, so that every ``OTEL_EXPORTER_OTLP_*`` variable and every argument of
those exporters holds for our own requests. A test fails when a release of them renames or moves one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from attrs import field, frozen
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value

from agent_otel.delivery.item import Signal

__all__ = ["GrpcTarget", "HttpTarget", "endpoint_identity_of", "read_target", "untraced"]

_ROOM: Final = "opentelemetry.exporter.otlp.proto."
_Class = tuple[str, str]
# By name: importing the gRPC exporter would import gRPC.
_KINDS: Final[Mapping[_Class, tuple[Literal["http", "grpc"], Signal]]] = {
    (f"{_ROOM}http.trace_exporter", "OTLPSpanExporter"): ("http", "traces"),
    (f"{_ROOM}http._log_exporter", "OTLPLogExporter"): ("http", "logs"),
    (f"{_ROOM}grpc.trace_exporter", "OTLPSpanExporter"): ("grpc", "traces"),
    (f"{_ROOM}grpc._log_exporter", "OTLPLogExporter"): ("grpc", "logs"),
}
_TRANSPORT: Final[_Class] = ("opentelemetry.exporter.http.transport._requests", "RequestsHTTPTransport")


@frozen(kw_only=True)
class HttpTarget:
    """Where and how OTLP over HTTP goes.

    Args:
        signal: What the endpoint takes.
        url: The whole address, with the path of the signal.
        headers: Sent with each request, content type among them.
        compression: ``none``, ``gzip`` or ``deflate``.
        timeout_s: Seconds for an export.
        session: The exporter's ``requests.Session``: holds TLS files, proxies and what a credential provider put in.
    """

    signal: Signal
    url: str = field(repr=False)  # may hold credentials
    headers: Mapping[str, str] = field(repr=False)
    compression: str
    timeout_s: float
    session: Any = field(repr=False)

    @property
    def identity(self) -> str:
        """What makes two targets the same destination: scheme, host, port and path, without credentials.

        Some have a token in their path: any other path than OTLP's own is told as a digest.
        """
        parts = urlsplit(self.url)
        path = parts.path
        if path not in {"", f"/v1/{self.signal}"}:
            path = f"/{sha256(path.encode('utf-8', 'replace')).hexdigest()[:16]}"
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


@frozen(kw_only=True)
class GrpcTarget:
    """Where and how OTLP over gRPC goes.

    Args:
        signal: What the endpoint takes.
        address: As gRPC wants it.
        credentials: ``grpc.ChannelCredentials``; None means no TLS.
        headers: Metadata of each request.
        compression: ``grpc.Compression``.
        options: Of the channel; the exporter's user agent is among them.
        timeout_s: Seconds for an export.
    """

    signal: Signal
    address: str
    credentials: Any = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    compression: Any
    options: tuple[tuple[str, Any], ...]
    timeout_s: float

    @property
    def identity(self) -> str:
        """What makes two targets the same destination, without credentials."""
        scheme = "http" if self.credentials is None else "https"
        return f"{scheme}://{self.address.rpartition('@')[2]}"


def read_target(exporter: Any) -> HttpTarget | GrpcTarget | None:
    """Read what an exporter was told.

    Args:
        exporter: One that was constructed, or what stands in for one and passes attributes on; that of the current
            process is read, so a forked child asks again.

    Returns:
        None if it is no stock OTLP exporter of spans or log records: a subclass may do anything in its ``export``.
    """
    stock: Any = getattr(getattr(exporter, "export", None), "__self__", None)
    kind = _KINDS.get(_class_of(stock))
    if kind is None:
        return None
    protocol, signal = kind
    return _http_target(stock, signal) if protocol == "http" else _grpc_target(stock, signal)


def endpoint_identity_of(exporter: Any) -> str:
    """Give where an OTLP exporter sends, as ``endpoint_identity`` of sinks has it; empty if it is none or does not say.

    Unlike ``read_target`` it knows subclasses too: whatever else they do, they send there.

    Args:
        exporter: Any exporter that was constructed.
    """
    try:
        made: Any = getattr(getattr(exporter, "export", None), "__self__", exporter)
        kinds = (_KINDS.get((base.__module__, base.__qualname__)) for base in type(made).__mro__)
        protocol, signal = next(kind for kind in kinds if kind is not None)
        target = _http_target(made, signal) if protocol == "http" else _grpc_target(made, signal)
    except (StopIteration, AttributeError):
        return ""
    return target.identity if target is not None else ""


def _class_of(made: Any) -> _Class:
    return type(made).__module__, type(made).__qualname__


def _http_target(exporter: Any, signal: Signal) -> HttpTarget | None:
    client = exporter._client  # noqa: SLF001  here and below: this is the one place for it
    if _class_of(client._transport) != _TRANSPORT:  # noqa: SLF001
        return None
    return HttpTarget(
        signal=signal,
        url=client._endpoint,  # noqa: SLF001
        headers=dict(client._headers),  # noqa: SLF001
        compression=client._compression.value,  # noqa: SLF001
        timeout_s=client._timeout,  # noqa: SLF001
        session=client._transport._session,  # noqa: SLF001
    )


def _grpc_target(exporter: Any, signal: Signal) -> GrpcTarget:
    return GrpcTarget(
        signal=signal,
        address=exporter._endpoint,  # noqa: SLF001
        credentials=None if exporter._insecure else exporter._credentials,  # noqa: SLF001
        headers=tuple(exporter._headers),  # noqa: SLF001
        compression=exporter._compression,  # noqa: SLF001
        options=tuple(exporter._channel_options),  # noqa: SLF001
        timeout_s=exporter._timeout,  # noqa: SLF001
    )


@contextmanager
def untraced() -> Iterator[None]:
    """Have instrumentation leave the requests of the block alone, as the stock processors do."""
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))  # noqa: FBT003
    try:
        yield
    finally:
        detach(token)
