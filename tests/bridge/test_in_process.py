from __future__ import annotations

import asyncio
from concurrent import futures
import contextlib
import threading
from uuid import UUID

from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span
import pytest

from agent_otel.model import Outcome
from agent_otel.testing import assert_tree, check_span


def received(bridge, receiver):
    assert bridge.flush()
    spans = receiver.spans()
    for span in spans:
        assert check_span(span) == []
    return {span.name: span for span in spans}


def test_the_readme_example(bridge, receiver):
    with bridge.run(agent="coder", conversation_id="c-1") as run:
        with run.model_call(provider="anthropic", model="claude-x") as call:
            call.usage(input_tokens=812, output_tokens=64)
        with run.tool_call("shell", call_id="toolu_1", arguments={"command": "ls"}) as tool:
            tool.result({"exit": 0})
    spans = received(bridge, receiver)
    assert_tree(
        spans.values(),
        """
        invoke_agent coder
          chat claude-x
          execute_tool shell
        """,
    )
    tool, call, run_span = (spans[name] for name in ("execute_tool shell", "chat claude-x", "invoke_agent coder"))
    assert tool.attributes["gen_ai.tool.call.id"] == "toolu_1"
    assert call.attributes["gen_ai.usage.input_tokens"] == 812
    assert call.attributes["gen_ai.provider.name"] == "anthropic"
    assert run_span.attributes["agent_otel.tool_calls"] == run_span.attributes["agent_otel.model_calls"] == 1
    assert "gen_ai.usage.input_tokens" not in run_span.attributes
    for span in spans.values():
        assert span.attributes["gen_ai.conversation.id"] == "c-1"
        assert span.attributes["gen_ai.agent.name"] == "coder"
        assert span.attributes["agent_otel.outcome"] == "ok"
        assert span.status_code == "unset"
        assert run_span.start_ns <= span.start_ns <= span.end_ns <= run_span.end_ns


def test_async_works_as_well(bridge, receiver):
    async def agent():
        async with bridge.run(agent="coder", conversation_id="c-1") as run:
            async with run.model_call(provider="anthropic", model="claude-x") as call:
                await asyncio.sleep(0)
                call.usage(input_tokens=1)
            async with run.tool_call("shell") as tool:
                tool.result({"exit": 0})

    asyncio.run(agent())
    assert_tree(
        received(bridge, receiver).values(),
        """
        invoke_agent coder
          chat claude-x
          execute_tool shell
        """,
    )


def test_everything_but_the_names_is_optional(bridge, receiver):
    with bridge.run() as run, run.tool_call("shell"):
        pass
    spans = received(bridge, receiver)
    assert set(spans) == {"invoke_agent", "execute_tool shell"}
    assert "gen_ai.tool.call.id" not in spans["execute_tool shell"].attributes
    assert "gen_ai.conversation.id" not in spans["invoke_agent"].attributes


class AppError(Exception):
    pass


ENDINGS = [
    (ValueError("made-up"), "error", "ValueError"),
    (AppError("made-up"), "error", f"{AppError.__module__}.AppError"),
    (asyncio.CancelledError(), "cancelled", "asyncio.exceptions.CancelledError"),
    (futures.CancelledError(), "cancelled", "concurrent.futures._base.CancelledError"),
    (KeyboardInterrupt(), "cancelled", "KeyboardInterrupt"),
    (GeneratorExit(), "cancelled", "GeneratorExit"),
    (TimeoutError("made-up"), "timed_out", "TimeoutError"),
    (SystemExit(3), "error", "SystemExit"),
]


@pytest.mark.parametrize(("error", "outcome", "error_type"), ENDINGS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("make", ["run", "model_call", "tool_call"])
def test_exceptions_pass_through_unchanged_and_tell_how_it_ended(bridge, receiver, make, error, outcome, error_type):
    def agent():
        with bridge.run(agent="a") as run:
            if make == "run":
                raise error
            with run.tool_call("t") if make == "tool_call" else run.model_call(provider="p", model="m"):
                raise error

    with pytest.raises(type(error)) as raised:
        agent()
    assert raised.value is error
    assert error.__context__ is None
    name = {"run": "invoke_agent a", "tool_call": "execute_tool t", "model_call": "chat m"}[make]
    span = received(bridge, receiver)[name]
    said = [argument for argument in error.args if isinstance(argument, str)]
    assert (span.status_code, span.status_message) == ("error", "".join(said))
    assert (span.attributes["agent_otel.outcome"], span.attributes["error.type"]) == (outcome, error_type)
    assert bridge.health().faults == 0


def test_a_tool_that_fails_is_no_failure_of_its_run(bridge, receiver):
    with bridge.run(agent="a") as run, contextlib.suppress(ValueError), run.tool_call("t"):
        raise ValueError
    spans = received(bridge, receiver)
    assert spans["execute_tool t"].status_code == "error"
    assert spans["invoke_agent a"].status_code == "unset"


@pytest.mark.parametrize(
    ("outcome", "error_type", "told", "status"),
    [
        (Outcome.DENIED, None, "denied", "error"),
        (Outcome.ERROR, "exit_1", "error", "error"),
        (Outcome.PAUSED, None, "paused", "unset"),
        ("failed", None, "error", "error"),
        ("never heard of", None, "unknown", "unset"),
        (None, None, "unknown", "unset"),
        (object(), object(), "unknown", "error"),
    ],
)
def test_an_outcome_can_be_told(bridge, receiver, outcome, error_type, told, status):
    with bridge.run() as run, run.tool_call("t") as tool:
        tool.outcome(outcome, error_type)
    span = received(bridge, receiver)["execute_tool t"]
    assert (span.attributes["agent_otel.outcome"], span.status_code) == (told, status)
    if isinstance(error_type, str):
        assert span.attributes["error.type"] == error_type


def test_an_error_status_set_by_user_code_counts(bridge, receiver):
    with bridge.run() as run, run.tool_call("t"):
        trace.get_current_span().set_status(trace.StatusCode.ERROR, "made-up")
    span = received(bridge, receiver)["execute_tool t"]
    assert (span.status_code, span.attributes["error.type"], span.status_message) == ("error", "error", "made-up")


def test_usage_and_cost_of_odd_values(bridge, receiver):
    with bridge.run() as run:
        run.cost(2**70, currency=None)
        with run.model_call(provider="p", model="m") as call:
            call.usage(input_tokens=-5, output_tokens=2**70, total_tokens=7.9, reasoning_tokens="12")
            call.cost("a lot")
    spans = received(bridge, receiver)
    attributes = spans["chat m"].attributes
    assert attributes["gen_ai.usage.input_tokens"] == 0
    assert attributes["gen_ai.usage.output_tokens"] == 2**63 - 1
    assert attributes["agent_otel.usage.total_tokens"] == 7
    assert "gen_ai.usage.reasoning.output_tokens" not in attributes
    assert "agent_otel.cost.amount_micros" not in attributes
    assert spans["invoke_agent"].attributes["agent_otel.cost.amount_micros"] == 2**63 - 1
    assert bridge.health().faults == 1  # the cost that is no number


def test_names_and_ids_of_odd_types(bridge, receiver):
    with (
        bridge.run(agent=object(), conversation_id=UUID(int=7)) as run,
        run.tool_call(None, call_id=12) as _,
        run.model_call(provider=b"p", model="") as __,
    ):
        pass
    spans = received(bridge, receiver)
    assert spans["invoke_agent <object>"].attributes["gen_ai.conversation.id"] == str(UUID(int=7))
    assert spans["execute_tool unknown"].attributes["gen_ai.tool.call.id"] == "12"
    assert spans["chat"].attributes["gen_ai.provider.name"] == "<bytes>"
    assert bridge.health().faults == 0


def test_nested_calls_are_children_of_the_call_that_is_current(bridge, receiver):
    with (
        bridge.run(agent="outer") as run,
        run.tool_call("delegate"),
        bridge.run(agent="inner") as inner,
        inner.model_call(provider="p", model="m"),
        inner.tool_call("deep"),
    ):
        pass
    assert_tree(
        received(bridge, receiver).values(),
        """
        invoke_agent outer
          execute_tool delegate
            invoke_agent inner
              chat m
                execute_tool deep
        """,
    )


def test_the_same_call_id_twice_in_one_run_gives_two_spans(bridge, receiver):
    with bridge.run() as run:
        for _ in range(2):
            with run.tool_call("t", call_id="toolu_1"):
                pass
    assert bridge.flush()
    tools = [span for span in receiver.spans() if span.name == "execute_tool t"]
    assert len({span.span_id for span in tools}) == 2
    assert {span.attributes["gen_ai.tool.call.id"] for span in tools} == {"toolu_1"}


def test_calls_that_begin_at_once_on_many_threads_are_all_told(bridge, receiver):
    barrier = threading.Barrier(8)

    def work(run):
        barrier.wait()
        for _ in range(50):
            with run.tool_call("t"):
                pass

    with bridge.run() as run, futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, run) for _ in range(8)]:
            done.result()
    assert bridge.flush()
    tools = [span for span in receiver.spans() if span.name == "execute_tool t"]
    assert len(tools) == len({span.span_id for span in tools}) == 400
    (root,) = [span for span in receiver.spans() if span.name == "invoke_agent"]
    assert {span.parent_span_id for span in tools} == {root.span_id}
    assert root.attributes["agent_otel.tool_calls"] == 400


def test_runs_in_threads_do_not_mix(bridge, receiver):
    barrier = threading.Barrier(2)

    def agent(name):
        with bridge.run(agent=name) as run:
            barrier.wait(10)
            with run.tool_call(name):
                barrier.wait(10)
                assert trace.get_current_span().get_span_context().trace_id == run.ref.trace_id

    with futures.ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(agent, name) for name in "ab"]:
            done.result()
    spans = received(bridge, receiver)
    for name in "ab":
        assert spans[f"execute_tool {name}"].parent_span_id == spans[f"invoke_agent {name}"].span_id
    assert spans["invoke_agent a"].trace_id != spans["invoke_agent b"].trace_id


def test_runs_in_tasks_do_not_mix(bridge, receiver):
    async def agent(name, first, second):
        async with bridge.run(agent=name) as run:
            first.set()
            await second.wait()
            async with run.tool_call(name):
                await asyncio.sleep(0)

    async def both():
        one, two = asyncio.Event(), asyncio.Event()
        await asyncio.gather(agent("a", one, two), agent("b", two, one))

    asyncio.run(both())
    assert len({span.trace_id for span in received(bridge, receiver).values()}) == 2
    spans = {span.name: span for span in receiver.spans()}
    for name in "ab":
        assert spans[f"execute_tool {name}"].parent_span_id == spans[f"invoke_agent {name}"].span_id


def test_leaving_in_another_context_does_not_raise(bridge, receiver, caplog):
    async def events():
        async with bridge.run(agent="generator"):
            yield 1

    async def first():
        source = events()
        await anext_of(source)
        return source

    async def anext_of(source):
        return await source.__anext__()

    async def main():
        source = await asyncio.create_task(first())
        await asyncio.create_task(source.aclose())

    asyncio.run(main())
    assert "invoke_agent generator" in received(bridge, receiver)


def test_what_is_current_is_ours_and_what_it_is_given_goes_out(bridge, receiver):
    with bridge.run(agent="a") as run:
        root = trace.get_current_span()
        with run.tool_call("t"):
            span = trace.get_current_span()
            assert span.is_recording()
            assert span.get_span_context().trace_id == root.get_span_context().trace_id
            span.set_attribute("team", "blue")
            span.add_event("looked", {"where": "left"})
            span.add_link(SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(1)))
        assert trace.get_current_span() is root
    assert not trace.get_current_span().get_span_context().is_valid
    told = received(bridge, receiver)["execute_tool t"]
    assert int(told.span_id, 16) == span.get_span_context().span_id
    assert told.attributes["team"] == "blue"
    assert [(event.name, event.attributes) for event in told.events] == [("looked", {"where": "left"})]
    assert [link.span_id for link in told.links] == [f"{8:016x}"]


def test_spans_of_another_provider_attach_to_ours_and_ours_to_theirs(bridge, receiver):
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("host")
    with bridge.run() as run, run.tool_call("outer"), tracer.start_as_current_span("theirs"), run.tool_call("inner"):
        pass
    (theirs,) = exporter.get_finished_spans()
    spans = received(bridge, receiver)
    assert f"{theirs.parent.span_id:016x}" == spans["execute_tool outer"].span_id
    assert f"{theirs.context.trace_id:032x}" == spans["execute_tool outer"].trace_id
    assert spans["execute_tool inner"].parent_span_id == f"{theirs.context.span_id:016x}"


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_caller_outside_the_process_is_joined(make_bridge, receiver):
    bridge = make_bridge(TRACEPARENT=PARENT, TRACESTATE="vendor=1")
    with bridge.run(agent="a"):
        pass
    span = received(bridge, receiver)["invoke_agent a"]
    assert (span.trace_id, span.parent_span_id) == (PARENT[3:35], PARENT[36:52])


@pytest.mark.parametrize("value", ["nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", ""])
def test_a_caller_that_makes_no_sense_is_none(make_bridge, receiver, value):
    bridge = make_bridge(TRACEPARENT=value)
    with bridge.run(agent="a"):
        pass
    assert received(bridge, receiver)["invoke_agent a"].parent_span_id == ""


def test_a_caller_that_is_not_sampled_decides(make_bridge, receiver):
    bridge = make_bridge(TRACEPARENT=PARENT[:-1] + "0")
    with bridge.run() as run, run.tool_call("t"):
        assert not trace.get_current_span().is_recording()
    assert bridge.flush()
    assert receiver.spans() == []


def test_a_current_span_of_the_host_wins(make_bridge, receiver):
    bridge = make_bridge(TRACEPARENT=PARENT)
    host = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1)))
    with use_span(host), bridge.run(agent="a"):
        pass
    span = received(bridge, receiver)["invoke_agent a"]
    assert (int(span.trace_id, 16), int(span.parent_span_id, 16)) == (0xABC, 0xDEF)


def test_baggage_of_the_caller_is_there_inside(make_bridge):
    bridge = make_bridge(TRACEPARENT=PARENT)
    token = context.attach(baggage.set_baggage("tenant", "t-1"))
    try:
        with bridge.run():
            assert baggage.get_baggage("tenant") == "t-1"
    finally:
        context.detach(token)


@pytest.mark.parametrize(("sampler", "count"), [("always_off", 0), ("always_on", 3)])
def test_a_run_is_sampled_as_a_whole(make_bridge, receiver, sampler, count):
    bridge = make_bridge(OTEL_TRACES_SAMPLER=sampler)
    with bridge.run() as run:
        assert trace.get_current_span().is_recording() is bool(count)
        for _ in range(2):
            with run.tool_call("t"):
                assert trace.get_current_span().is_recording() is bool(count)
    assert bridge.flush()
    assert len(receiver.spans()) == count
    assert any(point.name == "agent_otel.runs" for point in receiver.metrics())


def test_a_ratio_never_splits_a_run(make_bridge, receiver):
    bridge = make_bridge(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0.5")
    for _ in range(40):
        with bridge.run() as run, run.tool_call("t"):
            pass
    assert bridge.flush()
    sizes = {}
    for span in receiver.spans():
        sizes[span.trace_id] = sizes.get(span.trace_id, 0) + 1
    assert 0 < len(sizes) < 40
    assert set(sizes.values()) == {2}


def test_a_call_that_was_never_entered_is_not_told(bridge, receiver):
    run = bridge.run()
    run.tool_call("t").result("x")
    run.__exit__(None, None, None)
    assert bridge.flush()
    assert receiver.spans() == []


def test_metrics_have_exemplars_that_lead_to_the_span(bridge, receiver):
    with bridge.run(agent="a") as run, run.tool_call("t"):
        pass
    span = received(bridge, receiver)["execute_tool t"]
    points = [point for point in receiver.metrics() if point.name == "gen_ai.execute_tool.duration"]
    exemplars = [exemplar for point in points for exemplar in point.exemplars]
    assert {(exemplar.trace_id, exemplar.span_id) for exemplar in exemplars} == {(span.trace_id, span.span_id)}


def test_run_ids_are_drawn_anew(bridge):
    assert bridge.run().run_id != bridge.run().run_id


def test_calls_in_a_handle_that_two_tasks_have_entered_belong_to_their_own_entry(bridge, receiver):
    handle = bridge.run(agent="a")
    both = asyncio.Barrier(2) if hasattr(asyncio, "Barrier") else None

    async def work(name):
        async with handle:
            trace_id = f"{trace.get_current_span().get_span_context().trace_id:032x}"
            await (both.wait() if both is not None else asyncio.sleep(0.05))
            async with handle.tool_call(f"by handle {name}"), bridge.tool_call(f"by bridge {name}"):
                await (both.wait() if both is not None else asyncio.sleep(0.05))
        return trace_id

    async def main():
        return await asyncio.gather(work("one"), work("two"))

    ids = asyncio.run(main())
    assert bridge.flush()
    spans = receiver.spans()
    assert len(set(ids)) == 2
    for name, trace_id in zip(("one", "two"), ids, strict=True):
        (run,) = (span for span in spans if span.trace_id == trace_id and span.name == "invoke_agent a")
        by_name = {span.name: span for span in spans if span.trace_id == trace_id}
        by_handle, by_bridge = by_name[f"execute_tool by handle {name}"], by_name[f"execute_tool by bridge {name}"]
        assert by_handle.parent_span_id == run.span_id
        assert by_bridge.parent_span_id == by_handle.span_id
