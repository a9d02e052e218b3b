"""Pydantic AI, offline: its own spans, in every format that the installed version writes, through our processor."""

from __future__ import annotations

import asyncio
import warnings

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
import pytest

pytest.importorskip("pydantic_ai")

from agent_otel.conventions import attributes as a
from agent_otel.model import CaptureMode
from agent_otel.policy import ContentPolicy
from agent_otel.policy.content_policy import every_kind
from agent_otel.processors import TerminalPreservingProcessor
from agent_otel.testing import assert_tree, check_span, expect
from integrations.scripted_pydantic_ai import (
    ANSWER,
    ARGUMENTS,
    FAILURE,
    HELPER_USAGE,
    MODEL,
    RESULT,
    Agent,
    InstrumentationSettings,
    answering,
    team,
    usage_of,
)

FORMATS = (1, 2, 3, 4, 5, 6)


class Telling:
    """Pydantic AI, instrumented to tell a receiver through our processor."""

    def __init__(self, receiver):
        self.receiver = receiver
        self.providers = []

    def to(self, version=None, policy=None):
        exporter = OTLPSpanExporter(f"{self.receiver.http_endpoint}/v1/traces")
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(TerminalPreservingProcessor(exporter, policy))
        self.providers.append(provider)
        chosen = {} if version is None else {"version": version}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the older formats are deprecated
            try:
                settings = InstrumentationSettings(tracer_provider=provider, **chosen)
            except ValueError:
                pytest.skip(f"this version of Pydantic AI does not write format {version}")
        Agent.instrument_all(settings)
        return provider

    def spans(self):
        for provider in self.providers:
            assert provider.force_flush()
        spans = self.receiver.spans()
        assert [(span.name, check_span(span)) for span in spans if check_span(span)] == []
        return spans


@pytest.fixture
def telling(receiver):
    telling = Telling(receiver)
    yield telling
    Agent.instrument_all(False)
    for provider in telling.providers:
        provider.shutdown()


def tree(spans, suffix=""):
    """Give the tree; versions before 2 put a span around the tools of one turn."""
    tools = [
        [
            expect("execute_tool deploy", attributes={a.TOOL_CALL_ID: "call_1"}),
            expect("execute_tool broken", status="error"),
        ],
        [expect("execute_tool ask", expect(f"invoke_agent helper{suffix}", expect(f"chat {MODEL}", kind="client")))],
    ]
    if any(span.name == "running tools" for span in spans):
        tools = [[expect("running tools", *turn)] for turn in tools]
    chat = expect(f"chat {MODEL}", kind="client")
    return expect(f"invoke_agent lead{suffix}", chat, *tools[0], chat, *tools[1], chat, kind="internal")


@pytest.mark.parametrize("version", FORMATS)
def test_every_format_gives_the_tree_of_the_conventions(telling, receiver, version):
    telling.to(version)
    result = asyncio.run(team().run("Deploy it."))
    spans = telling.spans()
    assert_tree(spans, tree(spans), any_order=True)
    assert len({span.trace_id for span in spans}) == 1
    tool = next(span.attributes for span in spans if span.name == "execute_tool deploy")
    assert "a.txt" in tool[a.TOOL_CALL_ARGUMENTS]
    assert "[REDACTED" in tool[a.TOOL_CALL_ARGUMENTS]
    assert "deployed a.txt [REDACTED" in tool[a.TOOL_CALL_RESULT]
    sent = b"".join(request.message.SerializeToString() for request in receiver.requests())
    for secret in (ARGUMENTS["auth"], RESULT, FAILURE, ANSWER):
        assert secret.encode() not in sent
    sums = tuple(
        sum(span.attributes.get(key, 0) for span in spans) for key in (a.USAGE_INPUT_TOKENS, a.USAGE_OUTPUT_TOKENS)
    )
    assert sums == tuple(map(sum, zip(usage_of(result), HELPER_USAGE, strict=True)))


@pytest.mark.parametrize("version", FORMATS)
def test_messages_stay_at_home_unless_they_are_asked_for(telling, receiver, version):
    telling.to(version)
    talker = Agent(answering(["Once upon a time."]), name="talker", instructions="Tell tales.")
    asyncio.run(talker.run("Tell one."))
    telling.to(version, ContentPolicy(modes=every_kind(CaptureMode.REDACTED_SUMMARY)))
    asyncio.run(talker.run("Tell one."))
    first, second = {}, {}
    for span in telling.spans():
        (first if span.trace_id == receiver.spans()[0].trace_id else second)[span.name] = str(span.attributes)
    assert not [text for text in first.values() if "Once upon" in text or "Tell" in text]
    assert all("Once upon a time." in text for text in second.values())


def test_a_streamed_answer(telling):
    telling.to()
    talker = Agent(answering(["Once upon a time."]), name="talker")

    async def read():
        async with talker.run_stream("Tell one.") as streamed:
            return [part async for part in streamed.stream_text(delta=True)]

    assert "".join(asyncio.run(read())).split() == ["Once", "upon", "a", "time."]
    assert_tree(telling.spans(), f"invoke_agent talker\n  chat {MODEL}")


def test_two_runs_at_once_are_two_traces(telling):
    telling.to()

    async def both():
        await asyncio.gather(team("_north").run("Go."), team("_south").run("Go."))

    asyncio.run(both())
    spans = telling.spans()
    assert_tree(spans, [tree(spans, "_north"), tree(spans, "_south")], any_order=True)
    assert len({span.trace_id for span in spans}) == 2


def test_a_run_of_ours_around_it_is_its_parent(telling, bridge):
    telling.to()
    with bridge.run(agent="around"):
        asyncio.run(Agent(answering(["So."]), name="inner").run("?"))
    assert bridge.flush()
    assert_tree(telling.spans(), f"invoke_agent around\n  invoke_agent inner\n    chat {MODEL}")


def test_a_tool_that_crashes_ends_the_run(telling, receiver):
    telling.to()
    unlucky = Agent(answering([("crash", {}, "call_1")]), name="unlucky")

    @unlucky.tool_plain
    def crash() -> str:
        raise RuntimeError(f"cannot log in with {FAILURE}")

    with pytest.raises(RuntimeError):
        asyncio.run(unlucky.run("Go."))
    failed = {span.name: span for span in telling.spans() if span.status_code == "error"}
    assert {"invoke_agent unlucky", "execute_tool crash"} <= failed.keys()
    assert {span.attributes[a.ERROR_TYPE] for span in failed.values()} == {"RuntimeError"}
    assert FAILURE.encode() not in b"".join(request.message.SerializeToString() for request in receiver.requests())


def test_a_run_that_is_cancelled_ends(telling):
    telling.to()
    patient = Agent(answering([("hang", {}, "call_1")]), name="patient")

    async def go():
        begun = asyncio.Event()

        @patient.tool_plain
        async def hang() -> str:
            begun.set()
            await asyncio.Event().wait()
            return "never"

        running = asyncio.ensure_future(patient.run("Go."))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(go())
    names = {span.name for span in telling.spans()} - {"running tools"}
    assert names == {"invoke_agent patient", f"chat {MODEL}", "execute_tool hang"}
