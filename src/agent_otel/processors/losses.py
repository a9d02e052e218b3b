"""``Losses``: what was dropped of each run, until the run's own span tells it; what is dropped later, for a log record.

The span is completed when its request is built, and says the same at each attempt: one id has one content.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
import threading
from typing import Final

from attrs import evolve, frozen

from agent_otel.conventions import attributes as a
from agent_otel.delivery import Item
from agent_otel.delivery.otlp import with_attributes
from agent_otel.model import DeliveryClass

__all__ = ["LateLoss", "Losses"]

_MOST_RUNS: Final = 10_000  # more than any request holds, so that each attempt says the same
_RUN_END: Final = DeliveryClass.RUN_END  # here, for each look at an enum's member is a call
_Run = tuple[int, str]  # trace id, run id


@frozen
class LateLoss:
    """What was lost of a run whose span does not tell it.

    Args:
        sink_id: Of the sink that did not get it.
        trace_id: Of the run.
        span_id: Of the run's own span, if that was sent; else 0.
        run_id: Id of the run.
        counts: By attribute name.
    """

    sink_id: str
    trace_id: int
    span_id: int
    run_id: str
    counts: Mapping[str, int]


class Losses:
    """Counts what one sink lost, by run. Bounded.

    Args:
        sink_id: Name of the sink and signal, as ``otlp/traces``.
    """

    def __init__(self, sink_id: str) -> None:
        self._lock = threading.RLock()  # a signal handler may note something in the midst of it
        self._sink_id = sink_id
        self._sink = sink_id.rsplit("/", 1)[0]
        self._untold: OrderedDict[_Run, Counter[str]] = OrderedDict()
        self._told: OrderedDict[_Run, tuple[int, Mapping[str, int]]] = OrderedDict()  # the span, and what it says
        self._late: OrderedDict[_Run, Counter[str]] = OrderedDict()

    def note(self, item: Item, reason: str) -> None:
        """Note that an item is lost to the sink, and why."""
        if item.trace_id:
            self.add(item.trace_id, item.run_id, item.kind, reason)

    def add(self, trace_id: int, run_id: str, kind: str, reason: str) -> None:
        """Note that something of a run is lost.

        Args:
            trace_id: Of the run.
            run_id: Its id.
            kind: What is lost, in one word.
            reason: Why, in one word.
        """
        run = trace_id, run_id
        with self._lock:
            counts = self._late if run in self._told else self._untold
            counts.setdefault(run, Counter())[f"{a.DROPPED_PREFIX}{kind}.{self._sink}.{reason}"] += 1
            if len(self._untold) > _MOST_RUNS:
                self._late_of(*self._untold.popitem(last=False))
            while len(self._late) > _MOST_RUNS:
                self._late.popitem(last=False)

    def told_in(self, batch: Sequence[Item]) -> Sequence[Item]:
        """Give a batch in which the runs' own spans say what was lost of their runs."""
        return [self._telling(item) if item.delivery_class is _RUN_END else item for item in batch]

    def take_late(self) -> list[LateLoss]:
        """Give what no span tells any more, once."""
        with self._lock:
            late, self._late = self._late, OrderedDict()
            return [
                LateLoss(self._sink_id, trace_id, self._told.get((trace_id, run_id), (0, {}))[0], run_id, counts)
                for (trace_id, run_id), counts in late.items()
            ]

    def told_by(self, trace_id: int, run_id: str, span_id: int) -> Mapping[str, int]:
        """Give what a run's own span has to say, by attribute name: the same each time."""
        run = trace_id, run_id
        with self._lock:
            if run not in self._told:
                counts = self._untold.pop(run, None)
                self._told[run] = span_id, dict(sorted(counts.items())) if counts else {}
                if len(self._told) > _MOST_RUNS:
                    self._told.popitem(last=False)
            teller, told = self._told[run]
        return told if teller == span_id else {}

    def _telling(self, item: Item) -> Item:
        if item.envelope.signal != "traces":
            return item
        told = self.told_by(item.trace_id, item.run_id, item.span_id)
        if not told:
            return item
        raw = None if item.raw_payload is None else with_attributes(item.raw_payload, told)
        return evolve(item, payload=with_attributes(item.payload, told), raw_payload=raw)

    def _late_of(self, run: _Run, counts: Counter[str]) -> None:
        self._late.setdefault(run, Counter()).update(counts)
