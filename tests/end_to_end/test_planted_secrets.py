"""Planted secrets: in every text that a source can say, and wherever else text can stand. What left holds none.

Both lines of the policy are tried alone: what is built without scrubbing and then filtered, and what is scrubbed when
it is built and then passes no filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import json
from pathlib import Path
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import pytest

from agent_otel import Bridge
from agent_otel.bridge import Reading, ReadingOptions
from agent_otel.emit import content as building
from agent_otel.intake import Replay, discover
from agent_otel.model import IntakeError
from agent_otel.policy import shared_scrubber
from agent_otel.policy.scrubbing import NO_FINDINGS, Scrubbed
from agent_otel.processors.content import guard as filtering
from agent_otel.testing import OtlpReceiver
from end_to_end.recordings import RECORDINGS, UNTIMED
from secrets_made_up import github_token

SECRET = github_token("planted")
TELLTALE = SECRET[6:].encode()
INPUTS = {**RECORDINGS, **UNTIMED}
MODES = ["off", "metadata_only", "payload_refs", "redacted_summary", "raw_content"]

Path_ = tuple[str, ...]


class Blind:
    """A scrubber that hides nothing."""

    def is_innocent(self, text: str) -> bool:
        return True

    def are_innocent(self, texts: Any) -> bool:
        return True

    def scrub(self, value: Any, *, is_cut: bool = False) -> Scrubbed:
        return Scrubbed(value, NO_FINDINGS)


@pytest.fixture(params=["both lines", "processor alone", "building alone"])
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = Blind()
    if request.param == "processor alone":
        monkeypatch.setattr(building, "shared_scrubber", lambda _options: blind)
    if request.param == "building alone":
        monkeypatch.setattr(filtering, "shared_scrubber", lambda _options: blind)


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Give the place of every text, those in one list as one."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from places(item, (*path, "*"))
    elif isinstance(value, str):
        yield path


def planted(value: Any, chosen: Callable[[Path_], bool], path: Path_ = ()) -> Any:
    """Put the secret behind each text that was chosen."""
    if isinstance(value, dict):
        return {key: planted(item, chosen, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [planted(item, chosen, (*path, "*")) for item in value]
    return f"{value} {SECRET}" if isinstance(value, str) and chosen(path) else value


class Recording:
    """A recording whose lines are JSON, or JSON behind ``data:``, or one JSON document."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text()
        try:
            self.parts: list[Any] = [json.loads(text)]
            self.is_whole = True
        except ValueError:
            self.parts = [self._parsed(line) for line in text.splitlines()]
            self.is_whole = False

    @staticmethod
    def _parsed(line: str) -> Any:
        start = "data:" if line.startswith("data:") else ""
        try:
            return start, json.loads(line[len(start) :])
        except ValueError:
            return line, None

    @property
    def places(self) -> set[Path_]:
        values = self.parts if self.is_whole else [value for _, value in self.parts]
        return {place for value in values for place in places(value)}

    def plant(self, chosen: Callable[[Path_], bool]) -> None:
        if self.is_whole:
            self.path.write_text(json.dumps(planted(self.parts[0], chosen)))
            return
        lines = (start if value is None else start + json.dumps(planted(value, chosen)) for start, value in self.parts)
        self.path.write_text("".join(f"{line}\n" for line in lines))


def read(path: Path, receiver: OtlpReceiver, **environ: str) -> int:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint, "PATH": "", **environ}
    reading = Reading.from_env(ReadingOptions(), environ)
    replay = Replay(reading)
    for group in discover([str(path)], "auto", lambda _: None):
        replay.read(group)
    return replay.finish().books.spans


def assert_nothing_left(receiver: OtlpReceiver) -> None:
    for request in receiver.requests():
        assert TELLTALE not in request.message.SerializeToString()
        assert TELLTALE.decode() not in str(request.headers)


@pytest.fixture
def sent_here(receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch) -> OtlpReceiver:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)  # the SDK reads the process's own
    return receiver


IDENTIFYING = {
    *("type", "kind", "event", "id", "uuid", "parentuuid", "sessionid", "timestamp", "ts", "time", "role", "source"),
    *("schema_version", "status", "outcome", "tag", "level"),
}


def is_text(path: Path_) -> bool:
    return not path or not (path[-1].lower() in IDENTIFYING or path[-1].endswith(("_id", "_at")))


@pytest.mark.incomplete_spans
@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("name", sorted(INPUTS))
def test_no_secret_in_any_text_of_a_recording_leaves(name, sent_here, tmp_path):
    recording = Recording(INPUTS[name](tmp_path / f"{name}.jsonl"))
    recording.plant(is_text)
    assert read(recording.path, sent_here) >= 0
    assert_nothing_left(sent_here)


@pytest.mark.slow
@pytest.mark.incomplete_spans
@pytest.mark.parametrize("name", sorted(INPUTS))
def test_no_secret_in_any_one_text_of_a_recording_leaves_in_any_mode(name, sent_here, tmp_path, monkeypatch):
    recording = Recording(INPUTS[name](tmp_path / f"{name}.jsonl"))
    spans = 0
    for number, place in enumerate(sorted(recording.places)):
        recording.plant(lambda path, place=place: path == place)
        mode = MODES[number % len(MODES)]
        with contextlib.suppress(IntakeError):  # of that text its source is known
            spans += read(recording.path, sent_here, AGENT_OTEL_CONTENT=mode)
    assert spans > 0
    assert sent_here.requests()
    assert_nothing_left(sent_here)


# -- in process ---------------------------------------------------------------------------------------------------


class Loud(Exception):
    pass


def work(bridge: Bridge) -> None:
    """Say the secret in every way that an agent and its libraries have."""
    with bridge.run(agent=f"coder {SECRET}", conversation_id=f"c {SECRET}") as run:
        run.prompt([{"role": "user", "content": f"my token is {SECRET}"}])
        with run.model_call(provider=f"p {SECRET}", model=f"m {SECRET}") as call:
            call.response(model=f"m-1 {SECRET}", messages=[{"role": "assistant", "content": SECRET}])
        arguments = {"command": f"curl -H 'Authorization: Bearer {SECRET}' x", SECRET: 1, "deep": [{"token": SECRET}]}
        with run.tool_call(f"shell {SECRET}", call_id=f"id {SECRET}", arguments=arguments) as tool:
            span = trace.get_current_span()
            span.set_attributes({"note": SECRET, "gen_ai.prompt": SECRET, f"k {SECRET}": 1, "list": ["a", SECRET]})
            span.add_event(f"event {SECRET}", {"note": SECRET, "exception.message": SECRET})
            span.add_event("gen_ai.user.message", {"content": SECRET})
            span.add_link(trace.SpanContext(1, 2, is_remote=False), {"why": SECRET})
            span.record_exception(Loud(SECRET))
            tool.result(json.dumps({"output": f"GITHUB_TOKEN={SECRET}", "raw": json.dumps({"password": SECRET})}))
        with contextlib.suppress(Loud), run.tool_call("raises"):
            raise Loud(f"failed with {SECRET}")
        run.answer(f"done, {SECRET}")


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("mode", MODES)
def test_no_secret_of_an_agent_leaves_in_any_mode(mode, sent_here, monkeypatch, caplog):
    monkeypatch.setenv("AGENT_OTEL_CONTENT", mode)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"team=a {SECRET}")
    bridge = Bridge.from_env()
    raw = InMemorySpanExporter()
    bridge._telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(raw))
    work(bridge)
    assert bridge.flush()
    bridge.shutdown()
    assert len(sent_here.spans()) == 4
    assert bridge.health().faults == 0
    assert all(counts["stubs"] == 0 for counts in bridge.health().content.values())
    assert_nothing_left(sent_here)
    assert TELLTALE.decode() not in caplog.text
    assert TELLTALE.decode() not in repr(bridge.health())


@pytest.mark.parametrize("mode", MODES)
def test_a_raw_exporter_on_the_same_provider_gets_no_secret(mode, sent_here, monkeypatch):
    monkeypatch.setenv("AGENT_OTEL_CONTENT", mode)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"team=a {SECRET}")
    bridge = Bridge.from_env()
    raw = InMemorySpanExporter()
    bridge._telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(raw))
    work(bridge)
    assert bridge.flush()
    bridge.shutdown()
    shown = [span.to_json() + repr([dict(link.attributes) for link in span.links]) for span in raw.get_finished_spans()]
    assert len(shown) == 4
    assert not [text for text in shown if TELLTALE.decode() in text]


RAW = {
    "AGENT_OTEL_CONTENT": "raw_content",
    "AGENT_OTEL_CONTENT_SINKS": "otlp=raw_content",
    "AGENT_OTEL_RAW_SOURCES": "*",
    "AGENT_OTEL_RAW_BYTES": "100000",
    "AGENT_OTEL_RAW_RETENTION": "true",
    "AGENT_OTEL_RAW_SAMPLE_RATIO": "1",
}


def tool_of(receiver: OtlpReceiver) -> Any:
    (span,) = [span for span in receiver.spans() if span.name.startswith("execute_tool shell")]
    return span


def said_once(sent_here: OtlpReceiver, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Any:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    bridge = Bridge.from_env()
    raw = InMemorySpanExporter()
    bridge._telemetry.tracer_provider.add_span_processor(SimpleSpanProcessor(raw))
    with bridge.run(agent="a") as run, run.tool_call("shell", arguments={"token": SECRET}) as tool:
        tool.result({"note": SECRET})
    assert bridge.flush()
    bridge.shutdown()
    return tool_of(sent_here), next(span for span in raw.get_finished_spans() if span.name == "execute_tool shell")


def test_raw_content_leaves_where_every_gate_is_open_and_only_to_that_sink(sent_here, monkeypatch):
    told, raw = said_once(sent_here, monkeypatch, **RAW)
    assert json.loads(told.attributes["gen_ai.tool.call.arguments"]) == {"token": SECRET}
    assert told.attributes["agent_otel.content.mode"] == "raw_content"
    assert SECRET not in raw.to_json()
    assert raw.attributes["agent_otel.content.mode"] == "redacted_summary"


@pytest.mark.parametrize(
    ("variable", "value", "gate"),
    [
        ("AGENT_OTEL_CONTENT_SINKS", "otlp=redacted_summary", "sink_mode"),
        ("AGENT_OTEL_RAW_SOURCES", "bamboo", "source_permits"),
        ("AGENT_OTEL_RAW_BYTES", "3", "requested_bytes"),
        ("AGENT_OTEL_RAW_RETENTION", "false", "retention_active"),
        ("AGENT_OTEL_RAW_SAMPLE_RATIO", "0", "sampled"),
    ],
)
def test_each_gate_that_is_shut_keeps_raw_content_in_and_is_named_on_the_span(
    sent_here, monkeypatch, variable, value, gate
):
    told, _ = said_once(sent_here, monkeypatch, **{**RAW, variable: value})
    assert told.attributes["agent_otel.content.denied_by"] == [gate]
    assert told.attributes["agent_otel.content.mode"] == "redacted_summary"
    assert "[REDACTED" in told.attributes["gen_ai.tool.call.arguments"]
    assert_nothing_left(sent_here)


def test_the_scrubber_is_not_blind():
    from agent_otel.policy import ScrubOptions

    assert SECRET not in shared_scrubber(ScrubOptions()).scrub(f"a {SECRET}").value
