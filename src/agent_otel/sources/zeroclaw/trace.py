"""ZeroClaw's runtime trace to ``AgentEvent``: which function reads which row (rules R13 to R25).

Rows are known, in this order, by the name that ZeroClaw's own tools go by (``llm_request``, or an event type of
schema 1), by the verb of their category, or else become log records. No row is rejected for its verb.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from agent_otel.model import AgentEvent
from agent_otel.sources.protocol import Context, Decoded, Verdict
from agent_otel.sources.zeroclaw import row_notices as notices
from agent_otel.sources.zeroclaw.parts import is_clamped
from agent_otel.sources.zeroclaw.row import Row
from agent_otel.sources.zeroclaw.row_calls import ToolRows, is_execution, model_answered, model_asked
from agent_otel.sources.zeroclaw.row_turns import TurnRows, turn_started
from agent_otel.sources.zeroclaw.rows import SCHEMA_VERSION, decode_log_event, schema_version_of
from agent_otel.sources.zeroclaw.words import Action, EventCategory, Severity

__all__ = ["TraceReader"]

_QUIET: Final = Severity.Warn.number()
_COUNTS: Final = ("input_tokens", "output_tokens", "tokens_used", "messages_count", "last_input_tokens")
_MAPPINGS: Final[dict[str, Callable[[Row], AgentEvent]]] = {
    "agent_start": turn_started,
    "llm_request": model_asked,
    "llm_response": model_answered,
    "memory_audit": notices.audited,
    "memory_recall": notices.remembered,
    "memory_store": notices.remembered,
    "memory_forget": notices.remembered,
    "channel_message_inbound": notices.inbound,
    "channel_send": notices.outbound,
    "session_open": notices.session_opened,
    "session_close": notices.session_closed,
    "turn_complete": notices.turn_complete,
    "heartbeat_tick": notices.heartbeat,
    "error": notices.failed,
}
_ENDS: Final = frozenset({"agent_end", "gateway_ws_turn", "gateway_http_turn", "gateway_chat_turn"})
_LOOP_TOOLS: Final = frozenset({"tool_call_start", "tool_call", "tool_call_result"})
_TOLD_TWICE: Final = Decoded(verdict=Verdict.SKIPPED, note="told_twice")


class TraceReader:
    """Reads the rows of one trace, archives first; remembers the tool calls and answers of open turns."""

    def __init__(self) -> None:
        self._tools = ToolRows()
        self._turns = TurnRows()
        self._named: dict[str, Callable[[Row], Decoded]] = {
            **dict.fromkeys(_ENDS, self._ended),
            "turn_final_response": self._answered,
            **dict.fromkeys(_LOOP_TOOLS, self._called),
        }

    def read(self, record: Any, context: Context) -> Decoded:
        """Read one row.

        Raises:
            RecordRejected: If it is no row, or a member is missing or of a wrong type.
        """
        if schema_version_of(record) != SCHEMA_VERSION:
            return Decoded(verdict=Verdict.SKIPPED, note="unknown_schema_version")
        row = Row(decode_log_event(record), context)
        released = self._turns.due(row.log.timestamp.time_ns)
        decoded = self._decoded(row)
        if not released:
            return decoded
        return Decoded((*released, *decoded.events), note=decoded.note)

    def close(self) -> Sequence[AgentEvent]:
        """Give the ends of turns that were held back."""
        return self._turns.rest()

    def _decoded(self, row: Row) -> Decoded:
        name = row.name or ""
        if name in _MAPPINGS:
            return _told(row, _MAPPINGS[name](row))
        if name in self._named and (name not in _LOOP_TOOLS or row.tool is not None):
            return self._named[name](row)
        if is_execution(row):
            return _told_once(row, self._tools.executed(row))
        if notices.is_message(row):
            return _told(row, notices.messaged(row))
        if notices.is_remembering(row):
            return _told(row, notices.remembered(row))
        if (mark := notices.mark(row)) is not None:
            return _told(row, mark)
        if row.category is EventCategory.Internal and (row.log.severity_number or 0) < _QUIET:
            return Decoded(verdict=Verdict.SKIPPED, note="internal")
        return _told(row, notices.told(row))

    def _ended(self, row: Row) -> Decoded:
        self._tools.forget(row.turn)
        return _told(row, *self._turns.ended(row))

    def _answered(self, row: Row) -> Decoded:
        return _told(row, *self._turns.answered(row))

    def _called(self, row: Row) -> Decoded:
        if row.name == "tool_call_start":
            return _told(row, self._tools.announced(row))
        return _told_once(row, self._tools.answered(row))


def _told_once(row: Row, event: AgentEvent | None) -> Decoded:
    return _TOLD_TWICE if event is None else _told(row, event)


def _told(row: Row, *events: AgentEvent) -> Decoded:
    return Decoded(events, note=_note_of(row))


def _note_of(row: Row) -> str | None:
    """Name what has to be told about a row: counts that had to be clamped, or a verb or category that nobody knows."""
    millis = row.log.attribution.duration_ms
    if is_clamped([row.count(key) for key in _COUNTS]) or is_clamped([(millis or 0) * 1_000_000]):
        return "clamped_integer"
    is_known = isinstance(row.action, Action) or row.name in _KNOWN_NAMES
    return None if is_known and row.category is not None else "unknown_action"


_KNOWN_NAMES: Final = frozenset({*_MAPPINGS, *_ENDS, *_LOOP_TOOLS, "turn_final_response", "cron_run"})
