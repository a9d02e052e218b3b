"""Log rows about all else: messages, memory, sessions, approvals, retries, errors, and the log record that is left."""

from __future__ import annotations

import re
from typing import Any, Final

from agent_otel.model import AgentEvent, Content, ContentKind, EventKind, Fact, Outcome, Phase
from agent_otel.sources.zeroclaw.parts import error_contents, lineage_of, named, single_message, tool_name
from agent_otel.sources.zeroclaw.row import Row
from agent_otel.sources.zeroclaw.words import Action, EventCategory, Severity
from agent_otel.sources.zeroclaw.work import MEMORY_ACTIONS

__all__ = [
    "audited",
    "failed",
    "heartbeat",
    "inbound",
    "is_message",
    "is_remembering",
    "mark",
    "messaged",
    "outbound",
    "remembered",
    "session_closed",
    "session_opened",
    "told",
    "turn_complete",
]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:[._][a-z0-9]+){1,8}")
_DIRECTIONS: Final = {Action.Inbound: "inbound", Action.Outbound: "outbound", Action.Send: "outbound"}
_MEMORY_VERBS: Final = {
    Action.Read: "search_memory",
    Action.Query: "search_memory",
    Action.Write: "upsert_memory",
    Action.Save: "upsert_memory",
    Action.Delete: "delete_memory",
}
_OLD_MEMORY: Final = {
    "memory_recall": "search_memory",
    "memory_store": "upsert_memory",
    "memory_forget": "delete_memory",
}
_MARKS: Final[dict[Action | str, tuple[str, str | None]]] = {
    Action.Approve: ("approval", "approved"),
    Action.Defer: ("approval", "deferred"),
    Action.Reject: ("permission_denied", "denied"),
    Action.Retry: ("retry", None),
}


def is_message(row: Row) -> bool:
    """Whether a row is a message that went through a channel; failed ones are errors of the channel."""
    if row.failed or row.is_grave:
        return False
    return row.action in (Action.Inbound, Action.Outbound) or (
        row.action is Action.Send and row.category is EventCategory.Channel
    )


def messaged(row: Row) -> AgentEvent:
    """Map a message by its verb."""
    return _message(row, _DIRECTIONS[row.action] if isinstance(row.action, Action) else "inbound")


def inbound(row: Row) -> AgentEvent:
    """Map a message to the agent, from a row migrated from schema 1."""
    return _message(row, "inbound")


def outbound(row: Row) -> AgentEvent:
    """Map a message from the agent, from a row migrated from schema 1."""
    return _message(row, "outbound")


def _message(row: Row, direction: str) -> AgentEvent:
    text = row.text("content") or row.text("content_preview")
    kind, role = (
        (ContentKind.INPUT_MESSAGES, "user") if direction == "inbound" else (ContentKind.OUTPUT_MESSAGES, "assistant")
    )
    said = single_message(role, text)
    return row.event(
        EventKind.MESSAGE,
        names={"subject": "channel_message"},
        facts={**named(Fact.CHANNEL, row.channel), Fact.DIRECTION: direction},
        contents={} if said is None else {kind: said},
        lineage=lineage_of(message_id=row.text("message_id"), attachments_count=row.count("attachments_count")),
    )


def is_remembering(row: Row) -> bool:
    """Whether a row is a measured operation of the memory."""
    return row.category is EventCategory.Memory and row.action in _MEMORY_VERBS and row.duration_ns is not None


def remembered(row: Row) -> AgentEvent:
    """Map an operation of the memory."""
    operation = (
        _MEMORY_VERBS.get(row.action) if isinstance(row.action, Action) else _OLD_MEMORY.get(row.action)
    ) or "search_memory"
    facts = {**named(Fact.BACKEND, row.text("backend")), **named(Fact.CATEGORY, row.text("category"))}
    return _memory(row, operation, facts)


def audited(row: Row) -> AgentEvent:
    """Map an operation that the audit trail of the memory has noted."""
    action = row.text("memory_action") or row.text("action")
    operation = MEMORY_ACTIONS.get((action or "").lower(), "search_memory")
    facts = {**named(Fact.BACKEND, row.text("backend")), Fact.CATEGORY: "audit"}
    return _memory(row, operation, facts, lineage=lineage_of(action=action))


def _memory(row: Row, operation: str, facts: dict[Fact, Any], **parts: Any) -> AgentEvent:
    outcome, error_type = row.outcome("memory_error")
    contents = error_contents(row.text("error")) if row.failed else {}
    if (query := row.text("query")) is not None:
        contents[ContentKind.MEMORY_QUERY] = Content(query)
    return row.event(
        EventKind.MEMORY,
        Phase.END,
        names={"operation": operation},
        outcome=outcome,
        error_type=error_type,
        facts=facts,
        contents=contents,
        **parts,
    )


def session_opened(row: Row) -> AgentEvent:
    """Map the start of a session, from a row migrated from schema 1."""
    return row.event(EventKind.SESSION, Phase.START)


def session_closed(row: Row) -> AgentEvent:
    """Map the end of a session, from a row migrated from schema 1."""
    outcome, error_type = row.outcome("session_error")
    return row.event(EventKind.SESSION, Phase.END, outcome=outcome, error_type=error_type)


def turn_complete(row: Row) -> AgentEvent:
    """Map the note that a turn is complete (rule R25)."""
    return row.event(EventKind.TURN, names={"subject": "turn"})


def heartbeat(row: Row) -> AgentEvent:
    """Map a heartbeat."""
    return row.event(EventKind.HEALTH, names={"subject": "heartbeat"})


def failed(row: Row) -> AgentEvent:
    """Map an error, from a row migrated from schema 1; its component is the kind of channel."""
    return row.event(
        EventKind.ERROR,
        outcome=Outcome.ERROR,
        error_type="component_error",
        facts=named(Fact.COMPONENT, row.channel_type or "system"),
        contents=error_contents(row.text("error") or row.log.message),
    )


def mark(row: Row) -> AgentEvent | None:
    """Map what happens inside a turn without being work: approvals and retries; None for a row that is no such."""
    found = _MARKS.get(row.action)
    if found is None or row.turn is None:
        return None
    subject, decision = found
    return row.event(
        EventKind.PROGRESS,
        ids={"tool_call": row.text("tool_call_id")},
        names={"subject": subject, "tool": tool_name(row.tool)},
        facts={} if decision is None else {Fact.DECISION: decision},
        lineage=lineage_of(tool=row.tool),
    )


def told(row: Row) -> AgentEvent:
    """Map any other row to a log record, or to an error if it is one; what it says is content where it failed."""
    category = row.category.value if row.category is not None else "other"
    action = row.action.value if isinstance(row.action, Action) else "other"
    severity = Severity.parse(row.log.severity_text or "")
    lineage = lineage_of(
        message=row.log.message if _NAME.fullmatch(row.log.message or "") else None,
        severity=severity.value if severity is not None else None,
        iteration=row.count("iteration"),
        duration_ms=row.log.attribution.duration_ms,
        model_provider=row.log.attribution.get("model_provider"),
        model=row.log.attribution.get("model"),
        tool=row.tool,
    )
    is_bad = row.failed or row.is_grave
    return row.event(
        EventKind.ERROR if row.is_grave else EventKind.OTHER,
        names={"subject": f"{category}.{action}"},
        outcome=Outcome.ERROR if is_bad else Outcome.OK if row.succeeded else Outcome.UNSET,
        error_type=f"{category}_error" if is_bad else None,
        facts={Fact.COMPONENT: category} if is_bad else {},
        contents=error_contents(row.text("error") or row.log.message) if is_bad else {},
        lineage=lineage,
    )
