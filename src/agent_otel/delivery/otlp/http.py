"""``OtlpHttpSink``: items in, POST requests of OTLP/HTTP with protobuf bodies out, a verdict back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
import gzip
import os
import re
import socket
import ssl
import time
from typing import Final
import zlib

import requests

from agent_otel.delivery.item import Item
from agent_otel.delivery.otlp.answer import Answer, of_status, retry_after, taken
from agent_otel.delivery.otlp.errands import Errands, GaveUp
from agent_otel.delivery.otlp.request import request_bytes
from agent_otel.delivery.otlp.sink import OtlpSink
from agent_otel.delivery.otlp.stock import HttpTarget, read_target, untraced
from agent_otel.delivery.sink import FailureKind, SinkFailure

__all__ = ["OtlpHttpSink"]

_MAX_ANSWER: Final = 65_536  # bytes; what is longer is no export response
_LEVEL: Final = 6  # of compression: 9, gzip's default in Python, takes twice the time for 1 % less
_COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "none": bytes,
    "gzip": lambda body: gzip.compress(body, _LEVEL, mtime=0),
    "deflate": lambda body: zlib.compress(body, _LEVEL),
}
_TUNNEL: Final = re.compile(r"Tunnel connection failed: (\d{3})")
# The other end hung up in the midst of TLS: connection trouble, where every other fault of TLS is one of configuration.
_HUNG_UP: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


class OtlpHttpSink(OtlpSink):
    """Sends over HTTP. One connection is kept alive for all exports. Redirects are not followed.

    A forked child has connections of its own if the exporter is wrapped so that it is given some.
    """

    _target: HttpTarget

    def _settle_in(self) -> None:
        """Take what belongs to this process."""
        target = read_target(self._exporter)
        if not isinstance(target, HttpTarget):
            raise TypeError(f"{type(self._exporter).__name__} is no stock OTLP exporter over HTTP")
        self._target = target
        self._errands = Errands(f"agent-otel-{self.spec.sink_id}-http")
        self._pid = os.getpid()

    def shutdown(self) -> None:
        """Close connections. A request that is under way is given up at once, and may still arrive."""
        self._is_over = True
        if self._pid == os.getpid():
            self._errands.stop()
            self._target.session.close()

    def _send(self, items: Sequence[Item], timeout_s: float) -> Answer:
        deadline = time.monotonic() + timeout_s
        if self._pid != os.getpid() and not self._is_over:
            self._settle_in()
        body = _COMPRESS[self._target.compression](request_bytes(items, raw=self._raw))
        left = deadline - time.monotonic()
        try:
            return self._errands.run(lambda: self._post(body, len(items), left), left)
        except GaveUp as reason:
            return SinkFailure(kind=FailureKind.NOT_NOW, reason=str(reason))

    def _post(self, body: bytes, count: int, timeout_s: float) -> Answer:
        target = self._target
        try:
            with (
                untraced(),
                target.session.post(
                    target.url,
                    data=body,
                    headers=dict(target.headers),
                    timeout=max(timeout_s, 0.001),
                    # Said again: REQUESTS_CA_BUNDLE goes before what a session says, and OTLP's own variable before it.
                    verify=target.session.verify,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                if response.status_code // 100 != 2:
                    return _refusal(response)
                return taken(target.signal, _body(response), count)
        except Exception as error:  # noqa: BLE001  a credential provider's session may raise anything
            return _failure(error)


def _refusal(response: requests.Response) -> Answer:
    asked = retry_after(response.headers.get("retry-after"), datetime.now(timezone.utc))
    with suppress(requests.RequestException, OSError):
        _body(response)  # a connection can be used again only after its answer was read
    return of_status(response.status_code, asked)


def _body(response: requests.Response) -> bytes:
    """Read an answer, at most as much as an export response may have; the rest costs the connection."""
    read = b""
    for chunk in response.iter_content(_MAX_ANSWER):
        read += chunk
        if len(read) >= _MAX_ANSWER:
            return b""
    return read


def _failure(error: Exception) -> Answer:
    """Tell what a request without a whole answer failed of; reasons are class names, for texts may hold the address."""
    chain = list(_chain(error))
    root = type(chain[-1]).__name__
    for cause in chain:
        if found := _TUNNEL.search(str(cause)):  # a proxy's answer to CONNECT comes as an exception
            return of_status(int(found[1]))
    if any(isinstance(cause, (requests.Timeout, TimeoutError)) for cause in chain):
        return _not_now("timeout")
    if any(isinstance(cause, _HUNG_UP) for cause in chain):
        return _not_now(root)
    if any(isinstance(cause, (ssl.SSLError, requests.exceptions.SSLError)) for cause in chain):
        return _trouble(f"TLS: {root}")
    if any(isinstance(cause, socket.gaierror) for cause in chain):
        return _trouble("name not resolved")
    lost = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, ConnectionError)
    return _not_now(root) if isinstance(error, lost) else _trouble(root)


def _not_now(reason: str) -> SinkFailure:
    return SinkFailure(kind=FailureKind.NOT_NOW, reason=reason)


def _trouble(reason: str) -> SinkFailure:
    return SinkFailure(kind=FailureKind.TROUBLE, reason=reason)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and what it was raised for, down to the first; urllib3 keeps it in ``reason`` or ``args``."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        inner = [getattr(found, "reason", None), *reversed(found.args), found.__cause__, found.__context__]
        found = next((cause for cause in inner if isinstance(cause, BaseException)), None)
