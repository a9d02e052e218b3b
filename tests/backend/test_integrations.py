"""Agents of frameworks, told through a real collector: what Jaeger and Tempo show is exactly the scenario's tree.

Every play has two parallel tools, one of which fails, an agent that is asked by another and, where the framework has
answers of models, a streamed one; secrets are planted in arguments, results and exceptions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from attrs import evolve, frozen
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
import pytest

from agent_otel import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.processors import TerminalPreservingProcessor
from agent_otel.testing import ExpectedSpan, assert_tree, expect
from agent_otel.testing.adapters import Adapter, Scenario, Stage, expected_tree, made_up_secret, whole
from agent_otel.testing.forest import TreeSpan
from backend.asking import get_text, until
from backend.running import Backends
from backend.seen import in_jaeger, in_tempo

pytestmark = pytest.mark.backend

TOKENS = (a.USAGE_INPUT_TOKENS, a.USAGE_OUTPUT_TOKENS)
SECRETS = tuple(made_up_secret(f"backend-{number}") for number in range(5))


@pytest.fixture(autouse=True)
def _addresses(backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in backends.addresses.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bridge(_addresses: None) -> Iterator[Bridge]:
    made = Bridge.from_env()
    yield made
    made.shutdown()
    assert made.health().balanced


@frozen(kw_only=True)
class Shown:
    """What the backends are to show: a trace, its tree, and the framework's own sums of tokens, in and out."""

    trace_id: str
    tree: ExpectedSpan
    tokens: tuple[int, int]
    secrets: tuple[str, ...] = SECRETS


def count(tree: ExpectedSpan) -> int:
    return 1 + sum(map(count, tree.children))


def assert_shown(backends: Backends, shown: Shown) -> None:
    addresses = backends.addresses
    for ask, address, raw in (
        (in_jaeger, addresses.jaeger, f"{addresses.jaeger}/api/traces/{shown.trace_id}"),
        (in_tempo, addresses.tempo, f"{addresses.tempo}/api/v2/traces/{shown.trace_id}"),
    ):
        wanted = count(shown.tree)
        until(lambda ask=ask, address=address, wanted=wanted: len(ask(address, shown.trace_id)) >= wanted)
        spans = ask(address, shown.trace_id)
        assert_tree(spans, shown.tree, any_order=True)
        assert sums_of(spans) == shown.tokens
        text = get_text(raw)
        assert [number for number, secret in enumerate(shown.secrets) if secret in text] == []
        assert "[REDACTED" in text


def sums_of(spans: list[TreeSpan]) -> tuple[int, ...]:
    return tuple(sum(span.attributes.get(key, 0) for span in spans) for key in TOKENS)


# -- what the conformance kit plays ------------------------------------------------------------------------------------


def planted() -> Scenario:
    """Give the scenario with a bit of everything, and a secret in each place that a tool or a model has."""
    scenario = whole()
    tools, asking, answer = scenario.turns
    first, broken = tools.uses
    first = evolve(first, arguments={**first.arguments, "auth": SECRETS[0]}, result=f"one, with {SECRETS[1]}")
    broken = evolve(broken, error=f"cannot log in with {SECRETS[2]}")
    turns = (evolve(tools, uses=(first, broken)), asking, evolve(answer, text=f"All is done with {SECRETS[3]}."))
    return evolve(scenario, turns=turns, prompt=f"Use {SECRETS[4]}.")


def played(bridge: Bridge, adapter: Adapter) -> Shown:
    """Play that inside a run of our own."""
    scenario = planted()

    async def go() -> Shown:
        with bridge.run(agent="around"):
            told = await adapter.play(scenario, Stage(scenario), bridge)
            trace_id = bridge.headers()["traceparent"].split("-")[1]
        assert told.input_tokens is not None
        assert told.output_tokens is not None
        tree = expect("invoke_agent around", expected_tree(scenario, adapter))
        return Shown(trace_id=trace_id, tree=tree, tokens=(told.input_tokens, told.output_tokens))

    shown = asyncio.run(go())
    assert bridge.flush()
    return shown


def test_the_openai_agents_sdk(backends: Backends, bridge: Bridge) -> None:
    pytest.importorskip("agents")
    from agents.tracing import set_trace_processors

    from agent_otel.integrations.openai_agents import AgentOtelProcessor
    from integrations.scripted_openai import Program, Scripts, serving

    scripts = Scripts()
    set_trace_processors([AgentOtelProcessor(bridge)])
    try:
        with serving(scripts) as endpoint:
            program = Program("responses", endpoint, scripts)
            adapter = Adapter(play=lambda scenario, stage, _: program.play(scenario, stage), tells_call_ids=False)
            shown = played(bridge, adapter)
    finally:
        set_trace_processors([])
    assert_shown(backends, shown)


def test_langgraph(backends: Backends, bridge: Bridge) -> None:
    pytest.importorskip("langgraph")
    from integrations.scripted_langchain import play

    assert_shown(backends, played(bridge, Adapter(play=play)))


def test_the_claude_agent_sdk(backends: Backends, bridge: Bridge) -> None:
    pytest.importorskip("claude_agent_sdk")
    from integrations.scripted_claude import play

    assert_shown(backends, played(bridge, Adapter(play=play)))


# -- what tells its own spans, and what has no models ------------------------------------------------------------------


def test_pydantic_ai(backends: Backends) -> None:
    pytest.importorskip("pydantic_ai")
    from integrations import scripted_pydantic_ai as scripted

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(TerminalPreservingProcessor(OTLPSpanExporter()))
    scripted.Agent.instrument_all(scripted.InstrumentationSettings(tracer_provider=provider))

    async def go() -> tuple[str, tuple[int, int]]:
        with provider.get_tracer("around").start_as_current_span("around") as span:
            async with scripted.team().run_stream("Deploy it.") as streamed:
                await streamed.get_output()
            return f"{span.get_span_context().trace_id:032x}", scripted.usage_of(streamed)

    try:
        trace_id, (read, written) = asyncio.run(go())
    finally:
        scripted.Agent.instrument_all(False)
    assert provider.force_flush()
    provider.shutdown()
    chat = expect(f"chat {scripted.MODEL}", kind="client")
    helper = expect("invoke_agent helper", chat)  # which the run that asks it does not count
    deploy = expect("execute_tool deploy", status="unset", attributes={a.TOOL_CALL_ID: "call_1"})
    broken = expect("execute_tool broken", status="error", attributes={a.TOOL_CALL_ID: "call_2"})
    lead = expect("invoke_agent lead", chat, deploy, broken, chat, expect("execute_tool ask", helper), chat)
    secrets = (scripted.ARGUMENTS["auth"], scripted.RESULT, scripted.FAILURE, scripted.ANSWER)
    tokens = (read + scripted.HELPER_USAGE[0], written + scripted.HELPER_USAGE[1])
    assert_shown(backends, Shown(trace_id=trace_id, tree=expect("around", lead), tokens=tokens, secrets=secrets))


def test_mcp(backends: Backends, bridge: Bridge) -> None:
    pytest.importorskip("mcp")
    from agent_otel.integrations.mcp import instrument
    from integrations.scripted_mcp import IS_2, connected, server_of

    async def go() -> str:
        async with connected(server_of(bridge)) as session:
            instrument(session, bridge)
            await session.list_tools()  # which the first call would ask for
            with bridge.run(agent="around"):
                await asyncio.gather(
                    session.call_tool("echo", {"text": SECRETS[0]}),
                    session.call_tool("fail", {"text": f"cannot log in with {SECRETS[1]}"}),
                )
                await session.call_tool("ask", {"text": "Look it up."})
                return bridge.headers()["traceparent"].split("-")[1]

    trace_id = asyncio.run(go())
    assert bridge.flush()

    def call(name: str, *below: ExpectedSpan, error: str | None = None) -> ExpectedSpan:
        in_server = [expect(f"tools/call {name}", *below, kind="server")] if IS_2 else below  # the SDK's own
        status = "unset" if error is None else "error"
        return expect(f"tools/call {name}", *in_server, kind="client", status=status, attributes={a.ERROR_TYPE: error})

    asked = expect("invoke_agent asked", expect("execute_tool step"))
    tree = expect("invoke_agent around", call("echo"), call("fail", error="tool_error"), call("ask", asked))
    assert_shown(backends, Shown(trace_id=trace_id, tree=tree, tokens=(0, 0)))
