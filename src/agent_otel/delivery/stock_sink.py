"""``StockSpanSink`` and ``StockLogSink``: items in, what any other exporter wants out (console, a vendor's).

Such an exporter takes the SDK's objects, and items hold bytes: they are decoded when they are sent. Keeping the objects
beside the bytes would cost twice the memory, which then no bound counts, and would know nothing of items that come back
from a spool; and what the bytes hold is what the policy lets leave.

An exporter says only that it failed, never why, and has tried again by itself for as long as it finds right. So every
failure is trouble: the items stay, and a small request now and then finds out when it is well again. To call an item
refused on such a word would lose a queue to an outage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
import os
from typing import Any, Final

from attrs import frozen
from google.protobuf.message import DecodeError

from agent_otel.delivery.item import Envelope, Item, Signal
from agent_otel.delivery.otlp.decoding import decode_log, decode_span
from agent_otel.delivery.otlp.errands import Errands, GaveUp
from agent_otel.delivery.otlp.request import payload_of
from agent_otel.delivery.otlp.stock import untraced
from agent_otel.delivery.sink import FailureKind, SinkFailure, SinkSpec, SinkVerdict
from agent_otel.model import CaptureMode, Cursor

__all__ = ["StockLogSink", "StockSpanSink"]

_TIMEOUT_S: Final = 30.0  # as the stock batch processors give an exporter


@frozen(eq=False)
class _Unreadable:
    """Stands for an item that cannot be handed over, and why."""

    reason: str


class _StockSink:
    """What both sinks are; they differ in what they decode.

    Args:
        spec: The destination. Raw forms are sent only if its content mode is ``raw_content``.
        exporter: Any exporter of its signal.
        timeout_s: Seconds to wait for it. What takes longer goes on in the background, and nothing else is begun then.
    """

    _signal: Signal
    _decode: Callable[[Envelope, bytes], Any]

    def __init__(self, spec: SinkSpec, exporter: Any, *, timeout_s: float = _TIMEOUT_S) -> None:
        self.spec = spec
        self._exporter = exporter
        self._timeout_s = timeout_s
        self._raw = spec.content_mode == CaptureMode.RAW_CONTENT.value
        self._settle_in()

    def _settle_in(self) -> None:
        """Take what belongs to this process."""
        self._errands = Errands(f"agent-otel-{self.spec.sink_id}-stock")
        self._pid = os.getpid()

    def export(self, items: Sequence[Item], cursor: Cursor | None = None) -> SinkVerdict:  # noqa: ARG002  the seam's
        """Hand a batch to the exporter within the timeout. Never raises."""
        decoded = [self._decoded(item) for item in items]
        refused = [(position, found.reason) for position, found in enumerate(decoded) if isinstance(found, _Unreadable)]
        kept = [found for found in decoded if not isinstance(found, _Unreadable)]
        failure = self._hand_over(kept) if kept else None
        settled = len(items) if failure is None else next(at for at, found in enumerate(decoded) if found is kept[0])
        return SinkVerdict(
            settled=settled, refused=tuple(entry for entry in refused if entry[0] < settled), failure=failure
        )

    def shutdown(self) -> None:
        """Shut the exporter down, within the timeout."""
        if self._pid == os.getpid():
            with suppress(Exception):
                self._errands.run(self._exporter.shutdown, self._timeout_s)
            self._errands.stop()

    def _decoded(self, item: Item) -> Any:
        if item.envelope.signal != self._signal:
            return _Unreadable("wrong signal")
        try:
            return self._decode(item.envelope, payload_of(item, raw=self._raw))
        except (DecodeError, ValueError) as error:
            return _Unreadable(type(error).__name__)

    def _hand_over(self, decoded: list[Any]) -> SinkFailure | None:
        try:
            if self._pid != os.getpid():
                self._settle_in()
            result = self._errands.run(lambda: self._export(decoded), self._timeout_s)
        except GaveUp as reason:
            return SinkFailure(kind=FailureKind.TROUBLE, reason=str(reason))
        except BaseException as error:  # noqa: BLE001  whatever an exporter raises: this thread is ours
            return SinkFailure(kind=FailureKind.TROUBLE, reason=type(error).__name__)
        # The results of spans and of log records are two enums with the same names. Not a few exporters give nothing,
        # which the stock processors do not mind.
        if result is None or getattr(result, "name", "") == "SUCCESS":
            return None
        return SinkFailure(kind=FailureKind.TROUBLE, reason="export failed")

    def _export(self, decoded: list[Any]) -> Any:
        with untraced():
            return self._exporter.export(decoded)


class StockSpanSink(_StockSink):
    """Hands spans to any ``SpanExporter``; arguments as above."""

    _signal = "traces"
    _decode = staticmethod(decode_span)


class StockLogSink(_StockSink):
    """Hands log records to any ``LogRecordExporter``; arguments as above."""

    _signal = "logs"
    _decode = staticmethod(decode_log)
