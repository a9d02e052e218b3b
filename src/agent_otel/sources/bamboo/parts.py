"""The parts that Bamboo's mappings share: ids, outcome and error type, usage, clamping (rules R10 and R12)."""

from __future__ import annotations

from enum import Enum
import re
from typing import Any, Final

from agent_otel.model import (
    MAX_TIME_NS,
    AgentEvent,
    Content,
    ContentKind,
    EventIds,
    Origin,
    Outcome,
    Usage,
    outcome_of_status,
)
from agent_otel.sources.bamboo.records import EventMeta
from agent_otel.sources.bamboo.types import TokenUsage
from agent_otel.sources.protocol import Context

__all__ = [
    "MAX_INTEGER",
    "ORIGIN",
    "build_event",
    "error_contents",
    "error_type_of",
    "note_of",
    "outcome_of",
    "run_id",
    "usage_of",
]

ORIGIN: Final = Origin("bamboo", form="metrics")

MAX_INTEGER: Final = MAX_TIME_NS  # 2**63-1: what both a time and an attribute can hold
_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_UNKNOWN_WORD: Final = "unknown"
_NAMED_BY_OUTCOME: Final = frozenset({Outcome.CANCELLED, Outcome.TIMED_OUT, Outcome.DENIED, Outcome.INTERRUPTED})


def run_id(session: str, run: str) -> str:
    """Join a session and one of its runs or rounds; the one separator stays unambiguous."""
    return f"{session.replace('%', '%25').replace('/', '%2F')}/{run}"


def note_of(*counts: int, known: bool = True) -> str | None:
    """Name what has to be told about a record: a status word that is not known, or counts that had to be clamped."""
    if not known:
        return "unknown_status"
    return "clamped_integer" if counts and max(counts) > MAX_INTEGER else None


def outcome_of(status: str) -> tuple[Outcome, str, bool]:
    """Give the outcome of a status, its bare word, and whether it is known; an unknown one may be any text."""
    raw = str(status.value) if isinstance(status, Enum) else status
    outcome, known = outcome_of_status(raw)
    return outcome, raw if known else _UNKNOWN_WORD, known


def error_type_of(outcome: Outcome, own: str, *, told: bool) -> str | None:
    """Name the error of an outcome: a span that is an error needs one, and no other may have one.

    Args:
        outcome: How the work ended.
        own: What an ERROR is called here.
        told: Whether anything but the status says that it failed, which decides where the status word is unknown.
    """
    if outcome is Outcome.ERROR or (outcome is Outcome.UNKNOWN and told):
        return own
    return outcome.value if outcome in _NAMED_BY_OUTCOME else None


def error_contents(error: str | None) -> dict[ContentKind, Content]:
    """Give error text as what it is, content."""
    return {} if error is None else {ContentKind.ERROR_TEXT: Content(error)}


def usage_of(usage: TokenUsage | None) -> tuple[Usage | None, tuple[int, ...]]:
    """Give the clamped usage, and its counts as they were."""
    if usage is None:
        return None, ()
    counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    prompt, completion, total = (min(count, MAX_INTEGER) for count in counts)
    return Usage(input_tokens=prompt, output_tokens=completion, total_tokens=total), counts


def build_event(
    context: Context,
    meta: EventMeta,
    lineage: dict[str, Any],
    *,
    conversation: str | None = None,
    run: str | None = None,
    tool_call: str | None = None,
    request: str | None = None,
    **rest: Any,
) -> AgentEvent:
    """Build the event of a record that has a meta.

    Args:
        context: Place of the record.
        meta: Its identity and time. A trace id that W3C would accept becomes an id, any other identifier lineage, and
            other text is left out.
        lineage: Further lineage; taken over.
        conversation: Session id. An empty id is none, here and below.
        run: Id of the round, unique over sessions.
        tool_call: Tool call id.
        request: Id of a forwarded request.
        rest: What else the event has.
    """
    trace = meta.trace_id or None
    if trace is not None and not _TRACE_ID.fullmatch(trace):
        if _IDENTIFIER.fullmatch(trace):
            lineage["trace_id"] = trace
        trace = None
    lineage["event.id"] = meta.event_id
    ids = EventIds(
        event=meta.event_id or None,
        conversation=conversation or None,
        run=run,
        tool_call=tool_call or None,
        request=request or None,
        trace=trace,
    )
    return AgentEvent(
        origin=ORIGIN, time_ns=meta.occurred_at.time_ns, ids=ids, lineage=lineage, cursor=context.cursor, **rest
    )
