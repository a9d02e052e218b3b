"""The demo: a recorded session of our own making, with a sub-agent, parallel tools, a failure and a denial."""

from __future__ import annotations

from importlib import resources
import json
import os
from typing import Any

import pytest

from agent_otel.cli import main
from agent_otel.intake import discover


@pytest.fixture
def demo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in [name for name in os.environ if name.startswith(("OTEL_", "AGENT_OTEL_", "TRACEPARENT"))]:
        monkeypatch.delenv(name)

    def run_demo(*options: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["demo", *options])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_demo


def test_demo_draws_the_session(demo: Any) -> None:
    status, out, _ = demo()
    lines = [line for line in out.splitlines() if "──" in line]
    depths = [line.index("──") // 4 for line in lines]
    names = [line.split("── ")[1].split("  ")[0] for line in lines]
    tools = [
        (depth, name.removeprefix("execute_tool "))
        for depth, name in zip(depths, names, strict=True)
        if "execute_tool" in name
    ]
    assert status == 0
    assert out.startswith("conversation ")
    assert "19 spans" in out.splitlines()[1]
    assert names[0] == "invoke_agent claude-code"
    assert sorted(tools) == sorted(
        [
            (1, "Read"),
            (1, "Read"),
            (1, "Bash"),
            (1, "Task"),
            (1, "Edit"),
            (1, "Bash"),
            (1, "Bash"),
            (3, "Grep"),
            (3, "Read"),
        ]
    )
    assert [line.split("── ")[1].split("  ")[-1] for line in lines if "✗" in line] == [
        "✗ exit_code",
        "✗ denied denied_by_user",
    ]
    assert names[names.index("execute_tool Task") + 1] == "invoke_agent Explore"
    assert sum("chat " in name for name in names) == 8
    assert lines[0].split("  ")[1] == "44.8 s"


def test_demo_as_json_keeps_standard_output_for_the_object(demo: Any) -> None:
    status, out, err = demo("--json")
    told = json.loads(out)
    assert status == 0
    assert told["sinks"] == {}
    assert told["malformed"] == told["duplicate"] == 0
    assert told["received"] == told["mapped"] + told["skipped"] == 26
    assert "execute_tool Task" in err


def test_demo_gives_the_same_trace_each_time(demo: Any) -> None:
    assert demo()[1] == demo()[1]


def test_demo_session_is_one_group_with_its_sub_agent() -> None:
    (group,) = discover([str(resources.files("agent_otel.cli") / "demo_session")])
    assert group.source.name == "claude-code"
    assert [document.sidecar for document, _ in group.documents()] == [
        {},
        {"agentType": "Explore", "description": "Check the README"},
    ]
