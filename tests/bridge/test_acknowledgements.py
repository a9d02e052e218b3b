"""Who still needs what, and what is remembered of it, with a store and sinks that do as they are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field
import pytest

from agent_otel.bridge.acknowledgements import Acknowledgements
from agent_otel.delivery import Item
from agent_otel.model import AgentOtelError, Cursor, DeliveryClass

SPANS, LOGS, POINTS, SHOWN = "otlp/traces", "otlp/logs", "otlp/metrics", "shown"


class StoreFails(AgentOtelError):
    pass


@define
class Store:
    held: dict[int, int] = field(factory=dict)
    places: dict[tuple[int, str], int] = field(factory=dict)
    known: list[str] = field(factory=list)
    fails: bool = False

    def sink_bits(self, names: Sequence[str]) -> list[int]:
        self.known += [name for name in names if name not in self.known]
        return [1 << self.known.index(name) for name in names]

    def holders(self, identity: int) -> int:
        self._fail()
        return self.held.get(identity, 0)

    def acknowledge(self, holders: Mapping[int, int], cursors: Iterable[tuple[int, str, int]] = ()) -> None:
        self._fail()
        for identity, sinks in holders.items():
            self.held[identity] = self.held.get(identity, 0) | sinks
        self.places |= {(sink, key): ordinal for sink, key, ordinal in cursors}

    def cursor(self, sink: int, source_input: str) -> int | None:
        return self.places.get((sink, source_input))

    def _fail(self) -> None:
        if self.fails:
            raise StoreFails("the disk is gone")


@define
class Outbox:
    sink_id: str
    books: dict[str, int] = field(factory=lambda: dict.fromkeys(("evicted", "queued", "rejected"), 0))
    settled: Any = None
    spooled: Any = None

    def tell(self, settled: Any, spooled: Any) -> None:
        self.settled, self.spooled = settled, spooled

    def as_dict(self) -> dict[str, int]:
        return self.books


@define
class Exporter:
    exporting: Any = None

    def export(self, *, succeeds: bool = True) -> None:
        with self.exporting() as took:
            took.append(succeeds)


@define
class Scene:
    """A reading of one input with sinks of every signal."""

    store: Store
    outboxes: dict[str, Outbox] = field(factory=lambda: {name: Outbox(name) for name in (SPANS, LOGS)})
    exporters: dict[str, Exporter] = field(factory=lambda: {POINTS: Exporter()})
    known: Acknowledgements = field(init=False)

    def __attrs_post_init__(self) -> None:
        outboxes: Any = self.outboxes
        exporters: Any = self.exporters
        self.known = Acknowledgements(self.store, outboxes, exporters, SHOWN)
        self.known.begin_input("key", "file")

    def tell(self, identity: int, ordinal: int, *to: str, points: int = 1) -> Item:
        """Tell something of a record to sinks, as a teller does; gives what these get."""
        holders = self.known.holders(identity)
        cursor = Cursor("key", ordinal)
        told = self.known.telling(identity, cursor, holders)
        for sink_id in to:
            told.is_for(sink_id)
        self.known.emitted(told)
        if self.known.needs_metrics(holders):
            self.known.measured(identity, points)
        self.known.reached(cursor)
        return Item(
            payload=b"",
            trace_id=1,
            span_id=1,
            run_id="",
            delivery_class=DeliveryClass.PROGRESS,
            source_cursor=cursor,
            identity=identity,
        )

    def needs(self, identity: int) -> tuple[bool, bool, bool]:
        """Give whether anything, a span and metrics are still needed."""
        holders = self.known.holders(identity)
        return not self.known.is_complete(holders), self.known.needs_span(holders), self.known.needs_metrics(holders)


@pytest.fixture
def store() -> Store:
    return Store()


def test_what_every_sink_has_is_needed_no_more(store: Store) -> None:
    scene = Scene(store)
    item = scene.tell(5, 1, SPANS)
    scene.outboxes[SPANS].settled([item])
    scene.exporters[POINTS].export()
    assert scene.needs(5) == (True, True, True)
    scene.known.save()
    assert scene.needs(5) == (False, False, False)
    assert Scene(store).needs(5) == (False, False, False)


def test_a_sink_that_was_given_nothing_needs_nothing_and_one_that_did_not_take_it_does(store: Store) -> None:
    first = Scene(store)
    first.tell(5, 1, SPANS, LOGS)
    first.tell(6, 2, points=0)
    for outbox in first.outboxes.values():
        outbox.books["queued"] = 1
    assert first.known.close() == [
        f"{sink} has file up to record 0 of 2: call again with --resume" for sink in (SPANS, LOGS)
    ]
    again = Scene(store)
    assert again.needs(5) == (True, True, True)
    assert again.needs(6) == (False, False, False)


def test_metrics_are_told_until_one_of_their_sinks_has_what_was_recorded_before_its_export(store: Store) -> None:
    scene = Scene(store, exporters={"one/metrics": Exporter(), "two/metrics": Exporter()})
    scene.tell(5, 1)
    scene.exporters["one/metrics"].export(succeeds=False)
    scene.known.save()
    assert scene.needs(5) == (True, False, True)
    with scene.exporters["two/metrics"].exporting() as took:
        scene.tell(6, 2)
        took.append(True)
    scene.known.save()
    assert scene.needs(5) == (False, False, False)
    assert scene.needs(6) == (True, False, True)


def test_where_no_spans_are_sent_what_was_shown_is_remembered(store: Store) -> None:
    scene = Scene(store, outboxes={}, exporters={})
    assert scene.needs(5) == (True, True, True)
    scene.tell(5, 1)
    assert scene.known.close() == []
    assert Scene(store, outboxes={}, exporters={}).needs(5) == (False, False, True)
    assert Scene(store).needs(5)[0], "to whom it was not sent"


@pytest.mark.parametrize("evicted", [0, 1])
def test_what_is_on_disk_counts_at_the_end_if_the_disk_has_kept_everything(store: Store, evicted: int) -> None:
    scene = Scene(store, exporters={})
    item = scene.tell(5, 1, SPANS)
    scene.outboxes[SPANS].spooled([item])
    scene.known.save()
    assert scene.known.cursors() == {"file": {SPANS: 0, LOGS: 1}}
    scene.outboxes[SPANS].books["evicted"] = evicted
    said = scene.known.close()
    assert scene.known.cursors() == {"file": {SPANS: 1 - evicted, LOGS: 1}}
    assert said == [f"{SPANS} has file up to record 0 of 1: call again with --resume"] * evicted
    assert Scene(store, exporters={}).needs(5) == (bool(evicted), bool(evicted), True)


def test_items_that_nobody_remembers_are_passed_over(store: Store) -> None:
    scene = Scene(store)
    foreign = Item(payload=b"", trace_id=1, span_id=1, run_id="", delivery_class=DeliveryClass.PROGRESS)
    scene.outboxes[SPANS].settled([foreign])
    scene.outboxes[SPANS].spooled([foreign])
    scene.known.close()
    assert store.held == {}


def test_a_cursor_does_not_go_back_because_a_reading_was_interrupted(store: Store) -> None:
    first = Scene(store)
    first.known.reached(Cursor("key", 90))
    first.known.close()
    second = Scene(store)
    second.known.reached(Cursor("key", 10))
    second.known.close()
    assert second.known.cursors() == {"file": {SPANS: 90, LOGS: 90}}
    third = Scene(store)
    third.tell(7, 20, SPANS)
    third.outboxes[SPANS].books["queued"] = 1
    third.known.close()
    assert third.known.cursors() == {"file": {SPANS: 19, LOGS: 90}}


def test_a_store_that_fails_costs_a_repetition_and_is_told(store: Store) -> None:
    scene = Scene(store)
    item = scene.tell(5, 1, SPANS)
    store.fails = True
    scene.outboxes[SPANS].settled([item])
    assert scene.needs(6) == (True, True, True)
    scene.known.save()
    assert "the disk is gone" in scene.known.close()
    store.fails = False
    assert scene.known.close() == []
    assert store.held[5] & 1


def test_it_is_due_once_something_waits_and_time_has_passed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("agent_otel.bridge.acknowledgements.time.monotonic", lambda: now)
    scene = Scene(store)
    item = scene.tell(5, 1, SPANS, LOGS)
    now = 200.0
    assert not scene.known.is_due
    scene.outboxes[SPANS].settled([item])
    assert scene.known.is_due
    scene.known.save()
    scene.outboxes[SPANS].settled([item])
    assert not scene.known.is_due
    scene.outboxes[SPANS].settled([item] * 2000)
    assert scene.known.is_due
