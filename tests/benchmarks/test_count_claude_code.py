from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
import json
from pathlib import Path
import subprocess
import sys

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "count_claude_code.py"


@pytest.fixture(scope="module")
def counter():
    spec = spec_from_file_location("count_claude_code", SCRIPT)
    module = module_from_spec(spec)
    # Dataclasses look their module up while it is being executed.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def record(kind, uuid, second=0, *blocks, session="s-1", message=None, **more):
    return {
        "type": kind,
        "uuid": uuid,
        "sessionId": session,
        "timestamp": f"2026-01-01T00:00:{second:02}.500Z",
        "message": {"role": kind, "content": list(blocks), **(message or {})},
        **more,
    }


def use(call):
    return {"type": "tool_use", "id": call, "name": "Shell", "input": {}}


def result(call, **more):
    return {"type": "tool_result", "tool_use_id": call, "content": "", **more}


def usage(message_id, given, output, *, created=0, read=0, model="m-1"):
    counts = {
        "input_tokens": given,
        "output_tokens": output,
        "cache_creation_input_tokens": created,
        "cache_read_input_tokens": read,
    }
    return {"id": message_id, "model": model, "usage": counts}


@pytest.fixture
def write(tmp_path):
    def write_lines(name, *lines):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        path.write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
        return path

    return write_lines


def picked(counts, *names):
    return tuple(counts[name] for name in names)


def test_calls_failures_and_open_calls(counter, write):
    path = write(
        "s-1.jsonl",
        record("assistant", "u1", 0, use("a"), use("b")),
        record("assistant", "u2", 1, use("c"), use("d"), use("a")),
        record("user", "u3", 2, result("a"), result("b", is_error=True)),
        record("user", "u4", 3, result("c", is_error=False), result("stray", is_error=True)),
        record("user", "u5", 4, result("a", is_error=True)),
    )
    names = ("tool_calls", "tool_failures", "tool_calls_open", "results_without_call")
    assert picked(counter.count_session(path), *names) == (4, 1, 1, 1)


def test_tools_that_the_provider_runs_are_calls(counter, write):
    path = write(
        "s-1.jsonl",
        record(
            "assistant",
            "u1",
            0,
            {"type": "server_tool_use", "id": "w1", "name": "web_search"},
            {"type": "web_search_tool_result", "tool_use_id": "w1", "content": []},
            {"type": "server_tool_use", "id": "w2", "name": "web_search"},
            {
                "type": "web_search_tool_result",
                "tool_use_id": "w2",
                "content": {"type": "web_search_tool_result_error"},
            },
        ),
    )
    assert picked(counter.count_session(path), "tool_calls", "tool_failures", "tool_calls_open") == (2, 1, 0)


def test_usage_counts_once_per_response_by_the_largest_number(counter, write):
    path = write(
        "s-1.jsonl",
        record("assistant", "u1", 0, message=usage("m1", 10, 1, created=100, read=1000)),
        record("assistant", "u2", 1, message=usage("m1", 10, 7, created=100, read=1000)),
        record("assistant", "u3", 2, message=usage("m2", 5, 3)),
        record("assistant", "u4", 3, message=usage("m3", 999, 999, model="<synthetic>")),
        record("assistant", "u5", 4, message={"model": "m-1", "usage": {"input_tokens": 2, "output_tokens": None}}),
        record("assistant", "u6", 5, message={"model": "m-1", "usage": {"input_tokens": True}}),
        record("assistant", "u7", 6),
        record("user", "u8", 7, message=usage("m4", 999, 999)),
    )
    names = ("input_tokens", "cache_creation_tokens", "cache_read_tokens", "output_tokens", "model_calls")
    assert picked(counter.count_session(path), *names) == (1117, 100, 1000, 10, 4)


def test_sub_agents_of_all_homes_are_counted_and_added(counter, write):
    path = write(
        "s-1.jsonl",
        record("user", "u1", 10),
        record("user", "i1", 11, isSidechain=True, parentUuid=None),
        record("assistant", "i2", 12, use("inline"), isSidechain=True, parentUuid="i1"),
    )
    side = {"isSidechain": True, "parentUuid": None}
    write("s-1/subagents/agent-1.jsonl", record("assistant", "a1", 20, use("x"), agentId="1", **side))
    write(
        "s-1/subagents/workflows/w/agent-2.jsonl",
        record("assistant", "a2", 30, use("y"), agentId="2", session="s-1#agent-2", **side),
    )
    write("s-1/subagents/workflows/w/journal.jsonl", {"type": "started", "agentId": "9"})
    write("agent-3.jsonl", record("assistant", "a3", 5, use("z"), agentId="3", **side))
    write("agent-4.jsonl", record("assistant", "a4", 50, use("other"), agentId="4", session="s-2", **side))
    names = ("companions", "sub_agents", "tool_calls", "duration_ms")
    assert picked(counter.count_session(path), *names) == (3, 4, 4, 25_000.0)


def test_a_record_in_two_files_counts_once_and_one_without_uuid_where_it_stands(counter, write):
    copied = record("assistant", "u1", 0, message=usage(None, 10, 1))
    bare = {key: value for key, value in copied.items() if key != "uuid"}
    path = write("s-1.jsonl", copied, bare, bare)
    write("s-1/subagents/agent-1.jsonl", copied)
    assert picked(counter.count_session(path), "records", "input_tokens") == (3, 30)


def test_duration_is_of_timed_messages_only_and_needs_no_order(counter, write):
    path = write(
        "s-1.jsonl",
        record("user", "u1", 30),
        record("assistant", "u2", 10) | {"timestamp": "2026-01-01T02:00:10.123456789+02:00"},
        record("user", "u3", 0) | {"timestamp": "yesterday"},
        record("user", "u4", 0) | {"timestamp": 5},
        record("system", "u5", 59),
    )
    assert counter.count_session(path)["duration_ms"] == pytest.approx(20_376.543211, abs=1e-6)


def test_bad_lines_are_counted_and_passed(counter, write):
    path = write(
        "s-1.jsonl",
        "{",
        "",
        "[]",
        "[" * 100_000,
        record("user", "u1"),
        {"type": "user"},
        {"type": "user", "message": 1},
    )
    assert picked(counter.count_session(path), "malformed", "records") == (3, 3)


def test_empty_file_has_no_duration(counter, write):
    assert picked(counter.count_session(write("s-1.jsonl")), "records", "duration_ms") == (0, None)


def test_sub_agent_files_are_sessions_only_if_nobody_has_them(counter, write, tmp_path):
    main = write("p/s-1.jsonl", record("user", "u1"))
    write("p/s-1/subagents/agent-1.jsonl", record("user", "u2"))
    write("p/s-1/subagents/workflows/w/journal.jsonl", {"type": "started"})
    write("p/agent-2.jsonl", record("user", "u3"))
    alone = write("p/agent-3.jsonl", record("user", "u4", session="s-3"))
    assert counter.sessions_in([tmp_path, main]) == sorted([alone, main])


def test_command_prints_a_table_or_json(counter, write, capsys):
    path = write("s-1.jsonl", record("assistant", "u1", 0, use("a")))
    assert counter.main([str(path)]) == 0
    head, row = (line.split() for line in capsys.readouterr().out.splitlines())
    assert dict(zip(head, row, strict=True))["tool_calls"] == "1"
    counter.main(["--json", str(path)])
    assert json.loads(capsys.readouterr().out) == counter.count_session(path)


def test_it_runs_without_the_package(write):
    path = write("s-1.jsonl", record("assistant", "u1", 0, use("a")))
    # -I: no environment, no user site; what it imports is shown by the interpreter itself.
    run = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", str(SCRIPT), "--json", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout)["tool_calls"] == 1
    assert "json" in run.stderr
    assert "agent_otel" not in run.stderr
