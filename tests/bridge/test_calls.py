"""Retrievals, sub-agents, streamed answers, and context in and out of the process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

from opentelemetry import baggage, context, trace
import pytest

from agent_otel.conventions import attributes as a
from agent_otel.conventions import metrics as m

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CARRIER = {"Traceparent": f"00-{TRACE}-{SPAN}-01", "baggage": "tenant=acme"}


def spans(bridge, receiver):
    assert bridge.flush()
    return {span.name: span for span in receiver.spans()}


def test_a_retrieval(bridge, receiver):
    with bridge.run(agent="a") as run, run.retrieval("docs", query="how does it work") as search:
        search.found(3)
        search.found("many")
    told = spans(bridge, receiver)["retrieval docs"]
    assert (told.kind, told.attributes[a.DATA_SOURCE_ID], told.attributes[a.ITEM_COUNT]) == ("client", "docs", 3)


def test_a_streamed_answer_has_a_time_to_first_chunk(bridge, receiver):
    async def parts():
        for part in "xyz":
            yield part

    async def read(call):
        return [part async for part in call.astream(parts())]

    with bridge.run() as run:
        with run.model_call(provider="openai", model="gpt") as call:
            assert list(call.stream(iter("abc"))) == ["a", "b", "c"]
            call.response(model="gpt-1", response_id="resp_1", finish_reason="stop")
        with run.model_call(provider="openai", model="other") as call:
            assert asyncio.run(read(call)) == ["x", "y", "z"]
        with run.model_call(provider="openai", model="plain"):
            pass
    told = spans(bridge, receiver)
    for name in ("chat gpt", "chat other"):
        assert told[name].attributes[a.RESPONSE_TIME_TO_FIRST_CHUNK] >= 0
        assert told[name].attributes[a.REQUEST_STREAM] is True
    assert a.REQUEST_STREAM not in told["chat plain"].attributes
    first = told["chat gpt"].attributes
    assert first[a.RESPONSE_ID] == "resp_1"
    assert first[a.RESPONSE_FINISH_REASONS] == ["stop"]
    assert [point for point in receiver.metrics() if point.name == m.CLIENT_TIME_TO_FIRST_CHUNK]


def test_another_operation_of_a_model(bridge, receiver):
    with bridge.run() as run, run.model_call(provider="openai", model="embed", operation="embeddings"):
        pass
    assert "embeddings embed" in spans(bridge, receiver)


def test_a_sub_agent_that_begins_on_a_thread_of_its_own(bridge, receiver):
    def work(agent):
        with agent, bridge.tool_call("t"):
            pass

    with bridge.run(agent="outer", conversation_id="c-1") as run:
        thread = threading.Thread(target=work, args=(run.sub_agent(agent="inner"),))
        thread.start()
        thread.join()
    told = spans(bridge, receiver)
    outer, inner, tool = (told[name] for name in ("invoke_agent outer", "invoke_agent inner", "execute_tool t"))
    assert {span.trace_id for span in told.values()} == {outer.trace_id}
    assert inner.parent_span_id == outer.span_id
    assert tool.parent_span_id == inner.span_id
    assert inner.attributes[a.CONVERSATION_ID] == "c-1"


def test_a_sub_agent_belongs_to_its_run_whatever_is_current(bridge, receiver):
    with bridge.run(agent="outer") as run:
        inner = run.sub_agent(agent="inner")
    with bridge.run(agent="other"), inner:
        pass
    told = spans(bridge, receiver)
    assert told["invoke_agent inner"].trace_id == told["invoke_agent outer"].trace_id
    assert told["invoke_agent other"].trace_id != told["invoke_agent outer"].trace_id


def test_calls_of_the_bridge_belong_to_the_current_run(bridge, receiver):
    with bridge.run(agent="a") as run:
        assert bridge.current_run() is run
        with bridge.model_call(provider="p", model="m"), bridge.retrieval("d"), bridge.tool_call("t"):
            pass
    assert bridge.current_run() is None
    told = spans(bridge, receiver)
    assert {span.attributes.get(a.RUN_ID) for span in told.values()} == {run.run_id}


def test_a_caller_is_joined_by_its_headers_or_meta(bridge, receiver):
    with bridge.run(agent="elsewhere"), bridge.run(agent="a", parent=CARRIER):
        assert bridge.headers()["traceparent"].split("-")[1] == TRACE
    told = spans(bridge, receiver)
    assert (told["invoke_agent a"].trace_id, told["invoke_agent a"].parent_span_id) == (TRACE, SPAN)


@pytest.mark.parametrize("carrier", [{}, {"traceparent": "nonsense"}, {"traceparent": 3}, "nonsense", 3, {3: "x"}])
def test_a_caller_that_makes_no_sense_begins_a_trace(bridge, receiver, carrier):
    with bridge.run(agent="a", parent=carrier):
        pass
    assert spans(bridge, receiver)["invoke_agent a"].parent_span_id == ""


def test_headers_carry_what_is_current_and_its_baggage(bridge):
    assert bridge.headers() == {}
    token = context.attach(baggage.set_baggage("tenant", "acme"))
    try:
        with bridge.run(agent="a"), bridge.tool_call("t"):
            told = bridge.headers()
            span = trace.get_current_span().get_span_context()
    finally:
        context.detach(token)
    assert told["traceparent"] == f"00-{span.trace_id:032x}-{span.span_id:016x}-01"
    assert told["baggage"] == "tenant=acme"


def test_a_subprocess_joins_the_trace(bridge, receiver, monkeypatch):
    monkeypatch.setenv("TRACESTATE", "old=1")
    program = "import agent_otel as o\nb = o.Bridge.from_env()\nwith b.run(agent='child'): pass\nb.shutdown()"
    with bridge.run(agent="parent"), bridge.tool_call("python"):
        environ = bridge.subprocess_env()
        assert "TRACESTATE" not in environ
        assert bridge.subprocess_env({"A": "b"}).keys() == {"A", "TRACEPARENT"}
        subprocess.run([sys.executable, "-c", program], env=environ, check=True, timeout=60)
    told = spans(bridge, receiver)
    assert told["invoke_agent child"].parent_span_id == told["execute_tool python"].span_id
    assert told["invoke_agent child"].trace_id == told["invoke_agent parent"].trace_id


def test_outside_any_trace_the_environment_is_as_it_was(bridge):
    assert bridge.subprocess_env({"A": "b", "TRACEPARENT": "x"}) == {"A": "b", "TRACEPARENT": "x"}


def test_what_is_known_only_after_a_call_began(bridge, receiver):
    with bridge.run(agent="a") as run:
        with run.model_call(provider="p", model="alias") as call:
            call.request(model="m")
            call.took_place(1_000, 3_000)
        with run.tool_call("t") as tool:
            tool.arguments({"x": 1})
            tool.took_place(2_000)
            tool.took_place("nonsense")
    told = spans(bridge, receiver)
    assert (told["chat m"].start_ns, told["chat m"].end_ns) == (1_000, 3_000)
    assert told["execute_tool t"].attributes[a.TOOL_CALL_ARGUMENTS] == '{"x":1}'
    assert told["execute_tool t"].start_ns == 2_000
    assert told["execute_tool t"].end_ns > 3_000
    assert bridge.health().faults == 1
