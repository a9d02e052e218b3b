from __future__ import annotations

import io
import json
import os
from pathlib import Path
import socket
from typing import Any

import pytest

from agent_otel._version import __version__
from agent_otel.bridge import BridgeBooks, Problem, ReadingSummary
from agent_otel.cli import main, replaying
from agent_otel.cli.reach import decide_sending
from agent_otel.cli.status import Status
from agent_otel.cli.summary import problem_lines, status_of, summary_lines
from agent_otel.intake import Replay


def record(variant: str, number: int, **members: object) -> dict[str, object]:
    meta = {"event_id": f"e-{number}", "occurred_at": f"2031-02-03T04:05:{number:02d}Z", "trace_id": None}
    return {"Chat": {variant: {"meta": meta, "session_id": "s-1", "round_id": "r-1", **members}}}


RUN = [
    record("RoundStarted", 1, model="model-x"),
    record("ToolCalled", 3, tool_call_id="t-1", tool_name="look", latency_ms=350, success=True),
    record("ToolCalled", 5, tool_call_id="t-2", tool_name="dig", latency_ms=1200, success=False),
    record(
        "RoundCompleted",
        9,
        status="success",
        usage={"prompt_tokens": 812, "completion_tokens": 64, "total_tokens": 876},
        latency_ms=8000,
        error=None,
    ),
]


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    for name in [name for name in os.environ if name.startswith(("OTEL_", "AGENT_OTEL_", "TRACEPARENT"))]:
        monkeypatch.delenv(name)
    for signal in ("TRACES", "METRICS", "LOGS"):
        monkeypatch.setenv(f"OTEL_{signal}_EXPORTER", "none")
    monkeypatch.setenv("AGENT_OTEL_STATE", str(tmp_path / "state"))
    return monkeypatch


@pytest.fixture
def recorded(tmp_path: Path) -> Any:
    path = tmp_path / "run.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in RUN))
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run_command(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_command


def test_replay_draws_the_run_and_writes_the_books(run: Any, recorded: Any) -> None:
    status, out, err = run("replay", "--console", recorded)
    conversation, header, *lines = out.splitlines()
    assert status == 0
    assert conversation == "conversation s-1"
    assert header.startswith("trace ")
    assert header.endswith("3 spans  812→64 tokens")
    assert lines == [
        "└── invoke_agent  8.0 s  812→64  ✓",
        "    ├── execute_tool look  350 ms  ✓",
        "    └── execute_tool dig  1.2 s  ✗ tool_error",
        "received 4  mapped 4  skipped 0  duplicate 0  malformed 0",
    ]
    assert err == ""


def test_without_console_no_tree_is_drawn(run: Any, recorded: Any) -> None:
    assert run("replay", recorded) == (0, "received 4  mapped 4  skipped 0  duplicate 0  malformed 0\n", "")


def test_json_is_one_object_and_the_tree_goes_to_stderr(run: Any, recorded: Any) -> None:
    status, out, err = run("replay", "--console", "--json", recorded)
    told = json.loads(out)
    assert (status, told["received"], told["mapped"], told["sinks"]) == (0, 4, 4, {})
    assert "execute_tool look" in err


def test_trace_per_conversation_puts_a_conversation_on_top(run: Any, recorded: Any) -> None:
    assert "└── conversation" in run("replay", "--console", "--trace-per", "conversation", recorded)[1]


def test_malformed_records_are_told_and_counted_and_strict_makes_them_a_failure(run: Any, recorded: Any) -> None:
    with recorded.open("ab") as file:
        file.write(b'{"secret\n[1]\n' + json.dumps(record("ToolCalled", 10, tool_name="secret")).encode() + b"\n")
    status, out, err = run("replay", recorded)
    assert status == 0
    assert "received 7  mapped 4  skipped 0  duplicate 0  malformed 3" in out
    assert f"{recorded}:5: is no JSON" in err.splitlines()
    assert len(err.splitlines()) == 3
    assert "secret" not in err
    assert run("replay", "--strict", recorded)[0] == 3


def test_same_file_twice_counts_as_duplicates(run: Any, recorded: Any) -> None:
    assert "received 8  mapped 4  skipped 0  duplicate 4  malformed 0" in run("replay", recorded, recorded)[1]


def test_standard_input(run: Any, recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(recorded.read_bytes())))
    assert "received 4  mapped 4" in run("replay", "-")[1]


def test_directory_tells_what_is_left_out(run: Any, recorded: Any) -> None:
    other = recorded.parent / "other.json"
    other.write_text('{"name": "x"}')
    status, out, err = run("replay", recorded.parent)
    assert (status, err) == (0, f"left out {other}: no source recognises it\n")
    assert "received 4" in out


def test_resume_draws_only_what_is_new(run: Any, recorded: Any) -> None:
    lines = recorded.read_bytes().splitlines(keepends=True)
    recorded.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    status, out, _ = run("replay", "--resume", "--console", recorded)
    assert status == 0
    assert "execute_tool look" in out
    assert "invoke_agent" not in out
    assert "received 2  mapped 2  skipped 0  duplicate 0  malformed 0" in out
    recorded.write_bytes(b"".join(lines))
    _, out, _ = run("replay", "--resume", "--console", recorded)
    assert "execute_tool look" not in out
    assert "execute_tool dig" in out
    assert "invoke_agent" in out
    assert "invoke_agent" not in run("replay", "--resume", "--console", recorded)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["replay"], "Missing argument"),
        (["replay", "absent.jsonl"], "agent-otel: absent.jsonl: no such file or directory"),
        (["replay", "--source", "bambo", "{recorded}"], "Did you mean 'bamboo'"),
        (["replay", "--trace-per", "day", "{recorded}"], "--trace-per"),
        (["unknown"], "No such command"),
        (["replay", "--unknown", "{recorded}"], "No such option"),
    ],
)
def test_bad_usage_exits_with_1_and_says_why(run: Any, recorded: Any, arguments: Any, message: Any) -> None:
    status, out, err = run(*[str(recorded) if argument == "{recorded}" else argument for argument in arguments])
    assert (status, out) == (1, "")
    assert message in err


def test_bad_setting_exits_with_1_and_names_it(run: Any, recorded: Any, environ: Any) -> None:
    environ.setenv("AGENT_OTEL_DUPLICATE_WINDOW", "many")
    status, _, err = run("replay", recorded)
    assert status == 1
    assert err.startswith("agent-otel: AGENT_OTEL_DUPLICATE_WINDOW='many'")


def test_corrupt_store_exits_with_1_and_says_what_to_do(run: Any, recorded: Any, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "resume.db").write_bytes(b"no database" * 500)
    status, _, err = run("replay", "--resume", recorded)
    assert status == 1
    assert "delete it to start over" in err


def test_interrupt_sends_what_is_complete_and_exits_with_130(
    run: Any, recorded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Any, group: Any, progress: Any = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Replay, "read", interrupted)
    finished = []
    monkeypatch.setattr(Replay, "finish", finished.append)
    status, out, err = run("replay", recorded)
    assert (status, finished) == (130, [])
    assert err.startswith("interrupted")
    assert out.startswith("received 0")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("written", "threshold", "shown"), [(Terminal(), 0, True), (Terminal(), 10**9, False), (io.StringIO(), 0, False)]
)
def test_progress_is_shown_on_a_terminal_for_long_files(
    run: Any, recorded: Any, environ: Any, written: Any, threshold: Any, shown: Any
) -> None:
    environ.setattr("sys.stderr", written)
    environ.setenv("TERM", "xterm")
    environ.setattr(replaying, "_PROGRESS_BYTES", threshold)
    status, out, _ = run("replay", "--json", recorded)
    assert (status, json.loads(out)["received"]) == (0, 4)
    assert ("reading" in written.getvalue()) == shown


def test_version(run: Any) -> None:
    assert run("--version") == (0, f"agent-otel {__version__}\n", "")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_sending_without_a_destination_depends_on_who_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr("agent_otel.cli.reach.otlp_endpoint", lambda signal, environ: f"http://127.0.0.1:{port}")
    silent = decide_sending({}, shows=True)
    assert (silent.send, silent.notice) == (
        False,
        f"nothing listens at http://127.0.0.1:{port}: shown only, not sent",
    )
    with socket.create_server(("127.0.0.1", port)):
        assert decide_sending({}, shows=True).send


@pytest.mark.parametrize(
    ("environ", "shows"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_SDK_DISABLED": "true"}, True),
    ],
)
def test_sending_asks_nobody_where_the_destination_is_clear(
    environ: Any, shows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_socket(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "create_connection", no_socket)
    assert decide_sending(environ, shows=shows).send


def summary(malformed: int = 0, rejected: int = 0) -> ReadingSummary:
    books = BridgeBooks(received=9, mapped=7, skipped=2, malformed=malformed)
    books.notes.update({"unknown_variant": 1, "bookkeeping": 1})
    books.problems = [Problem("f", line, "a.b" if line % 2 else "", "is odd") for line in range(min(malformed, 100))]
    sink = {"accepted": 5, "exported": 5 - rejected, "rejected": rejected, "evicted": 0, "queued": 0, "spooled": 0}
    return ReadingSummary(books=books, sinks={"otlp/traces": sink})


@pytest.mark.parametrize(
    ("books", "strict", "status"),
    [
        (summary(), True, Status.OK),
        (summary(malformed=1), False, Status.OK),
        (summary(malformed=1), True, Status.MALFORMED),
        (summary(rejected=1), False, Status.UNDELIVERED),
        (summary(malformed=1, rejected=1), True, Status.UNDELIVERED),
    ],
)
def test_exit_status(books: Any, strict: Any, status: Any) -> None:
    assert status_of(books, strict=strict) is status


def test_summary_shows_notes_and_sinks() -> None:
    assert list(summary_lines(summary(rejected=2))) == [
        "received 9  mapped 7  skipped 2  duplicate 0  malformed 0",
        "noted: bookkeeping 1  unknown_variant 1",
        "otlp/traces: accepted 5  exported 3  rejected 2  evicted 0  queued 0  spooled 0",
    ]


def test_problems_are_shown_up_to_twenty() -> None:
    lines = list(problem_lines(summary(malformed=250)))
    assert lines[:2] == ["f:0: is odd", "f:1: a.b: is odd"]
    assert lines[20:] == ["and 230 more malformed records"]
    assert list(problem_lines(summary())) == []


def test_a_file_of_which_nothing_can_be_read_is_a_failure_that_says_what_is_read(run: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.jsonl"
    wrong.write_text("these are\nno records\n")
    status, _, told = run("replay", "--console", wrong)
    assert status == Status.USAGE
    assert "nothing of it can be read by any source" in told
    assert "bamboo" in told
    status, _, told = run("replay", "--console", "--source", "zeroclaw", wrong)
    assert status == Status.USAGE
    assert "nothing of it can be read as zeroclaw" in told
