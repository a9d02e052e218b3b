"""Bad input: rejected or clamped as documented, told by file, line, field and reason; the stream goes on."""

from __future__ import annotations

from collections.abc import Iterator
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agent_otel.testing import OtlpReceiver
from end_to_end.replaying import bamboo_stream, demo_session, environment, replay

GOOD = {
    "meta": {"event_id": "good", "occurred_at": "2026-05-04T10:11:12Z", "trace_id": None},
    "tool_call_id": "call",
    "round_id": "r",
    "session_id": "s",
    "tool_name": "shell",
    "latency_ms": 5,
    "success": True,
}
BIG = "x" * 1_000_000


def tool_called(**changes: Any) -> str:
    fields = {**GOOD, **changes}
    return json.dumps({"Chat": {"ToolCalled": fields}})


def meta(**changes: Any) -> dict[str, Any]:
    return {**GOOD["meta"], **changes}  # type: ignore[dict-item]


def bad_meta(**changes: Any) -> dict[str, Any]:
    return meta(event_id="bad", **changes)


def bad(**changes: Any) -> str:
    return tool_called(**{"meta": bad_meta(), **changes})


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[OtlpReceiver, dict[str, str]]]:
    with OtlpReceiver() as receiver:
        yield receiver, environment(receiver, tmp_path / "state")


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (b'{"Chat":', "", "is no JSON"),
        (b'{"Chat": "\xff\xfe"}', "", "is no UTF-8"),
        (b"[" * 10_000 + b"]" * 10_000, "", "is nested too deeply"),
        (b'{"Chat":{"ToolCalled":{"latency_ms":NaN}}}', "", "is no JSON"),
        (bad(latency_ms=-5).encode(), "Chat.ToolCalled.latency_ms", None),
        (bad(latency_ms="5").encode(), "Chat.ToolCalled.latency_ms", None),
        (bad(latency_ms=2**64).encode(), "Chat.ToolCalled.latency_ms", None),
        (bad(success=1).encode(), "Chat.ToolCalled.success", None),
        (bad(session_id=None).encode(), "Chat.ToolCalled.session_id", None),
        (
            tool_called(meta=bad_meta(occurred_at="1969-12-31T23:59:59Z")).encode(),
            "Chat.ToolCalled.meta.occurred_at",
            None,
        ),
        (
            tool_called(meta=bad_meta(occurred_at="2263-01-01T00:00:00Z")).encode(),
            "Chat.ToolCalled.meta.occurred_at",
            None,
        ),
        (tool_called(meta=bad_meta(occurred_at="yesterday")).encode(), "Chat.ToolCalled.meta.occurred_at", None),
        (tool_called(meta=[]).encode(), "Chat.ToolCalled.meta", None),
        (b"42", "", None),
        (b"[1]", "", None),
    ],
)
def test_a_record_that_cannot_be_read_is_told_and_the_stream_goes_on(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path, line: bytes, field: str, reason: str | None
) -> None:
    receiver, environ = served
    stream = tmp_path / "stream.jsonl"
    stream.write_bytes(tool_called().encode() + b"\n" + line + b"\n" + tool_called(meta=meta(event_id="2")).encode())
    books = replay(environ, "--source", "bamboo", stream)
    assert (books["mapped"], books["malformed"]) == (2, 1)
    (problem,) = books["problems"]
    assert (problem["file"], problem["line"], problem["field"]) == (str(stream), 2, field)
    assert problem["reason"] == (reason or problem["reason"])
    assert [span.name for span in receiver.spans()].count("execute_tool shell") == 2


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"latency_ms": 2**64 - 1}, "clamped_integer"),
        ({"tool_call_id": BIG, "tool_name": BIG, "session_id": BIG, "round_id": BIG}, None),
        ({"tool_name": "line\nbreak\x00\u202e[bold]"}, None),
    ],
)
def test_a_value_out_of_bounds_is_clamped(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path, changes: dict[str, Any], note: str | None
) -> None:
    receiver, environ = served
    stream = tmp_path / "stream.jsonl"
    stream.write_text(tool_called(**changes))
    books = replay(environ, "--console", stream)
    assert books["mapped"] == 1
    assert books["notes"] == ({note: 1} if note else {})
    for span in receiver.spans():
        assert 0 <= span.start_ns <= span.end_ns < 2**63
        assert len(span.name) < 200
        assert all(len(value) <= 300 for value in span.attributes.values() if isinstance(value, str))


def test_unknown_variants_and_words_are_counted_never_rejected(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    receiver, environ = served
    completed = {"meta": meta(event_id="3"), "session_id": "s", "round_id": "r", "status": "exploded"}
    completed |= {
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        "latency_ms": 1,
        "error": None,
    }
    stream = tmp_path / "stream.jsonl"
    lines = [tool_called(), '{"Chat":{"Danced":{"meta":{}}}}', '{"Dance":{"Tango":{}}}']
    stream.write_text("\n".join([*lines, json.dumps({"Chat": {"RoundCompleted": completed}})]))
    books = replay(environ, stream)
    assert (books["mapped"], books["skipped"], books["malformed"]) == (2, 2, 0)
    assert books["notes"] == {"unknown_variant": 2, "unknown_status": 1}
    (run,) = [span for span in receiver.spans() if span.name.startswith("invoke_agent")]
    assert run.attributes["agent_otel.outcome"] == "unknown"
    assert run.status_code == "unset"


def test_of_equal_keys_the_last_one_counts(served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path) -> None:
    receiver, environ = served
    stream = tmp_path / "stream.jsonl"
    stream.write_text(tool_called().replace('"tool_name": "shell"', '"tool_name": "first", "tool_name": "second"'))
    replay(environ, stream)
    assert "execute_tool second" in {span.name for span in receiver.spans()}


def test_a_line_of_fifty_megabytes_is_told_and_skipped(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    _, environ = served
    stream = tmp_path / "stream.jsonl"
    with stream.open("w") as out:
        out.write(tool_called() + "\n")
        out.write('{"Chat":"' + "x" * 50_000_000 + '"}\n')
        out.write(tool_called(meta=meta(event_id="2")) + "\n")
    books = replay(environ, stream)
    assert (books["mapped"], books["malformed"]) == (2, 1)
    assert "longer than" in books["problems"][0]["reason"]


def test_binary_and_empty_files_give_books_and_no_fault(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    _, environ = served
    (tmp_path / "binary.jsonl").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "empty.jsonl").touch()
    books = replay(environ, tmp_path / "binary.jsonl", tmp_path / "empty.jsonl", expect=1)
    assert (books["received"], books["malformed"], books["spans"]) == (1, 1, 0)


def test_a_truncated_session_keeps_all_that_stands_before_the_cut(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    receiver, environ = served
    main = demo_session(tmp_path / "demo")
    lines = main.read_bytes().splitlines(keepends=True)
    called = max(number for number, line in enumerate(lines) if b'"tool_use"' in line)
    main.write_bytes(b"".join(lines[: called + 1]) + lines[called + 1][:50])
    books = replay(environ, main)
    assert books["malformed"] == 1
    (root,) = [span for span in receiver.spans() if not span.parent_span_id and span.name == "invoke_agent claude-code"]
    assert (root.attributes["agent_otel.outcome"], root.status_code) == ("interrupted", "error")


def test_the_same_file_twice_in_one_call_counts_as_duplicate(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    receiver, environ = served
    main = demo_session(tmp_path / "demo")
    link = tmp_path / "link.jsonl"
    link.symlink_to(main)
    once = replay(environ, main)
    before = len(receiver.spans())
    twice = replay(environ, main, main, link)
    assert len(receiver.spans()) == 2 * before
    assert twice["mapped"] == once["mapped"]
    assert twice["duplicate"] == twice["received"] - once["received"]


def test_a_compressed_file_and_standard_input_are_read_as_they_are(
    served: tuple[OtlpReceiver, dict[str, str]], tmp_path: Path
) -> None:
    _, environ = served
    plain = bamboo_stream(tmp_path / "metrics.jsonl")
    packed = tmp_path / "metrics.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    expected = replay(environ, plain)
    assert replay(environ, packed)["mapped"] == expected["mapped"]
