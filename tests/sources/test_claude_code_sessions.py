"""Sessions: one start and one end each, and a window that forgets the one that was silent longest."""

from __future__ import annotations

from typing import Any

from agent_otel.model import Cursor, Phase
from agent_otel.sources.claude_code.sessions import Sessions


def tell(sessions: Sessions, name: str, at: int) -> list[tuple[Phase, Any, int]]:
    events = sessions.seen({"sessionId": name}, at, Cursor("s", at))
    return [(event.phase, event.ids.conversation, event.time_ns) for event in events]


def test_too_many_sessions_end_the_one_that_was_silent_longest() -> None:
    sessions = Sessions()
    for number in range(1_000):
        assert tell(sessions, f"s{number}", number) == [(Phase.START, f"s{number}", number)]
    assert tell(sessions, "s0", 1_000) == []
    assert tell(sessions, "new", 1_001) == [(Phase.START, "new", 1_001), (Phase.END, "s1", 1)]
    ends = [event.ids.conversation for event in sessions.close()]
    assert len(ends) == 1_000
    assert ends[-2:] == ["s0", "new"]
    assert "s1" not in ends
