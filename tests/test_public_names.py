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
        Context Decoded Decoder Document ENTRY_POINT_GROUP RotatingSource Source Verdict detect_source load_source
        source_names
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
        Capture ExpectedSpan OtlpReceiver RULES ReceivedEvent ReceivedExemplar ReceivedLink ReceivedLog
        ReceivedPoint ReceivedRequest ReceivedSpan Reply Respond ServerCertificate Signal assert_conforms
        assert_tree capture check_span expect faults span_tree
    """,
    "agent_otel.sources.bamboo": """
        AgentEvent AgentHookPoint BambooSource ChangeEvent ChatEvent EventMeta ForwardEvent ForwardStatus
        GoldCheckpoint GoldConfidence GoldDecision MetricsEvent PendingQuestionSource PlanModeStatus
        ProviderPromptUsage Role RoundStatus SessionKind SessionStatus SystemEvent TaskItemStatus TitleSource
        TokenBudgetUsage TokenUsage ToolResult ToolResultImage decode_agent_event decode_change_event
        decode_metrics_event encode_agent_event encode_change_event encode_metrics_event
    """,
    "agent_otel.sources.zeroclaw": """
        Action DashboardEvent Duration DurationForm EventCategory EventDescriptor EventOutcome
        LlmMessageSnapshot LogEvent MessageSnapshot ObserverEvent ObserverMetric ServiceDescriptor Severity
        ToolCallSnapshot TurnTokenUsage ZeroClawSource ZeroclawAttribution decode_dashboard_event
        decode_log_event decode_observer_event decode_observer_metric encode_dashboard_event encode_log_event
        encode_observer_event encode_observer_metric
    """,
    "agent_otel.sources.agent_sdk": """
        AgentError AgentErrorKind AgentEvent AgentId AgentSdkSource ArchiveCursor ArchiveCursorId AttemptId
        CausalIds CausalRef ContentCaptureMode ContentCapturePolicy ContextItemId CorrelationEntry
        CorrelationKey CorrelationValue CostEstimateStatus CostTelemetryRecord CostUnits DedupeKey DestinationId
        DestinationKind DestinationRef EVENT_SCHEMA_VERSION EntityId EntityKind EntityRef ErrorContext
        EventContentCaptureMode EventCorrelation EventCursor EventDeliverySemantics EventEnvelope EventFamily
        EventFilterFingerprint EventFilterId EventFrame EventId EventKind EventOverflowNotice
        EventOverflowReason EventPayload EventStreamScope EventTag IdValidationError Identifier JournalCursor
        MAX_ID_LEN MessageId PolicyContentCaptureMode PolicyId PolicyKind PolicyRef PrivacyClass
        RateTableVersion RetentionClass RetryClassification RunId SessionId SourceId SourceKind SourceRef SpanId
        SubscriberOverflowPolicy TELEMETRY_SCHEMA_VERSION TelemetryAuthorityBoundary
        TelemetryContentCaptureDecision TelemetryContentCaptureMode TelemetryContentCaptureRequest
        TelemetryCostRecordId TelemetryDrainReport TelemetryExportCursor TelemetryExportCursorRecord
        TelemetryFanoutConfig TelemetryFanoutReport TelemetryOverflowPolicy TelemetryProjection
        TelemetryProjectionId TelemetryProjectionKind TelemetryRecord TelemetryRecordId TelemetryRecordPayload
        TelemetrySinkAck TelemetrySinkError TelemetrySinkFailureKind TelemetrySinkFailureRecord
        TelemetrySinkHealth TelemetrySinkHealthState TelemetrySinkId TelemetrySinkIsolationPolicy
        TelemetrySinkKind TelemetrySinkRecoveryRecord TelemetrySinkSpec TelemetrySourceCursor
        TelemetrySourceRecord TelemetryTerminalStatus TelemetryUsageExtractionInput TelemetryUsageExtractor
        TelemetryUsageRecordId ToolCallId TraceId TrustClass TurnId TypedText UsageTelemetryRecord UsageUnits
        cursor_compatible decode_agent_event decode_contract decode_event_frame decode_event_overflow_notice
        decode_telemetry_projection decode_telemetry_record encode_agent_event encode_contract
        encode_event_frame encode_event_overflow_notice encode_telemetry_projection encode_telemetry_record
        sink_health_projection telemetry_authority_boundary terminal_run_projection_from_event
        validate_identifier
    """,
    "agent_otel.model.agent_sdk": """
        AgentError AgentErrorKind AgentEvent AgentId ArchiveCursor ArchiveCursorId AttemptId CausalIds CausalRef
        ContentCaptureMode ContentCapturePolicy ContextItemId CorrelationEntry CorrelationKey CorrelationValue
        CostEstimateStatus CostTelemetryRecord CostUnits DedupeKey DestinationId DestinationKind DestinationRef
        EVENT_SCHEMA_VERSION EntityId EntityKind EntityRef ErrorContext EventContentCaptureMode EventCorrelation
        EventCursor EventDeliverySemantics EventEnvelope EventFamily EventFilterFingerprint EventFilterId
        EventFrame EventId EventKind EventOverflowNotice EventOverflowReason EventPayload EventStreamScope
        EventTag IdValidationError Identifier JournalCursor MAX_ID_LEN MessageId PolicyContentCaptureMode
        PolicyId PolicyKind PolicyRef PrivacyClass RateTableVersion RetentionClass RetryClassification RunId
        SessionId SourceId SourceKind SourceRef SpanId SubscriberOverflowPolicy TELEMETRY_SCHEMA_VERSION
        TelemetryAuthorityBoundary TelemetryContentCaptureDecision TelemetryContentCaptureMode
        TelemetryContentCaptureRequest TelemetryCostRecordId TelemetryDrainReport TelemetryExportCursor
        TelemetryExportCursorRecord TelemetryFanoutConfig TelemetryFanoutReport TelemetryOverflowPolicy
        TelemetryProjection TelemetryProjectionId TelemetryProjectionKind TelemetryRecord TelemetryRecordId
        TelemetryRecordPayload TelemetrySinkAck TelemetrySinkError TelemetrySinkFailureKind
        TelemetrySinkFailureRecord TelemetrySinkHealth TelemetrySinkHealthState TelemetrySinkId
        TelemetrySinkIsolationPolicy TelemetrySinkKind TelemetrySinkRecoveryRecord TelemetrySinkSpec
        TelemetrySourceCursor TelemetrySourceRecord TelemetryTerminalStatus TelemetryUsageRecordId ToolCallId
        TraceId TrustClass TurnId TypedText UsageTelemetryRecord UsageUnits cursor_compatible
        validate_identifier
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
