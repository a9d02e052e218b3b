"""Tool calls: one TOOL END out of two accounts of the same call, in whichever order they come.

The executor says ``tool_lifecycle``: name, length, whether it changes anything. The loop says ``tool_complete`` or
``tool_error``: the result. Bamboo's loop says ``tool_start``, ``begin``, ``finished`` or ``error``, and the result only
when all parallel calls of the turn have finished. So the executor's end is held back until the result comes; the next
turn, the end of the run or of the input lets it go without one.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define, evolve

from agent_otel.model import NANOS_PER_MILLI, AgentEvent, Content, ContentKind, EventKind, Outcome, Phase
from agent_otel.sources.bamboo.parts import MAX_INTEGER, error_contents
from agent_otel.sources.bamboo.place import Place, identifier

__all__ = ["Calls"]

_MAX_CALLS: Final = 10_000
_ERROR: Final = "tool_error"
_HELD: Final = {"finished": Outcome.OK, "error": Outcome.ERROR}
_CANCELLED: Final = "cancelled"


@define(eq=False)
class _Call:
    """What is known of a call so far."""

    place: Place  # where it was seen first: its run, whatever is open later
    lifecycle: Any = None  # the last word of the executor
    end_place: Place | None = None  # when the executor said that it ended
    ended: bool = False


class Calls:
    """The calls of all sessions; the one seen first is given up when there are too many."""

    def __init__(self) -> None:
        self._calls: dict[str | None, dict[str, _Call]] = {}
        self._count = 0

    def started(self, event: Any, place: Place) -> list[AgentEvent]:
        """Take ``tool_start``: whatever was known under this id was another call."""
        told = self._forget(place.conversation, event.tool_call_id)
        told += self._remember(event.tool_call_id, place)[1]
        start = place.event(
            EventKind.TOOL,
            Phase.START,
            tool=event.tool_name,
            ids={"tool_call": event.tool_call_id},
            contents={ContentKind.TOOL_ARGUMENTS: Content(event.arguments)},
        )
        return [*told, start]

    def lifecycle(self, event: Any, place: Place) -> list[AgentEvent]:
        """Take the executor's word: an end is held back, a cancellation is told at once, for no other word follows."""
        call, told = self._remember(event.tool_call_id, place)
        if call.ended or (call.end_place is not None and event.phase != _CANCELLED):
            return told
        call.lifecycle = event
        if event.phase in _HELD:
            call.end_place = place
        elif event.phase == _CANCELLED:
            call.end_place = call.end_place or place
            outcome, texts = Outcome.CANCELLED, error_contents(event.summary or event.error)
            told.append(self._end(event.tool_call_id, call, place, outcome, texts))
        return told

    def completed(self, event: Any, place: Place) -> list[AgentEvent]:
        """Take a result."""
        result = event.result
        lineage = {
            "tool.display_preference": identifier(result.display_preference),
            "tool.images": len(result.images) or None,
        }
        contents = {ContentKind.TOOL_RESULT: Content(result.result)}
        outcome = Outcome.OK if result.success else Outcome.ERROR
        return self._ended(event.tool_call_id, place, outcome, contents, lineage)

    def failed(self, event: Any, place: Place) -> list[AgentEvent]:
        """Take an error. One that comes after a result (what the tool said was read as an error) is told as a mark."""
        call = self._calls.get(place.conversation, {}).get(event.tool_call_id)
        contents = error_contents(event.error)
        if call is not None and call.ended:
            ids = {"tool_call": event.tool_call_id}
            there = evolve(place, run=call.place.run or place.run)
            return [there.mark("tool", state="error", ids=ids, contents=contents)]
        return self._ended(event.tool_call_id, place, Outcome.ERROR, contents, {})

    def settle(self, conversation: str | None) -> list[AgentEvent]:
        """Let go what is held back in a session, and forget the calls that have ended: ids may be used again."""
        calls = self._calls.get(conversation, {})
        done = [name for name, call in calls.items() if call.ended or call.end_place is not None]
        return [event for name in done for event in self._forget(conversation, name)]

    def close(self) -> list[AgentEvent]:
        """Let go everything."""
        return [event for conversation in list(self._calls) for event in self.settle(conversation)]

    def _remember(self, name: str, place: Place) -> tuple[_Call, list[AgentEvent]]:
        """Give the call of that id, and what had to be given up to have room for it."""
        calls = self._calls.setdefault(place.conversation, {})
        if name in calls:
            return calls[name], []
        call = calls[name] = _Call(place)
        self._count += 1
        if self._count <= _MAX_CALLS:
            return call, []
        oldest = next(iter(self._calls))
        return call, self._forget(oldest, next(iter(self._calls[oldest])))

    def _forget(self, conversation: str | None, name: str) -> list[AgentEvent]:
        """Forget a call; gives the end that was held back."""
        calls = self._calls.get(conversation, {})
        call = calls.pop(name, None)
        if call is None:
            return []
        self._count -= 1
        if not calls:
            del self._calls[conversation]
        if call.ended or call.end_place is None:
            return []
        told = call.lifecycle
        return [self._end(name, call, call.end_place, _HELD[told.phase], error_contents(told.error))]

    def _ended(
        self,
        name: str,
        place: Place,
        outcome: Outcome,
        contents: dict[ContentKind, Content],
        lineage: dict[str, Any],
    ) -> list[AgentEvent]:
        call, told = self._remember(name, place)
        if not call.ended:
            told.append(self._end(name, call, place, outcome, contents, lineage))
        return told

    def _end(
        self,
        name: str,
        call: _Call,
        place: Place,
        outcome: Outcome,
        contents: dict[ContentKind, Content],
        lineage: dict[str, Any] | None = None,
    ) -> AgentEvent:
        """Build the end: of the executor, when it was and how long it took; of the loop, what came out."""
        call.ended = True
        told, when = call.lifecycle, call.end_place or place
        elapsed = told.elapsed_ms if told is not None else None
        there = evolve(place, time_ns=when.time_ns, is_receipt=when.is_receipt, run=call.place.run or place.run)
        return there.event(
            EventKind.TOOL,
            Phase.END,
            tool=told.tool_name if told is not None else None,
            ids={"tool_call": name},
            duration_ns=None if elapsed is None else min(elapsed * NANOS_PER_MILLI, MAX_INTEGER),
            outcome=outcome,
            error_type={Outcome.ERROR: _ERROR, Outcome.CANCELLED: _CANCELLED}.get(outcome),
            contents=contents,
            lineage={**(lineage or {}), **_facts_of(told)},
        )


def _facts_of(told: Any) -> dict[str, Any]:
    return {} if told is None else {"tool.is_mutating": told.is_mutating, "tool.auto_approved": told.auto_approved}
