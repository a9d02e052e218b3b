from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attrs import define, field
import pytest

from agent_otel.bridge import BridgeBooks, ReadingSummary
from agent_otel.intake import Replay, ResumeStore, discover
from agent_otel.model import RecordRejected, SourceError
from agent_otel.sources import Decoded


@define
class Decoder:
    """Notes what it is asked to do; every document ends with one event."""

    calls: list[object] = field(factory=list)
    documents: list[object] = field(factory=list)

    def open(self, document: Any) -> None:
        self.documents.append(document)

    def decode(self, record: Any, context: Any) -> Any:
        self.calls.append((record["n"], context.cursor.ordinal, context.cursor.stream == self.documents[-1].key))
        return Decoded()

    def close(self, *, complete: Any) -> Any:
        return ["complete" if complete else "open"]


@define
class Reading:
    """Stands in for the bridge's reading: hands records to the decoder and keeps what it is told."""

    problems: list[str] = field(factory=list)
    repeats: int = 0
    fed: list[object] = field(factory=list)
    inputs: list[tuple[str, str]] = field(factory=list)
    stores: list[Any] = field(factory=list)

    def remember(self, store: Any) -> None:
        self.stores.append(store)

    def take(self, record: Any, source: Any, decoder: Any, context: Any, name: Any) -> None:
        decoder.decode(record, context)

    def reject(self, problem: Any) -> None:
        self.problems.append(f"{problem.line}: {problem.reason}")

    def repeat(self) -> None:
        self.repeats += 1

    def feed(self, events: Any) -> None:
        self.fed.extend(events)

    def begin_input(self, key: str, name: str) -> None:
        self.inputs.append((key, Path(name).name))

    def finish(self) -> Any:
        return ReadingSummary(books=BridgeBooks())

    abort = finish


@pytest.fixture
def decoder(toy: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Decoder()
    monkeypatch.setattr(type(toy), "decoder", lambda self: made)
    return made


def lines(count: int, session: str = "s") -> list[dict[str, object]]:
    return [{"toy": 1, "session": session, "n": number} for number in range(count)]


def test_records_of_all_documents_reach_the_decoder(write: Any, decoder: Any) -> None:
    main = write("s.jsonl", *lines(2))
    write("s/side-a.jsonl", {"toy": 1, "session": "s", "n": 7})
    reading, (group,) = Reading(), discover([str(main)])
    Replay(reading).read(group)
    assert decoder.calls == [(0, 1, True), (1, 2, True), (7, 1, True)]
    assert reading.fed == ["complete", "complete"]
    assert [document.nonce for document in decoder.documents] == [group.main.nonce, group.companions[0].nonce]


def test_strings_and_the_events_of_a_document_reach_the_decoder(
    write: Any, decoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    monkeypatch.setattr(Decoder, "decode", lambda self, record, context: found.append(record))
    lined = write("a.jsonl", "TurnComplete", {"toy": 1}, "WorkerStarted")
    document = lined.with_name("b.json")
    document.write_text(json.dumps({"events": [{"toy": 1}, "TurnComplete"]}, indent=2))
    reading = Reading()
    for group in discover([str(lined), str(document)]):
        Replay(reading).read(group)
    assert found == ["TurnComplete", {"toy": 1}, "WorkerStarted", {"toy": 1}, "TurnComplete"]
    assert reading.problems == []


def test_frames_of_a_recorded_stream_reach_the_decoder_and_broken_ones_are_told(write: Any, decoder: Any) -> None:
    recorded = write("s.sse")
    frames = ["[KEEPALIVE]", *map(json.dumps, lines(2)), '{"cut', "ping", "[DONE]", json.dumps(lines(3)[2])]
    recorded.write_text("".join(f"data: {frame}\n\n" for frame in frames))
    reading = Reading()
    Replay(reading).read(discover([str(recorded)])[0])
    assert reading.problems == ["7: is no JSON", "9: is no JSON"]
    assert decoder.calls == [(0, 3, True), (1, 5, True), (2, 13, True)]


def test_growing_recording_waits_for_the_rest_of_its_last_frame(write: Any, decoder: Any, tmp_path: Path) -> None:
    recorded = write("s.sse")
    first, second = (f"data: {json.dumps(line)}\n\n" for line in lines(2))
    store = ResumeStore(tmp_path / "state")
    for length in (9, len(second) - 4, len(second) - 2, len(second)):
        recorded.write_text(first + second[:length])
        reading = Reading()
        Replay(reading, store).read(discover([str(recorded)])[0])
        assert reading.problems == []
    store.close()
    assert [call[0] for call in decoder.calls] == [0, 0, 0, 1, 0, 1]


def test_bad_lines_are_rejected_and_the_stream_goes_on(write: Any, decoder: Any) -> None:
    main = write("s.jsonl", *lines(1))
    with main.open("ab") as file:
        file.write(b'\xff\n{"n": NaN}\n' + json.dumps(lines(2)[1]).encode() + b'\n{"cut')
    reading = Reading()
    Replay(reading).read(discover([str(main)])[0])
    assert reading.problems == ["2: is no UTF-8", "3: is no JSON", "5: is no JSON"]
    assert [call[0] for call in decoder.calls] == [0, 1]


def test_repeated_group_is_counted_and_not_decoded(write: Any, decoder: Any) -> None:
    main = str(write("s.jsonl", *lines(3)))
    reading = Reading()
    replay = Replay(reading)
    for group in discover([main, main]):
        replay.read(group)
    assert (len(decoder.calls), reading.repeats) == (3, 3)


def test_reading_learns_of_the_store_first_and_of_each_input_when_it_begins(
    write: Any, decoder: Any, tmp_path: Path
) -> None:
    first, second = write("a.jsonl", *lines(1, "a")), write("b.jsonl", *lines(1, "b"))
    store, reading = ResumeStore(tmp_path / "state"), Reading()
    replay = Replay(reading, store)
    assert reading.stores == [store]
    for group in discover([str(first), str(second)]):
        replay.read(group)
    replay.finish()
    store.close()
    assert reading.inputs == [(decoder.documents[at].key, name) for at, name in enumerate(["a.jsonl", "b.jsonl"])]
    assert reading.fed == ["open", "open"]
    Replay(other := Reading())
    assert other.stores == []


def test_growing_file_keeps_its_nonce_and_its_cut_line_waits(write: Any, decoder: Any, tmp_path: Path) -> None:
    main = write("a.jsonl", *lines(1))
    whole = json.dumps(lines(2)[1]).encode()
    store = ResumeStore(tmp_path / "state")
    for tail in (whole[:9], whole, whole + b"\n"):
        main.write_bytes(json.dumps(lines(1)[0]).encode() + b"\n" + tail)
        reading = Reading()
        Replay(reading, store).read(discover([str(main)])[0])
        assert reading.problems == []
    store.close()
    assert [call[0] for call in decoder.calls] == [0, 0, 1, 0, 1]
    assert len({document.nonce for document in decoder.documents}) == 1


def test_document_whose_end_fails_is_told_and_the_next_one_is_read(write: Any, decoder: Any, monkeypatch: Any) -> None:
    main = write("s.jsonl", *lines(2))
    write("s/side-a.jsonl", {"toy": 1, "session": "s", "n": 7})

    def close(self: Any, *, complete: Any) -> Any:
        if len(self.documents) == 1:
            raise RecordRejected("", "source fault")
        return ["end"]

    monkeypatch.setattr(Decoder, "close", close)
    reading = Reading()
    Replay(reading).read(discover([str(main)])[0])
    assert (reading.problems, reading.fed) == (["2: source fault"], ["end"])
    assert [call[0] for call in decoder.calls] == [0, 1, 7]


def test_sidecar_that_the_source_cannot_name_is_told_and_the_file_is_read(
    write: Any, decoder: Any, toy: Any, monkeypatch: Any
) -> None:
    def sidecar(self: Any, path: Any) -> Any:
        raise SourceError("source fault")

    monkeypatch.setattr(type(toy), "sidecar", sidecar)
    reading = Reading()
    Replay(reading).read(discover([str(write("s.jsonl", *lines(2)))])[0])
    assert reading.problems == ["1: source fault"]
    assert [call[0] for call in decoder.calls] == [0, 1]
    assert decoder.documents[0].sidecar == {}
