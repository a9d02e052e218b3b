"""The 20 families and 119 kinds of the contract's events, and which kinds end something."""

from __future__ import annotations

from typing import Final

from agent_otel.model.agent_sdk.words import Word

__all__ = ["EventFamily", "EventKind"]


class EventFamily(Word):
    """What an event is about."""

    Run = "run"
    Turn = "turn"
    Message = "message"
    Model = "model"
    Tool = "tool"
    Approval = "approval"
    Hook = "hook"
    Context = "context"
    StreamRule = "stream_rule"
    Realtime = "realtime"
    Isolation = "isolation"
    ChildLifecycle = "child_lifecycle"
    AgentPool = "agent_pool"
    Subagent = "subagent"
    Extension = "extension"
    StructuredOutput = "structured_output"
    Output = "output"
    OutputDelivery = "output_delivery"
    Telemetry = "telemetry"
    Recovery = "recovery"


class EventKind(Word):
    """What happened."""

    RunStarted = "run_started"
    RunCompleted = "run_completed"
    RunFailed = "run_failed"
    RunCancelled = "run_cancelled"
    RunCheckpointed = "run_checkpointed"
    RunCancelRequested = "run_cancel_requested"
    RunResumeRequested = "run_resume_requested"
    RunResumeFailed = "run_resume_failed"
    TurnStarted = "turn_started"
    TurnCompleted = "turn_completed"
    TurnFailed = "turn_failed"
    MessageAccepted = "message_accepted"
    MessageCommitted = "message_committed"
    ProviderRequestProjected = "provider_request_projected"
    ModelAttemptStarted = "model_attempt_started"
    ModelStreamDelta = "model_stream_delta"
    ModelMessageCompleted = "model_message_completed"
    ModelAttemptFailed = "model_attempt_failed"
    ToolRequested = "tool_requested"
    ToolStarted = "tool_started"
    ToolCompleted = "tool_completed"
    ToolFailed = "tool_failed"
    ToolDenied = "tool_denied"
    ToolRecoveryRequired = "tool_recovery_required"
    ApprovalRequested = "approval_requested"
    ApprovalDispatched = "approval_dispatched"
    ApprovalDispatchUnavailable = "approval_dispatch_unavailable"
    ApprovalResponded = "approval_responded"
    ApprovalDenied = "approval_denied"
    ApprovalTimedOut = "approval_timed_out"
    ApprovalCancelled = "approval_cancelled"
    HookRegistered = "hook_registered"
    HookInvoked = "hook_invoked"
    HookCompleted = "hook_completed"
    HookFailed = "hook_failed"
    HookTimedOut = "hook_timed_out"
    HookCancelled = "hook_cancelled"
    HookResponseApplied = "hook_response_applied"
    HookResponseRejected = "hook_response_rejected"
    ContextAssembled = "context_assembled"
    StreamRuleRegistered = "stream_rule_registered"
    StreamRuleCompileFailed = "stream_rule_compile_failed"
    StreamRuleMatched = "stream_rule_matched"
    StreamInterventionRequested = "stream_intervention_requested"
    StreamInterventionApplied = "stream_intervention_applied"
    StreamRuleRepeatStateRecorded = "stream_rule_repeat_state_recorded"
    RealtimeConnectRequested = "realtime_connect_requested"
    RealtimeConnected = "realtime_connected"
    RealtimeInputSendRequested = "realtime_input_send_requested"
    RealtimeInputSent = "realtime_input_sent"
    RealtimeOutputReceiveRequested = "realtime_output_receive_requested"
    RealtimeOutputReceived = "realtime_output_received"
    RealtimeInterrupted = "realtime_interrupted"
    RealtimeRestartRequested = "realtime_restart_requested"
    RealtimeRestartStarted = "realtime_restart_started"
    RealtimeRestartCompleted = "realtime_restart_completed"
    RealtimeRestartFailed = "realtime_restart_failed"
    RealtimeCloseRequested = "realtime_close_requested"
    RealtimeClosed = "realtime_closed"
    RealtimeBackpressureApplied = "realtime_backpressure_applied"
    IsolationRequested = "isolation_requested"
    IsolationAdapterHealthChecked = "isolation_adapter_health_checked"
    IsolationCapabilityMatched = "isolation_capability_matched"
    IsolationDowngradeDenied = "isolation_downgrade_denied"
    IsolationDowngradeApproved = "isolation_downgrade_approved"
    IsolationEnvironmentPrepared = "isolation_environment_prepared"
    IsolationProcessStarted = "isolation_process_started"
    IsolationProcessIoCaptured = "isolation_process_io_captured"
    IsolationProcessStatsRecorded = "isolation_process_stats_recorded"
    IsolationCleanupStarted = "isolation_cleanup_started"
    IsolationCleanupCompleted = "isolation_cleanup_completed"
    IsolationCleanupFailed = "isolation_cleanup_failed"
    IsolationFailed = "isolation_failed"
    ChildLifecycleRequested = "child_lifecycle_requested"
    ChildLifecycleCompleted = "child_lifecycle_completed"
    ChildLifecycleDetached = "child_lifecycle_detached"
    SubagentStarted = "subagent_started"
    SubagentHandoff = "subagent_handoff"
    SubagentEventWrapped = "subagent_event_wrapped"
    SubagentUsageRolledUp = "subagent_usage_rolled_up"
    SubagentCompleted = "subagent_completed"
    ExtensionActionSubmitted = "extension_action_submitted"
    ExtensionActionStarted = "extension_action_started"
    ExtensionActionCompleted = "extension_action_completed"
    ExtensionActionFailed = "extension_action_failed"
    ExtensionActionDenied = "extension_action_denied"
    OutputDispatchRequested = "output_dispatch_requested"
    OutputDispatchCompleted = "output_dispatch_completed"
    OutputDispatchFailed = "output_dispatch_failed"
    OutputDispatchDeduped = "output_dispatch_deduped"
    StructuredOutputRequested = "structured_output_requested"
    StructuredOutputValidationStarted = "structured_output_validation_started"
    StructuredOutputValidationFailed = "structured_output_validation_failed"
    StructuredOutputRepairRequested = "structured_output_repair_requested"
    StructuredOutputValidated = "structured_output_validated"
    StructuredOutputFailed = "structured_output_failed"
    TelemetrySinkFailed = "telemetry_sink_failed"
    TelemetrySinkRecovered = "telemetry_sink_recovered"
    UsageRecorded = "usage_recorded"
    CostEstimated = "cost_estimated"
    CostCorrected = "cost_corrected"
    ReplayStarted = "replay_started"
    ReplayCompleted = "replay_completed"
    ReplayFailed = "replay_failed"
    AgentPoolCreated = "agent_pool_created"
    AgentPoolRunJoined = "agent_pool_run_joined"
    AgentPoolRunLeft = "agent_pool_run_left"
    RunMessageAccepted = "run_message_accepted"
    RunMessageDelivered = "run_message_delivered"
    RunMessageResponded = "run_message_responded"
    RunMessageFailed = "run_message_failed"
    RunMessageTimedOut = "run_message_timed_out"
    RunMessageExpired = "run_message_expired"
    RunMessageCancelled = "run_message_cancelled"
    WakeConditionRegistered = "wake_condition_registered"
    WakeConditionTriggered = "wake_condition_triggered"
    WakeConditionTimedOut = "wake_condition_timed_out"
    WakeConditionCancelled = "wake_condition_cancelled"
    WakeConditionFailed = "wake_condition_failed"

    def is_terminal(self) -> bool:
        """Whether it ends what it is about: by kind alone, for the event bus's queues (rule R62).

        Telemetry fan-out has another idea of it: ``TelemetryProjectionKind.is_terminal_preserved``.
        """
        return self in _TERMINAL


_TERMINAL: Final = frozenset(
    {
        EventKind.RunCompleted,
        EventKind.RunFailed,
        EventKind.RunCancelled,
        EventKind.TurnCompleted,
        EventKind.TurnFailed,
        EventKind.ModelMessageCompleted,
        EventKind.ModelAttemptFailed,
        EventKind.ToolCompleted,
        EventKind.ToolFailed,
        EventKind.ToolDenied,
        EventKind.ToolRecoveryRequired,
        EventKind.ApprovalResponded,
        EventKind.ApprovalDenied,
        EventKind.ApprovalTimedOut,
        EventKind.ApprovalCancelled,
        EventKind.ApprovalDispatchUnavailable,
        EventKind.HookCompleted,
        EventKind.HookFailed,
        EventKind.HookTimedOut,
        EventKind.HookCancelled,
        EventKind.HookResponseApplied,
        EventKind.HookResponseRejected,
        EventKind.RealtimeRestartFailed,
        EventKind.RealtimeClosed,
        EventKind.IsolationCleanupCompleted,
        EventKind.IsolationCleanupFailed,
        EventKind.IsolationFailed,
        EventKind.ChildLifecycleCompleted,
        EventKind.ChildLifecycleDetached,
        EventKind.SubagentCompleted,
        EventKind.ExtensionActionCompleted,
        EventKind.ExtensionActionFailed,
        EventKind.ExtensionActionDenied,
        EventKind.OutputDispatchCompleted,
        EventKind.OutputDispatchFailed,
        EventKind.OutputDispatchDeduped,
        EventKind.StructuredOutputValidated,
        EventKind.StructuredOutputFailed,
        EventKind.ReplayCompleted,
        EventKind.ReplayFailed,
        EventKind.RunMessageResponded,
        EventKind.RunMessageFailed,
        EventKind.RunMessageTimedOut,
        EventKind.RunMessageExpired,
        EventKind.RunMessageCancelled,
        EventKind.WakeConditionTriggered,
        EventKind.WakeConditionTimedOut,
        EventKind.WakeConditionCancelled,
        EventKind.WakeConditionFailed,
    }
)
