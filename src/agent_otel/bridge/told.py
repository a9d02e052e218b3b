"""What is handed over when a call begins or ends, and the event that the worker makes of it.

On the agent's thread only values are put together, as few and as small as will do: all else is the worker's time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from agent_otel.bridge.run_entry import RunEntry
from agent_otel.correlate import Surroundings
from agent_otel.emit import CurrentSpan, whole_number
from agent_otel.model import (
    AgentEvent,
    Content,
    ContentKind,
    Cost,
    EventIds,
    EventKind,
    Fact,
    JsonContent,
    Names,
    Origin,
    Outcome,
    Phase,
    Usage,
)

__all__ = ["COUNTS", "ORIGIN", "Told"]

ORIGIN: Final = Origin("agent-otel", form="in_process", namespace="agent_otel")
COUNTS: Final = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
_NAMES: Final = {
    EventKind.AGENT: ("agent",),
    EventKind.MODEL: ("provider", "request_model", "response_model", "operation"),
    EventKind.TOOL: ("tool", "tool_type", "operation"),
    EventKind.RETRIEVAL: ("subject",),
}


class Told(NamedTuple):
    """A call as it was when it began or ended.

    Args:
        kind: What began or ended.
        phase: Which of the two.
        span: What was current inside; its ids are derived here, if nobody has asked before.
        entry: The run that it is, or in which it is.
        conversation: Of that run.
        parent_span_id: Of the span.
        names: By the table above.
        call_id: Which the model gave a tool call.
        start_ns: In Unix nanoseconds.
        end_ns: As above.
        outcome: How it ended.
        error_type: As for an event.
        contents: Content, or the JSON text of its value. Of a call that is still open more may be added.
        facts: As for an event.
        usage: ``COUNTS``, in their order.
        cost: As for an event.
    """

    kind: EventKind
    phase: Phase
    span: CurrentSpan
    entry: RunEntry | None
    conversation: str | None
    parent_span_id: int | None
    names: tuple[str | None, ...]
    call_id: str | None
    start_ns: int
    end_ns: int
    outcome: Outcome
    error_type: str | None
    contents: dict[ContentKind, str | Content]
    facts: Mapping[Fact, Any]
    usage: tuple[int | None, ...] | None
    cost: Cost | None

    @property
    def run_key(self) -> tuple[int, str] | None:
        """Trace and id of the run whose end, or in which a call, is told; None of other calls, and of starts."""
        if self.entry is None or self.phase is Phase.START:
            return None
        return self.entry.ref.trace_id, self.entry.run_id

    def event(self) -> AgentEvent:
        """Give the event."""
        if self.phase is Phase.START:
            return self._event(self.start_ns)
        usage = self.usage
        return self._event(
            self.end_ns,
            duration_ns=max(0, self.end_ns - self.start_ns),
            error_type=self.error_type,
            usage=Usage(**dict(zip(COUNTS, map(whole_number, usage), strict=True))) if usage is not None else None,
            cost=self.cost,
            contents={kind: _content_of(kept) for kind, kept in self.contents.copy().items()},
            facts=self.facts,
        )

    def around(self) -> Surroundings:
        """Give what surrounded it: where it began, and what was added to its span until it ended."""
        additions = self.span.taken_additions() if self.phase is not Phase.START else None
        return Surroundings(context=self.span.outer, additions=additions)

    def _event(self, time_ns: int, **more: Any) -> AgentEvent:
        names = Names(**dict(zip(_NAMES[self.kind], self.names, strict=True)))
        return AgentEvent(
            kind=self.kind,
            phase=self.phase,
            origin=ORIGIN,
            time_ns=time_ns,
            ids=self._ids(),
            names=names,
            outcome=self.outcome,
            **more,
        )

    def _ids(self) -> EventIds:
        at, parent = self.span.get_span_context(), self.parent_span_id
        span_id = f"{at.span_id:016x}"
        return EventIds(
            event=span_id if self.kind is not EventKind.AGENT else None,  # of a run two events come
            conversation=self.conversation,
            run=self.entry.run_id if self.entry is not None else None,
            tool_call=self.call_id,
            trace=f"{at.trace_id:032x}",
            span=span_id,
            parent_span=f"{parent:016x}" if parent is not None else None,
        )


def _content_of(kept: str | Content) -> Content:
    return JsonContent(kept) if isinstance(kept, str) else kept
