"""Made-up secrets wherever content can stand; not one of them may be in anything that left."""

from __future__ import annotations

import contextlib
import logging

from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode
import pytest

from agent_otel.model import AgentEvent, Content, ContentKind, EventIds, EventKind, Origin, Outcome, Phase

SECRET = "qzxmadeupqzx"
T0 = 1_900_000_000_000_000_000


class Loud:
    """Its repr, its str and its attributes hold a secret."""

    def __init__(self):
        self.secret = SECRET

    def __repr__(self):
        return SECRET

    __str__ = __repr__


class LoudError(Exception):
    def __init__(self):
        super().__init__(SECRET)
        self.add_note = None


def secrets():
    return {"text": SECRET, SECRET: 1, "nested": [{"deep": SECRET}, Loud()], "bytes": SECRET.encode()}


def fill(run):
    run.prompt([{"role": "user", "content": SECRET}])
    with run.model_call(provider="p", model="m") as call:
        call.response(model="m-1", messages=secrets())
    with run.tool_call("plain", arguments=secrets()) as tool:
        tool.result(SECRET)
    with run.tool_call("object", arguments=Loud()) as tool:
        tool.result(Loud())
    with contextlib.suppress(LoudError), run.tool_call("raises"):
        raise LoudError
    with run.tool_call("current"):
        span = trace.get_current_span()
        span.record_exception(LoudError(), {"exception.message": SECRET, "exception.stacktrace": SECRET})
        span.set_status(Status(StatusCode.ERROR, SECRET))
        span.set_attributes({"gen_ai.prompt": SECRET, "gen_ai.input.messages": SECRET, "object": Loud()})
        span.add_event("gen_ai.content", {"gen_ai.completion": SECRET, "object": Loud()})
        span.add_event(Loud())
        span.update_name(SECRET)
    with contextlib.suppress(LoudError), trace.use_span(trace.get_current_span(), end_on_exit=True):
        raise LoudError
    with run.tool_call(Loud(), call_id=Loud()) as tool:
        tool.outcome(Outcome.ERROR, f"{SECRET} in a sentence")
        tool.usage(input_tokens=Loud(), output_tokens=SECRET)
        tool.cost(1, currency=Loud(), rate_table=Loud())
    run.answer(secrets())


def records(bridge):
    everything = {kind: Content(secrets(), permitted_by_source=True, reference=SECRET) for kind in ContentKind}
    common = {"origin": Origin("toy"), "contents": everything, "lineage": {"object": Loud()}}
    for number, kind in enumerate(EventKind):
        for phase in Phase:
            ids = EventIds(run=f"r{number}", tool_call=f"{number}{phase.value}", request=f"{number}{phase.value}")
            error = {"outcome": Outcome.ERROR, "error_type": f"{SECRET} text"}
            bridge.record(AgentEvent(kind=kind, phase=phase, time_ns=T0, ids=ids, **error, **common))
    meta = {"event_id": "e", "occurred_at": "2031-02-03T04:05:06Z", "trace_id": None}
    body = {"meta": meta, "session_id": "s", "round_id": "r", "status": "error", "error": SECRET, "latency_ms": 1,
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}  # fmt: skip
    bridge.record({"Chat": {"RoundCompleted": body}}, source="bamboo")
    bridge.record({"Chat": {"RoundCompleted": {**body, "latency_ms": SECRET}}}, source="bamboo")
    bridge.record({SECRET: SECRET})
    bridge.record(f'{{"{SECRET}"')
    bridge.record(Loud())


@pytest.mark.parametrize("mode", ["off", "metadata_only"])
def test_no_content_leaves_in_modes_without_text_and_none_is_logged(make_bridge, receiver, caplog, mode):
    bridge = make_bridge(AGENT_OTEL_CONTENT=mode)
    with caplog.at_level(logging.DEBUG):
        with bridge.run(agent="coder") as run:
            fill(run)
        with contextlib.suppress(LoudError), bridge.run(agent=Loud(), conversation_id=Loud()):
            raise LoudError
        records(bridge)
        open_run = bridge.run(agent="left open")
        with open_run as run:
            run.prompt(SECRET)
            bridge.shutdown()
    assert bridge.health().faults == 0
    assert len(receiver.spans()) > 20
    assert len(receiver.logs()) > 5
    assert receiver.metrics()
    for request in receiver.requests():
        assert SECRET.encode() not in request.message.SerializeToString()
        assert SECRET not in str(request.headers)
    assert SECRET not in caplog.text
    assert SECRET not in repr((bridge, bridge.health(), bridge.health().as_dict(), open_run, vars(open_run)))
    assert SECRET not in repr(bridge._pipeline.books)
    by_name = {span.name: span for span in receiver.spans()}
    if mode != "off":
        assert by_name["execute_tool plain"].attributes["agent_otel.content.tool_arguments.items"] == 4
    assert by_name["execute_tool raises"].attributes["error.type"].endswith("LoudError")
    assert by_name["execute_tool current"].events[0].attributes["exception.type"].endswith("LoudError")


def test_no_content_in_what_other_code_can_see_of_a_run(bridge):
    with bridge.run() as run, run.tool_call("t", arguments=SECRET) as tool:
        tool.result(SECRET)
        for seen in (run, tool, trace.get_current_span(), vars(tool), tool._contents):
            assert SECRET not in repr(seen)
