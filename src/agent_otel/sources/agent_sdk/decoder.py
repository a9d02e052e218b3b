"""The decoder of agent-sdk-core: events, and telemetry about events, in one stream, in any order, of many runs at once.

The end of a model or tool call waits for the next event of its run, because its tokens and its tool's name come as
telemetry of their own, after it or before it. A run's end waits for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from agent_otel.model import AgentEvent, RecordRejected
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk.codec import (
    decode_agent_event,
    decode_event_frame,
    decode_event_overflow_notice,
    decode_telemetry_projection,
    decode_telemetry_record,
)
from agent_otel.sources.agent_sdk.health import Health, usage_may_be_lost
from agent_otel.sources.agent_sdk.kinds import KINDS
from agent_otel.sources.agent_sdk.mapping import Happening
from agent_otel.sources.agent_sdk.measures import Measure, measure_of_projection, measure_of_record
from agent_otel.sources.agent_sdk.measuring import Measuring
from agent_otel.sources.agent_sdk.parts import moment_of, word
from agent_otel.sources.agent_sdk.runs import Runs
from agent_otel.sources.agent_sdk.shapes import Shape, shape_of
from agent_otel.sources.agent_sdk.story import Story
from agent_otel.sources.protocol import Context, Decoded, Document, Verdict

__all__ = ["AgentSdkDecoder"]

_UNKNOWN: Final = Decoded(verdict=Verdict.SKIPPED, note="unknown_variant")
_JOURNAL: Final = Decoded(verdict=Verdict.SKIPPED, note="journal_record")
_USAGE_MAY_BE_LOST: Final = "usage_may_be_lost"
_ABOUT_SINKS: Final = frozenset({sdk.TelemetryProjectionKind.SinkHealth, sdk.TelemetryProjectionKind.RepairCursor})


class AgentSdkDecoder:
    """Decodes one stream."""

    def __init__(self) -> None:
        self._begin("", live=False)
        self._decoders: dict[Shape, Callable[[Any, Context], Decoded]] = {
            Shape.EVENT: self._event,
            Shape.FRAME: self._frame,
            Shape.OVERFLOW: self._overflow,
            Shape.PROJECTION: self._projection,
            Shape.RECORD: self._record,
        }

    def open(self, document: Document) -> None:
        """Begin a document: a stream of its own."""
        self._begin(document.nonce, live=document.live)

    def decode(self, record: Any, context: Context) -> Decoded:
        """Decode one parsed JSON value.

        Raises:
            RecordRejected: If it is of none of the forms, or a member is missing or of a wrong type.
        """
        shape = shape_of(record)
        if shape is None:
            raise RecordRejected("", "is no event and no telemetry of agent-sdk-core")
        decode = self._decoders.get(shape)
        return _JOURNAL if decode is None else self._with_forgotten(decode(record, context))

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:
        """End the document.

        Args:
            complete: Whether it is at its end. If not, it may still bring what the ends wait for that are held back:
                the next reading begins at its first record and tells them then.
        """
        return tuple(self._story.finish()) if complete else ()

    def _begin(self, nonce: str, *, live: bool) -> None:
        self._nonce = nonce
        self._runs = Runs()
        self._health = Health(nonce)
        self._measuring = Measuring(nonce, live=live)
        self._story = Story(self._runs, self._measuring)

    def _event(self, record: Any, context: Context) -> Decoded:
        return self._told(decode_agent_event(record), context)

    def _frame(self, record: Any, context: Context) -> Decoded:
        """Decode an event in its frame; an overflow notice on it tells of events before this one (rule R65)."""
        frame = decode_event_frame(record)
        told = self._told(frame.event, context)
        if frame.overflow is None:
            return told
        envelope = frame.event.envelope
        moment = moment_of(envelope.timestamp, envelope.recorded_at, context)
        lost = self._lost(frame.overflow, context, envelope.run_id, None if moment.is_receipt else moment.time_ns)
        return Decoded((*lost.events, *told.events), note=lost.note or told.note)

    def _overflow(self, record: Any, context: Context) -> Decoded:
        notice = decode_event_overflow_notice(record)
        return self._lost(notice, context, _run_of(notice), None)

    def _lost(self, notice: sdk.EventOverflowNotice, context: Context, run: str | None, time_ns: int | None) -> Decoded:
        event = self._health.of_overflow(notice, context, run=run, time_ns=time_ns)
        return Decoded((event,), note=_USAGE_MAY_BE_LOST if usage_may_be_lost(notice.policy) else None)

    def _told(self, event: sdk.AgentEvent, context: Context) -> Decoded:
        envelope = event.envelope
        row = KINDS.get(word(envelope.event_kind))
        if row is None:
            return _UNKNOWN
        moment = moment_of(envelope.timestamp, envelope.recorded_at, context)
        run = self._runs.of(envelope.run_id)
        happening = Happening(event, row, run, moment, context, self._nonce)
        return Decoded(tuple(self._story.tell(happening)), note=moment.note)

    def _projection(self, record: Any, context: Context) -> Decoded:
        projection = decode_telemetry_projection(record)
        measure = measure_of_projection(projection, context)
        if measure is not None:
            return self._measured(measure)
        if projection.projection_kind in _ABOUT_SINKS:
            return Decoded((self._health.of_projection(projection, context),))
        return _UNKNOWN

    def _record(self, record: Any, context: Context) -> Decoded:
        telemetry = decode_telemetry_record(record)
        if telemetry is None:
            return _UNKNOWN
        payload = telemetry.payload
        if isinstance(payload, sdk.TelemetryRecordPayload.Usage):
            return self._measured(measure_of_record(telemetry, payload.record, context))
        if isinstance(payload, sdk.TelemetryRecordPayload.Cost):
            return self._measured(measure_of_record(telemetry, payload.record, context))
        told = self._health.of_record(telemetry, context)
        return _UNKNOWN if told is None else Decoded((told,))

    def _measured(self, measure: Measure) -> Decoded:
        return self._measuring.take(measure, self._runs.of(measure.run))

    def _with_forgotten(self, decoded: Decoded) -> Decoded:
        """Tell what the runs hold that are forgotten because there are too many of them."""
        forgotten = tuple(event for run in self._runs.excess() for event in self._story.settle(run))
        return Decoded((*forgotten, *decoded.events), decoded.verdict, decoded.note) if forgotten else decoded


def _run_of(notice: sdk.EventOverflowNotice) -> str | None:
    """Give the run whose events were lost, if the stream was that of one run."""
    scope = notice.gap_end.scope
    return scope.run_id if isinstance(scope, sdk.EventStreamScope.Run) else None
