"""Recordings of every source and form whose records have times: small, our own, each with something that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import json
from pathlib import Path
from typing import Any

from end_to_end.replaying import bamboo_stream, demo_session

__all__ = ["LINES", "RECORDINGS", "UNTIMED", "agent_sdk_run", "bamboo_agent_events", "zeroclaw_turn"]


def _stamp(second: float, zone: str = "Z") -> str:
    whole = int(second)
    return f"2026-05-04T10:{whole // 60:02d}:{whole % 60:02d}.{int((second - whole) * 1000):03d}{zone}"


def _write(path: Path, records: Iterable[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


# -- Bamboo's agent events


def bamboo_agent_events(session: str = "s-1", run: str = "run-1", begin: int = 0) -> list[tuple[float, dict[str, Any]]]:
    """Give the events of one run with their times: two tools, one fails, one is cancelled, and the run completes."""
    return [
        (begin, {"type": "execution_started", "run_id": run, "session_id": session, "started_at": _stamp(begin)}),
        (begin + 1, {"type": "token", "content": "thinking"}),
        (
            begin + 2,
            {"type": "tool_start", "tool_call_id": f"{run}-a", "tool_name": "Bash", "arguments": {"command": "ls"}},
        ),
        (
            begin + 3,
            {"type": "tool_start", "tool_call_id": f"{run}-b", "tool_name": "Read", "arguments": {"path": "x"}},
        ),
        (
            begin + 4,
            {
                "type": "tool_complete",
                "tool_call_id": f"{run}-a",
                "result": {"success": True, "result": "a\nb", "display_preference": None},
            },
        ),
        (begin + 5, {"type": "tool_error", "tool_call_id": f"{run}-b", "error": "no such file"}),
        (
            begin + 6,
            {
                "type": "complete",
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            },
        ),
    ]


def bamboo_wrapped(path: Path) -> Path:
    """Write what a subscriber that knows its session and the time makes of two sessions' streams, interleaved."""
    one = [("s-1", *event) for event in bamboo_agent_events()]
    two = [("s-2", *event) for event in bamboo_agent_events("s-2", "run-2")]
    both = [event for pair in zip(one, two, strict=True) for event in pair]
    return _write(
        path, ({"session_id": session, "ts": _stamp(second), "event": event} for session, second, event in both)
    )


def bamboo_feed(path: Path, *, flat: bool = False) -> Path:
    """Write a durable change feed: a run that completes with a child, and one that fails."""
    events: list[tuple[str, dict[str, Any]]] = [
        ("s-1", {"type": "execution_started", "run_id": "run-1", "session_id": "s-1", "started_at": _stamp(1)}),
        ("s-1", {"type": "sub_agent_started", "parent_session_id": "s-1", "child_session_id": "s-2"}),
        ("s-2", {"type": "execution_started", "run_id": "run-2", "session_id": "s-2", "started_at": _stamp(3)}),
        ("s-2", {"type": "complete", "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}),
        (
            "s-1",
            {
                "type": "sub_agent_completed",
                "parent_session_id": "s-1",
                "child_session_id": "s-2",
                "status": "completed",
            },
        ),
        (
            "s-1",
            {"type": "budget_exceeded", "session_id": "s-1", "kind": "max_total_tokens", "limit": 10, "actual": 12},
        ),
        ("s-1", {"type": "complete", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}),
        ("s-3", {"type": "execution_started", "run_id": "run-3", "session_id": "s-3", "started_at": _stamp(8)}),
        ("s-3", {"type": "error", "message": "out of luck"}),
    ]
    lines = []
    for seq, (session, event) in enumerate(events, start=1):
        envelope = {"seq": seq, "ts": _stamp(seq), "session_id": session}
        lines.append({**envelope, **event} if flat else {**envelope, "event": event})
    return _write(path, lines)


def bamboo_sse(path: Path) -> Path:
    """Write a session's stream as a subscriber saves it: frames without times, keep-alives, the end."""
    frames = [json.dumps(event) for _, event in bamboo_agent_events()]
    frames.insert(2, "[KEEPALIVE]")
    path.write_text("".join(f"data: {frame}\n\n" for frame in [*frames, "[DONE]"]))
    return path


# -- ZeroClaw


def zeroclaw_turn(turn: str | None) -> list[Any]:
    """Give the canonical events of one turn: two calls of one tool at once, one of them cancelled."""
    of = {"turn_id": turn, "agent_alias": "main", "channel": "cli"}
    model = {"model_provider": "openrouter", "model": "m-1"}
    return [
        {"AgentStart": {**model, **of}},
        {"LlmRequest": {**model, "messages_count": 2, **of}},
        {
            "LlmResponse": {
                **model,
                "duration": {"secs": 1, "nanos": 500_000_000},
                "success": True,
                "error_message": None,
                "input_tokens": 10,
                "output_tokens": 20,
                **of,
            }
        },
        {"ToolCallStart": {"tool": "shell", "tool_call_id": None, "arguments": '{"cmd":"ls"}', **of}},
        {"ToolCallStart": {"tool": "shell", "tool_call_id": None, "arguments": '{"cmd":"pwd"}', **of}},
        {
            "ToolCall": {
                "tool": "shell",
                "tool_call_id": None,
                "duration": {"secs": 0, "nanos": 42_000_000},
                "success": True,
                "arguments": '{"cmd":"pwd"}',
                "result": "/",
                **of,
            }
        },
        "TurnComplete",
        {
            "AgentEnd": {
                **model,
                "duration": {"secs": 2, "nanos": 0},
                "tokens_used": {"input_tokens": 10, "output_tokens": 20},
                "cost_usd": 0.002,
                **of,
            }
        },
    ]


def zeroclaw_canonical(path: Path) -> Path:
    """Write one turn in the canonical form, which has no times."""
    return _write(path, zeroclaw_turn("t-1"))


def zeroclaw_dashboard(path: Path) -> Path:
    """Write two turns as the dashboard's history keeps them."""

    def one(kind: str, second: float, turn: str, **more: Any) -> dict[str, Any]:
        return {
            "type": kind,
            "source": "observability",
            "timestamp": _stamp(second, "+00:00"),
            "turn_id": turn,
            **more,
        }

    model = {"model_provider": "openrouter", "model": "m-1"}
    events = []
    for turn, begin in (("t-1", 0), ("t-2", 1)):
        events += [
            one("agent_start", begin, turn, **model),
            one("llm_request", begin + 1, turn, **model, messages_count=3),
            one("tool_call_start", begin + 2, turn, tool="shell", channel="cli", agent_alias="a"),
            one("tool_call", begin + 3, turn, tool="shell", duration_ms=42, success=turn == "t-1"),
            one(
                "agent_end",
                begin + 4,
                turn,
                **model,
                duration_ms=4000,
                tokens_used=30,
                input_tokens=10,
                output_tokens=20,
                cost_usd=0.002,
            ),
        ]
    path.write_text(json.dumps({"events": sorted(events, key=lambda event: event["timestamp"])}, indent=1))
    return path


def zeroclaw_trace(path: Path) -> Path:
    """Write a runtime trace: a turn with a tool call that completes and one that fails."""
    number = 0

    def row(category: str, action: str, second: float, outcome: str | None, **more: Any) -> dict[str, Any]:
        nonlocal number
        number += 1
        event = {"category": category, "action": action, **({"outcome": outcome} if outcome else {})}
        attributes, message = more.pop("attributes", {}), more.pop("message", f"{category} {action}")
        return {
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "@timestamp": _stamp(second),
            "severity_number": 5,
            "severity_text": "DEBUG",
            "event": event,
            "service": {"name": "zeroclaw", "version": "0.8.4"},
            "trace_id": "t-9",
            "zeroclaw": {"agent_alias": "main", "channel": "cli", **more},
            "message": message,
            "attributes": attributes,
            "schema_version": 2,
        }

    call = {"tool": "shell", "tool_call_id": "call_1"}
    other = {"tool": "fetch", "tool_call_id": "call_2"}
    return _write(
        path,
        [
            row("tool", "invoke", 1, None, tool="shell", attributes={**call, "input": {"cmd": "ls"}}),
            row("tool", "invoke", 1.5, None, tool="fetch", attributes={**other, "input": {"url": "x"}}),
            row("tool", "complete", 2, "success", tool="shell", duration_ms=42, attributes={**call, "output": "a"}),
            row("tool", "fail", 3, "failure", tool="fetch", duration_ms=90, attributes={**other, "error": "refused"}),
            row("agent", "complete", 4, "success", message="turn_final_response", attributes={"text": "done"}),
        ],
    )


# -- agent-sdk-core


def agent_sdk_run(run: str = "run.1", begin: int = 0) -> list[dict[str, Any]]:
    """Give the envelopes of one run: a failed attempt and a good one, a tool, the run's end before its turn's."""
    events: list[dict[str, Any]] = []

    def one(family: str, kind: str, second: float, **more: Any) -> None:
        number = len(events) + 1
        subject = more.pop("subject", {"kind": "run", "id": run, "privacy": "content_refs_only"})
        envelope = {
            "schema_version": 1,
            "event_id": f"event.{run}.{number}",
            "event_seq": number,
            "event_family": family,
            "event_kind": kind,
            "payload_schema_version": 1,
            "timestamp": _stamp(begin + second),
            "recorded_at": _stamp(begin + second),
            "run_id": run,
            "agent_id": "agent.contract",
            "turn_id": f"turn.{run}",
            "trace_id": f"trace.{run}",
            "span_id": f"span.{number}",
            "subject_ref": subject,
            "correlation": {},
            "source": {
                "kind": "sdk",
                "id": "source.sdk",
                "trust": "host_provided",
                "privacy": "content_refs_only",
            },
            "journal_cursor": f"journal.{number}",
            "delivery_semantics": "journal_backed",
            "privacy": "content_refs_only",
            "content_capture": "off",
            "redaction_policy_id": "policy.redaction.default",
            "runtime_package_fingerprint": "sha256:package",
            **more,
        }
        events.append({"envelope": envelope, "payload": {"mode": "envelope_only"}})

    call = {"kind": "tool_call", "id": f"call.{run}", "privacy": "content_refs_only"}
    one("run", "run_started", 0)
    one("turn", "turn_started", 1)
    one("model", "model_attempt_started", 2, attempt_id=f"attempt.{run}.1")
    one("model", "model_attempt_failed", 3, attempt_id=f"attempt.{run}.1")
    one("model", "model_attempt_started", 4, attempt_id=f"attempt.{run}.2")
    one("model", "model_stream_delta", 5, attempt_id=f"attempt.{run}.2")
    one("model", "model_message_completed", 6, attempt_id=f"attempt.{run}.2")
    one("approval", "approval_requested", 7, related_refs=[call])
    one("tool", "tool_started", 8, subject=call)
    one("tool", "tool_completed", 9, subject=call)
    one("run", "run_completed", 10)
    one("turn", "turn_completed", 11)
    return events


def agent_sdk_events(path: Path) -> Path:
    """Write two runs, interleaved."""
    pairs = zip(agent_sdk_run(), agent_sdk_run("run.2", 20), strict=True)
    return _write(path, (event for pair in pairs for event in pair))


def _claude_code(path: Path) -> Path:
    return demo_session(path.parent)


RECORDINGS: dict[str, Callable[[Path], Path]] = {
    "bamboo-metrics": bamboo_stream,
    "bamboo-wrapped": bamboo_wrapped,
    "bamboo-feed": bamboo_feed,
    "bamboo-feed-flat": lambda path: bamboo_feed(path, flat=True),
    "zeroclaw-dashboard": zeroclaw_dashboard,
    "zeroclaw-trace": zeroclaw_trace,
    "agent-sdk-events": agent_sdk_events,
    "claude-code": _claude_code,
}
UNTIMED: dict[str, Callable[[Path], Path]] = {"bamboo-sse": bamboo_sse, "zeroclaw-canonical": zeroclaw_canonical}
LINES = sorted({*RECORDINGS} - {"zeroclaw-dashboard"})  # those that grow line by line
