"""Log rows about the beginning and the end of turns (rules R15 and R19).

No row says that a turn begins: its first row opens it. That it has ended is told by the gateway for its own turns, with
tokens and cost; for others the final answer is the last that is told of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from agent_otel.model import NANOS_PER_SECOND, AgentEvent, ContentKind, EventKind, Outcome, Phase
from agent_otel.sources.zeroclaw.parts import cost_of, error_contents, lineage_of, single_message, usage_of
from agent_otel.sources.zeroclaw.row import Row
from agent_otel.sources.zeroclaw.words import Action

__all__ = ["TurnRows", "turn_started"]

_GATEWAY: Final = frozenset({"wss", "ws", "http", "gateway", "web"})
_PATIENCE_NS: Final = 30 * NANOS_PER_SECOND
_MAX_HELD: Final = 1_000
_TIMED_OUT: Final = "timed out"


def turn_started(row: Row) -> AgentEvent:
    """Map the start of a turn, which only rows migrated from schema 1 tell."""
    return row.event(EventKind.AGENT, Phase.START, names=row.model_names(), lineage=_lineage(row))


def _lineage(row: Row) -> dict[str, Any]:
    composite = row.log.attribution.get("model_provider") or row.text("model_provider")
    return lineage_of(model_provider=composite, last_input_tokens=row.count("last_input_tokens"))


def _end(row: Row, outcome: Outcome, error_type: str | None, **parts: Any) -> AgentEvent:
    return row.event(
        EventKind.AGENT,
        Phase.END,
        names=row.model_names(),
        lineage=_lineage(row),
        outcome=outcome,
        error_type=error_type,
        final=True,
        **parts,
    )


class TurnRows:
    """Reads ends of turns; holds the end that a final answer is, as long as the gateway may tell a fuller one.

    That is until the gateway's row, until a row that is half a minute later, or until the document ends.
    """

    def __init__(self) -> None:
        self._held: dict[str, AgentEvent] = {}

    def answered(self, row: Row) -> Sequence[AgentEvent]:
        """Take the final answer of a turn."""
        said = single_message("assistant", row.details.get("text"))
        contents = {} if said is None else {ContentKind.OUTPUT_MESSAGES: said}
        event = _end(row, Outcome.OK, None, contents=contents)
        turn, channel = row.turn, row.channel_type
        if turn is None or (channel is not None and channel not in _GATEWAY):
            return (event,)
        self._held.pop(turn, None)
        self._held[turn] = event
        return (self._held.pop(next(iter(self._held))),) if len(self._held) > _MAX_HELD else ()

    def ended(self, row: Row) -> Sequence[AgentEvent]:
        """Take the end of a turn."""
        held = self._held.pop(row.turn, None) if row.turn is not None else None
        text = row.text("error")
        error_type: str | None
        if row.action is Action.Cancel:
            is_late = row.details.get("reason") == _TIMED_OUT
            outcome, error_type = (Outcome.TIMED_OUT, "timeout") if is_late else (Outcome.CANCELLED, "cancelled")
        elif row.action is Action.Fail:
            outcome, error_type = Outcome.ERROR, "turn_error"
        else:
            outcome, error_type = row.outcome("turn_error")
        event = _end(
            row,
            outcome,
            error_type,
            usage=usage_of(row.count("input_tokens"), row.count("output_tokens"), row.count("tokens_used")),
            cost=cost_of(row.details.get("cost_usd")),
            contents={**(held.contents if held is not None else {}), **error_contents(text)},
        )
        return (event,)

    def due(self, now_ns: int) -> list[AgentEvent]:
        """Give the held ends that nobody completes any more.

        Args:
            now_ns: Time of the row that is read now.
        """
        late = [turn for turn, event in self._held.items() if event.time_ns + _PATIENCE_NS < now_ns]
        return [self._held.pop(turn) for turn in late]

    def rest(self) -> list[AgentEvent]:
        """Give all that is held."""
        held, self._held = list(self._held.values()), {}
        return held
