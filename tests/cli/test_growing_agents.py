"""Sub-agents in files of their own, read with ``--resume``: each span once, and none that waits for ever."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from agent_otel.cli import main
from agent_otel.testing import OtlpReceiver


def said(number: int, content: Any, **more: Any) -> str:
    role = "assistant" if "id" in more else "user"
    message = {
        "role": role,
        "content": content,
        **({"id": more.pop("id"), "model": "m"} if role == "assistant" else {}),
    }
    record = {
        "type": role,
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "sessionId": "s",
        "timestamp": f"2031-02-03T04:05:{number:02d}Z",
        "message": message,
    }
    return json.dumps({**record, **more}) + "\n"


CALL = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"prompt": "look", "subagent_type": "scout"}}
ANSWER = {"type": "tool_result", "tool_use_id": "t1", "content": "seen"}
MINE = {"agentId": "a1", "isSidechain": True}
SESSION = [
    said(1, "go"),
    said(2, [CALL], id="m1"),
    said(9, [ANSWER], toolUseResult={"agentId": "a1"}),
    said(10, [{"type": "text", "text": "done"}], id="m2"),
]
AGENT = [said(3, "look", **MINE), said(4, [{"type": "text", "text": "seen"}], id="n1", **MINE)]
AGAIN = [said(20, "once more", **MINE), said(22, [{"type": "text", "text": "again"}], id="n2", **MINE)]
LATER = [said(12, "next"), said(13, [{"type": "text", "text": "ok"}], id="m3")]


@pytest.fixture
def resume(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, receiver: OtlpReceiver) -> Any:
    for name in [name for name in os.environ if name.startswith(("OTEL_", "AGENT_OTEL_", "TRACEPARENT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
    monkeypatch.setenv("AGENT_OTEL_STATE", str(tmp_path / "state"))

    def run(path: Path) -> list[Any]:
        before = len(receiver.spans())
        with pytest.raises(SystemExit) as ended:
            main(["replay", "--resume", str(path)])
        assert ended.value.code == 0
        return receiver.spans()[before:]

    return run


def test_agent_ends_with_its_call_and_keeps_that_end_when_it_is_called_again(resume: Any, tmp_path: Path) -> None:
    session, agent = tmp_path / "in" / "s.jsonl", tmp_path / "in" / "agent-a1.jsonl"
    session.parent.mkdir()
    session.write_text("".join(SESSION), encoding="utf-8")
    agent.write_text("".join(AGENT), encoding="utf-8")
    first = resume(session.parent)
    (run,) = [span for span in first if span.name == "invoke_agent scout"]
    assert {span.name for span in first if span.parent_span_id == run.span_id} == {"chat m"}
    assert run.end_ns - run.start_ns == 10**9

    with agent.open("a", encoding="utf-8") as file:
        file.write("".join(AGAIN))
    with session.open("a", encoding="utf-8") as file:
        file.write("".join(LATER))
    second = resume(session.parent)
    assert not {span.span_id for span in first} & {span.span_id for span in second}
    assert [span.name for span in second if span.parent_span_id == run.span_id] == ["chat m"]
    assert "invoke_agent claude-code" in [span.name for span in second]


def test_agents_file_alone_is_told(resume: Any, tmp_path: Path) -> None:
    agent = tmp_path / "in" / "agent-a1.jsonl"
    agent.parent.mkdir()
    agent.write_text("".join([*AGENT, *AGAIN]), encoding="utf-8")
    assert [span.name for span in resume(agent)] == ["chat m"]
