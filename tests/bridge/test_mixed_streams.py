"""Several source systems through one bridge, interleaved: traces stay apart; one run in two forms is one trace."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from end_to_end.recordings import agent_sdk_run, bamboo_agent_events, zeroclaw_turn

SOURCES = ("bamboo", "zeroclaw", "agent-sdk")


def wrapped(session: str = "s-1", run: str = "run-1") -> list[dict[str, Any]]:
    return [
        {"session_id": session, "ts": f"2026-05-04T10:00:{second:02.0f}Z", "event": event}
        for second, event in bamboo_agent_events(session, run)
    ]


def metrics(session: str = "s-1") -> list[dict[str, Any]]:
    def one(variant: str, second: int, **fields: Any) -> dict[str, Any]:
        meta = {"event_id": f"e-{second}", "occurred_at": f"2026-05-04T10:00:{second:02d}Z", "trace_id": None}
        return {"Chat": {variant: {"meta": meta, "session_id": session, "round_id": f"{session}-round-1", **fields}}}

    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return [
        one("RoundStarted", 0, model="m-1"),
        one("ToolCalled", 4, tool_call_id="run-1-a", tool_name="Bash", latency_ms=2000, success=True),
        one("ToolCalled", 5, tool_call_id="run-1-b", tool_name="Read", latency_ms=2000, success=False),
        one("RoundCompleted", 6, status="success", usage=usage, latency_ms=6000, error=None),
    ]


def interleaved(*streams: list[Any]) -> list[Any]:
    return [record for group in itertools.zip_longest(*streams) for record in group if record is not None]


@pytest.mark.parametrize("named", [True, False], ids=["named", "recognised"])
def test_three_systems_interleaved_keep_their_traces_apart(bridge: Any, receiver: Any, named: bool) -> None:
    streams = (wrapped(), zeroclaw_turn("t-1"), agent_sdk_run())
    told = [[(source, record) for record in stream] for source, stream in zip(SOURCES, streams, strict=True)]
    for source, record in interleaved(*told):
        bridge.record(record, source=source if named else "auto")
    bridge.shutdown()
    traces: dict[str, set[str]] = {}
    for span in receiver.spans():
        traces.setdefault(span.attributes["agent_otel.source"], set()).add(span.trace_id)
    assert {source: len(found) for source, found in traces.items()} == dict.fromkeys(SOURCES, 1)
    assert len(set.union(*traces.values())) == len(SOURCES)
    spans = {span.span_id: span for span in receiver.spans()}
    for span in spans.values():
        if span.parent_span_id:
            assert spans[span.parent_span_id].attributes["agent_otel.source"] == span.attributes["agent_otel.source"]
    books = bridge.health().records
    assert books["received"] == sum(map(len, streams))
    assert books["malformed"] == 0


@pytest.mark.parametrize("first", ["metrics", "stream"])
def test_one_bamboo_run_in_two_forms_is_one_trace(bridge: Any, receiver: Any, first: str) -> None:
    forms = {"metrics": metrics(), "stream": wrapped()}
    second = next(name for name in forms if name != first)
    for record in interleaved(forms[first], forms[second]):
        bridge.record(record, source="bamboo")
    bridge.shutdown()
    spans = receiver.spans()
    assert len({span.trace_id for span in spans}) == 1
    assert sorted(span.name.split()[0] for span in spans) == ["execute_tool", "execute_tool", "invoke_agent"]
    assert bridge.health().records["duplicate"] == len(forms[second])


def test_two_sessions_of_one_system_may_come_in_two_forms(bridge: Any, receiver: Any) -> None:
    for record in interleaved(metrics("s-1"), wrapped("s-2", "run-2")):
        bridge.record(record, source="bamboo")
    bridge.shutdown()
    assert len({span.trace_id for span in receiver.spans()}) == 2
    assert bridge.health().records["duplicate"] == 0
