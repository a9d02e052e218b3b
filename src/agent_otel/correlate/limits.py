"""How much correlation remembers. Every limit can be set; whatever it makes us forget is counted."""

from __future__ import annotations

from attrs import frozen

__all__ = ["CorrelationLimits"]

_SECOND = 1_000_000_000


@frozen(kw_only=True)
class CorrelationLimits:
    """Bounds of the correlation state.

    Args:
        max_open_runs: Runs that are open at once; beyond it the one idle for longest is closed as evicted.
        max_open_operations: Starts waiting for their end; beyond it the oldest is closed as evicted.
        max_closed_runs: Ended runs remembered for late children, repeated ends and sub-agents.
        max_finished_operations: Finished operations remembered, to number attempts and to recognise repetitions.
        max_conversations: Conversations remembered, to link a resumed one.
        max_marks: Span events kept per run.
        idle_limit_ns: Nanoseconds after which a silent run, or a start without end, is closed (live bridges).
        late_child_grace_ns: Nanoseconds that children may end after their run did (rule R66; live bridges). In a
            reading they may end as long as the reading lasts.
    """

    max_open_runs: int = 10_000
    max_open_operations: int = 50_000
    max_closed_runs: int = 20_000
    max_finished_operations: int = 100_000
    max_conversations: int = 20_000
    max_marks: int = 100
    idle_limit_ns: int = 24 * 3600 * _SECOND
    late_child_grace_ns: int = 5 * _SECOND
