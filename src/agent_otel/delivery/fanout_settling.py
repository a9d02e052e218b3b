"""What a sink answered, turned into what happens to the head of its queue: one by one (R41 to R45), or for a batch."""

from __future__ import annotations

from collections.abc import Callable

from agent_otel.delivery.fanout_held import H, contract_cursor
from agent_otel.delivery.fanout_reports import Eviction, FanoutRecord, SettleReport
from agent_otel.delivery.fanout_sink import SinkState
from agent_otel.delivery.sink import FailureKind, SinkFailure, SinkVerdict
from agent_otel.model.agent_sdk.errors import AgentError
from agent_otel.model.agent_sdk.sinks import TelemetrySinkAck, TelemetrySinkError
from agent_otel.model.agent_sdk.telemetry_cursors import TelemetryExportCursor
from agent_otel.model.agent_sdk.telemetry_kinds import TelemetrySinkFailureKind

__all__ = ["drain", "settle"]


def drain(
    state: SinkState[H],
    export: Callable[[H, TelemetryExportCursor], TelemetrySinkAck | TelemetrySinkError],
    *,
    quarantines: bool,
) -> tuple[int, list[FanoutRecord[H]]]:
    """Export from the head until the queue is empty or the sink fails; gives how many it took, and the records.

    The item under way is in flight meanwhile: a sink that records something itself evicts another one. An export that
    raises leaves it at the head.
    """
    if state.queue.in_flight:
        raise AgentError.contract_violation("a batch of this sink is under way")
    exported = 0
    records: list[FanoutRecord[H]] = []
    try:
        while head := state.queue.peek(1, 0):
            answer = export(head[0], state.cursor.attempted(contract_cursor(head[0].source_cursor)))
            if isinstance(answer, TelemetrySinkAck):
                exported += 1
                _, recovery = state.acknowledge(answer.cursor)
                records += [recovery] if recovery else []
            elif quarantines and answer.failure_kind == TelemetrySinkFailureKind.ExportRejected:
                _, record = state.quarantine(answer.redacted_summary)
                records.append(record)
            else:
                records.append(state.fail(head[0], answer.failure_kind, answer.redacted_summary))
                break
    finally:
        state.queue.release()
    return exported, records


def settle(state: SinkState[H], verdict: SinkVerdict, *, quarantines: bool) -> SettleReport[H]:
    """Take out the settled head of what is in flight, put the rest back, and give what became of it."""
    _check(verdict, state.queue.in_flight)
    refused = dict(verdict.refused)
    settled, failure, kind = verdict.settled, verdict.failure, TelemetrySinkFailureKind.SinkUnavailable
    if refused and not quarantines:
        settled = min(refused)
        failure = SinkFailure(kind=FailureKind.TROUBLE, reason=refused[settled])
        kind = TelemetrySinkFailureKind.ExportRejected
    taken: list[H] = []
    quarantined: list[Eviction[H]] = []
    records: list[FanoutRecord[H]] = []
    begin = 0
    for end in (*sorted(position for position in refused if position < settled), settled):
        if begin < end:
            held, recovery = state.acknowledge_all(end - begin)
            taken += held
            records += [recovery] if recovery else []
        if end < settled:
            eviction, record = state.quarantine(refused[end])
            quarantined.append(eviction)
            records.append(record)
        begin = end + 1
    partial = max(0, min(verdict.partial_count, len(taken)))  # a foreign server's number
    if partial > 0:
        records.append(state.drop_partially(taken, partial))
    state.queue.release()
    if failure is not None:
        records.append(state.fail(state.queue.head(), kind, failure.reason))
    return SettleReport(
        exported=len(taken) - partial,
        rejected=len(quarantined) + partial,
        quarantined=tuple(quarantined),
        records=tuple(records),
    )


def _check(verdict: SinkVerdict, in_flight: int) -> None:
    positions = [position for position, _ in verdict.refused]
    settles_what_is_there = 0 <= verdict.settled <= in_flight
    refuses_what_it_settles = len(set(positions)) == len(positions) and all(0 <= p < verdict.settled for p in positions)
    fails_at_something = verdict.failure is None or verdict.settled < in_flight
    if not (settles_what_is_there and refuses_what_it_settles and fails_at_something):
        raise AgentError.contract_violation("the verdict cannot be about what was peeked")
