"""Outputs are told in order, once each, whatever the size of the batch and whenever an interruption comes."""

from __future__ import annotations

from typing import Any

from attrs import define, field
import pytest

from agent_otel.bridge.books import BridgeBooks
from agent_otel.bridge.teller import Teller
from agent_otel.correlate import Occurrence, Operation, OperationKind, RunOpened, SpanIdentity
from agent_otel.model import NO_IDS, NO_NAMES, AgentEvent, EventKind, Fact, Origin

ORIGIN = Origin("toy")


@define
class Emitters:
    """Stands in for the telemetry: notes what reaches it, and fails where it is told to."""

    seen: list[str] = field(factory=list)
    raises: dict[int, BaseException] = field(factory=dict)
    looked_at: list[int] = field(factory=list)

    @property
    def spans(self) -> Any:
        return self

    @property
    def logs(self) -> Any:
        return _Logs(self)

    @property
    def metrics(self) -> Any:
        return _Metrics(self)

    def run_opened(self, opened: RunOpened) -> None:
        self.seen.append(f"open {opened.identity.span_id}")

    def look_ahead(self, spans: list[Any]) -> None:
        if (error := self.raises.pop(0, None)) is not None:
            raise error
        self.looked_at.append(len(spans))

    def emit(self, data: Any) -> None:
        if (error := self.raises.pop(data.identity.span_id, None)) is not None:
            raise error
        self.seen.append(f"span {data.identity.span_id}")


@define
class _Logs:
    emitters: Emitters

    def emit(self, data: Any) -> None:
        self.emitters.seen.append(f"log {data.time_ns}")


@define
class _Metrics:
    emitters: Emitters

    def emit(self, points: Any, context: Any = None) -> None:
        self.emitters.seen.append(f"points {len(list(points))}")


def opened(number: int) -> RunOpened:
    return RunOpened(
        identity=SpanIdentity(1, number), kind=OperationKind.RUN, origin=ORIGIN, names=NO_NAMES, conversation=None
    )


def tool(number: int) -> Operation:
    return Operation(
        kind=OperationKind.TOOL,
        identity=SpanIdentity(1, number),
        origin=ORIGIN,
        start_ns=1,
        end_ns=2,
        ids=NO_IDS,
        names=NO_NAMES,
    )


def message(number: int) -> Occurrence:
    event = AgentEvent(kind=EventKind.MESSAGE, origin=ORIGIN, time_ns=number, facts={Fact.MESSAGE_COUNT: 3})
    return Occurrence(event=event, key=number)


def made(batch: int, **raises: BaseException) -> tuple[Teller, Emitters]:
    emitters = Emitters(raises={int(name.removeprefix("span_")): error for name, error in raises.items()})
    telemetry: Any = emitters
    return Teller(telemetry, BridgeBooks(), batch=batch), emitters


def test_without_a_batch_every_output_is_told_before_the_next() -> None:
    teller, emitters = made(1)
    teller.tell([opened(1), tool(2), message(7), tool(3)])
    assert emitters.seen == ["open 1", "span 2", "points 1", "log 7", "points 0", "span 3", "points 1"]


def test_a_batch_is_told_when_it_is_full_step_by_step_and_in_order() -> None:
    teller, emitters = made(3)
    teller.tell([tool(1), opened(9)])
    assert emitters.seen == []
    teller.tell([message(7), tool(2)])
    assert emitters.seen == ["open 9", "span 1", "log 7", "points 1", "points 0"]
    teller.settle()
    assert emitters.seen[5:] == ["span 2", "points 1"]


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_a_fault_costs_one_output(batch: int) -> None:
    teller, emitters = made(batch, span_2=ValueError())
    teller.tell([tool(1), tool(2), tool(3)])
    teller.settle()
    assert [seen for seen in emitters.seen if seen.startswith("span")] == ["span 1", "span 3"]
    assert teller._books.faults == 1
    assert emitters.seen.count("points 1") == 2


def test_spans_that_come_together_are_looked_at_together() -> None:
    teller, emitters = made(5)
    teller.tell([tool(1), message(7), tool(2)])
    teller.settle()
    assert emitters.looked_at == [2]


def test_where_that_look_fails_all_are_told_the_same() -> None:
    teller, emitters = made(5)
    emitters.raises[0] = ValueError()
    teller.tell([tool(1), tool(2)])
    teller.settle()
    assert emitters.seen[:2] == ["span 1", "span 2"]
    assert teller._books.faults == 1


def test_after_an_interruption_the_rest_is_told_and_nothing_twice() -> None:
    teller, emitters = made(4, span_2=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        teller.tell([tool(1), tool(2), tool(3), tool(4)])
    teller.settle()
    assert [seen for seen in emitters.seen if seen.startswith("span")] == ["span 1", "span 3", "span 4"]
    assert emitters.seen.count("points 1") == 3


def test_a_forked_child_forgets_what_its_parent_was_about_to_tell() -> None:
    teller, emitters = made(3)
    teller.tell([tool(1), tool(2)])
    teller.forget()
    teller.settle()
    assert emitters.seen == []


def test_room_is_waited_for_before_each_span_and_log_record() -> None:
    teller, emitters = made(3)
    teller._wait_for_room = lambda: emitters.seen.append("room")
    teller.tell([opened(9), tool(1), message(7)])
    assert emitters.seen == ["open 9", "room", "span 1", "room", "log 7", "points 1", "points 0"]
