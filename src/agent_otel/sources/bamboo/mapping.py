"""Bamboo models to ``AgentEvent``: one function per variant, stateless (rules R4 to R7 and R9 to R12).

A round is a run, its id joined to the session's. Integers beyond 2**63-1 are clamped (rule R12); that and a status word
that nobody knows are told in the note.
"""

from __future__ import annotations

from collections.abc import Callable
import re
from typing import Any, Final

from agent_otel.model import NANOS_PER_MILLI, AgentEvent, EventKind, Fact, Names, Outcome, Phase
from agent_otel.sources.bamboo.parts import (
    MAX_INTEGER,
    ORIGIN,
    build_event,
    error_contents,
    error_type_of,
    note_of,
    outcome_of,
    run_id,
    usage_of,
)
from agent_otel.sources.bamboo.place import identifier
from agent_otel.sources.bamboo.records import ChatEvent, ForwardEvent, MetricsEvent, SystemEvent
from agent_otel.sources.protocol import Context, Decoded

__all__ = ["map_event"]

_ENDPOINT: Final = re.compile(r"[A-Za-z0-9_.:/-]{0,80}")
_EVENT_TYPE: Final = re.compile(r"[A-Za-z]{1,32}::[A-Za-z]{1,32}")
_LOSS_REASONS: Final = {"full": "channel_full", "closed": "channel_closed"}


def _run(record: Any) -> str:
    return run_id(record.session_id, record.round_id)


def _health(context: Context, subject: str, facts: dict[Fact, Any], **rest: Any) -> AgentEvent:
    """Give a point without time of its own: system events have none."""
    return AgentEvent(
        kind=EventKind.HEALTH,
        origin=ORIGIN,
        time_ns=context.receipt_ns,
        time_is_receipt=True,
        names=Names(subject=subject),
        facts=facts,
        cursor=context.cursor,
        **rest,
    )


def _session_started(record: Any, context: Context) -> Decoded:
    event = build_event(
        context,
        record.meta,
        {},
        conversation=record.session_id,
        kind=EventKind.SESSION,
        phase=Phase.START,
        names=Names(request_model=record.model or None),
    )
    return Decoded((event,))


def _session_completed(record: Any, context: Context) -> Decoded:
    outcome, raw, known = outcome_of(record.status)
    event = build_event(
        context,
        record.meta,
        {"status": raw},
        conversation=record.session_id,
        kind=EventKind.SESSION,
        phase=Phase.END,
        outcome=outcome,
        error_type=error_type_of(outcome, "session_error", told=False),
        facts={Fact.STATE: raw.strip().lower().replace("-", "_").replace(" ", "_")},
    )
    return Decoded((event,), note=note_of(known=known))


def _round_started(record: Any, context: Context) -> Decoded:
    event = build_event(
        context,
        record.meta,
        {"round.id": record.round_id},
        conversation=record.session_id,
        run=_run(record),
        kind=EventKind.AGENT,
        phase=Phase.START,
        names=Names(request_model=record.model or None),
    )
    return Decoded((event,))


def _round_completed(record: Any, context: Context) -> Decoded:
    outcome, raw, known = outcome_of(record.status)
    usage, counts = usage_of(record.usage)
    duration = record.latency_ms * NANOS_PER_MILLI
    event = build_event(
        context,
        record.meta,
        {"round.id": record.round_id, "status": raw},
        conversation=record.session_id,
        run=_run(record),
        kind=EventKind.AGENT,
        phase=Phase.END,
        duration_ns=min(duration, MAX_INTEGER),
        outcome=outcome,
        error_type=error_type_of(outcome, "round_error", told=record.error is not None),
        usage=usage,
        contents=error_contents(record.error),
    )
    return Decoded((event,), note=note_of(duration, *counts, known=known))


def _tool_called(record: Any, context: Context) -> Decoded:
    duration = record.latency_ms * NANOS_PER_MILLI
    event = build_event(
        context,
        record.meta,
        {"round.id": record.round_id},
        conversation=record.session_id,
        run=_run(record),
        tool_call=record.tool_call_id,
        kind=EventKind.TOOL,
        phase=Phase.END,
        duration_ns=min(duration, MAX_INTEGER),
        names=Names(tool=identifier(record.tool_name or None)),
        outcome=Outcome.OK if record.success else Outcome.ERROR,
        error_type=None if record.success else "tool_error",
    )
    return Decoded((event,), note=note_of(duration))


def _message_count_updated(record: Any, context: Context) -> Decoded:
    event = build_event(
        context,
        record.meta,
        {},
        conversation=record.session_id,
        kind=EventKind.MESSAGE,
        names=Names(subject="message_count_updated"),
        facts={Fact.MESSAGE_COUNT: record.message_count},
    )
    return Decoded((event,))


def _request_started(record: Any, context: Context) -> Decoded:
    is_name = _ENDPOINT.fullmatch(record.endpoint) is not None
    provider, _, operation = record.endpoint.partition(".") if is_name else ("", "", "")
    event = build_event(
        context,
        record.meta,
        {"endpoint": record.endpoint if is_name else "other"},
        request=record.request_id,
        kind=EventKind.FORWARD,
        phase=Phase.START,
        names=Names(provider=provider or None, operation=operation or None, request_model=record.model or None),
        facts={Fact.STREAM: record.is_stream},
    )
    return Decoded((event,))


def _request_completed(record: Any, context: Context) -> Decoded:
    outcome, raw, known = outcome_of(record.status)
    code = record.status_code
    if code == 0:  # no answer came: an error whatever the status says (rule R9)
        outcome, own = Outcome.ERROR, "transport_error"
    else:
        own = str(code) if 400 <= code <= 599 else "request_error"
    usage, counts = usage_of(record.usage)
    duration = record.latency_ms * NANOS_PER_MILLI
    event = build_event(
        context,
        record.meta,
        {"status": raw},
        request=record.request_id,
        kind=EventKind.FORWARD,
        phase=Phase.END,
        duration_ns=min(duration, MAX_INTEGER),
        outcome=outcome,
        error_type=error_type_of(outcome, own, told=record.error is not None or code >= 400),
        usage=usage,
        contents=error_contents(record.error),
        facts={Fact.HTTP_STATUS_CODE: code} if code else {},
    )
    return Decoded((event,), note=note_of(duration, *counts, known=known))


def _metrics_dropped(record: Any, context: Context) -> Decoded:
    told = record.reason.lower()
    reason = next((reason for keyword, reason in _LOSS_REASONS.items() if keyword in told), "other")
    facts = {Fact.LOST_COUNT: min(record.count, MAX_INTEGER), Fact.LOSS_REASON: reason}
    return Decoded((_health(context, "metrics_dropped", facts),), note=note_of(record.count))


def _storage_error(record: Any, context: Context) -> Decoded:
    component = record.event_type if _EVENT_TYPE.fullmatch(record.event_type) else "other"
    event = _health(
        context,
        "storage_error",
        {Fact.COMPONENT: component},
        outcome=Outcome.ERROR,
        error_type="storage_error",
        contents=error_contents(record.error),
    )
    return Decoded((event,))


def _worker_started(_record: Any, context: Context) -> Decoded:
    return Decoded((_health(context, "worker_started", {Fact.STATE: "started"}),))


def _worker_stopped(_record: Any, context: Context) -> Decoded:
    return Decoded((_health(context, "worker_stopped", {Fact.STATE: "stopped"}),))


_MAPPINGS: Final[dict[type, Callable[[Any, Context], Decoded]]] = {
    ChatEvent.SessionStarted: _session_started,
    ChatEvent.SessionCompleted: _session_completed,
    ChatEvent.RoundStarted: _round_started,
    ChatEvent.RoundCompleted: _round_completed,
    ChatEvent.ToolCalled: _tool_called,
    ChatEvent.MessageCountUpdated: _message_count_updated,
    ForwardEvent.RequestStarted: _request_started,
    ForwardEvent.RequestCompleted: _request_completed,
    SystemEvent.MetricsDropped: _metrics_dropped,
    SystemEvent.StorageError: _storage_error,
    SystemEvent.WorkerStarted: _worker_started,
    SystemEvent.WorkerStopped: _worker_stopped,
}


def map_event(metrics: MetricsEvent, context: Context) -> Decoded:
    """Map one metrics event.

    Args:
        metrics: The event.
        context: Place and time of receipt, the latter for system events, which have no time.

    Returns:
        One event, and a note if a status word was unknown or an integer clamped.
    """
    record = metrics.event
    return _MAPPINGS[type(record)](record, context)
