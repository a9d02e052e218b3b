"""A reading collects what it may, and holds nothing back when somebody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
import os

from attrs import define
import pytest

from agent_otel.bridge import Reading, ReadingOptions
from agent_otel.bridge.reading import _BATCH
from agent_otel.model import Cursor
from agent_otel.sources import Context, Decoder, Document, Source, load_source
from agent_otel.testing import OtlpReceiver


@pytest.fixture
def shown() -> list[str]:
    return []


@define
class Recording:
    """A reading of tool calls, one record at a time."""

    reading: Reading
    source: Source
    decoder: Decoder

    def take(self, number: int, *, bad: bool = False) -> None:
        meta = {"event_id": f"e-{number}", "occurred_at": "2026-05-04T10:11:12Z", "trace_id": None}
        body: dict[str, object] = {"meta": meta, "round_id": "r", "session_id": "s", "tool_call_id": f"c-{number}"}
        body |= {"tool_name": "grep", "latency_ms": 5, "success": 1 if bad else True}
        context = Context(Cursor("key", number), 0)
        self.reading.take({"Chat": {"ToolCalled": body}}, self.source, self.decoder, context, "stream")


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch, receiver: OtlpReceiver, shown: list[str]) -> Iterator[Recording]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    source = load_source("bamboo")
    decoder = source.decoder()
    decoder.open(Document("stream", "key"))
    reading = Reading.from_env(ReadingOptions(), os.environ, lambda data: shown.append(data.name))
    yield Recording(reading, source, decoder)
    reading.abort()


def test_books_balance_while_records_are_collected(recording: Recording, shown: list[str]) -> None:
    for number in (1, 2, 2, 3):
        recording.take(number)
    recording.take(4, bad=True)
    books = recording.reading.books.as_dict()
    assert books["received"] == sum(books[fate] for fate in ("mapped", "skipped", "duplicate", "malformed"))
    assert shown == []
    summary = recording.reading.finish()
    assert summary.books.as_dict() == {"received": 5, "mapped": 3, "skipped": 0, "duplicate": 1, "malformed": 1}
    assert shown == ["execute_tool grep"] * 3 + ["invoke_agent"]


def test_from_a_pipe_everything_is_told_at_once(recording: Recording, shown: list[str]) -> None:
    recording.take(1)
    recording.reading.tell_at_once()
    assert len(shown) == 1
    recording.take(2)
    assert len(shown) == 2


def test_an_interrupted_reading_sends_what_is_complete_and_correlates_nothing_more(
    recording: Recording, shown: list[str], receiver: OtlpReceiver
) -> None:
    for number in range(_BATCH + 6):
        recording.take(number)
    assert len(shown) < _BATCH
    summary = recording.reading.abort()
    assert shown == ["execute_tool grep"] * _BATCH
    assert summary.undelivered == 0
    assert summary.books.as_dict()["received"] == _BATCH
    assert len(receiver.spans()) == _BATCH
