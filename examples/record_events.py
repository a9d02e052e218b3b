"""Events of a runtime that has its own: hand them over as they come, here two of Bamboo's and two made by hand.

python examples/record_events.py
"""

from __future__ import annotations

import time

from agent_otel import AgentEvent, Bridge
from agent_otel.model import EventIds, EventKind, Names, Origin, Outcome, Phase

ROUND = {
    "Chat": {
        "RoundCompleted": {
            "meta": {"event_id": "0b1c", "occurred_at": "2026-05-04T10:11:15.5Z", "trace_id": None},
            "round_id": "r-1",
            "session_id": "s-1",
            "status": "success",
            "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
            "latency_ms": 1000,
            "error": None,
        }
    }
}
TOOL = (
    '{"Chat":{"ToolCalled":{"meta":{"event_id":"0b1d","occurred_at":"2026-05-04T10:11:15Z","trace_id":null},'
    '"tool_call_id":"call_1","round_id":"r-1","session_id":"s-1","tool_name":"read_file","latency_ms":12,"success":true}}}'
)


def main() -> None:
    """Record four events of two systems."""
    bridge = Bridge.from_env()
    bridge.record(TOOL, source="bamboo")
    bridge.record(ROUND, source="bamboo")
    bridge.record(
        AgentEvent(
            kind=EventKind.TOOL,
            phase=Phase.END,
            origin=Origin("my-runtime"),
            time_ns=time.time_ns(),
            duration_ns=250_000_000,
            ids=EventIds(run="job-7", tool_call="call-1", event="event-1"),
            names=Names(tool="resize_image"),
            outcome=Outcome.OK,
        )
    )
    bridge.record(
        AgentEvent(
            kind=EventKind.AGENT,
            phase=Phase.END,
            origin=Origin("my-runtime"),
            time_ns=time.time_ns(),
            ids=EventIds(run="job-7"),
            names=Names(agent="resizer"),
            outcome=Outcome.OK,
        )
    )
    bridge.flush()
    print(bridge.health().records)
    bridge.shutdown()


if __name__ == "__main__":
    main()
