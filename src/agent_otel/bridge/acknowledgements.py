"""``Acknowledgements``: what each sink has got, and is to get, of inputs that are read more than once.

In: what is told, and what sinks acknowledge on threads of their own. Out: whether something still has to be told, and
to whom; from time to time, on the reading thread, all of it goes to the store.

Acknowledged is what a sink took, what it refused for good (that is counted and told, and would be refused again), and
what is on disk for it. Metrics are sums that go to all their sinks at once: they are recorded until one sink has them.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
import time
from typing import Final, Protocol

from attrs import define, field

from agent_otel.bridge.frontier import Frontier
from agent_otel.delivery import Item
from agent_otel.model import AgentOtelError, Cursor
from agent_otel.processors import Outbox
from agent_otel.processors.content import GuardedMetricExporter
from agent_otel.processors.telling import Telling

__all__ = ["Acknowledgements", "Store"]

_PERIOD_S: Final = 1.0
_MANY: Final = 2000
_SHOWN: Final = "shown"


class Store(Protocol):
    """Where it is remembered between two readings. Sinks are bits of a mask. All of it may raise ``AgentOtelError``."""

    def sink_bits(self, names: Sequence[str]) -> list[int]:
        """Give the bit of each sink."""

    def holders(self, identity: int) -> int:
        """Give the sinks that have something."""

    def acknowledge(self, holders: Mapping[int, int], cursors: Iterable[tuple[int, str, int]] = ()) -> None:
        """Remember who has what, and how far each sink is in each input."""

    def cursor(self, sink: int, source_input: str) -> int | None:
        """Give how far a sink is in an input."""


@define(eq=False)
class _Sink:
    """A sink of spans or log records, and what it has acknowledged since the last look."""

    sink_id: str
    bit: int
    frontier: Frontier = field(factory=Frontier)
    settled: deque[tuple[int, Cursor | None]] = field(factory=deque)
    spooled: array[int] = field(factory=lambda: array("Q"))

    def on_settled(self, items: Iterable[Item]) -> None:
        """Note what the sink is done with. On any thread."""
        self.settled.extend((item.identity, item.source_cursor) for item in items if item.identity is not None)

    def on_spooled(self, items: Iterable[Item]) -> None:
        """Note what is on disk. On any thread. It counts once the end has shown that the disk has kept all."""
        self.spooled.extend(item.identity for item in items if item.identity is not None)


@define(eq=False)
class _MetricSink:
    """A sink of metrics. An export holds all that was recorded before it began."""

    bit: int
    recorded: array[int]  # identities, in the order in which they were recorded; all sinks of metrics share it
    exported: int = 0  # how many of them the sink has
    remembered: int = 0  # how many of these went to the store

    @contextmanager
    def exporting(self) -> Iterator[list[bool]]:
        """Stand around an export, on any thread; what is put into the list says whether the sink took it."""
        begun = len(self.recorded)
        took: list[bool] = []
        yield took
        if all(took) and took:
            self.exported = max(self.exported, begun)


@define(eq=False)
class Acknowledgements:
    """Decides who is to get what, and remembers who has got it. For the reading thread.

    Args:
        store: What earlier readings remember.
        outboxes: The sinks of spans and log records, by all that makes each the sink that it is.
        metrics: The same of those of metrics.
        shown: What makes two readings the same that send no spans and show them only.
    """

    _store: Store
    _outboxes: Mapping[str, Outbox]
    _metrics: Mapping[str, GuardedMetricExporter]
    _shown: str = _SHOWN
    _sinks: list[_Sink] = field(factory=list, init=False)
    _metric_sinks: list[_MetricSink] = field(factory=list, init=False)
    _recorded: array[int] = field(factory=lambda: array("Q"), init=False)
    _of_spans: int = field(default=0, init=False)  # masks
    _of_metrics: int = field(default=0, init=False)
    _of_all: int = field(default=0, init=False)
    _names: dict[str, str] = field(factory=dict, init=False)  # of inputs, by key
    _read: dict[str, int] = field(factory=dict, init=False)  # the last record that was told, by key of its input
    _new: dict[int, int] = field(factory=dict, init=False)  # masks by identity, for the store
    _before: dict[tuple[int, str], int] = field(factory=dict, init=False)  # the cursors that the store knows
    _problem: str | None = field(default=None, init=False)
    _saved_at: float = field(default=0.0, init=False)  # in seconds of ``time.monotonic``

    def __attrs_post_init__(self) -> None:
        ids = {name: outbox.sink_id for name, outbox in self._outboxes.items()}
        if not any(map(_is_of_spans, ids.values())):
            ids[self._shown] = f"{_SHOWN}/traces"
        bits = dict(zip([*ids, *self._metrics], self._store.sink_bits([*ids, *self._metrics]), strict=True))
        self._sinks = [_Sink(sink_id, bits[name]) for name, sink_id in ids.items()]
        self._metric_sinks = [_MetricSink(bits[name], self._recorded) for name in self._metrics]
        for sink, outbox in zip(self._sinks, self._outboxes.values(), strict=False):
            outbox.tell(sink.on_settled, sink.on_spooled)
        for metric_sink, exporter in zip(self._metric_sinks, self._metrics.values(), strict=True):
            exporter.exporting = metric_sink.exporting
        self._saved_at = time.monotonic()
        self._of_spans = sum(sink.bit for sink in self._sinks if _is_of_spans(sink.sink_id))
        self._of_metrics = sum(sink.bit for sink in self._metric_sinks)
        self._of_all = sum(sink.bit for sink in self._sinks) | self._of_metrics

    # -- who is to get what -------------------------------------------------------------------------------------------

    def holders(self, identity: int) -> int:
        """Give the sinks that have something from an earlier reading, as a mask."""
        holders = self._known(partial(self._store.holders, identity)) or 0
        return holders | self._of_metrics if holders & self._of_metrics else holders

    def is_complete(self, holders: int) -> bool:
        """Whether no sink needs it any more."""
        return not self._of_all & ~holders

    def needs_span(self, holders: int) -> bool:
        """Whether a sink of spans still needs it."""
        return bool(self._of_spans & ~holders)

    def needs_metrics(self, holders: int) -> bool:
        """Whether no sink of metrics has it."""
        return not holders & self._of_metrics

    def telling(self, identity: int, cursor: Cursor | None, holders: int) -> Telling:
        """Say of a span or log record who is not to get it."""
        return Telling(cursor, identity, [sink.sink_id for sink in self._sinks if sink.bit & holders])

    # -- who has got what ---------------------------------------------------------------------------------------------

    def emitted(self, told: Telling) -> None:
        """Note to whom something was given; the other sinks have nothing to get of it."""
        for sink in self._sinks:
            if sink.sink_id in told.offered:
                if told.cursor is not None:
                    sink.frontier.offered(told.cursor)
            elif told.identity is not None:
                self._add(told.identity, sink.bit)

    def measured(self, identity: int, points: int) -> None:
        """Note that what there is to measure of something was recorded, and how much that was."""
        if points:
            self._recorded.append(identity)
        else:
            self._add(identity, self._of_metrics)

    def begin_input(self, key: str, name: str) -> None:
        """Learn what an input is called."""
        self._names[key] = name
        if key not in self._read:
            self._read[key] = 0
            for sink in self._sinks:
                self._before[sink.bit, key] = self._known(partial(self._store.cursor, sink.bit, key)) or 0

    def reached(self, cursor: Cursor) -> None:
        """Note that all up to a record was told."""
        if cursor.stream in self._read:
            self._read[cursor.stream] = max(self._read[cursor.stream], cursor.ordinal)

    # -- remembering --------------------------------------------------------------------------------------------------

    @property
    def is_due(self) -> bool:
        """Whether it is time to save."""
        waiting = len(self._new) + sum(len(sink.settled) for sink in self._sinks)
        return waiting >= _MANY or (waiting > 0 and time.monotonic() - self._saved_at >= _PERIOD_S)

    def save(self) -> None:
        """Hand to the store what is new. If it fails, that is told at the end, and the next time it is tried again."""
        for sink in self._sinks:
            self._take_settled(sink)
        for metric_sink in self._metric_sinks:
            exported = metric_sink.exported
            for identity in self._recorded[metric_sink.remembered : exported]:
                self._add(identity, metric_sink.bit)
            metric_sink.remembered = exported
        self._saved_at = time.monotonic()
        moved = self._moved()
        try:
            self._store.acknowledge(self._new, ((*place, ordinal) for place, ordinal in moved.items()))
        except AgentOtelError as error:
            self._problem = str(error)
        else:
            self._new.clear()
            self._before |= moved
            self._problem = None

    def close(self) -> list[str]:
        """Save for the last time, once everything is stopped; gives what there is to say."""
        for sink, outbox in zip(self._sinks, self._outboxes.values(), strict=False):
            self._take_settled(sink)
            books = outbox.as_dict()
            if sink.spooled and not books["evicted"]:
                for identity in sink.spooled:
                    self._add(identity, sink.bit)
            if not books["evicted"] + books["queued"] + books["rejected"]:
                sink.frontier = Frontier()
        self.save()
        return [*self._behind(), *([self._problem] if self._problem is not None else [])]

    def _behind(self) -> Iterator[str]:
        """Say of each sink that is behind where that begins."""
        for sink in self._sinks:
            places = ((key, read, self._reach(sink, key)) for key, read in self._read.items())
            behind = [(self._names[key], has, read) for key, read, has in places if has < read]
            if behind:
                name, has, read = behind[0]
                more = f", and is behind in {len(behind) - 1} more inputs" if len(behind) > 1 else ""
                yield f"{sink.sink_id} has {name} up to record {has} of {read}{more}: call again with --resume"

    def cursors(self) -> dict[str, dict[str, int]]:
        """Give the last record up to which all is acknowledged, by name of the input and id of the sink."""
        return {
            name: {sink.sink_id: self._reach(sink, key) for sink in self._sinks} for key, name in self._names.items()
        }

    def _moved(self) -> dict[tuple[int, str], int]:
        """Give the cursors that are not what the store knows, by sink and input."""
        now = {(sink.bit, key): self._reach(sink, key) for key in self._read for sink in self._sinks}
        return {place: ordinal for place, ordinal in now.items() if self._before.get(place) != ordinal}

    def _reach(self, sink: _Sink, key: str) -> int:
        """Give a sink's cursor; a reading that came less far than the one before takes nothing back."""
        return sink.frontier.of(key, max(self._read[key], self._before.get((sink.bit, key), 0)))

    def _known(self, ask: Callable[[], int | None]) -> int | None:
        """Ask the store; None if it fails: what is told again has the same ids."""
        try:
            return ask()
        except AgentOtelError as error:
            self._problem = str(error)
            return None

    def _take_settled(self, sink: _Sink) -> None:
        while sink.settled:
            identity, cursor = sink.settled.popleft()
            self._add(identity, sink.bit)
            if cursor is not None:
                sink.frontier.acknowledged(cursor)

    def _add(self, identity: int, bit: int) -> None:
        self._new[identity] = self._new.get(identity, 0) | bit


def _is_of_spans(sink_id: str) -> bool:
    return sink_id.endswith("/traces")
