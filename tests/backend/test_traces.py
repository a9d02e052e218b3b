"""Every source, replayed through a real collector: what Jaeger and Tempo show is the expected tree, each span once."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from agent_otel.testing import OtlpReceiver, ReceivedSpan, assert_tree, span_tree
from backend.asking import get_text, until
from backend.running import Backends
from backend.seen import SeenSpan, in_jaeger, in_tempo
from end_to_end.recordings import RECORDINGS
from end_to_end.replaying import environment, replay

pytestmark = pytest.mark.backend

TREES = {
    "bamboo-wrapped": """
        invoke_agent
          execute_tool Bash
          execute_tool Read
        invoke_agent
          execute_tool Bash
          execute_tool Read
    """,
    "bamboo-feed": """
        invoke_agent
          invoke_agent
        invoke_agent
    """,
    "zeroclaw-trace": """
        invoke_agent main
          execute_tool shell
          execute_tool fetch
    """,
    "agent-sdk-events": """
        invoke_agent
          chat
          chat
          execute_tool unknown
        invoke_agent
          chat
          chat
          execute_tool unknown
    """,
}
_NUMBERS = itertools.count(1)


@pytest.fixture
def own(backends: Backends, receiver: OtlpReceiver, tmp_path: Path) -> dict[str, str]:
    """Variables that lead to the real backends, and ids and a service name that no other test has."""
    number = next(_NUMBERS)
    kept = environment(receiver, tmp_path / "state")
    name = f"replayed-{tmp_path.name}-{number}"
    return {**kept, **backends.addresses.environment(), "OTEL_SERVICE_NAME": name, "AGENT_OTEL_ID_NAMESPACE": name}


def recorded(name: str, tmp_path: Path) -> Path:
    directory = tmp_path / "recording"
    directory.mkdir()
    RECORDINGS[name](directory / "recorded.jsonl")
    return directory


def expected(receiver: OtlpReceiver, own: dict[str, str], recording: Path) -> list[ReceivedSpan]:
    """Replay into a receiver of our own: the same ids, and what the backends have to show."""
    plain = {name: value for name, value in own.items() if not name.startswith("OTEL_EXPORTER")}
    replay({**plain, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint}, recording)
    spans = receiver.spans()
    assert spans
    return spans


def shown(backends: Backends, spans: list[ReceivedSpan]) -> dict[str, list[SeenSpan]]:
    """Give what each backend shows of these traces, once it has as many spans as it should."""
    traces = {span.trace_id: sum(one.trace_id == span.trace_id for one in spans) for span in spans}
    found: dict[str, list[SeenSpan]] = {"jaeger": [], "tempo": []}
    for trace_id, count in traces.items():
        for backend, ask in (("jaeger", in_jaeger), ("tempo", in_tempo)):
            address = getattr(backends.addresses, backend)
            until(lambda ask=ask, address=address, at=trace_id, many=count: len(ask(address, at)) >= many)
            found[backend] += ask(address, trace_id)
    return found


def assert_shown(backends: Backends, spans: list[ReceivedSpan]) -> None:
    for backend, seen in shown(backends, spans).items():
        assert_tree(seen, span_tree(spans))
        by_id = {(span.trace_id, span.span_id): span for span in seen}
        assert len(by_id) == len(seen) == len(spans), f"{backend}: each span once"
        for span in spans:
            other = by_id[span.trace_id, span.span_id]
            assert other.parent_span_id == span.parent_span_id
            for key in ("gen_ai.operation.name", "agent_otel.source", "error.type", "gen_ai.tool.name"):
                assert other.attributes.get(key) == span.attributes.get(key), (backend, key)


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_replayed_source_is_shown_as_it_was_sent(
    backends: Backends, receiver: OtlpReceiver, own: dict[str, str], tmp_path: Path, name: str, protocol: str
) -> None:
    recording = recorded(name, tmp_path)
    spans = expected(receiver, own, recording)
    if name in TREES:
        assert_tree(spans, TREES[name])
    grpc = protocol == "grpc"
    endpoint = backends.addresses.otlp_grpc if grpc else backends.addresses.otlp_http
    chosen = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    replay({**own, **chosen}, recording)
    assert_shown(backends, spans)


@pytest.mark.parametrize("name", ["bamboo-wrapped", "zeroclaw-trace", "agent-sdk-events", "claude-code"])
def test_the_same_replay_twice_is_one_trace_each_span_once(
    backends: Backends, receiver: OtlpReceiver, own: dict[str, str], tmp_path: Path, name: str
) -> None:
    recording = recorded(name, tmp_path)
    spans = expected(receiver, own, recording)
    replay(own, recording)
    assert_shown(backends, spans)
    sent = exported(backends)
    replay(own, recording)
    until(lambda: exported(backends) >= sent + 2 * len(spans))  # the collector has passed it on to both
    assert_shown(backends, spans)


def exported(backends: Backends) -> int:
    """Give how many spans the collector has passed on, to both of them together."""
    lines = get_text(backends.addresses.collector_metrics).splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("otelcol_exporter_sent_spans"))


def test_log_records_arrive_in_the_context_of_their_run(
    backends: Backends, own: dict[str, str], receiver: OtlpReceiver, tmp_path: Path
) -> None:
    recording = recorded("claude-code", tmp_path)
    expected(receiver, own, recording)
    wanted = {log.event_name for log in receiver.logs()}
    replay(own, recording)

    def arrived() -> set[str]:
        found = set()
        lines = backends.addresses.logs_file.read_text().splitlines() if backends.addresses.logs_file.exists() else []
        for line in lines:
            for resource in json.loads(line)["resourceLogs"]:
                attributes = {each["key"]: each["value"] for each in resource["resource"]["attributes"]}
                if attributes["service.name"] == {"stringValue": own["OTEL_SERVICE_NAME"]}:
                    found |= {log["eventName"] for scope in resource["scopeLogs"] for log in scope["logRecords"]}
        return found

    until(lambda: arrived() == wanted)
