"""Agents of frameworks, told through a real collector: what Jaeger and Tempo show is the scenario's tree."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from agent_otel import Bridge
from agent_otel.testing import assert_tree, expect
from agent_otel.testing.adapters import Adapter, Scenario, Stage, expected_tree, whole
from backend.asking import until
from backend.running import Backends
from backend.seen import in_jaeger, in_tempo

pytestmark = pytest.mark.backend


@pytest.fixture
def bridge(backends: Backends, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bridge]:
    for name, value in backends.addresses.environment().items():
        monkeypatch.setenv(name, value)
    made = Bridge.from_env()
    yield made
    made.shutdown()


def assert_shown(backends: Backends, trace_id: str, scenario: Scenario, adapter: Adapter) -> None:
    count = 1 + sum(1 + sum(1 + len(turn.uses) for turn in one.turns) for one in scenario.everyone())
    tree = expect("invoke_agent around", _names_alone(expected_tree(scenario, adapter)))
    for ask, address in ((in_jaeger, backends.addresses.jaeger), (in_tempo, backends.addresses.tempo)):
        until(lambda ask=ask, address=address: len(ask(address, trace_id)) >= count)
        assert_tree(ask(address, trace_id), tree, any_order=True)


def _names_alone(span):
    return expect(span.name, *map(_names_alone, span.children))


def around(bridge: Bridge, play) -> str:
    """Play inside a run of our own, and give the trace's id."""

    async def go() -> str:
        with bridge.run(agent="around"):
            await play()
            return bridge.headers()["traceparent"].split("-")[1]

    return asyncio.run(go())


def test_the_openai_agents_sdk(backends: Backends, bridge: Bridge) -> None:
    pytest.importorskip("agents")
    from agents.tracing import set_trace_processors

    from agent_otel.integrations.openai_agents import AgentOtelProcessor
    from integrations.scripted_openai import Program, Scripts, serving

    scenario, scripts = whole(), Scripts()
    set_trace_processors([AgentOtelProcessor(bridge)])
    try:
        with serving(scripts) as endpoint:
            program = Program("responses", endpoint, scripts)
            trace_id = around(bridge, lambda: program.play(scenario, Stage(scenario)))
    finally:
        set_trace_processors([])
    assert bridge.flush()
    assert_shown(backends, trace_id, scenario, Adapter(play=program.play))


def test_the_claude_agent_sdk(backends: Backends, bridge: Bridge) -> None:
    pytest.importorskip("claude_agent_sdk")
    from integrations.scripted_claude import play

    scenario = whole()
    trace_id = around(bridge, lambda: play(scenario, Stage(scenario), bridge))
    assert bridge.flush()
    assert_shown(backends, trace_id, scenario, Adapter(play=play))
