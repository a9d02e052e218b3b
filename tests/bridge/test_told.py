"""What is handed over when a call begins or ends: ids that nobody asked for yet, and the event that is made of it."""

from __future__ import annotations

from contextlib import suppress

from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import get_current_span
import pytest

from agent_otel.bridge import ModelCall, Retrieval, Run
from agent_otel.bridge.raised import RaisedByTools
from agent_otel.bridge.told import ORIGIN
from agent_otel.correlate import Surroundings, derive_span_id, derive_trace_id
from agent_otel.emit import Sampling
from agent_otel.model import (
    AgentEvent,
    Content,
    ContentKind,
    Cost,
    EventIds,
    EventKind,
    Fact,
    Names,
    Outcome,
    Phase,
    Usage,
)


class Host:
    """Keeps what a bridge would hand over."""

    namespace = "test"
    content_bytes = 1000
    ambient = None

    def __init__(self):
        self.sampling = Sampling(ALWAYS_ON)
        self.raised = RaisedByTools()
        self.open = []
        self.told = []
        self.precious = []
        self.faults = 0

    def opened(self, call):
        self.open.append(call)

    def closed(self, call):
        self.open = [other for other in self.open if other is not call]

    def take(self, told, size, *, precious):
        assert size > 0
        self.told.append(told)
        self.precious.append(precious)

    def fault(self):
        self.faults += 1


@pytest.fixture
def host():
    made = Host()
    yield made
    assert made.faults == 0
    assert not made.open


def run_of(host):
    return Run(host, agent="a", conversation_id="c-1")


def span_id(run, kind, number):
    return derive_span_id(run.ref.trace_id, kind, f"{run.run_id}#{number}")


def ids_of(run, kind, number, **more):
    span = f"{span_id(run, kind, number):016x}"
    parent = f"{run.ref.span_id:016x}"
    trace = f"{run.ref.trace_id:032x}"
    return EventIds(event=span, conversation="c-1", run=run.run_id, trace=trace, span=span, parent_span=parent, **more)


def test_the_events_of_a_run_and_of_the_calls_in_it(host):
    run = run_of(host)
    with run:
        with run.tool_call("shell", call_id="t-1", arguments={"n": [1, (2.0, None)]}) as tool:
            tool.took_place(1_000, 3_000)
            tool.result("done")
        with run.model_call(provider="p", model="m") as model:
            model.took_place(4_000, 5_000)
            model.usage(input_tokens=7, output_tokens=2**70)
            model.cost(12)
            model.response(model="m-1", finish_reason="stop")
        with run.retrieval("docs", query=["how"]) as search:
            search.took_place(6_000, 6_500)
            search.outcome(Outcome.DENIED, "403")
        run.took_place(500, 9_000)
    trace = f"{derive_trace_id('test', ORIGIN.system, run.run_id):032x}"
    own = EventIds(conversation="c-1", run=run.run_id, trace=trace, span=f"{run.ref.span_id:016x}")
    opening, *ends = [told.event() for told in host.told]
    assert opening == AgentEvent(
        kind=EventKind.AGENT,
        phase=Phase.START,
        origin=ORIGIN,
        time_ns=opening.time_ns,
        ids=own,
        names=Names(agent="a"),
    )
    assert opening.time_ns > 10**18
    assert ends == [
        AgentEvent(
            kind=EventKind.TOOL,
            phase=Phase.END,
            origin=ORIGIN,
            time_ns=3_000,
            duration_ns=2_000,
            ids=ids_of(run, "tool", 1, tool_call="t-1"),
            names=Names(tool="shell", tool_type="function"),
            outcome=Outcome.OK,
            contents={
                ContentKind.TOOL_ARGUMENTS: Content({"n": [1, [2.0, None]]}),
                ContentKind.TOOL_RESULT: Content("done"),
            },
        ),
        AgentEvent(
            kind=EventKind.MODEL,
            phase=Phase.END,
            origin=ORIGIN,
            time_ns=5_000,
            duration_ns=1_000,
            ids=ids_of(run, "model", 2),
            names=Names(provider="p", request_model="m", response_model="m-1"),
            outcome=Outcome.OK,
            usage=Usage(input_tokens=7, output_tokens=2**63 - 1),
            cost=Cost(amount_micros=12, currency="USD"),
            facts={Fact.FINISH_REASON: "stop"},
        ),
        AgentEvent(
            kind=EventKind.RETRIEVAL,
            phase=Phase.END,
            origin=ORIGIN,
            time_ns=6_500,
            duration_ns=500,
            ids=ids_of(run, "retrieval", 3),
            names=Names(subject="docs"),
            outcome=Outcome.DENIED,
            error_type="403",
            contents={ContentKind.RETRIEVAL_QUERY: Content(["how"])},
        ),
        AgentEvent(
            kind=EventKind.AGENT,
            phase=Phase.END,
            origin=ORIGIN,
            time_ns=9_000,
            duration_ns=8_500,
            ids=own,
            names=Names(agent="a"),
            outcome=Outcome.OK,
        ),
    ]
    assert host.precious == [False, False, True, True, True]
    assert [told.run_key for told in host.told] == [None] + [(run.ref.trace_id, run.run_id)] * 4


def test_an_event_can_be_made_again_and_is_the_same(host):
    with run_of(host) as run, run.tool_call("t", arguments={"a": 1}):
        pass
    told = host.told[1]
    assert told.event() == told.event()
    assert told.around() == told.around()


def test_ids_are_derived_when_somebody_asks_and_are_those_that_are_told(host):
    with run_of(host) as run:
        for number in range(1, 4):
            with run.tool_call("t") as tool:
                span = get_current_span()
                assert span is tool.span
                assert span._context is None
                if number == 2:
                    at = span.get_span_context()
                    assert (at.trace_id, at.span_id) == tool.key == (run.ref.trace_id, span_id(run, "tool", number))
                    assert at.trace_flags.sampled
                    assert span.get_span_context() is at
                    with run.model_call(provider="p", model="m"):
                        pass
    told = {told.event().ids.span: told.event() for told in host.told}
    inner = next(event for event in told.values() if event.kind is EventKind.MODEL)
    assert {f"{span_id(run, 'tool', number):016x}" for number in (1, 2, 4)} <= set(told)
    assert inner.ids.parent_span == f"{span_id(run, 'tool', 2):016x}"


def test_a_call_outside_any_run_has_ids_of_its_own(host):
    first, second = (ModelCall(host, None, provider="p", model="m") for _ in range(2))
    with first, second:
        pass
    inner, outer = (told.event().ids for told in host.told)
    assert inner.trace == outer.trace
    assert inner.parent_span == outer.span
    assert (outer.parent_span, outer.run) == (None, None)
    assert host.told[0].run_key is None


def test_what_is_said_after_the_end_changes_nothing(host):
    with run_of(host) as run:
        with run.tool_call("t", arguments={"a": 1}) as tool:
            tool.result({"b": 2})
        tool.result("late")
        tool.outcome(Outcome.DENIED)
        tool.usage(input_tokens=1)
    event = host.told[1].event()
    assert event.contents[ContentKind.TOOL_RESULT].value == {"b": 2}
    assert (event.outcome, event.usage) == (Outcome.OK, None)


def test_a_handle_that_is_entered_again_leaves_what_was_told_as_it_was(host):
    with run_of(host) as run:
        tool = run.tool_call("t", arguments={"a": 1})
        with tool:
            tool.result(1)
        with tool:
            tool.result(2)
            tool.outcome(Outcome.DENIED)
        with suppress(ValueError), tool:
            raise ValueError("said")
    first, second, third = (told.event() for told in host.told[1:4])
    assert [event.outcome for event in (first, second, third)] == [Outcome.OK, Outcome.DENIED, Outcome.ERROR]
    assert [event.contents[ContentKind.TOOL_ARGUMENTS].value for event in (first, second, third)] == [{"a": 1}] * 3
    assert [event.contents.get(ContentKind.TOOL_RESULT) for event in (first, second, third)] == [
        Content(1),
        Content(2),
        None,
    ]
    assert len({event.ids.span for event in (first, second, third)}) == 3


def test_calls_of_a_run_that_is_entered_again_keep_the_ids_of_their_entry(host):
    run = run_of(host)
    with run:
        of_first = run.entry
        tool = run.tool_call("t").__enter__()
        with run:
            assert run.entry is not of_first
        tool.__exit__(None, None, None)
    event = next(told.event() for told in host.told if told.kind is EventKind.TOOL)
    assert event.ids.run == of_first.run_id
    assert event.ids.span == f"{derive_span_id(of_first.ref.trace_id, 'tool', f'{of_first.run_id}#1'):016x}"
    assert event.ids.parent_span == f"{of_first.ref.span_id:016x}"


def test_a_will_tells_what_was_said_so_far(host):
    with run_of(host) as run, run.tool_call("t", arguments={"a": 1}) as tool:
        will, around = tool.as_interrupted()
        assert around == Surroundings(context=run.here)
        get_current_span().set_attribute("k", "v")
        tool.result({"b": 2})
        later, around_later = tool.as_interrupted()
    assert (will.outcome, will.error_type) == (Outcome.INTERRUPTED, "interrupted")
    assert set(will.contents) == {ContentKind.TOOL_ARGUMENTS}
    assert set(later.contents) == {ContentKind.TOOL_ARGUMENTS, ContentKind.TOOL_RESULT}
    assert around_later.additions.attributes == {"k": "v"}
    assert will.ids == host.told[1].event().ids


def test_a_call_that_has_not_begun_has_no_span(host):
    call = Retrieval(host, None, data_source=None, query=None)
    assert (call.span, call.key) == (None, None)
    assert run_of(host).key is None
