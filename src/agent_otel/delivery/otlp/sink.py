"""What the OTLP sinks share, whatever carries their requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from agent_otel.delivery.item import Item
from agent_otel.delivery.otlp.answer import Answer
from agent_otel.delivery.otlp.splitting import MAX_REQUEST_BYTES, Splitter, Stub
from agent_otel.delivery.otlp.stock import GrpcTarget, HttpTarget
from agent_otel.delivery.sink import SinkSpec, SinkVerdict
from agent_otel.model import CaptureMode, Cursor

__all__ = ["OtlpSink"]


class OtlpSink(ABC):
    """Sends spans or log records as the exporter that it is made from was told to.

    Args:
        spec: The destination. Raw forms are sent only if its content mode is ``raw_content``.
        exporter: A stock OTLP exporter of the sink's protocol, or what stands in for one; it exports nothing itself. A
            forked child reads it again.
        max_request_bytes: Bytes of a request, before compression.
        stub: What goes in the place of an item that is too large by itself; None means that it is refused.

    Raises:
        TypeError: The exporter is no such exporter.
    """

    _target: HttpTarget | GrpcTarget

    def __init__(
        self, spec: SinkSpec, exporter: Any, *, max_request_bytes: int = MAX_REQUEST_BYTES, stub: Stub | None = None
    ) -> None:
        self.spec = spec
        self._exporter = exporter
        self._raw = spec.content_mode == CaptureMode.RAW_CONTENT.value
        self._is_over = False
        self._settle_in()
        self._splitter = Splitter(
            self._send, signal=self._target.signal, max_bytes=max_request_bytes, raw=self._raw, stub=stub
        )

    def export(self, items: Sequence[Item], cursor: Cursor | None = None) -> SinkVerdict:  # noqa: ARG002  the seam's
        """Send a batch within the exporter's timeout. Never raises."""
        return self._splitter.deliver(items, self._target.timeout_s)

    @abstractmethod
    def shutdown(self) -> None:
        """Let go of connections."""

    @abstractmethod
    def _settle_in(self) -> None:
        """Take what belongs to this process, `_target` for one."""

    @abstractmethod
    def _send(self, items: Sequence[Item], timeout_s: float) -> Answer:
        """Send one request."""
