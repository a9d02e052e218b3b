"""The 119 event kinds of agent-sdk-core, and what each becomes: one table, read by the mapper and by the documents.

A kind that is work gives starts and ends; one that only says how work goes gives a mark, a span event on the work that
it names. The family here gives a mark its name; an envelope may file a kind under another one (the SDK's own loop puts
``context_assembled`` under ``turn``), and the envelope's word is what is told as lineage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from agent_otel.model import EventKind, Outcome, Phase

__all__ = ["KINDS", "KindMapping"]


@frozen
class KindMapping:
    """What one event kind becomes.

    Args:
        family: The family that the kind belongs to.
        kind: Kind of the event.
        phase: Its phase.
        outcome: How the work ended, or what a mark says of it.
        error_type: Set where the outcome needs one.
        subject: Name of a mark or record, from a bounded set.
        state: What happened, for ``Fact.STATE``.
    """

    family: str
    kind: EventKind
    phase: Phase = Phase.POINT
    outcome: Outcome = Outcome.UNSET
    error_type: str | None = None
    subject: str | None = None
    state: str | None = None


_NOTHING, _OK, _FAILED = Outcome.UNSET, Outcome.OK, Outcome.ERROR
_CANCELLED, _DENIED, _TIMED_OUT = Outcome.CANCELLED, Outcome.DENIED, Outcome.TIMED_OUT

# Work: by kind, the family, what it is, and how it ended with the error type; no outcome for a start.
_WORK: Final[dict[str, tuple[str, EventKind, tuple[Outcome, str | None] | None]]] = {
    "run_started": ("run", EventKind.AGENT, None),
    "run_completed": ("run", EventKind.AGENT, (_OK, None)),
    "run_failed": ("run", EventKind.AGENT, (_FAILED, "run_failed")),
    "run_cancelled": ("run", EventKind.AGENT, (_CANCELLED, "cancelled")),
    "model_attempt_started": ("model", EventKind.MODEL, None),
    "model_message_completed": ("model", EventKind.MODEL, (_OK, None)),
    "model_attempt_failed": ("model", EventKind.MODEL, (_FAILED, "model_attempt_failed")),
    "tool_requested": ("tool", EventKind.TOOL, None),
    "tool_started": ("tool", EventKind.TOOL, None),
    "tool_completed": ("tool", EventKind.TOOL, (_OK, None)),
    "tool_failed": ("tool", EventKind.TOOL, (_FAILED, "tool_failed")),
    "tool_denied": ("tool", EventKind.TOOL, (_DENIED, "tool_denied")),
    # The tool may have run, but nothing durable says so: neither a success nor a failure of its own.
    "tool_recovery_required": ("tool", EventKind.TOOL, (Outcome.UNKNOWN, "recovery_required")),
}

# Marks and records: by family, the kind of event, its subject, the prefix that the family's kinds share, and by the
# rest of the word the outcome.
_POINTS: Final[tuple[tuple[str, EventKind, str, str, dict[str, Outcome]], ...]] = (
    (
        "run",
        EventKind.PROGRESS,
        "run",
        "run_",
        {
            "checkpointed": _NOTHING,
            "cancel_requested": _NOTHING,
            "resume_requested": _NOTHING,
            "resume_failed": _FAILED,
        },
    ),
    ("turn", EventKind.TURN, "turn", "turn_", {"started": _NOTHING, "completed": _OK, "failed": _FAILED}),
    ("turn", EventKind.PROGRESS, "context", "", {"provider_request_projected": _NOTHING}),
    ("context", EventKind.PROGRESS, "context", "context_", {"assembled": _NOTHING}),
    ("message", EventKind.PROGRESS, "message", "message_", {"accepted": _NOTHING, "committed": _NOTHING}),
    ("model", EventKind.PROGRESS, "chunks", "model_", {"stream_delta": _NOTHING}),
    (
        "approval",
        EventKind.PROGRESS,
        "approval",
        "approval_",
        {
            "requested": _NOTHING,
            "dispatched": _NOTHING,
            "dispatch_unavailable": _FAILED,
            "responded": _OK,
            "denied": _DENIED,
            "timed_out": _TIMED_OUT,
            "cancelled": _CANCELLED,
        },
    ),
    (
        "hook",
        EventKind.PROGRESS,
        "hook",
        "hook_",
        {
            "registered": _NOTHING,
            "invoked": _NOTHING,
            "completed": _OK,
            "failed": _FAILED,
            "timed_out": _TIMED_OUT,
            "cancelled": _CANCELLED,
            "response_applied": _OK,
            "response_rejected": _DENIED,
        },
    ),
    (
        "stream_rule",
        EventKind.PROGRESS,
        "stream_rule",
        "stream_",
        {
            "rule_registered": _NOTHING,
            "rule_compile_failed": _FAILED,
            "rule_matched": _NOTHING,
            "intervention_requested": _NOTHING,
            "intervention_applied": _OK,
            "rule_repeat_state_recorded": _NOTHING,
        },
    ),
    (
        "realtime",
        EventKind.PROGRESS,
        "realtime",
        "realtime_",
        {
            "connect_requested": _NOTHING,
            "connected": _OK,
            "input_send_requested": _NOTHING,
            "input_sent": _OK,
            "output_receive_requested": _NOTHING,
            "output_received": _OK,
            "interrupted": _NOTHING,  # mostly the user who speaks
            "restart_requested": _NOTHING,
            "restart_started": _NOTHING,
            "restart_completed": _OK,
            "restart_failed": _FAILED,
            "close_requested": _NOTHING,
            "closed": _OK,
            "backpressure_applied": _NOTHING,
        },
    ),
    (
        "isolation",
        EventKind.PROGRESS,
        "isolation",
        "isolation_",
        {
            "requested": _NOTHING,
            "adapter_health_checked": _NOTHING,
            "capability_matched": _NOTHING,
            "downgrade_denied": _DENIED,
            "downgrade_approved": _OK,
            "environment_prepared": _NOTHING,
            "process_started": _NOTHING,
            "process_io_captured": _NOTHING,
            "process_stats_recorded": _NOTHING,
            "cleanup_started": _NOTHING,
            "cleanup_completed": _OK,
            "cleanup_failed": _FAILED,
            "failed": _FAILED,
        },
    ),
    (
        "child_lifecycle",
        EventKind.PROGRESS,
        "child_lifecycle",
        "child_lifecycle_",
        {"requested": _NOTHING, "completed": _OK, "detached": _OK},
    ),
    (
        "subagent",
        EventKind.PROGRESS,
        "sub_agent",
        "subagent_",
        {
            "started": _NOTHING,
            "handoff": _NOTHING,
            "event_wrapped": _NOTHING,
            "usage_rolled_up": _NOTHING,
            "completed": _OK,
        },
    ),
    (
        "extension",
        EventKind.PROGRESS,
        "extension",
        "extension_",
        {
            "action_submitted": _NOTHING,
            "action_started": _NOTHING,
            "action_completed": _OK,
            "action_failed": _FAILED,
            "action_denied": _DENIED,
        },
    ),
    (
        "output_delivery",
        EventKind.PROGRESS,
        "output_delivery",
        "output_",
        {
            "dispatch_requested": _NOTHING,
            "dispatch_completed": _OK,
            "dispatch_failed": _FAILED,
            "dispatch_deduped": _OK,
        },
    ),
    (
        "structured_output",
        EventKind.PROGRESS,
        "structured_output",
        "structured_output_",
        {
            "requested": _NOTHING,
            "validation_started": _NOTHING,
            "validation_failed": _FAILED,
            "repair_requested": _NOTHING,
            "validated": _OK,
            "failed": _FAILED,
        },
    ),
    (
        "agent_pool",
        EventKind.PROGRESS,
        "agent_pool",
        "agent_pool_",
        {"created": _NOTHING, "run_joined": _NOTHING, "run_left": _NOTHING},
    ),
    (
        "agent_pool",
        EventKind.PROGRESS,
        "agent_pool",
        "",
        {
            "run_message_accepted": _NOTHING,
            "run_message_delivered": _NOTHING,
            "run_message_responded": _OK,
            "run_message_failed": _FAILED,
            "run_message_timed_out": _TIMED_OUT,
            "run_message_expired": _TIMED_OUT,
            "run_message_cancelled": _CANCELLED,
            "wake_condition_registered": _NOTHING,
            "wake_condition_triggered": _OK,
            "wake_condition_timed_out": _TIMED_OUT,
            "wake_condition_cancelled": _CANCELLED,
            "wake_condition_failed": _FAILED,
        },
    ),
    (
        "recovery",
        EventKind.PROGRESS,
        "recovery",
        "",
        {"replay_started": _NOTHING, "replay_completed": _OK, "replay_failed": _FAILED},
    ),
    ("telemetry", EventKind.HEALTH, "telemetry_sink", "telemetry_sink_", {"failed": _FAILED, "recovered": _OK}),
    ("telemetry", EventKind.USAGE, "usage", "usage_", {"recorded": _NOTHING}),
    ("telemetry", EventKind.COST, "cost", "cost_", {"estimated": _NOTHING, "corrected": _NOTHING}),
)
_WITHOUT_ERROR: Final = frozenset({_NOTHING, _OK})


def _work(family: str, kind: EventKind, end: tuple[Outcome, str | None] | None) -> KindMapping:
    if end is None:
        return KindMapping(family, kind, Phase.START)
    outcome, error_type = end
    return KindMapping(family, kind, Phase.END, outcome, error_type)


def _points() -> dict[str, KindMapping]:
    rows: dict[str, KindMapping] = {}
    for family, kind, subject, prefix, states in _POINTS:
        for state, outcome in states.items():
            word = prefix + state
            error_type = None if outcome in _WITHOUT_ERROR else word
            rows[word] = KindMapping(family, kind, Phase.POINT, outcome, error_type, subject, state)
    return rows


KINDS: Final[Mapping[str, KindMapping]] = {
    **{word: _work(*row) for word, row in _WORK.items()},
    **_points(),
}
