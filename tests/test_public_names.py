"""The public names, pinned: a change here is a change for users."""

from __future__ import annotations

from importlib import import_module

import pytest

import agent_otel

PUBLIC = {
    "agent_otel": """
        AgentEvent AgentOtelError Bridge Health IntakeError ModelCall Outcome RecordRejected Run SettingsError
        SourceError ToolCall UnknownSource UsageError __version__
    """,
    "agent_otel.model": """
        AgentEvent AgentOtelError Content ContentKind Cost CostStatus Cursor DeliveryClass EventIds EventKind Fact
        IntakeError LosslessRecord MAX_TIME_NS NANOS_PER_MILLI NANOS_PER_SECOND NO_IDS NO_NAMES Names Origin Outcome
        Phase RecordRejected SettingsError SourceError UnknownSource Usage UsageError outcome_of_status parse_rfc3339
        render_rfc3339
    """,
    "agent_otel.sources": """
        Context Decoded Decoder Document ENTRY_POINT_GROUP Source Verdict detect_source load_source source_names
    """,
    "agent_otel.correlate": """
        Correlated CorrelationLimits Correlator Mark NO_SURROUNDINGS Occurrence Operation OperationKind OrphanReason
        Output RecentKeys RunOpened SpanIdentity SpanRef Surroundings Window derive_key derive_span_id derive_trace_id
        valid_span_id valid_trace_id
    """,
    "agent_otel.project": """
        LogData Measurements MetricPoint SpanData SpanEvent SpanKind record_of span_of
    """,
    "agent_otel.delivery": "Item Sink SinkBooks SinkSpec SinkVerdict",
    "agent_otel.conventions": """
        CONTENT_KEYS INSTRUMENTS Instrument SCHEMA_URL SEMCONV_REVISION attributes metrics names
    """,
    "agent_otel.testing": """
        OtlpReceiver RULES ReceivedEvent ReceivedExemplar ReceivedLink ReceivedLog ReceivedPoint ReceivedRequest
        ReceivedSpan Reply Respond Signal assert_tree check_span span_tree
    """,
    "agent_otel.sources.bamboo": """
        AgentEvent AgentHookPoint BambooSource ChangeEvent ChatEvent EventMeta ForwardEvent ForwardStatus
        GoldCheckpoint GoldConfidence GoldDecision MetricsEvent PendingQuestionSource PlanModeStatus
        ProviderPromptUsage Role RoundStatus SessionKind SessionStatus SystemEvent TaskItemStatus TitleSource
        TokenBudgetUsage TokenUsage ToolResult ToolResultImage decode_agent_event decode_change_event
        decode_metrics_event encode_agent_event encode_change_event encode_metrics_event
    """,
    "agent_otel.sources.claude_code": "ClaudeCodeSource",
}


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_of_a_room_are_these(module: str) -> None:
    assert sorted(import_module(module).__all__) == sorted(PUBLIC[module].split())


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_exists(module: str) -> None:
    room = import_module(module)
    assert [name for name in room.__all__ if not hasattr(room, name)] == []


def test_errors_share_one_root() -> None:
    errors = [getattr(agent_otel, name) for name in agent_otel.__all__]
    found = [error for error in errors if isinstance(error, type) and issubclass(error, Exception)]
    assert len(found) == 7
    assert all(issubclass(error, agent_otel.AgentOtelError) for error in found)
