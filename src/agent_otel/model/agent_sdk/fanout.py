"""What telemetry fan-out is set up with, and what it reports."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge

from agent_otel.model.agent_sdk.telemetry_records import TelemetryRecord
from agent_otel.model.agent_sdk.words import Word, known_word
from agent_otel.model.lossless import LosslessRecord

__all__ = [
    "TelemetryAuthorityBoundary",
    "TelemetryDrainReport",
    "TelemetryFanoutConfig",
    "TelemetryFanoutReport",
    "TelemetryOverflowPolicy",
    "TelemetrySinkIsolationPolicy",
]


class TelemetryOverflowPolicy(Word):
    """What happens to progress that finds a sink's queue full (rules R32 to R34)."""

    DropNonTerminalProgress = "drop_non_terminal_progress"
    CoalesceProgressByRun = "coalesce_progress_by_run"
    FailSinkNotRun = "fail_sink_not_run"


class TelemetrySinkIsolationPolicy(Word):
    """How sinks are kept apart (rule R36)."""

    IsolateEachSink = "isolate_each_sink"


@frozen(kw_only=True)
class TelemetryFanoutConfig(LosslessRecord):
    """What fan-out is set up with.

    Args:
        queue_capacity: How many projections may wait for a sink at most; at least 1.
        terminal_reserve: How many of these places only terminal ones may take at least; at least 1.

    Raises:
        ValueError: If capacity or reserve is less than 1.
    """

    queue_capacity: int = field(validator=ge(1))
    terminal_reserve: int = field(validator=ge(1))
    overflow: TelemetryOverflowPolicy | str = field(repr=known_word)
    sink_isolation: TelemetrySinkIsolationPolicy | str = field(repr=known_word)

    @classmethod
    def safe_defaults(cls) -> TelemetryFanoutConfig:
        """Make the configuration that suits most."""
        return cls(
            queue_capacity=64,
            terminal_reserve=4,
            overflow=TelemetryOverflowPolicy.DropNonTerminalProgress,
            sink_isolation=TelemetrySinkIsolationPolicy.IsolateEachSink,
        )

    @classmethod
    def tiny_for_tests(cls) -> TelemetryFanoutConfig:
        """Make a configuration that overflows soon."""
        return cls(
            queue_capacity=2,
            terminal_reserve=1,
            overflow=TelemetryOverflowPolicy.DropNonTerminalProgress,
            sink_isolation=TelemetrySinkIsolationPolicy.IsolateEachSink,
        )

    @classmethod
    def default(cls) -> TelemetryFanoutConfig:
        """Make what ``safe_defaults`` makes."""
        return cls.safe_defaults()


@frozen(kw_only=True)
class TelemetryFanoutReport(LosslessRecord):
    """What became of one projection, over all sinks."""

    enqueued: int = 0
    dropped: int = 0
    records: tuple[TelemetryRecord, ...] = ()

    @classmethod
    def default(cls) -> TelemetryFanoutReport:
        """Make the report of nothing."""
        return cls()


@frozen(kw_only=True)
class TelemetryDrainReport(LosslessRecord):
    """What became of one sink's queue."""

    exported: int = 0
    records: tuple[TelemetryRecord, ...] = ()

    @classmethod
    def default(cls) -> TelemetryDrainReport:
        """Make the report of nothing."""
        return cls()


@frozen(kw_only=True)
class TelemetryAuthorityBoundary(LosslessRecord):
    """What telemetry may decide (rule R61)."""

    can_decide_run_state: bool
    can_decide_policy_outcome: bool
    can_decide_output_delivery: bool
    can_decide_side_effect_status: bool
