from __future__ import annotations

import json
import logging
import threading
from types import MappingProxyType

from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import pytest

from agent_otel import bridge as bridge_room
from agent_otel.bridge import live
from agent_otel.model import (
    AgentEvent,
    Content,
    ContentKind,
    EventIds,
    EventKind,
    JsonContent,
    Names,
    Origin,
    Outcome,
    Phase,
    SourceError,
    Usage,
)

T0 = 1_900_000_000_000_000_000
ORIGIN = Origin("toy")


class Untouchable:
    def __getattribute__(self, name):
        raise RuntimeError(name)

    def _raise(self, *_):
        raise RuntimeError

    __repr__ = __str__ = __len__ = __iter__ = __hash__ = __eq__ = __bool__ = __getitem__ = __contains__ = _raise


class BadBytes(bytes):
    def __getitem__(self, _):
        raise RuntimeError

    __len__ = __getitem__


class BadMapping(dict):
    def items(self):
        raise RuntimeError

    __iter__ = keys = values = __len__ = __getitem__ = items


def tool_called(number, **members):
    meta = {"event_id": f"e-{number}", "occurred_at": f"2031-02-03T04:05:{number:02d}Z", "trace_id": None}
    told = {"round_id": "r-1", "tool_call_id": f"t-{number}", "tool_name": "look", "latency_ms": 12, "success": True}
    return {"Chat": {"ToolCalled": {"meta": meta, "session_id": "s-1", **told, **members}}}


def event(kind, phase=Phase.POINT, *, seconds=0, **more):
    ids = {name: more.pop(name) for name in ("run", "tool_call", "event", "request") if name in more}
    return AgentEvent(kind=kind, phase=phase, origin=ORIGIN, time_ns=T0 + seconds * 10**9, ids=EventIds(**ids), **more)


def test_records_as_values_text_and_bytes_by_name_and_by_detection(bridge, receiver):
    forms = (lambda value: value, json.dumps, lambda value: json.dumps(value).encode(), bytearray_of, MappingProxyType)
    number = 0
    for source in ("bamboo", "auto"):
        for form in forms:
            number += 1
            bridge.record(form(tool_called(number)), source=source)
    assert bridge.flush()
    assert len([span for span in receiver.spans() if span.name == "execute_tool look"]) == 10
    assert bridge.health().records == {"received": 10, "mapped": 10, "skipped": 0, "duplicate": 0, "malformed": 0}


def bytearray_of(value):
    return bytearray(json.dumps(value).encode())


def test_a_repeated_record_is_a_duplicate_whatever_its_form(bridge, receiver):
    for record in (tool_called(1), json.dumps(tool_called(1)), tool_called(1)):
        bridge.record(record, source="bamboo")
    assert bridge.flush()
    assert len([span for span in receiver.spans() if span.name == "execute_tool look"]) == 1
    assert bridge.health().records["duplicate"] == 2


def test_a_unit_variant_may_stand_as_a_bare_word(bridge):
    bridge.record({"System": "NeverHeardOf"}, source="bamboo")
    bridge.record("NeverHeardOf", source="bamboo")
    assert bridge.flush()
    assert bridge.health().records["received"] == 2


def test_events_as_they_are(bridge, receiver):
    bridge.record(event(EventKind.AGENT, Phase.START, run="r", names=Names(agent="coder")))
    end = {"names": Names(tool="look"), "duration_ns": 10**9, "outcome": Outcome.OK}
    bridge.record(event(EventKind.TOOL, Phase.END, seconds=2, run="r", tool_call="t", **end))
    bridge.record(event(EventKind.AGENT, Phase.END, seconds=3, run="r", outcome=Outcome.OK))
    assert bridge.flush()
    tool, run = receiver.spans()
    assert (run.name, tool.name, tool.parent_span_id) == ("invoke_agent coder", "execute_tool look", run.span_id)
    assert (tool.start_ns, tool.end_ns) == (T0 + 10**9, T0 + 2 * 10**9)


def test_the_same_events_always_give_the_same_ids(make_bridge, receiver):
    ids = []
    for _ in range(2):
        bridge = make_bridge()
        bridge.record(tool_called(1), source="bamboo")
        bridge.shutdown()
        ids.append({(span.name, span.trace_id, span.span_id) for span in receiver.spans()})
    assert ids[0] == ids[1]


def test_a_namespace_keeps_tenants_apart(make_bridge, receiver):
    for tenant in ("one", "two"):
        bridge = make_bridge(AGENT_OTEL_ID_NAMESPACE=tenant)
        bridge.record(tool_called(1), source="bamboo")
        bridge.shutdown()
    assert len({span.trace_id for span in receiver.spans()}) == 2


def test_a_record_inside_a_run_joins_its_trace(bridge, receiver):
    with bridge.run(agent="host") as run, run.tool_call("outer"):
        bridge.record(event(EventKind.TOOL, Phase.END, seconds=1, tool_call="t", names=Names(tool="inner")))
    assert bridge.flush()
    spans = {span.name: span for span in receiver.spans()}
    assert spans["execute_tool inner"].parent_span_id == spans["execute_tool outer"].span_id


def test_content_of_events_is_copied_when_it_is_recorded(make_bridge, receiver):
    bridge = make_bridge(AGENT_OTEL_CONTENT="metadata_only")
    value = ["one"]
    contents = {ContentKind.TOOL_RESULT: Content(value)}
    bridge.record(event(EventKind.TOOL, Phase.END, tool_call="t", contents=contents))
    value.extend(["two"] * 1000)
    assert bridge.flush()
    assert receiver.spans()[0].attributes["agent_otel.content.tool_result.items"] == 1


def test_the_size_of_an_events_content_counts(make_bridge):
    bridge = make_bridge(AGENT_OTEL_HANDOVER_BYTES="100000")
    held = hold(bridge)
    contents = {ContentKind.TOOL_RESULT: Content("x" * 50_000)}
    for number in range(10):
        bridge.record(event(EventKind.TOOL, Phase.END, tool_call=str(number), contents=contents))
    assert bridge.health().handover["evicted"] >= 8
    held.set()


def hold(bridge):
    """Hold the worker up until the event that is given back is set."""
    release, entered = threading.Event(), threading.Event()
    take = bridge._pipeline.take_event

    def wait(*arguments):
        entered.set()
        release.wait(20)
        take(*arguments)

    bridge._pipeline.take_event = wait
    bridge.record(event(EventKind.OTHER))
    assert entered.wait(10)
    return release


@pytest.mark.parametrize("record", ["{", "not json", b"\xff\xfe", "", "[NaN]", '{"a": ', b"[" * 100_000, "\ud800 x"])
@pytest.mark.parametrize("source", ["bamboo", "auto"])
def test_text_that_is_no_json_is_malformed(bridge, record, source):
    bridge.record(record, source=source)
    assert bridge.flush()
    assert bridge.health().records["malformed"] == 1
    assert bridge.health().faults == 0


def test_a_source_that_is_not_installed_is_told_once_and_counted(bridge, caplog):
    with caplog.at_level(logging.WARNING, "agent_otel"):
        for number in range(3):
            bridge.record(tool_called(number), source="bambo")
        assert bridge.flush()
    (line,) = [record.getMessage() for record in caplog.records if record.name == "agent_otel"]
    assert "bambo" in line
    assert "Did you mean 'bamboo'?" in line
    assert bridge.health().records["malformed"] == 3


def test_a_record_that_no_source_recognises_is_told_once_and_counted(bridge, caplog):
    with caplog.at_level(logging.WARNING, "agent_otel"):
        for secret in ("made-up-1", "made-up-2"):
            bridge.record({"secret": secret})
        assert bridge.flush()
    assert len([record for record in caplog.records if record.name == "agent_otel"]) == 1
    assert "made-up" not in caplog.text
    assert bridge.health().records["malformed"] == 2


@pytest.mark.parametrize("source", [None, 7, [], Untouchable, "s" * 100_000])
def test_odd_sources(bridge, source):
    bridge.record({"a": 1}, source=source() if source is Untouchable else source)
    assert bridge.flush()
    assert bridge.health().records == {"received": 1, "mapped": 0, "skipped": 0, "duplicate": 0, "malformed": 1}


def test_a_third_partys_source_that_raises_costs_its_own_records(bridge, monkeypatch):
    def load(name):
        if name == "broken":
            raise ZeroDivisionError
        raise SourceError("does not load")

    monkeypatch.setattr(live, "load_source", load)
    bridge.record({"a": 1}, source="broken")
    bridge.record({"a": 1}, source="other")
    bridge.record(event(EventKind.TOOL, Phase.END, tool_call="t"))
    assert bridge.flush()
    assert bridge.health().records == {"received": 3, "mapped": 1, "skipped": 0, "duplicate": 0, "malformed": 2}


def test_once_a_source_is_known_to_be_certain_the_others_are_not_asked(bridge, monkeypatch):
    bridge.record(tool_called(1))
    assert bridge.flush()
    monkeypatch.setattr(live, "detect_source", None)
    bridge.record(tool_called(2))
    assert bridge.flush()
    assert bridge.health().records["mapped"] == 2


ODD = [
    {"kind": "no kind"},
    {"phase": None},
    {"time_ns": "now"},
    {"time_ns": None},
    {"ids": None},
    {"names": None},
    {"origin": None},
    {"outcome": "ok"},
    {"error_type": 7, "outcome": Outcome.ERROR},
    {"usage": Usage(input_tokens="many")},
    {"usage": "many"},
    {"contents": {"no kind": 7}},
    {"contents": None},
    {"facts": {"no fact": 1}},
    {"facts": 7},
    {"lineage": {"key": object()}},
    {"lineage": 7},
    {"duration_ns": "long"},
    {"names": Names(tool=7, agent=[])},
    {"ids": EventIds(run=7, tool_call=[])},
    {"ids": EventIds(run={}, event=object())},
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("kind", [EventKind.TOOL, EventKind.AGENT, EventKind.HEALTH])
def test_events_of_wrong_types_cost_no_more_than_themselves(bridge, receiver, kind, odd):
    good = event(kind, Phase.END, run="r", tool_call="t")
    bridge.record(evolve(good, **odd))
    bridge.record(event(EventKind.TOOL, Phase.END, tool_call="good", names=Names(tool="good")))
    assert bridge.flush()
    health = bridge.health()
    assert "execute_tool good" in {span.name for span in receiver.spans()}
    assert health.balanced
    assert health.records["received"] + health.faults >= 2


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.builds(lambda: Untouchable) | st.builds(BadBytes) | st.builds(BadMapping) | st.builds(lambda: {1, 2}),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    | st.tuples(st.sampled_from(["Chat", "Forward", "System"]), inner).map(lambda pair: {pair[0]: pair[1]}),
    max_leaves=15,
)  # fmt: skip


@pytest.fixture(scope="module")
def silent_bridge():
    with pytest.MonkeyPatch.context() as patched:
        for signal in ("TRACES", "METRICS", "LOGS"):
            patched.setenv(f"OTEL_{signal}_EXPORTER", "none")
        made = bridge_room.Bridge.from_env()
    yield made
    made.shutdown()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(anything, st.sampled_from(["auto", "bamboo", "claude-code", "no such"]))
def test_whatever_is_recorded_never_raises_and_the_books_balance(silent_bridge, record, source):
    before = silent_bridge.health()
    silent_bridge.record(record, source=source)
    silent_bridge.record(Untouchable(), source=source)
    assert silent_bridge.flush()
    health = silent_bridge.health()
    assert health.balanced
    assert health.records["received"] + health.faults >= before.records["received"] + before.faults + 2


def test_after_shutdown_nothing_raises_and_it_is_told_once(bridge, caplog):
    bridge.shutdown()
    with caplog.at_level(logging.WARNING, "agent_otel"):
        for _ in range(3):
            bridge.record(tool_called(1))
            bridge.record(Untouchable())
            bridge.record(event(EventKind.OTHER))
            with bridge.run() as run, run.tool_call("t") as tool:
                tool.result(1)
    assert [record.getMessage() for record in caplog.records] == ["recorded after shutdown(): not sent"]
    assert bridge.health().handover["accepted"] == 0


def test_a_value_beyond_the_limit_of_an_event_is_cut(make_bridge):
    bridge = make_bridge(AGENT_OTEL_EVENT_BYTES="1024")
    bridge.record(tool_called(1, tool_name="x" * 5000), source="bamboo")
    bridge.record(json.dumps(tool_called(2, tool_name="x" * 5000)).encode(), source="bamboo")
    assert bridge.flush()
    assert bridge.health().records["received"] == 2


def test_an_event_whose_content_came_as_json_is_taken_as_any_other(bridge, receiver):
    event = AgentEvent(
        kind=EventKind.TOOL,
        phase=Phase.END,
        origin=Origin("toy"),
        time_ns=1_700_000_000_000_000_000,
        names=Names(tool="t"),
        contents={ContentKind.TOOL_ARGUMENTS: JsonContent('{"command":"ls"}')},
    )
    bridge.record(event)
    assert bridge.flush()
    assert bridge.health().faults == 0
    (span,) = receiver.spans()
    assert span.attributes["gen_ai.tool.call.arguments"] == '{"command":"ls"}'
