"""The public names, pinned: a change here is a change for users."""

from __future__ import annotations

from enum import Enum
from importlib import import_module
from inspect import isabstract
from pathlib import Path
import re
from typing import Any

import pytest

import agent_otel

PUBLIC = {
    "agent_otel": """
        AgentEvent AgentOtelError Bridge Health IntakeError ModelCall Outcome RecordRejected Retrieval Run
        SettingsError
        SourceError ToolCall UnknownSource UsageError __version__
    """,
    "agent_otel.model": """
        AgentEvent AgentOtelError CaptureMode Content ContentKind Cost CostStatus Cursor DeliveryClass EventIds
        EventKind Fact IntakeError JsonContent
        LosslessRecord MAX_TIME_NS NANOS_PER_MILLI NANOS_PER_SECOND NO_IDS NO_NAMES Names Origin Outcome
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
    "agent_otel.policy": """
        AttributeFilter CaptureMode ContentLimits ContentPolicy DEFAULT_MODES Decider Decision Filtering Findings Limits
        RAW_GATES RawGates ScrubOptions Scrubbed SinkPolicy Subject Truncated Writing Written denied_gates
        evaluate_content_capture scrub shared_scrubber truncate
    """,
    "agent_otel.delivery": """
        Envelope Eviction FailureKind FanoutAdditions FanoutCounts FanoutRecord FileSink Item LiveReport LossReason
        OtlpGrpcSink OtlpHttpSink SettleReport Signal Sink SinkFailure SinkSpec SinkVerdict StockLogSink
        StockSpanSink TelemetryFanout
    """,
    "agent_otel.delivery.otlp": """
        GrpcTarget HttpTarget OtlpGrpcSink OtlpHttpSink decode_log decode_span encode_log encode_span read_target
        request_bytes size_of stub_of superseding with_attributes
    """,
    "agent_otel.delivery.spool": """
        Adoption Amount Appended Destination Entry Evicted HeldBack Spool SpoolError SpoolFile SpoolLimits SpoolStats
        SpooledItem adopt_spools drop_spool list_spools read_spool
    """,
    "agent_otel.processors": """
        Aside DeliveryWarning LateLoss Losses Outbox OutboxLimits TerminalPreservingLogProcessor
        TerminalPreservingProcessor in_forked_child
    """,
    "agent_otel.conventions": """
        CONTENT_KEYS INSTRUMENTS Instrument SCHEMA_URL SEMCONV_REVISION attributes content metrics names
    """,
    "agent_otel.testing": """
        Capture ExpectedSpan OtlpReceiver RULES ReceivedEvent ReceivedExemplar ReceivedLink ReceivedLog
        ReceivedPoint ReceivedRequest ReceivedSpan Reply Respond ServerCertificate Signal assert_conforms
        assert_tree capture check_span expect faults span_tree
    """,
    "agent_otel.sources.bamboo": """
        AgentEvent AgentHookPoint BambooSource ChangeEvent ChatEvent DailyMetrics EventMeta
        ForwardEndpointMetrics ForwardEvent ForwardMetricsFilter ForwardMetricsSummary
        ForwardRequestMetrics ForwardStatus ForwardTokenDetails GoldCheckpoint GoldConfidence
        GoldDecision HookResult MAX_DURABLE_TOKEN_COUNT MetricsDateFilter MetricsEvent MetricsSummary
        ModelMetrics ModelMetricsDateFilter PendingQuestionSource PeriodMetrics PlanModeStatus
        PromptMemoryExposureItem PromptMemoryExposureObservation PromptMemoryRecallOutcome
        ProviderPromptUsage Role RoundMetrics RoundStatus SessionDetail SessionKind SessionMetrics
        SessionMetricsFilter SessionStatus SystemEvent TaskBlocker TaskBlockerKind TaskEvidence
        TaskEvidenceKind TaskItem TaskItemStatus TaskList TaskPhase TaskPriority TaskTransition
        TitleSource TokenBudgetUsage TokenUsage ToolCallCompletion ToolCallMetrics ToolResult
        ToolResultImage aggregate_monthly aggregate_weekly decode_agent_event decode_change_event
        decode_metrics_event decode_record encode_agent_event encode_change_event encode_metrics_event
        encode_record
    """,
    "agent_otel.sources.zeroclaw": """
        ATTRIBUTION_FIELDS Action COMPOSITE_PREFIXES DashboardEvent Duration DurationForm EventCategory
        EventDescriptor EventOutcome LlmMessageSnapshot LogEvent MessageSnapshot Observer ObserverEvent
        ObserverMetric ServiceDescriptor Severity ToolCallSnapshot TurnTokenUsage ZeroClawSource
        ZeroclawAttribution alias_field decode_dashboard_event decode_log_event decode_observer_event
        decode_observer_metric encode_dashboard_event encode_log_event encode_observer_event
        encode_observer_metric is_attribution_field severity_text_from_number type_field
    """,
    "agent_otel.sources.agent_sdk": """
        AgentError AgentErrorKind AgentEvent AgentId AgentSdkSource ArchiveCursor ArchiveCursorId
        AttemptId CausalIds CausalRef CompiledEventFilter ContentCaptureMode ContentCapturePolicy
        ContextItemId CorrelationEntry CorrelationKey CorrelationValue CostEstimateStatus
        CostTelemetryRecord CostUnits DedupeKey DestinationId DestinationKind DestinationRef
        EVENT_SCHEMA_VERSION EntityId EntityKind EntityRef ErrorContext EventContentCaptureMode
        EventCorrelation EventCursor EventDeliverySemantics EventEnvelope EventFamily EventFilter
        EventFilterFingerprint EventFilterId EventFilterSet EventFrame EventId EventIndexField EventKind
        EventOverflowNotice EventOverflowReason EventPayload EventStreamScope EventTag IdValidationError
        Identifier JournalCursor MAX_ID_LEN MessageId PayloadAccessMode PolicyContentCaptureMode
        PolicyId PolicyKind PolicyRef PrivacyClass ProviderUsage RateTableVersion RetentionClass
        RetryClassification RunId SessionId SourceId SourceKind SourceRef SpanId
        SubscriberOverflowPolicy SubscriberQueueConfig SubscriptionOptions TELEMETRY_SCHEMA_VERSION
        TelemetryAuthorityBoundary TelemetryContentCaptureDecision TelemetryContentCaptureMode
        TelemetryContentCaptureRequest TelemetryCostRecordId TelemetryDrainReport
        TelemetryExportAttemptId TelemetryExportCursor TelemetryExportCursorRecord TelemetryFanoutConfig
        TelemetryFanoutReport TelemetryOverflowPolicy TelemetryProjection TelemetryProjectionId
        TelemetryProjectionKind TelemetryRecord TelemetryRecordId TelemetryRecordPayload
        TelemetrySinkAck TelemetrySinkError TelemetrySinkFailureKind TelemetrySinkFailureRecord
        TelemetrySinkHealth TelemetrySinkHealthState TelemetrySinkId TelemetrySinkIsolationPolicy
        TelemetrySinkKind TelemetrySinkRecoveryRecord TelemetrySinkSpec TelemetrySourceCursor
        TelemetrySourceRecord TelemetryTerminalStatus TelemetryUsageExtractionInput
        TelemetryUsageExtractor TelemetryUsageRecordId ToolCallId TraceId TrustClass TurnId TypedText
        UsageTelemetryRecord UsageUnits cursor_compatible decode_agent_event decode_contract
        decode_event_frame decode_event_overflow_notice decode_telemetry_projection
        decode_telemetry_record encode_agent_event encode_contract encode_event_frame
        encode_event_overflow_notice encode_telemetry_projection encode_telemetry_record
        sink_health_projection telemetry_authority_boundary terminal_run_projection_from_event
        validate_identifier
    """,
    "agent_otel.model.agent_sdk": """
        AgentError AgentErrorKind AgentEvent AgentId ArchiveCursor ArchiveCursorId AttemptId CausalIds
        CausalRef CompiledEventFilter ContentCaptureMode ContentCapturePolicy ContextItemId
        CorrelationEntry CorrelationKey CorrelationValue CostEstimateStatus CostTelemetryRecord
        CostUnits DedupeKey DestinationId DestinationKind DestinationRef EVENT_SCHEMA_VERSION EntityId
        EntityKind EntityRef ErrorContext EventContentCaptureMode EventCorrelation EventCursor
        EventDeliverySemantics EventEnvelope EventFamily EventFilter EventFilterFingerprint
        EventFilterId EventFilterSet EventFrame EventId EventIndexField EventKind EventOverflowNotice
        EventOverflowReason EventPayload EventStreamScope EventTag IdValidationError Identifier
        JournalCursor MAX_ID_LEN MessageId PayloadAccessMode PolicyContentCaptureMode PolicyId
        PolicyKind PolicyRef PrivacyClass ProviderUsage RateTableVersion RetentionClass
        RetryClassification RunId SessionId SourceId SourceKind SourceRef SpanId
        SubscriberOverflowPolicy SubscriberQueueConfig SubscriptionOptions TELEMETRY_SCHEMA_VERSION
        TelemetryAuthorityBoundary TelemetryContentCaptureDecision TelemetryContentCaptureMode
        TelemetryContentCaptureRequest TelemetryCostRecordId TelemetryDrainReport
        TelemetryExportAttemptId TelemetryExportCursor TelemetryExportCursorRecord TelemetryFanoutConfig
        TelemetryFanoutReport TelemetryOverflowPolicy TelemetryProjection TelemetryProjectionId
        TelemetryProjectionKind TelemetryRecord TelemetryRecordId TelemetryRecordPayload
        TelemetrySinkAck TelemetrySinkError TelemetrySinkFailureKind TelemetrySinkFailureRecord
        TelemetrySinkHealth TelemetrySinkHealthState TelemetrySinkId TelemetrySinkIsolationPolicy
        TelemetrySinkKind TelemetrySinkRecoveryRecord TelemetrySinkSpec TelemetrySourceCursor
        TelemetrySourceRecord TelemetryTerminalStatus TelemetryUsageRecordId ToolCallId TraceId
        TrustClass TurnId TypedText UsageTelemetryRecord UsageUnits cursor_compatible
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


DOCS = Path(__file__).parent.parent / "docs" / "sources"
ROOMS = {"bamboo.md": "bamboo", "zeroclaw.md": "zeroclaw", "agent-sdk.md": "agent_sdk"}
HERE = re.compile(r"\| `\w+` \| `(\w+)` \| `([\w.]+)` \| (\w+) \| (.*) \|")
NAMED = re.compile(r"`([\w.:]+)`")


def names_section(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8").split("\n## Names\n")[1]


def names_here(page: str) -> list[tuple[str, str, str, str]]:
    return HERE.findall(names_section(page))


def absent_names(page: str) -> list[str]:
    absent = names_section(page).split("| not here | because |\n|---|---|\n")[1].split("\n\n")[0]
    return [name for line in absent.splitlines() for name in NAMED.findall(line.split(" | ")[0])]


def variants_of(found: type) -> list[str]:
    own = [
        name for name, value in vars(found).items() if getattr(value, "__qualname__", "") == f"{found.__name__}.{name}"
    ]
    return [name for name in own if isinstance(getattr(found, name), type) and name != "Other"]


def kind_of(found: Any) -> str:
    if not isinstance(found, type):
        return "function" if callable(found) else "constant"
    if issubclass(found, BaseException):
        return "exception"
    if isabstract(found):
        return "protocol"
    return "enum" if issubclass(found, Enum) or variants_of(found) else "data"


@pytest.mark.parametrize("page", ROOMS)
def test_every_name_that_a_page_lists_is_here_as_it_says(page: str) -> None:
    room = import_module(f"agent_otel.sources.{ROOMS[page]}")
    rows = names_here(page)
    assert len(rows) > 20
    for name, module, kind, on_it in rows:
        found = getattr(room, name)
        assert getattr(import_module(f"agent_otel.{module}"), getattr(found, "__name__", name)) is found, name
        assert kind_of(found) == kind, name
        assert [member for member in NAMED.findall(on_it) if not hasattr(found, member)] == [], name
        if counted := re.match(r"(\d+) (word|variant)", on_it):
            members = list(found) if counted[2] == "word" else variants_of(found)
            assert len(members) == int(counted[1]), name


@pytest.mark.parametrize("page", ROOMS)
def test_every_public_name_of_a_source_is_on_its_page(page: str) -> None:
    room = import_module(f"agent_otel.sources.{ROOMS[page]}")
    own = set(NAMED.findall(names_section(page).split("\nOf our own:")[1]))
    listed = {name for name, *_ in names_here(page)}
    assert listed | own == set(room.__all__)
    assert listed & own == set()


@pytest.mark.parametrize("page", ROOMS)
def test_no_name_that_a_page_calls_absent_is_here(page: str) -> None:
    room = import_module(f"agent_otel.sources.{ROOMS[page]}")
    absent = absent_names(page)
    assert len(absent) > 10
    for name in absent:
        owner, _, member = name.replace("::", ".").partition(".")
        assert not hasattr(getattr(room, owner), member) if member else not hasattr(room, owner), name
