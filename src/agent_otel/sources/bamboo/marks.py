"""What happens inside runs to the model's events: one function per variant, stateless.

Text that people or models wrote is content; paths, titles and the pieces of streamed text are not kept at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agent_otel.model import AgentEvent, Content, ContentKind, Fact
from agent_otel.sources.bamboo.agent_events import AgentEvent as BambooEvent
from agent_otel.sources.bamboo.context_marks import CONTEXT
from agent_otel.sources.bamboo.parts import error_contents
from agent_otel.sources.bamboo.place import Place, identifier, number, word_of, wrote
from agent_otel.sources.bamboo.progress import PROGRESS

__all__ = ["MARKS"]


def _arguments(value: Any) -> dict[ContentKind, Content | None]:
    return {ContentKind.TOOL_ARGUMENTS: Content(value)}


def _token(_event: Any, place: Place) -> AgentEvent:
    return place.mark("chunks", facts={Fact.CHUNKS: 1})


def _reasoning_token(_event: Any, place: Place) -> AgentEvent:
    return place.mark("reasoning", facts={Fact.CHUNKS: 1})


def _tool_token(event: Any, place: Place) -> AgentEvent:
    return place.mark("output", facts={Fact.CHUNKS: 1}, ids={"tool_call": event.tool_call_id})


def _runner_progress(event: Any, place: Place) -> AgentEvent:
    return place.mark("turn", state="started", lineage={"round": event.round_count})


def _budget_exceeded(event: Any, place: Place) -> AgentEvent:
    told = {"budget.kind": word_of(event.kind), "budget.limit": number(event.limit)}
    return place.mark("budget", state="exceeded", lineage={**told, "budget.actual": number(event.actual)})


def _permission_posture(event: Any, place: Place) -> AgentEvent:
    told = {
        "permission.policy_revision": number(event.policy_revision),
        "permission.requested_mode": identifier(event.requested_mode),
        "permission.effective_mode": identifier(event.effective_mode),
        "permission.executor_mapping": identifier(event.executor_mapping),
    }
    return place.mark("permission", state="activated", lineage=told)


def _hook(event: Any, place: Place) -> AgentEvent:
    decision, reason = _decided(event.decision)
    told = {
        "hook.name": identifier(event.hook_name),
        "hook.point": word_of(event.point),
        "hook.duration_ms": number(event.duration_ms),
    }
    facts = {Fact.DECISION: word_of(decision)}
    return place.mark("hook", state=word_of(event.phase), facts=facts, lineage=told, contents=error_contents(reason))


def _decided(decision: Any) -> tuple[str | None, str | None]:
    """Give the word and the reason of a hook's decision; one that adds context to another counts as that other."""
    for _ in range(8):
        if not isinstance(decision, dict) or decision.get("type") != "with_context":
            break
        decision = decision.get("result")
    if not isinstance(decision, dict):
        return (decision if isinstance(decision, str) else None), None
    word, reason = decision.get("type"), decision.get("reason")
    return (word if isinstance(word, str) else None), (reason if isinstance(reason, str) else None)


def _need_clarification(event: Any, place: Place) -> AgentEvent:
    told = {
        "clarification.options": None if event.options is None else len(event.options),
        "clarification.allow_custom": event.allow_custom,
        "clarification.source": word_of(event.source),
    }
    ids = {"tool_call": event.tool_call_id}
    asked = wrote(event.question)
    return place.mark("clarification", state="requested", tool=event.tool_name, ids=ids, lineage=told, contents=asked)


def _tool_approval_requested(event: Any, place: Place) -> AgentEvent:
    told = {"tool.name": identifier(event.tool_name)}
    ids, contents = {"tool_call": event.tool_call_id}, _arguments(event.parameters)
    return place.mark("approval", state="requested", tool=event.tool_name, ids=ids, lineage=told, contents=contents)


def _child_approval(event: Any) -> dict[str, Any]:
    told = {
        "child.session.id": event.child_session_id,
        "approval.request.id": event.request_id,
        "tool.name": identifier(event.tool_name),
    }
    asked = _arguments({"permission": event.permission, "resource": event.resource})
    return {"tool": event.tool_name, "lineage": told, "contents": asked}


def _child_approval_requested(event: Any, place: Place) -> AgentEvent:
    return place.mark("approval", state="requested", **_child_approval(event))


def _child_approval_changed(event: Any, place: Place) -> AgentEvent:
    state, told = word_of(event.status), _child_approval(event)
    told["lineage"] |= {"approval.version": number(event.version), "child.attempt": event.child_attempt}
    told["contents"] |= error_contents(event.reason)
    decision = {Fact.DECISION: state if state in ("approved", "denied") else None}
    return place.mark("approval", state=state, facts=decision, **told)


def _bash_completed(event: Any, place: Place) -> AgentEvent:
    told = {"bash.id": event.bash_id, "bash.exit_code": event.exit_code}
    return place.mark("bash", state=word_of(event.status), lineage=told, contents=_arguments(event.command))


def _of_child(event: Any) -> dict[str, Any]:
    child = event.child_session_id
    return {"ids": {"child_conversation": child}, "lineage": {"child.session.id": child}}


def _sub_agent_started(event: Any, place: Place) -> AgentEvent:
    return place.mark("sub_agent", state="started", **_of_child(event))


def _sub_agent_heartbeat(event: Any, place: Place) -> AgentEvent:
    return place.mark("heartbeat", state="running", facts={Fact.CHUNKS: 1}, **_of_child(event))


def _sub_agent_completed(event: Any, place: Place) -> AgentEvent:
    state = word_of(event.status)
    # "started" is what announces a child: an end must never read like that.
    state = "unknown" if state == "started" else state
    return place.mark("sub_agent", state=state, contents=error_contents(event.error), **_of_child(event))


MARKS: Final[dict[type[BambooEvent], Callable[[Any, Place], AgentEvent]]] = {
    **CONTEXT,
    **PROGRESS,
    BambooEvent.Token: _token,
    BambooEvent.ReasoningToken: _reasoning_token,
    BambooEvent.ToolToken: _tool_token,
    BambooEvent.RunnerProgress: _runner_progress,
    BambooEvent.BudgetExceeded: _budget_exceeded,
    BambooEvent.PermissionPostureActivated: _permission_posture,
    BambooEvent.HookLifecycle: _hook,
    BambooEvent.NeedClarification: _need_clarification,
    BambooEvent.ToolApprovalRequested: _tool_approval_requested,
    BambooEvent.ChildApprovalRequested: _child_approval_requested,
    BambooEvent.ChildApprovalChanged: _child_approval_changed,
    BambooEvent.BashCompleted: _bash_completed,
    BambooEvent.SubAgentStarted: _sub_agent_started,
    BambooEvent.SubAgentHeartbeat: _sub_agent_heartbeat,
    BambooEvent.SubAgentCompleted: _sub_agent_completed,
}
