"""Records of a source with state, live: what its decoder holds back is told at the end, and its faults cost records."""

from __future__ import annotations

import os
from typing import Any

import pytest

from agent_otel.bridge import live
from agent_otel.sources import Decoded
from agent_otel.sources.guarded import GuardedSource


def said(number: int, kind: str, content: Any, session: str = "s-1", **message: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "sessionId": session,
        "timestamp": f"2031-02-03T04:05:{number % 60:02d}Z",
        "message": {"role": kind, "content": content, **message},
    }


TURN = [
    said(1, "user", "hello"),
    said(5, "assistant", [{"type": "text", "text": "hi"}], id="m-1", model="model-x", stop_reason="end_turn"),
]


def test_last_run_of_a_live_session_is_told_at_shutdown(bridge, receiver):
    for record in TURN:
        bridge.record(record, source="claude-code")
    bridge.shutdown()
    spans = {span.name: span for span in receiver.spans()}
    assert set(spans) == {"chat model-x", "invoke_agent claude-code"}
    run = spans["invoke_agent claude-code"]
    assert (run.attributes["agent_otel.outcome"], run.end_ns - run.start_ns) == ("ok", 4 * 10**9)
    assert spans["chat model-x"].parent_span_id == run.span_id
    assert [log.event_name for log in receiver.logs()] == ["agent_otel.session.start", "agent_otel.session.end"]
    assert bridge.health().faults == 0


def test_more_sessions_than_are_kept_all_begin_and_end(make_bridge, receiver):
    bridge = make_bridge(AGENT_OTEL_HANDOVER_BYTES=str(1 << 26))
    for number in range(1_100):
        bridge.record(said(number, "user", "hello", session=f"s-{number}"), source="claude-code")
    bridge.flush(60)
    bridge.shutdown(60)
    names = [log.event_name for log in receiver.logs()]
    assert (names.count("agent_otel.session.start"), names.count("agent_otel.session.end")) == (1_100, 1_100)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_forked_child_does_not_end_what_its_parent_was_told(bridge, receiver):
    for record in TURN:
        bridge.record(record, source="claude-code")
    assert bridge.flush()
    child = os.fork()
    if child == 0:
        bridge.shutdown(5)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert [span.name for span in receiver.spans()] == []
    bridge.shutdown()
    assert len(receiver.spans()) == 2


class Toy:
    """A source whose decoder does as it is told by the record."""

    name = "toy"

    def detect(self, records: Any) -> float:
        return 0.0

    def decoder(self) -> Any:
        return self

    def open(self, document: Any) -> None:
        pass

    def decode(self, record: Any, context: Any) -> Any:
        return record["do"]()

    def close(self, *, complete: bool) -> Any:
        raise SystemExit("private words")

    def record_key(self, record: Any) -> None:
        return None

    def companions(self, path: Any) -> Any:
        return ()

    def belongs(self, first: Any, main_first: Any) -> bool:
        return False

    def is_companion(self, path: Any) -> bool:
        return False

    def sidecar(self, path: Any) -> None:
        return None


def leave() -> Any:
    raise SystemExit("private words")


def interrupt() -> Any:
    raise KeyboardInterrupt


def lazily() -> Any:
    def events() -> Any:
        raise RuntimeError("private words")
        yield

    return Decoded(events())


BEHAVIOURS = {
    "exit": leave,
    "interrupt": interrupt,
    "none": lambda: None,
    "lazy": lazily,
    "text": lambda: Decoded(note="Private words"),
    "good": lambda: Decoded(note="good_note"),
}


@pytest.mark.parametrize("wrap", [lambda source: source, lambda source: GuardedSource("toy", source)])
def test_worker_survives_what_a_third_partys_source_does(bridge, receiver, monkeypatch, wrap):
    toy, source = Toy(), None
    toy.decode = lambda record, context: BEHAVIOURS[record["do"]]()
    source = wrap(toy)
    monkeypatch.setattr(live, "load_source", lambda name: source)
    for behaviour in BEHAVIOURS:
        bridge.record({"do": behaviour}, source="toy")
    with bridge.run(agent="a"):
        pass
    assert bridge.flush()
    assert len(receiver.spans()) == 1
    health = bridge.health()
    assert health.notes == {"other_note": 1, "good_note": 1}
    assert health.records["malformed"] == 4
    bridge.shutdown()
    after = bridge.health()
    assert after.balanced
    assert after.records["malformed"] == 5  # what it held back when it closed
    assert "rivate" not in repr(after)


def test_notes_are_bounded(bridge, monkeypatch):
    toy, numbers = Toy(), iter(range(1_000))
    toy.decode = lambda record, context: Decoded(note=f"note_{next(numbers)}")
    toy.close = lambda *, complete: ()
    monkeypatch.setattr(live, "load_source", lambda name: toy)
    for _ in range(300):
        bridge.record({}, source="toy")
    assert bridge.flush()
    notes = bridge.health().notes
    assert (len(notes), notes["other_note"], notes["note_199"]) == (201, 100, 1)


@pytest.mark.parametrize("sign", ["[KEEPALIVE]", "[DONE]"])
def test_a_streams_signs_are_skipped_not_malformed(bridge, sign):
    bridge.record(sign, source="bamboo")
    bridge.flush()
    assert bridge.health().records["skipped"] == 1
