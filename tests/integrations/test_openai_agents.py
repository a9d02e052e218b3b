"""The OpenAI Agents SDK, its own client and all, against a scripted API: what it traces is what arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

agents = pytest.importorskip("agents")

from agents.tracing import set_trace_processors  # noqa: E402

from agent_otel.bridge import Bridge  # noqa: E402
from agent_otel.conventions import attributes as a  # noqa: E402
from agent_otel.integrations.openai_agents import AgentOtelProcessor, instrument  # noqa: E402
from agent_otel.testing import OtlpReceiver, assert_tree, expect  # noqa: E402
from agent_otel.testing.adapters import (  # noqa: E402
    CHECKS,
    Adapter,
    Check,
    Played,
    Scenario,
    Stage,
    ToolUse,
    Turn,
    made_up_secret,
)
from integrations.scripted_openai import MODELS, Program, Scripts, serving  # noqa: E402


@pytest.fixture
def scripts() -> Scripts:
    return Scripts()


@pytest.fixture
def endpoint(scripts: Scripts) -> Iterator[str]:
    with serving(scripts) as url:
        yield url


@pytest.fixture(autouse=True)
def _no_processors() -> Iterator[None]:
    set_trace_processors([])
    yield
    set_trace_processors([])


@pytest.fixture(params=MODELS)
def program(request: pytest.FixtureRequest, endpoint: str, scripts: Scripts) -> Program:
    return Program(request.param, endpoint, scripts)


@pytest.fixture
def adapter(program: Program) -> Adapter:
    processors: dict[int, AgentOtelProcessor] = {}

    async def play(scenario: Scenario, stage: Stage, bridge: Bridge) -> Played:
        if id(bridge) not in processors:
            processors[id(bridge)] = AgentOtelProcessor(bridge)
            set_trace_processors([processors[id(bridge)]])
        return await program.play(scenario, stage)

    is_chat = program.model is agents.OpenAIChatCompletionsModel
    return Adapter(play=play, tells_call_ids=False, tells_first_chunk=False, tells_failed_model=is_chat)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_kit(check: Check, adapter: Adapter, bridge: Bridge, receiver: OtlpReceiver) -> None:
    check(adapter, bridge, receiver)


# -- what only this SDK has --------------------------------------------------------------------------------------------


@pytest.fixture
def chat(endpoint: str, scripts: Scripts) -> Program:
    return Program("chat", endpoint, scripts)


def transfer(name: str) -> ToolUse:
    """What the model says to hand over; the SDK makes the tool."""
    return ToolUse(name=f"transfer_to_{name}", call_id=f"call_{name}")


def handing(*names: str, is_streamed: bool = False) -> list[Scenario]:
    """Agents each of which hands over to the next, and the last of which answers."""
    turns = [(Turn(uses=(transfer(name),)),) for name in names[1:]]
    return [
        Scenario(agent=name, turns=said, is_streamed=is_streamed)
        for name, said in zip(names, [*turns, (Turn(text="Here you are."),)], strict=True)
    ]


async def hand_over(program: Program, scenarios: list[Scenario], **config: Any) -> Any:
    client = program.client()
    agent = None
    for scenario in reversed(scenarios):
        bare = Scenario(agent=scenario.agent, turns=(), is_streamed=scenario.is_streamed)
        agent = program.agent(bare, Stage(bare), client, handoffs=[agent] if agent is not None else [])
        program.scripts.add(scenario)
    try:
        return await program.run(agent, scenarios[0], **config)
    finally:
        await client.close()


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_hand_off_is_a_tool_call_and_a_sub_agent(program: Program, bridge: Bridge, receiver, is_streamed) -> None:
    instrument(bridge)
    result = asyncio.run(hand_over(program, handing("triage", "billing", "refunds", is_streamed=is_streamed)))
    assert result.final_output == "Here you are."
    assert bridge.flush()
    refunds = expect("invoke_agent refunds", "chat scripted-1")
    billing = expect("invoke_agent billing", "chat scripted-1", "execute_tool handoff", refunds)
    tree = expect("invoke_agent triage", "chat scripted-1", "execute_tool handoff", billing, status="unset")
    assert_tree(receiver.spans(), tree)
    told = {span.name: span for span in receiver.spans()}
    assert told["invoke_agent triage"].end_ns >= told["invoke_agent refunds"].end_ns
    assert bridge.health().open_operations == 0


def test_an_agent_that_was_handed_to_too_late_fails_the_one_that_handed_over(chat, bridge: Bridge, receiver) -> None:
    processor = instrument(bridge)
    with pytest.raises(agents.MaxTurnsExceeded):
        asyncio.run(hand_over(chat, handing("triage", "billing"), max_turns=1))
    assert bridge.flush()
    billing = expect("invoke_agent billing", status="error")
    tree = expect("invoke_agent triage", "chat scripted-1", "execute_tool handoff", billing, status="error")
    assert_tree(receiver.spans(), tree)
    assert_nothing_kept(processor)


def test_a_run_that_hands_over_to_nobody_ends_with_what_is_around_it(bridge: Bridge, receiver) -> None:
    processor = instrument(bridge)
    with agents.trace("first"), agents.agent_span("alone"), agents.handoff_span("alone", "nobody"):
        pass
    with (
        agents.trace("second"),
        agents.function_span("ask"),
        agents.agent_span("asked"),
        agents.handoff_span("asked", "nobody"),
    ):
        pass
    assert bridge.flush()
    alone = expect("invoke_agent alone", "execute_tool handoff")
    asked = expect("execute_tool ask", expect("invoke_agent asked", "execute_tool handoff"))
    assert_tree(receiver.spans(), [alone, asked])
    assert_nothing_kept(processor)


def assert_nothing_kept(processor: AgentOtelProcessor) -> None:
    assert len(processor._begun) == 0
    assert (processor._handing, processor._conversations) == ({}, {})


def test_a_guardrail_that_stops_a_run_denies_it(chat: Program, bridge: Bridge, receiver) -> None:
    @agents.input_guardrail
    async def forbid(*_: Any) -> Any:
        return agents.GuardrailFunctionOutput(output_info=None, tripwire_triggered=True)

    async def go() -> None:
        client = chat.client()
        scenario = Scenario(agent="guarded", turns=(Turn(text="No."),))
        agent = chat.agent(scenario, Stage(scenario), client, input_guardrails=[forbid])
        with pytest.raises(agents.InputGuardrailTripwireTriggered):
            await chat.run(agent, scenario)
        await client.close()

    processor = instrument(bridge)
    asyncio.run(go())
    assert bridge.flush()
    (run,) = (span for span in receiver.spans() if span.name == "invoke_agent guarded")
    assert run.attributes[a.OUTCOME] == "denied"
    assert run.attributes[a.ERROR_TYPE] == "InputGuardrailTripwireTriggered"
    assert_nothing_kept(processor)


def test_a_streamed_answer_that_fails(program: Program, bridge: Bridge, receiver) -> None:
    secret = made_up_secret("streamed")
    scenario = Scenario(agent="worker", turns=(Turn(error=f"bad key {secret}"),), is_streamed=True)
    processor = instrument(bridge)
    with pytest.raises(Exception, match="bad key"):
        asyncio.run(play(program, scenario))
    assert bridge.flush()
    assert {span.status_code for span in receiver.spans()} == {"error"}
    assert len(receiver.spans()) == 2
    assert all(secret.encode() not in request.message.SerializeToString() for request in receiver.requests())
    assert_nothing_kept(processor)


def test_runs_that_handed_over_are_bounded(bridge: Bridge, receiver, monkeypatch) -> None:
    monkeypatch.setattr("agent_otel.integrations.openai_agents._MAX_TRACES", 1)
    processor = instrument(bridge)
    with agents.trace("first"), agents.function_span("a"):
        with agents.agent_span("one"), agents.handoff_span("one", "nobody"):
            pass
        with agents.trace("second"), agents.agent_span("two"), agents.handoff_span("two", "nobody"):
            pass
        assert len(processor._handing) <= 1
    assert bridge.flush()
    assert {span.name for span in receiver.spans()} >= {"invoke_agent one", "invoke_agent two"}
    assert_nothing_kept(processor)


def one_tool(name: str = "work", **more: Any) -> Scenario:
    use = ToolUse(name=name, call_id="call_1", **more)
    return Scenario(agent="worker", turns=(Turn(uses=(use,)), Turn(text="Done.")))


async def play(program: Program, scenario: Scenario, *, tools: tuple[Any, ...] = (), **config: Any) -> Any:
    client = program.client()
    try:
        agent = program.agent(scenario, Stage(scenario), client)
        agent.tools = list(tools) or agent.tools
        return await program.run(agent, scenario, **config)
    finally:
        await client.close()


def test_what_a_tool_does_stands_below_it(chat: Program, bridge: Bridge, receiver) -> None:
    @agents.function_tool(strict_mode=False)
    def work(path: str = "") -> str:
        with agents.custom_span("by hand"), bridge.tool_call("inner"):
            return bridge.headers()["traceparent"]

    instrument(bridge)
    asyncio.run(play(chat, one_tool(), tools=(work,)))
    assert bridge.flush()
    assert_tree(
        receiver.spans(),
        """
        invoke_agent worker
          chat scripted-1
          execute_tool work
            execute_tool inner
          chat scripted-1
        """,
    )


def test_spans_that_a_program_makes_itself(bridge: Bridge, receiver) -> None:
    processor = instrument(bridge)
    with agents.trace("workflow", group_id="chat-7"):
        with agents.function_span("alone", input="{}", output="x"):
            pass
        with agents.custom_span("step"), agents.agent_span("planner"):
            with agents.guardrail_span("careful"), agents.generation_span(model="m", usage={"input_tokens": 3}):
                pass
            with agents.function_span("odd", output=object()):
                pass
    assert bridge.flush()
    assert_tree(
        receiver.spans(),
        [
            "execute_tool alone",
            expect(
                "invoke_agent planner",
                expect("chat m", attributes={a.USAGE_INPUT_TOKENS: 3}),
                "execute_tool odd",
                attributes={a.CONVERSATION_ID: "chat-7"},
            ),
        ],
    )
    assert_nothing_kept(processor)


def test_litellm_names_the_provider(bridge: Bridge, receiver) -> None:
    instrument(bridge)
    config = {"model_impl": "litellm"}
    with agents.trace("w"), agents.generation_span(model="anthropic/claude-x", model_config=config):
        pass
    assert bridge.flush()
    assert receiver.spans()[0].attributes[a.PROVIDER_NAME] == "anthropic"


def test_what_the_sdk_is_told_to_keep_to_itself_is_not_told(program: Program, bridge: Bridge, receiver) -> None:
    instrument(bridge)
    config = agents.RunConfig(trace_include_sensitive_data=False)
    asyncio.run(play(program, one_tool(result="plain result"), run_config=config))
    assert bridge.flush()
    (tool,) = (span for span in receiver.spans() if span.name == "execute_tool work")
    assert a.TOOL_CALL_ARGUMENTS not in tool.attributes
    assert a.TOOL_CALL_RESULT not in tool.attributes
    assert sum(span.attributes.get(a.USAGE_INPUT_TOKENS, 0) for span in receiver.spans()) in (0, 20)


def test_without_tracing_there_is_nothing(chat: Program, bridge: Bridge, receiver) -> None:
    instrument(bridge)
    result = asyncio.run(play(chat, one_tool(), run_config=agents.RunConfig(tracing_disabled=True)))
    assert result.final_output == "Done."
    assert bridge.flush()
    assert receiver.spans() == []


class Other(agents.TracingProcessor):
    """What the user has beside ours."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    def on_trace_start(self, trace: Any) -> None: ...

    def on_trace_end(self, trace: Any) -> None: ...

    def on_span_start(self, span: Any) -> None: ...

    def on_span_end(self, span: Any) -> None:
        self.ended.append(span.span_data.type)

    def shutdown(self, *_: Any) -> None: ...

    def force_flush(self) -> None: ...


def test_other_processors_stay(chat: Program, bridge: Bridge, receiver) -> None:
    other = Other()
    agents.add_trace_processor(other)
    instrument(bridge)
    asyncio.run(play(chat, one_tool()))
    assert {"agent", "generation", "function"} <= set(other.ended)
    assert bridge.flush()
    assert len(receiver.spans()) == 4


def test_a_stream_that_is_abandoned_ends_what_it_began(program: Program, bridge: Bridge, receiver) -> None:
    async def go() -> None:
        client = program.client()
        scenario = Scenario(agent="talker", turns=(Turn(text="Once upon a time."),), is_streamed=True)
        streamed = agents.Runner.run_streamed(program.agent(scenario, Stage(scenario), client), scenario.prompt)
        async for _ in streamed.stream_events():
            break
        streamed.cancel()
        async for _ in streamed.stream_events():
            pass
        await client.close()

    processor = instrument(bridge)
    asyncio.run(go())
    assert bridge.flush()
    assert "invoke_agent talker" in {span.name for span in receiver.spans()}
    assert len({span.trace_id for span in receiver.spans()}) == 1
    assert_nothing_kept(processor)


def test_an_exception_that_is_being_handled_around_a_run_is_not_its_own(
    chat: Program, bridge: Bridge, receiver
) -> None:
    async def go() -> None:
        try:
            int("made up")
        except ValueError:
            await play(chat, one_tool())

    instrument(bridge)
    asyncio.run(go())
    assert bridge.flush()
    assert {span.status_code for span in receiver.spans()} == {"unset"}


def test_secrets_in_what_the_sdk_says_of_errors_do_not_arrive(chat: Program, bridge: Bridge, receiver) -> None:
    secret = made_up_secret("sdk")
    instrument(bridge)
    with agents.trace("workflow"), agents.function_span("fails") as span:
        span.set_error(agents.SpanError(message="no", data={"error": f"token {secret}"}))
    with agents.trace("workflow"), agents.function_span("odd") as span:
        span.set_error({"message": secret, "data": None})
    assert bridge.flush()
    assert {span.attributes[a.ERROR_TYPE] for span in receiver.spans()} == {"tool_error"}
    assert all(secret.encode() not in request.message.SerializeToString() for request in receiver.requests())


def test_force_flush_flushes_and_shutdown_leaves_the_bridge_alone(bridge: Bridge, receiver) -> None:
    processor = instrument(bridge)
    with agents.trace("w"), agents.agent_span("one"):
        pass
    processor.force_flush()
    assert [span.name for span in receiver.spans()] == ["invoke_agent one"]
    processor.shutdown()
    with bridge.run(agent="two"):
        pass
    assert bridge.flush()
    assert len(receiver.spans()) == 2


def test_a_bridge_that_is_disabled_tells_nothing(chat: Program, monkeypatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    processor = instrument(Bridge.from_env())
    assert asyncio.run(play(chat, one_tool())).final_output == "Done."
    assert_nothing_kept(processor)


@pytest.mark.parametrize(
    ("message", "outcome", "error_type"),
    [
        ("Tool execution rejected", "denied", "tool_rejected"),
        ("Tool execution cancelled", "cancelled", "tool_cancelled"),
        ("Error running tool (non-fatal)", "error", "tool_error"),
    ],
)
def test_how_a_tool_ends_that_raised_nothing(bridge: Bridge, receiver, message, outcome, error_type) -> None:
    instrument(bridge)
    with agents.trace("workflow"), agents.function_span("t") as span:
        span.set_error(agents.SpanError(message=message, data=None))
    assert bridge.flush()
    (tool,) = receiver.spans()
    assert (tool.attributes[a.OUTCOME], tool.attributes[a.ERROR_TYPE]) == (outcome, error_type)
