"""Health of a bridge: its books, as values and as metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import asdict, field, frozen
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from agent_otel.conventions import attributes as a
from agent_otel.conventions import metrics as m
from agent_otel.conventions import names as n

__all__ = ["Health", "observe_health"]


@frozen(kw_only=True)
class Health:
    """What a bridge has taken in, given out and lost. All numbers count from the start of the process.

    Args:
        enabled: False when ``OTEL_SDK_DISABLED=true``.
        records: ``received = mapped + skipped + duplicate + malformed``.
        handover: ``accepted = handled + evicted + queued``, of the queue between the agent's thread and the worker.
        sinks: ``accepted = exported + rejected + evicted + queued + spooled``, by sink.
        delivery: How each sink is: ``failing`` (0 or 1), ``failures``, ``recoveries``, ``queued_bytes``,
            ``oldest_age_s``, ``acknowledged_s_ago`` (-1: never), and ``lost.<class>.<reason>``.
        spool: What is on disk of this process: ``items`` and ``bytes``, last wills included, and ``durable``, which
            counts all that ever was; empty without a spool.
        correlation: What was closed without its end, evicted, repeated or late.
        notes: What sources skipped or clamped, and why.
        content: Secrets that were hidden (``redacted``) and what went out as a stub because the content policy failed
            (``stubs``): in what the bridge built, and once more in front of each sink.
        open_runs: Runs that are open.
        open_operations: Starts that wait for their end.
        forgotten_calls: Open context managers that were too many to be remembered: a shutdown does not end them.
        faults: Faults of our own that were swallowed.
        last_fault: What the last one on our worker was, and where it arose.
    """

    enabled: bool
    records: Mapping[str, int] = field(factory=dict)
    handover: Mapping[str, int] = field(factory=dict)
    sinks: Mapping[str, Mapping[str, int]] = field(factory=dict)
    delivery: Mapping[str, Mapping[str, float]] = field(factory=dict)
    spool: Mapping[str, int] = field(factory=dict)
    correlation: Mapping[str, int] = field(factory=dict)
    notes: Mapping[str, int] = field(factory=dict)
    content: Mapping[str, Mapping[str, int]] = field(factory=dict)
    open_runs: int = 0
    open_operations: int = 0
    forgotten_calls: int = 0
    faults: int = 0
    last_fault: str = ""

    @property
    def balanced(self) -> bool:
        """Whether all books balance."""
        records, handover = self.records, self.handover
        return (
            records.get("received", 0)
            == sum(records.get(name, 0) for name in ("mapped", "skipped", "duplicate", "malformed"))
            and handover.get("accepted", 0) == sum(handover.get(name, 0) for name in ("handled", "evicted", "queued"))
            and all(
                sink["accepted"] == sum(count for name, count in sink.items() if name != "accepted")
                for sink in self.sinks.values()
            )
        )

    def as_dict(self) -> dict[str, object]:
        """Give plain values, for JSON."""
        return asdict(self)


def observe_health(
    provider: MeterProvider, health: Callable[[], Health], observed: list[Callable[[], Any]] | None = None
) -> None:
    """Export a bridge's books as metrics.

    Args:
        provider: Meter provider of the bridge.
        health: Gives the health of the moment.
        observed: Of all bridges of the provider, where it has several: the last one is observed.
    """
    if observed is not None:
        is_known, observed[:] = bool(observed), [health]
        if is_known:
            return
        health = lambda: observed[0]()  # noqa: E731, PLW0108  what is there when it is called
    meter = provider.get_meter(n.SCOPE_NAME)

    def records(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {a.STATE: state}) for state, count in health().records.items()]

    def handover(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {a.STATE: state}) for state, count in health().handover.items()]

    def sinks(_: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(count, {a.SINK: sink, a.STATE: state})
            for sink, books in health().sinks.items()
            for state, count in books.items()
        ]

    def delivery(name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _: [
            Observation(state[name], {a.SINK: sink})
            for sink, state in health().delivery.items()
            if state.get(name, -1) >= 0
        ]

    def lost(_: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(count, {a.SINK: sink, a.DELIVERY_CLASS: name.split(".")[1], a.LOSS_REASON: name.split(".")[2]})
            for sink, state in health().delivery.items()
            for name, count in state.items()
            if name.startswith("lost.")
        ]

    def spool(name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _: [Observation(count) for told, count in health().spool.items() if told == name]

    for name, callback in (
        (m.BRIDGE_RECORDS, records),
        (m.BRIDGE_HANDOVER, handover),
        (m.SINK_ITEMS, sinks),
        (m.SINK_LOST, lost),
        (m.SINK_FAILURES, delivery("failures")),
        (m.SINK_RECOVERIES, delivery("recoveries")),
        (m.SINK_QUEUE_BYTES, delivery("queued_bytes")),
        (m.SINK_OLDEST_AGE, delivery("oldest_age_s")),
        (m.SINK_LAST_ACKNOWLEDGEMENT, delivery("acknowledged_s_ago")),
        (m.SPOOL_ITEMS, spool("items")),
        (m.SPOOL_BYTES, spool("bytes")),
    ):
        instrument = m.INSTRUMENTS[name]
        meter.create_observable_gauge(name, [callback], instrument.unit, instrument.description)
