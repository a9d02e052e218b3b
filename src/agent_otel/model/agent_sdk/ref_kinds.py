"""What references can name: entities, sources, destinations and policies, by kind."""

from __future__ import annotations

from agent_otel.model.agent_sdk.words import Word

__all__ = ["DestinationKind", "EntityKind", "PolicyKind", "SourceKind"]


class EntityKind(Word):
    """What an entity is."""

    Run = "run"
    Turn = "turn"
    Attempt = "attempt"
    Agent = "agent"
    AgentPool = "agent_pool"
    Topic = "topic"
    Event = "event"
    Message = "message"
    WakeCondition = "wake_condition"
    ContextContribution = "context_contribution"
    ContextItem = "context_item"
    ContextProjection = "context_projection"
    Content = "content"
    Artifact = "artifact"
    Capability = "capability"
    PackageSidecar = "package_sidecar"
    RuntimePackage = "runtime_package"
    PolicyDecision = "policy_decision"
    Effect = "effect"
    EffectIntent = "effect_intent"
    EffectResult = "effect_result"
    ToolCall = "tool_call"
    ApprovalRequest = "approval_request"
    StreamRule = "stream_rule"
    RealtimeSession = "realtime_session"
    Hook = "hook"
    ExecutionEnvironment = "execution_environment"
    ChildArtifact = "child_artifact"
    SubagentRun = "subagent_run"
    ExtensionAction = "extension_action"
    OutputDelivery = "output_delivery"


class SourceKind(Word):
    """What something comes from."""

    Sdk = "sdk"
    Host = "host"
    User = "user"
    System = "system"
    Developer = "developer"
    Memory = "memory"
    Compaction = "compaction"
    Hook = "hook"
    Extension = "extension"
    Tool = "tool"
    RemoteChannel = "remote_channel"
    ScheduledTask = "scheduled_task"
    Subagent = "subagent"
    ExternalRuntime = "external_runtime"
    Replay = "replay"


class DestinationKind(Word):
    """What something goes to."""

    Agent = "agent"
    AgentPool = "agent_pool"
    Topic = "topic"
    Provider = "provider"
    ContextProjection = "context_projection"
    Journal = "journal"
    EventStream = "event_stream"
    Telemetry = "telemetry"
    OutputSink = "output_sink"
    Host = "host"
    User = "user"
    RemoteChannel = "remote_channel"
    Tool = "tool"
    Extension = "extension"
    Subagent = "subagent"
    ExternalRuntime = "external_runtime"


class PolicyKind(Word):
    """What a policy decides on."""

    Approval = "approval"
    Permission = "permission"
    Sandbox = "sandbox"
    Context = "context"
    Privacy = "privacy"
    Retention = "retention"
    Redaction = "redaction"
    RuntimePackage = "runtime_package"
    Host = "host"
