"""Uses that nobody means, and that must not cost more than themselves: odd orders, odd values, signals, forks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent import futures
import math
import os
import signal
import subprocess
import sys
from textwrap import dedent
import threading

from opentelemetry import baggage, context, trace
from opentelemetry.trace import SpanContext, TraceFlags, get_current_span
import pytest

from agent_otel.conventions.content import is_content_key
from agent_otel.model import Outcome
from agent_otel.testing import assert_tree

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRET = "made-up-secret"
SURROGATE = "caf\udce9"

needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs POSIX signals")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def on_signal():
    """Set a handler for SIGUSR1."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda handler: signal.signal(signal.SIGUSR1, handler)
    signal.signal(signal.SIGUSR1, before)


def received(bridge, receiver):
    assert bridge.flush()
    return {span.name: span for span in receiver.spans()}


# -- signals and shutdown ---------------------------------------------------------------------------------------------


class InterruptedSize(int):
    """A size that is asked for in the midst of ``put()``, and brings a signal just then."""

    def __radd__(self, other):
        signal.raise_signal(signal.SIGUSR1)
        return int(other) + int(self)


@needs_signals
def test_a_signal_handler_that_shuts_down_in_the_midst_of_put_delivers(make_bridge, receiver, on_signal):
    bridge = make_bridge(OTEL_METRICS_EXPORTER="none")
    told = []
    on_signal(lambda *_: told.append(bridge.shutdown(30)))
    with bridge.run(agent="a"):
        pass
    bridge._handover.put((None, None, 0, None), InterruptedSize(512), precious=False)
    assert told == [None]
    assert [span.name for span in receiver.spans()] == ["invoke_agent a"]
    assert bridge.health().handover["queued"] == bridge.health().handover["evicted"] == 0


@needs_signals
def test_books_do_not_wait_for_a_thread_that_a_signal_stopped(bridge):
    lock = bridge._handover._lock
    told = []
    with lock:
        asking = threading.Thread(target=lambda: told.append(bridge.health()))
        asking.start()
        asking.join(10)
    assert len(told) == 1


@needs_signals
@pytest.mark.parametrize("use", ["record", "prompt", "enter", "exit"])
def test_what_a_signal_handler_raises_is_the_agents(bridge, receiver, on_signal, monkeypatch, use):
    def handler(*_):
        raise TimeoutError(SECRET)

    on_signal(handler)

    def interrupted(*_, **__):
        signal.raise_signal(signal.SIGUSR1)

    if use == "record":
        monkeypatch.setattr("agent_otel.bridge.facade.snapshot", interrupted)
        with pytest.raises(TimeoutError):
            bridge.record({"a": 1})
    elif use == "prompt":
        monkeypatch.setattr("agent_otel.bridge.said.snapshot", interrupted)
        with bridge.run() as run, pytest.raises(TimeoutError):
            run.prompt("x")
    else:
        run = bridge.run(agent="a")
        with monkeypatch.context() as patched:
            if use == "enter":
                patched.setattr(run, "_began", interrupted)
                with pytest.raises(TimeoutError):
                    run.__enter__()
            else:
                run.__enter__()
                patched.setattr(run, "_ending", interrupted)
                with pytest.raises(TimeoutError):
                    run.__exit__(None, None, None)
        if use == "enter":
            span = received(bridge, receiver)["invoke_agent a"]
            assert span.attributes["agent_otel.outcome"] == "timed_out"
            assert not get_current_span().get_span_context().is_valid
    context.attach(context.Context())
    assert bridge.health().faults == 0


def test_what_the_agents_values_raise_stays_ours(bridge):
    class Raises(Mapping):
        def __getitem__(self, key):
            raise ValueError

        __len__ = __iter__ = __getitem__

    class Lies:
        @property
        def __class__(self):
            raise ValueError

    bridge.record(Raises())
    bridge.record(Lies())
    assert bridge.flush()
    assert bridge.health().faults == 0
    assert bridge.health().records["malformed"] == 2


TIMEOUTS = [None, math.inf, math.nan, 1e12, 10**400, "5", object()]


@pytest.mark.parametrize("timeout", TIMEOUTS, ids=lambda value: type(value).__name__)
def test_any_timeout_will_do(bridge, receiver, timeout):
    with bridge.run(agent="a"):
        pass
    assert bridge.flush(timeout)
    with bridge.run(agent="b"):
        pass
    bridge.shutdown(timeout)
    assert {span.name for span in receiver.spans()} == {"invoke_agent a", "invoke_agent b"}
    assert bridge.health().faults == 0


def test_a_negative_timeout_does_not_wait(bridge):
    with bridge.run():
        pass
    bridge.shutdown(-math.inf)
    assert bridge.health().faults == 0


def test_a_step_of_shutdown_that_fails_does_not_cost_the_others(bridge, receiver, monkeypatch):
    def refuse(*_):
        raise ValueError

    first, second = bridge.run(agent="first"), bridge.run(agent="second")
    with first, second:
        monkeypatch.setattr(second, "interrupt", refuse)
        monkeypatch.setattr(type(bridge._telemetry), "flush", refuse)
        bridge.shutdown()
    assert bridge.health().faults == 2
    ended = {span.name: span.attributes.get("agent_otel.orphan.reason") for span in receiver.spans()}
    assert ended == {"invoke_agent first": None, "invoke_agent second": "shutdown"}


# -- the order in which things are left -------------------------------------------------------------------------------


def generator(bridge, name):
    with bridge.run(agent=name):
        yield


def test_runs_that_are_left_in_the_order_of_their_beginning_do_not_leak_into_later_ones(bridge, receiver, caplog):
    one, two = generator(bridge, "one"), generator(bridge, "two")
    next(one)
    next(two)
    one.close()
    with bridge.run(agent="inside two"):
        pass
    two.close()
    assert not get_current_span().get_span_context().is_valid
    with bridge.run(agent="three"):
        pass
    assert bridge.flush()
    assert_tree(
        receiver.spans(),
        """
        invoke_agent one
          invoke_agent two
            invoke_agent inside two
        invoke_agent three
        """,
    )
    assert not caplog.records


def test_an_ended_run_that_is_still_current_in_a_task_is_no_parent(bridge, receiver, caplog):
    async def events():
        async with bridge.run(agent="one"):
            yield 1

    async def main():
        token = context.attach(baggage.set_baggage("tenant", "t-1"))
        source = events()
        await source.__anext__()
        await asyncio.create_task(source.aclose())
        assert not get_current_span().is_recording()
        with bridge.run(agent="two"):
            assert baggage.get_baggage("tenant") == "t-1"
        context.detach(token)

    asyncio.run(main())
    assert received(bridge, receiver)["invoke_agent two"].parent_span_id == ""
    assert not caplog.records


def test_calls_in_a_task_that_outlives_its_tool_are_children_of_the_run(bridge, receiver):
    async def main():
        go = asyncio.Event()

        async def later(run):
            await go.wait()
            with run.tool_call("late"):
                pass

        with bridge.run(agent="a") as run:
            with run.tool_call("t"):
                task = asyncio.create_task(later(run))
                await asyncio.sleep(0)
            go.set()
            await task

    asyncio.run(main())
    spans = received(bridge, receiver)
    assert spans["execute_tool late"].parent_span_id == spans["invoke_agent a"].span_id


def test_a_handle_that_is_entered_again_is_a_call_of_its_own(bridge, receiver):
    with bridge.run(agent="a") as run:
        tool = run.tool_call("t", arguments={"n": 1})
        for number in range(3):
            with tool:
                if number == 1:
                    tool.outcome(Outcome.DENIED)
    assert bridge.flush()
    tools = [span for span in receiver.spans() if span.name == "execute_tool t"]
    assert len({span.span_id for span in tools}) == 3
    assert [span.attributes["agent_otel.outcome"] for span in tools] == ["ok", "denied", "ok"]
    facts = [{key: value for key, value in span.attributes.items() if ".content." in key} for span in tools]
    assert facts[0]
    assert facts[0] == facts[1] == facts[2]


def test_a_handle_that_is_entered_inside_itself(bridge, receiver):
    run = bridge.run(agent="a")
    with run:
        outer = run.run_id
        with run:
            assert run.run_id != outer
            run.outcome(Outcome.DENIED)
            with run.tool_call("inner"):
                pass
        assert run.run_id == outer
        with run.tool_call("outer"):
            pass
    assert bridge.flush()
    assert_tree(
        receiver.spans(),
        """
        invoke_agent a
          invoke_agent a
            execute_tool inner
          execute_tool outer
        """,
    )
    runs = [span for span in receiver.spans() if span.name == "invoke_agent a"]
    ended = {bool(span.parent_span_id): span.attributes["agent_otel.outcome"] for span in runs}
    assert ended == {False: "ok", True: "denied"}
    assert not bridge._open_calls
    assert bridge.health().faults == 0


def test_a_handle_that_two_threads_share_ends_what_each_began(bridge, receiver):
    barrier = threading.Barrier(2)

    def work(tool, error):
        try:
            with tool:
                barrier.wait(10)
                if error is not None:
                    barrier.wait(10)
                    raise error
            barrier.wait(10)
        except ValueError:
            pass

    with bridge.run() as run, futures.ThreadPoolExecutor(2) as pool:
        tool = run.tool_call("t")
        for done in [pool.submit(work, tool, error) for error in (None, ValueError())]:
            done.result()
    assert bridge.flush()
    tools = [span for span in receiver.spans() if span.name == "execute_tool t"]
    assert sorted(span.attributes["agent_otel.outcome"] for span in tools) == ["error", "ok"]
    assert not bridge._open_calls


def test_a_call_on_a_thread_without_context_is_a_child_of_its_run(make_bridge, receiver):
    bridge = make_bridge(TRACEPARENT=PARENT)

    def work(run):
        with run.tool_call("elsewhere"):
            pass

    with (
        bridge.run(agent="a") as outer,
        outer.tool_call("t"),
        bridge.run(agent="b") as run,
        futures.ThreadPoolExecutor(1) as pool,
    ):
        pool.submit(work, run).result()
    spans = received(bridge, receiver)
    assert spans["execute_tool elsewhere"].parent_span_id == spans["invoke_agent b"].span_id
    assert spans["invoke_agent a"].parent_span_id == PARENT[36:52]


def test_a_call_where_the_parent_of_its_run_is_current_is_a_child_of_the_run(bridge, receiver):
    with bridge.run(agent="a") as outer, outer.tool_call("t"):
        here = context.get_current()
        with bridge.run(agent="b") as run:
            token = context.attach(here)
            with run.tool_call("deep"):
                pass
            context.detach(token)
    spans = received(bridge, receiver)
    assert spans["execute_tool deep"].parent_span_id == spans["invoke_agent b"].span_id


def test_open_calls_are_bounded_and_the_oldest_is_forgotten(bridge):
    bridge._max_open_calls = 3
    left = [bridge.run().__enter__() for _ in range(5)]
    assert list(bridge._open_calls) == left[2:]
    assert bridge.health().forgotten_calls == 2
    for run in reversed(left):
        run.__exit__(None, None, None)
    assert not bridge._open_calls


# -- odd values -------------------------------------------------------------------------------------------------------


def test_lone_surrogates_cost_nothing(bridge, receiver):
    with bridge.run(agent="before"):
        pass
    with bridge.run(agent=SURROGATE) as run, run.tool_call(SURROGATE, call_id=SURROGATE):
        span = get_current_span()
        span.set_attribute(SURROGATE, SURROGATE)
        span.set_attribute("list", [SURROGATE])
        span.add_event(SURROGATE, {SURROGATE: SURROGATE})
        span.add_link(SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(1)), {SURROGATE: SURROGATE})
        span.add_link(SpanContext(1 << 130, 5, is_remote=False))
    spans = received(bridge, receiver)
    assert len(spans) == 3
    tool = spans["execute_tool caf?"]
    assert tool.attributes["caf?"] == "caf?"
    assert list(tool.attributes["list"]) == ["caf?"]
    assert [(event.name, event.attributes) for event in tool.events] == [("caf?", {"caf?": "caf?"})]
    assert [link.span_id for link in tool.links] == [f"{8:016x}"]


@pytest.mark.parametrize(
    "key",
    [
        "gen_ai.prompt.0.content",
        "gen_ai.completion.0.tool_calls.0.arguments",
        "llm.prompts.0.content",
        "llm.completions.0",
        "llm.input_messages.0.message.content",
        "llm.output_messages.0.message.content",
        "input.value",
        "output.value",
        "traceloop.entity.input",
        "traceloop.entity.output",
        "gen_ai.event.content",
        "langfuse.observation.input",
        "langfuse.trace.output",
        "mlflow.spanInputs",
        "mlflow.spanOutputs",
        "tool.parameters",
        "ai.prompt.messages",
        "ai.response.text",
        "ai.toolCall.args",
        "ai.toolCall.result",
        "Exception.Message ",
    ],
)
def test_content_keys_of_other_dialects(make_bridge, receiver, key):
    bridge = make_bridge(AGENT_OTEL_CONTENT="off")
    assert is_content_key(key)
    with bridge.run(agent="a"):
        get_current_span().set_attribute(key, SECRET)
        get_current_span().set_attribute("team", "blue")
    span = received(bridge, receiver)["invoke_agent a"]
    assert SECRET not in span.attributes.values()
    assert span.attributes["team"] == "blue"


@pytest.mark.parametrize("key", ["input.values", "langfuse.user.id", "ai.model.id", "llm.model_name", "promptly"])
def test_what_is_no_content_key(key):
    assert not is_content_key(key)


@pytest.mark.parametrize("name", ["gen_ai.user.message", "gen_ai.choice"])
def test_events_that_hold_messages_lose_them(bridge, receiver, name):
    with bridge.run(agent="a"):
        held = {"content": SECRET, "arguments": SECRET, "tool_calls": SECRET, "message.content": SECRET, "role": "user"}
        get_current_span().add_event(name, held)
        get_current_span().add_event("mine", {"content": "kept"})
    first, second = received(bridge, receiver)["invoke_agent a"].events
    kept = {key: value for key, value in first.attributes.items() if not key.startswith("agent_otel.")}
    assert (first.name, kept) == (name, {"role": "user"})
    assert second.attributes == {"content": "kept"}


@pytest.mark.parametrize(
    ("error_type", "told"),
    [
        ("exit_1", "exit_1"),
        ("app.errors.Denied", "app.errors.Denied"),
        ("429", "429"),
        ("sk-ant-0123", "_OTHER"),
        ("free text", "_OTHER"),
        ("https://user:made-up@host/", "_OTHER"),
        ("x" * 65, "_OTHER"),
        (12, "_OTHER"),
    ],
)
def test_an_error_type_is_an_identifier(bridge, receiver, error_type, told):
    with bridge.run(agent="a") as run:
        run.outcome(Outcome.ERROR, error_type)
    assert received(bridge, receiver)["invoke_agent a"].attributes["error.type"] == told


class RaisingClassError(Exception):
    @property
    def __class__(self):
        raise ValueError


class OddModuleError(Exception):
    pass


OddModuleError.__module__ = object()


class LongNameError(Exception):
    pass


LongNameError.__qualname__ = "x" * 100_000


@pytest.mark.parametrize("kind", [RaisingClassError, OddModuleError, LongNameError])
def test_an_odd_exception_does_not_cost_the_end(bridge, receiver, kind):
    error = kind()

    def agent():
        with bridge.run(agent="a"):
            get_current_span().record_exception(error)
            raise error

    try:
        agent()
    except kind as caught:  # pytest.raises would ask for __class__
        assert caught is error  # noqa: PT017
    span = received(bridge, receiver)["invoke_agent a"]
    assert span.attributes["agent_otel.outcome"] == "error"
    assert len(span.attributes["error.type"]) <= 64
    assert len(span.events) == 1
    assert bridge.health().faults == 0


# -- other processes --------------------------------------------------------------------------------------------------


@needs_fork
@pytest.mark.parametrize(
    "body",
    [
        """
        from agent_otel import Bridge
        bridge = Bridge.from_env()
        def work(number):
            with bridge.run(agent="child"):
                pass
        """,
        """
        from agent_otel import Bridge
        def work(number):
            bridge = Bridge.from_env()
            with bridge.run(agent="child"):
                pass
            work.kept = bridge
        """,
    ],
    ids=["inherited", "its own"],
)
def test_processes_of_multiprocessing_deliver(receiver, tmp_path, body):
    script = tmp_path / "agent.py"
    script.write_text(
        dedent(body)
        + dedent(
            """
            import multiprocessing
            if __name__ == "__main__":
                fork = multiprocessing.get_context("fork")
                children = [fork.Process(target=work, args=(number,)) for number in range(3)]
                for child in children:
                    child.start()
                for child in children:
                    child.join()
                    assert child.exitcode == 0
            """
        )
    )
    environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint}
    environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    subprocess.run([sys.executable, script], env=environ, check=True, capture_output=True, timeout=60)
    assert [span.name for span in receiver.spans()] == ["invoke_agent child"] * 3


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("of", ["books", "additions"])
def test_a_fork_while_another_thread_holds_a_lock_of_ours(bridge, of):
    with bridge.run():
        span = trace.get_current_span()
        lock = bridge._pipeline.books._lock if of == "books" else span.additions._lock
        held, release = threading.Event(), threading.Event()

        def hold():
            with lock:
                held.set()
                release.wait(60)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(10)
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)  # ends a child that hangs
            span.set_attribute("a", 1)
            bridge._pipeline.books.settle("mapped")
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
        release.set()
        holder.join()
    assert os.waitstatus_to_exitcode(status) == 0
