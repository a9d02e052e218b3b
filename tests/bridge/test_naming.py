"""Names that the host gives to ids."""

from __future__ import annotations

from agent_otel.bridge.naming import Naming
from agent_otel.model import AgentEvent, EventIds, EventKind, Names, Origin

EVENT = AgentEvent(
    kind=EventKind.AGENT,
    origin=Origin("sample"),
    time_ns=1,
    ids=EventIds(agent="agent.7"),
    names=Names(provider="provider.main", request_model="model.a", response_model="model.b"),
)


def test_ids_get_their_names() -> None:
    named = Naming({"agent.7": "reviewer", "provider.main": "anthropic", "model.b": "claude"})(EVENT)
    assert named.names == Names(
        agent="reviewer", provider="anthropic", request_model="model.a", response_model="claude"
    )
    assert named.ids == EVENT.ids


def test_without_names_the_event_stays_the_same_object() -> None:
    assert Naming({})(EVENT) is EVENT
    assert Naming({"other": "x"})(EVENT) is EVENT
