"""Functions, coroutines and generators that are told as calls and runs, and stay what they are."""

from __future__ import annotations

import asyncio
import inspect

from opentelemetry import trace
from opentelemetry.context import get_current
import pytest

from agent_otel import Bridge
from agent_otel.conventions import attributes as a


def spans(bridge, receiver):
    assert bridge.flush()
    return {span.name: span for span in receiver.spans()}


def inside():
    return trace.get_current_span().get_span_context().span_id


def test_a_function_is_a_tool_with_its_arguments_and_result(bridge, receiver):
    @bridge.tool
    def add(x, y=2, *rest, **named):
        """Add."""
        assert inside()
        return {"sum": x + y}

    with bridge.run(agent="a"):
        assert add(1, z=3) == {"sum": 3}
    assert (add.__name__, add.__doc__, str(inspect.signature(add))) == ("add", "Add.", "(x, y=2, *rest, **named)")
    told = spans(bridge, receiver)
    tool, run = told["execute_tool add"], told["invoke_agent a"]
    assert tool.parent_span_id == run.span_id
    assert tool.attributes[a.TOOL_CALL_ARGUMENTS] == '{"x":1,"named":{"z":3}}'
    assert tool.attributes[a.TOOL_CALL_RESULT] == '{"sum":3}'


def test_a_method_does_not_tell_its_self(bridge, receiver):
    class Box:
        @bridge.tool(name="open_box")
        def open(self, lid):
            return lid

        @classmethod
        @bridge.tool
        def make(cls, size):
            return size

    Box().open("lid")
    Box.make(3)
    told = spans(bridge, receiver)
    assert told["execute_tool open_box"].attributes[a.TOOL_CALL_ARGUMENTS] == '{"lid":"lid"}'
    assert told["execute_tool make"].attributes[a.TOOL_CALL_ARGUMENTS] == '{"size":3}'


def test_a_tool_outside_any_run_is_a_span_all_the_same(bridge, receiver):
    @bridge.tool
    def alone():
        with bridge.tool_call("inner"):
            pass

    alone()
    told = spans(bridge, receiver)
    outer, inner = told["execute_tool alone"], told["execute_tool inner"]
    assert outer.parent_span_id == ""
    assert (inner.trace_id, inner.parent_span_id) == (outer.trace_id, outer.span_id)
    assert a.RUN_ID not in outer.attributes


def test_an_exception_is_the_same_one(bridge, receiver):
    raised = ValueError("made up")

    @bridge.tool
    def fail():
        raise raised

    with pytest.raises(ValueError, match="made up") as caught:
        fail()
    assert caught.value is raised
    assert spans(bridge, receiver)["execute_tool fail"].attributes[a.ERROR_TYPE] == "ValueError"


def test_arguments_that_do_not_fit_are_the_functions_own_error(bridge):
    @bridge.tool
    def one(x):
        return x

    with pytest.raises(TypeError, match="y"):
        one(1, y=2)


def test_a_coroutine(bridge, receiver):
    @bridge.tool
    async def wait(x):
        await asyncio.sleep(0)
        return x

    @bridge.agent(name="planner")
    async def plan():
        return await asyncio.gather(*(wait(number) for number in range(3)))

    assert inspect.iscoroutinefunction(wait)
    assert asyncio.run(plan()) == [0, 1, 2]
    assert bridge.flush()
    told = receiver.spans()
    (run,) = [span for span in told if span.name == "invoke_agent planner"]
    tools = [span for span in told if span.name == "execute_tool wait"]
    assert {span.parent_span_id for span in tools} == {run.span_id}
    assert sorted(str(span.attributes[a.TOOL_CALL_RESULT]) for span in tools) == ["0", "1", "2"]


@pytest.mark.parametrize("error", [asyncio.CancelledError, asyncio.TimeoutError])
def test_a_coroutine_that_is_cancelled_or_times_out(bridge, receiver, error):
    @bridge.tool
    async def hang():
        await asyncio.Event().wait()

    async def main():
        if error is asyncio.TimeoutError:
            await asyncio.wait_for(hang(), 0.01)
        task = asyncio.ensure_future(hang())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(error):
        asyncio.run(main())
    assert spans(bridge, receiver)["execute_tool hang"].attributes[a.OUTCOME] == "cancelled"


def test_a_generator_is_current_in_its_steps_and_nowhere_else(bridge, receiver):
    seen = []

    @bridge.tool
    def numbers(count):
        for number in range(count):
            seen.append(inside())
            with bridge.tool_call(f"step-{number}"):
                got = yield number
            seen.append(got)
        return "end"

    def all_of():
        ended = yield from numbers(2)
        assert ended == "end"

    assert inspect.isgeneratorfunction(numbers)
    before = get_current()
    reading = all_of()
    assert next(reading) == 0
    assert get_current() == before
    assert reading.send("a") == 1
    assert get_current() == before
    with pytest.raises(StopIteration):
        reading.send("b")
    told = spans(bridge, receiver)
    tool = told["execute_tool numbers"]
    assert seen == [int(tool.span_id, 16), "a", int(tool.span_id, 16), "b"]
    assert {told[f"execute_tool step-{number}"].parent_span_id for number in range(2)} == {tool.span_id}
    assert tool.attributes[a.OUTCOME] == "ok"


def test_a_generator_is_thrown_into_and_closed_as_without_us(bridge, receiver):
    closed = []

    @bridge.tool
    def stubborn():
        try:
            while True:
                try:
                    yield "value"
                except KeyError:  # noqa: PERF203  what is tested
                    yield "caught"
        finally:
            closed.append(inside())

    reading = stubborn()
    assert next(reading) == "value"
    assert reading.throw(KeyError("made up")) == "caught"
    reading.close()
    tool = spans(bridge, receiver)["execute_tool stubborn"]
    assert closed == [int(tool.span_id, 16)]
    assert tool.attributes[a.OUTCOME] == "cancelled"
    fails = stubborn()
    next(fails)
    with pytest.raises(LookupError):
        fails.throw(LookupError("made up"))


def test_an_async_generator(bridge, receiver):
    @bridge.tool
    async def stream(count):
        for number in range(count):
            await asyncio.sleep(0)
            assert inside()
            yield number

    async def main():
        outside = inside()
        values = []
        async for value in stream(3):
            values.append(value)
            assert inside() == outside
        reading = stream(3)
        assert await reading.__anext__() == 0
        await reading.aclose()
        return values

    assert inspect.isasyncgenfunction(stream)
    assert asyncio.run(main()) == [0, 1, 2]
    assert bridge.flush()
    assert sorted(span.attributes[a.OUTCOME] for span in receiver.spans()) == ["cancelled", "ok"]


def test_two_generators_in_turn_do_not_mix(bridge, receiver):
    @bridge.agent
    def agent(name):
        for _ in range(2):
            with bridge.tool_call(name):
                yield
        yield

    first, second = agent("x"), agent("y")
    for _ in range(3):
        next(first)
        next(second)
    first.close()
    second.close()
    assert bridge.flush()
    told = receiver.spans()
    runs = {span.span_id: span for span in told if span.name == "invoke_agent agent"}
    assert len(runs) == 2
    by_run = {run: {span.name for span in told if span.parent_span_id == run} for run in runs}
    assert sorted(map(sorted, by_run.values())) == [["execute_tool x"], ["execute_tool y"]]
    assert len({span.trace_id for span in told}) == 2


def test_an_agent_within_an_agent_is_its_sub_agent(bridge, receiver):
    @bridge.agent
    def inner():
        return bridge.current_run().run_id

    @bridge.agent(name="outer")
    def work():
        return bridge.current_run().run_id, inner()

    first, second = work()
    told = spans(bridge, receiver)
    assert told["invoke_agent inner"].parent_span_id == told["invoke_agent outer"].span_id
    assert told["invoke_agent outer"].attributes[a.RUN_ID] == first
    assert told["invoke_agent inner"].attributes[a.RUN_ID] == second
    assert bridge.current_run() is None


def test_disabled_it_is_only_the_function(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    bridge = Bridge.from_env()

    @bridge.tool
    def add(x):
        return x + 1

    @bridge.agent
    def numbers():
        yield from range(3)

    assert add(1) == 2
    assert list(numbers()) == [0, 1, 2]
