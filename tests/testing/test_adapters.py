"""The kit passes an adapter that owes nothing, and finds what is wrong with others."""

from __future__ import annotations

import asyncio
from pathlib import Path
import re
import subprocess
import sys

import pytest

from agent_otel.testing.adapters import (
    CHECKS,
    Adapter,
    Played,
    check_context,
    check_failure_of_tool,
    check_faults_of_ours,
    check_parallel_tools,
    check_secrets,
    check_streaming,
    check_usage,
    check_whole,
    whole,
)

PAGE = (Path(__file__).parents[2] / "docs" / "integrations.md").read_text()
(BLOCK,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def bridge(agent_otel_capture):
    return agent_otel_capture.bridge


def test_the_adapter_of_the_page_passes(tmp_path, request):
    (tmp_path / "test_block.py").write_text(BLOCK)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugin = () if request.config.pluginmanager.has_plugin("agent_otel") else ("-p", "agent_otel.testing.pytest_plugin")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *plugin]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert f"{len(CHECKS) - 1} passed" in done.stdout


class Ours:
    """An adapter that can do everything, and one thing wrong."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    async def play(self, scenario, stage, bridge) -> Played:
        try:
            around = bridge.current_run()
        except RuntimeError:
            if self.fault == "raises":
                raise
            return await self.without(scenario, stage)
        make = around.sub_agent if around else bridge.run
        if self.fault == "leaks":
            bridge.tool_call("left open").__enter__()
        answer = await self.work(make, scenario, stage)
        output = scenario.output_tokens
        return Played(answer=answer, input_tokens=scenario.input_tokens, output_tokens=output)

    async def without(self, scenario, stage) -> Played:
        for one in scenario.everyone():
            for turn in one.turns:
                names = [use.name for use in turn.uses if use.agent is None]
                await asyncio.gather(*map(stage.perform, names), return_exceptions=True)
        return Played(
            answer=scenario.turns[-1].text,
            input_tokens=scenario.input_tokens,
            output_tokens=scenario.output_tokens,
        )

    async def work(self, make, one, stage) -> str:
        async with make(agent=one.agent) as run:
            for turn in one.turns:
                async with run.model_call(provider="scripted", model=one.model) as call:
                    if one.is_streamed and self.fault != "does not say that it streams":
                        call.chunk()
                    tokens = turn.input_tokens * (2 if self.fault == "counts twice" else 1)
                    call.usage(input_tokens=tokens, output_tokens=turn.output_tokens)
                if self.fault == "one after the other":
                    for use in turn.uses:
                        await self.call(run, use, stage)
                else:
                    await asyncio.gather(*(self.call(run, use, stage) for use in turn.uses))
        return one.turns[-1].text

    async def call(self, run, use, stage) -> None:
        name = "tool" if self.fault == "names" else use.name
        arguments = None if self.fault == "forgets arguments" else use.arguments
        try:
            async with run.tool_call(name, call_id=use.call_id, arguments=arguments) as call:
                work = self.work(run.sub_agent, use.agent, stage) if use.agent else stage.perform(use.name)
                if self.fault == "hides failures":
                    (result,) = await asyncio.gather(work, return_exceptions=True)
                    call.result(str(result))
                else:
                    call.result(await work)
        except RuntimeError:
            pass


GOOD = [check for check in CHECKS if check.__name__ not in ("check_failure_of_model", "check_cancellation")]


@pytest.mark.parametrize("check", GOOD, ids=lambda check: check.__name__)
def test_what_is_right_passes(check, bridge, otlp_receiver):
    check(Adapter(play=Ours().play), bridge, otlp_receiver)


@pytest.mark.parametrize(
    ("fault", "check", "message"),
    [
        ("names", check_whole, "execute_tool"),
        ("counts twice", check_usage, "adds up to"),
        ("hides failures", check_failure_of_tool, "status"),
        ("does not say that it streams", check_streaming, "streamed"),
        ("forgets arguments", check_secrets, "not told, scrubbed"),
        ("leaks", check_context, "current after it"),
    ],
)
def test_what_is_wrong_is_found(fault, check, message, bridge, otlp_receiver):
    with pytest.raises(AssertionError, match=message):
        check(Adapter(play=Ours(fault).play), bridge, otlp_receiver)


def test_tools_that_do_not_run_in_parallel_are_found(bridge, otlp_receiver, monkeypatch):
    monkeypatch.setattr("agent_otel.testing.scenarios._PATIENCE_S", 0.05)
    with pytest.raises(AssertionError, match="did not begin together"):
        check_parallel_tools(Adapter(play=Ours("one after the other").play), bridge, otlp_receiver)


def test_a_fault_of_ours_that_reaches_the_agent_is_found(bridge, otlp_receiver):
    with pytest.raises(RuntimeError, match="made-up fault"):
        check_faults_of_ours(Adapter(play=Ours("raises").play), bridge, otlp_receiver)


def test_a_scenario_adds_up():
    assert (whole().input_tokens, whole().output_tokens) == (83, 25)
