"""The main job, end to end: recorded sessions arrive at a real receiver as the right trees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_otel.testing import OtlpReceiver, assert_tree, check_span
from count_claude_code import count_session
from end_to_end.replaying import bamboo_stream, demo_session, environment, replay


@pytest.fixture(params=["http/protobuf", "grpc"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[OtlpReceiver, dict[str, str]]]:
    with OtlpReceiver(grpc=request.param == "grpc") as receiver:
        endpoint = receiver.grpc_endpoint if request.param == "grpc" else receiver.http_endpoint
        more = {"OTEL_EXPORTER_OTLP_PROTOCOL": request.param, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        yield receiver, environment(receiver, tmp_path / "state", **more)


def test_the_demo_session_arrives_as_its_tree(served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path) -> None:
    receiver, environ = served
    replay(environ, demo_session(tmp_path / "demo"))
    assert_tree(
        receiver.spans(),
        """
invoke_agent claude-code
  chat claude-sonnet-4-5
  execute_tool Read
  execute_tool Read
  chat claude-sonnet-4-5
  execute_tool Bash
  chat claude-sonnet-4-5
  execute_tool Task
    invoke_agent Explore
      chat claude-haiku-4-5
      execute_tool Grep
      execute_tool Read
      chat claude-haiku-4-5
  execute_tool Edit
  chat claude-sonnet-4-5
  execute_tool Bash
  chat claude-sonnet-4-5
  execute_tool Bash
  chat claude-sonnet-4-5
""",
    )


def test_what_arrives_equals_an_independent_count_of_the_raw_files(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    receiver, environ = served
    main = demo_session(tmp_path / "demo")
    raw = count_session(main)
    replay(environ, main)
    spans = receiver.spans()
    tools = [span for span in spans if span.name.startswith("execute_tool")]
    chats = [span for span in spans if span.name.startswith("chat")]
    agents = {span.attributes["agent_otel.run.id"] for span in spans if span.name.startswith("invoke_agent")}
    assert len({span.attributes["gen_ai.tool.call.id"] for span in tools}) == len(tools) == raw["tool_calls"]
    assert sum(span.status_code == "error" for span in tools) == raw["tool_failures"]
    assert sum(span.attributes["gen_ai.usage.input_tokens"] for span in chats) == raw["input_tokens"]
    assert sum(span.attributes["gen_ai.usage.output_tokens"] for span in chats) == raw["output_tokens"]
    assert len(agents) == raw["sub_agents"] + 1
    assert sum(span.end_ns - span.start_ns for span in tools) / 10**6 == raw["tool_ms"]


def test_every_span_conforms_and_every_parent_arrived(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    receiver, environ = served
    replay(environ, demo_session(tmp_path / "demo"), bamboo_stream(tmp_path / "metrics.jsonl"))
    spans = receiver.spans()
    known = {(span.trace_id, span.span_id) for span in spans}
    assert [violation for span in spans for violation in check_span(span)] == []
    assert all((span.trace_id, span.parent_span_id) in known for span in spans if span.parent_span_id)


@pytest.mark.parametrize("mode", ["off", "metadata_only"])
def test_no_word_of_the_session_leaves_in_modes_without_text(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path, mode: str
) -> None:
    receiver, environ = served
    environ = {**environ, "AGENT_OTEL_CONTENT": mode}
    main = demo_session(tmp_path / "demo")
    planted = "planted-in-every-text-9f3a"
    for file in (tmp_path / "demo").rglob("*.jsonl"):
        file.write_text(
            file.read_text().replace('"text":"', f'"text":"{planted} ').replace('"content":"', f'"content":"{planted} ')
        )
    assert planted in main.read_text()
    replay(environ, main)
    assert receiver.spans()
    assert not [request for request in receiver.requests() if planted.encode() in request.message.SerializeToString()]


def test_metrics_carry_exemplars_of_their_spans_and_logs_the_session(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    receiver, environ = served
    replay(environ, demo_session(tmp_path / "demo"))
    spans = {(span.trace_id, span.span_id): span for span in receiver.spans()}
    points = [point for point in receiver.metrics() if point.name == "gen_ai.execute_tool.duration"]
    latest = {tuple(sorted(point.attributes.items())): point for point in points}
    assert sum(point.count or 0 for point in latest.values()) == 9
    exemplars = [exemplar for point in points for exemplar in point.exemplars]
    assert exemplars
    assert all(spans[exemplar.trace_id, exemplar.span_id].name.startswith("execute_tool") for exemplar in exemplars)
    assert [log.event_name for log in receiver.logs()] == ["agent_otel.session.start", "agent_otel.session.end"]


def test_a_conversation_on_top_joins_its_runs(served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path) -> None:
    receiver, environ = served
    replay(environ, "--trace-per", "conversation", bamboo_stream(tmp_path / "metrics.jsonl"))
    spans = receiver.spans()
    roots = [span for span in spans if not span.parent_span_id]
    assert {root.name for root in roots} == {"conversation"}
    assert len(roots) == len({span.trace_id for span in spans}) == 2


def test_a_callers_traceparent_is_joined(served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path) -> None:
    receiver, environ = served
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    replay({**environ, "TRACEPARENT": f"00-{trace}-{span}-01"}, demo_session(tmp_path / "demo"))
    spans = receiver.spans()
    assert {one.trace_id for one in spans} == {trace}
    assert [one.name for one in spans if one.parent_span_id == span] == ["invoke_agent claude-code"]


def test_a_conversation_joins_a_callers_trace_with_all_its_runs(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    receiver, environ = served
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    stream = bamboo_stream(tmp_path / "metrics.jsonl")
    replay({**environ, "TRACEPARENT": f"00-{trace}-{span}-01"}, "--trace-per", "conversation", stream)
    spans = receiver.spans()
    assert {one.trace_id for one in spans} == {trace}
    assert {one.name for one in spans if one.parent_span_id == span} == {"conversation"}


def test_an_unreachable_collector_is_told_and_sets_the_exit_status(tmp_path: Path) -> None:
    with OtlpReceiver() as gone:
        environ = environment(gone, tmp_path / "state", OTEL_EXPORTER_OTLP_TIMEOUT="1")
    books = replay(environ, bamboo_stream(tmp_path / "metrics.jsonl"), expect=2)
    assert books["sinks"]["otlp/traces"]["evicted"] == books["spans"]
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in books["messages"][0]


def test_malformed_records_are_told_by_place_and_set_the_exit_status_where_asked(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    _, environ = served
    stream = bamboo_stream(tmp_path / "metrics.jsonl")
    stream.write_text(stream.read_text() + "{broken\n")
    assert replay(environ, stream)["malformed"] == 1
    problem = replay(environ, "--strict", stream, expect=3)["problems"][0]
    assert (problem["line"], problem["reason"]) == (34, "is no JSON")
