"""The Claude Agent SDK with a CLI that is played from a script: its messages and hooks are what arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
import gc
import json
from pathlib import Path
import sys
from textwrap import dedent
import time
from typing import Any

import pytest

sdk = pytest.importorskip("claude_agent_sdk")

from opentelemetry.context import get_current  # noqa: E402

from agent_otel.bridge import Bridge  # noqa: E402
from agent_otel.conventions import attributes as a  # noqa: E402
from agent_otel.integrations.claude_agent import ClaudeSession  # noqa: E402
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
    expected_tree,
    made_up_secret,
    whole,
)
from integrations.scripted_claude import HAS_USAGE, ScriptedClaude, answer, asking, play  # noqa: E402

# Old versions leave streams of theirs unclosed.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Unclosed <Memory:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_kit(check: Check, bridge: Bridge, receiver: OtlpReceiver) -> None:
    check(Adapter(play=play), bridge, receiver)


# -- what only this SDK has --------------------------------------------------------------------------------------------


def one_tool(name: str = "Bash", **more: Any) -> Scenario:
    use = ToolUse(name=name, call_id="toolu_1", **more)
    return Scenario(agent="worker", turns=(Turn(uses=(use,)), Turn(text="Done.")))


def run_of(receiver: OtlpReceiver, name: str = "invoke_agent worker") -> Any:
    (span,) = (span for span in receiver.spans() if span.name == name)
    return span


def test_a_run_tells_the_session_and_the_cost(bridge: Bridge, receiver: OtlpReceiver) -> None:
    scenario = one_tool()
    asyncio.run(play(scenario, Stage(scenario), bridge))
    assert bridge.flush()
    run = run_of(receiver).attributes
    assert run[a.CONVERSATION_ID] == "session-1"
    assert (run[a.COST_MICROS], run[a.COST_CURRENCY]) == (12_500, "USD")
    assert {span.attributes.get(a.CONVERSATION_ID) for span in receiver.spans()} == {"session-1"}


def test_a_conversation_id_that_is_given_stays(bridge: Bridge, receiver: OtlpReceiver) -> None:
    scenario = one_tool()
    session = ClaudeSession(bridge, agent="worker", conversation_id="c-1")
    asyncio.run(answer(session, scenario, ScriptedClaude(scenario, Stage(scenario))))
    assert bridge.flush()
    assert {span.attributes.get(a.CONVERSATION_ID) for span in receiver.spans()} == {"c-1"}


def test_tokens_of_a_model_call(bridge: Bridge, receiver: OtlpReceiver) -> None:
    scenario = Scenario(agent="worker", turns=(Turn(text="Hi.", input_tokens=20, output_tokens=7),))
    asyncio.run(play(scenario, Stage(scenario), bridge))
    assert bridge.flush()
    call = run_of(receiver, "chat scripted-1").attributes
    assert (call[a.USAGE_INPUT_TOKENS], call[a.USAGE_CACHE_READ_TOKENS], call[a.USAGE_OUTPUT_TOKENS]) == (20, 3, 7)
    assert call[a.RESPONSE_FINISH_REASONS] == ["end_turn"]


def test_tokens_of_responses_that_had_not_ended_are_those_of_the_run_alone(bridge: Bridge, receiver) -> None:
    scenario = whole(is_streamed=False)

    async def go() -> Played:
        cli = ScriptedClaude(scenario, Stage(scenario), tells_final_usage=False)
        return await answer(ClaudeSession(bridge, agent="lead"), scenario, cli)

    played = asyncio.run(go())
    assert bridge.flush()
    assert_tree(receiver.spans(), expected_tree(scenario, Adapter(play=play, tells_usage=False)), any_order=True)
    told = {span.name: span.attributes[a.USAGE_OUTPUT_TOKENS] for span in receiver.spans() if _has_output(span)}
    assert told == {"invoke_agent lead": played.output_tokens}


def _has_output(span: Any) -> bool:
    return a.USAGE_OUTPUT_TOKENS in span.attributes


def test_hooks_decide_nothing_and_leave_those_of_the_user_alone(bridge: Bridge, receiver) -> None:
    seen: list[str] = []

    async def own(told: Any, *_: Any) -> Any:
        seen.append(told["tool_name"])
        return {"systemMessage": "seen"}

    scenario = one_tool()
    cli = None

    async def go() -> ScriptedClaude:
        cli = ScriptedClaude(scenario, Stage(scenario))
        options = {"hooks": {"PreToolUse": [sdk.HookMatcher(matcher="Bash", hooks=[own])]}}
        await answer(ClaudeSession(bridge, agent="worker"), scenario, cli, **options)
        return cli

    cli = asyncio.run(go())
    assert seen == ["Bash"]
    assert [decision for decision in cli.decisions if decision] == [{"systemMessage": "seen"}]
    given = sdk.ClaudeAgentOptions(hooks={"PreToolUse": [sdk.HookMatcher(hooks=[own])]})
    ClaudeSession(bridge).instrument(given)
    assert given.hooks == {"PreToolUse": [sdk.HookMatcher(hooks=[own])]}


def test_without_hooks_there_is_the_same_tree(bridge: Bridge, receiver: OtlpReceiver) -> None:
    scenario = whole()

    async def go() -> None:
        options = sdk.ClaudeAgentOptions(include_partial_messages=True)
        messages = sdk.query(
            prompt=asking(scenario.prompt), options=options, transport=ScriptedClaude(scenario, Stage(scenario))
        )
        async for _ in ClaudeSession(bridge, agent="lead").watch(messages):
            pass

    asyncio.run(go())
    assert bridge.flush()
    assert_tree(receiver.spans(), expected_tree(scenario, Adapter(play=play)), any_order=True)


def test_hooks_tell_when_a_tool_ran_also_to_a_program_that_reads_late(bridge: Bridge, receiver) -> None:
    scenario = one_tool()
    ended = []

    async def go() -> None:
        cli = ScriptedClaude(scenario, Stage(scenario))
        session = ClaudeSession(bridge, agent="worker")
        options = session.instrument(sdk.ClaudeAgentOptions())
        async for message in session.watch(sdk.query(prompt=asking("x"), options=options, transport=cli)):
            if isinstance(message, sdk.SystemMessage):
                await cli.until_decided(3)  # about the prompt, and before and after the tool
                ended.append(time.time_ns())

    asyncio.run(go())
    assert bridge.flush()
    tool = run_of(receiver, "execute_tool Bash")
    assert tool.end_ns <= ended[0]
    assert tool.start_ns < tool.end_ns


@pytest.mark.parametrize("reads", ["receive_response", "receive_messages"])
def test_each_answer_of_a_client_is_a_run(bridge: Bridge, receiver: OtlpReceiver, reads: str) -> None:
    scenario = Scenario(agent="worker", turns=(Turn(text="Yes."),))

    class Staying(ScriptedClaude):
        """A CLI that waits for another prompt."""

        answers = 0

        async def _play(self) -> None:
            await self._hook("UserPromptSubmit", None, prompt=scenario.prompt)
            self._say("system", subtype="init", model=scenario.model, tools=[], cwd="/")
            await self._answer(scenario, None)
            usage = {"input_tokens": scenario.input_tokens, "output_tokens": scenario.output_tokens}
            self._say(
                "result", subtype="success", is_error=False, result="Yes.", duration_ms=5, duration_api_ms=3,
                num_turns=1, total_cost_usd=0.0, usage=usage,
            )  # fmt: skip

    async def go() -> None:
        session = ClaudeSession(bridge, agent="worker")
        async with sdk.ClaudeSDKClient(
            session.instrument(sdk.ClaudeAgentOptions()), transport=Staying(scenario, Stage(scenario))
        ) as client:
            if reads == "receive_response":
                for prompt in ("One?", "Two?"):
                    await client.query(prompt)
                    async for _ in session.watch(client.receive_response()):
                        pass
                return
            await client.query("One?")
            answers = 0
            async for message in session.watch(client.receive_messages()):
                answers += isinstance(message, sdk.ResultMessage)
                if isinstance(message, sdk.ResultMessage):
                    if answers == 2:
                        break
                    await client.query("Two?")

    asyncio.run(go())
    gc.collect()
    assert bridge.flush()
    tree = expect("invoke_agent worker", "chat scripted-1", status="unset")
    assert_tree(receiver.spans(), [tree, tree])
    assert len({span.trace_id for span in receiver.spans()}) == 2
    assert {span.attributes[a.CONVERSATION_ID] for span in receiver.spans()} == {"session-1"}


def test_a_program_that_stops_reading_cancels_the_run(bridge: Bridge, receiver: OtlpReceiver) -> None:
    scenario = one_tool()

    async def go() -> None:
        before = get_current()
        cli = ScriptedClaude(scenario, Stage(scenario))
        session = ClaudeSession(bridge, agent="worker")
        closed, options = [], sdk.ClaudeAgentOptions()

        async def noting() -> AsyncIterator[Any]:
            try:
                async for message in sdk.query(prompt=asking("x"), options=options, transport=cli):
                    yield message
            finally:
                closed.append(True)

        watched = session.watch(noting())
        async for message in watched:
            assert get_current() is before
            if isinstance(message, sdk.AssistantMessage):
                break
        assert not closed
        await watched.aclose()
        assert closed
        assert get_current() is before

    asyncio.run(go())
    assert bridge.flush()
    tree = expect("invoke_agent worker", "chat scripted-1", expect("execute_tool Bash", status="error"), status="error")
    assert_tree(receiver.spans(), tree)
    assert run_of(receiver).attributes[a.OUTCOME] == "cancelled"


async def given(messages: list[Any]) -> AsyncIterator[Any]:
    for message in messages:
        yield message


def told(bridge: Bridge, messages: list[Any]) -> None:
    """Watch messages that are made by hand."""

    async def go() -> None:
        async for _ in ClaudeSession(bridge, agent="worker").watch(given(messages)):
            pass

    asyncio.run(go())
    assert bridge.flush()


def result(**more: Any) -> Any:
    facts = {"subtype": "success", "duration_ms": 1, "duration_api_ms": 1, "is_error": False, "num_turns": 1}
    return sdk.ResultMessage(**facts | {"session_id": "s"} | more)


def use(tool_id: str, name: str = "Bash", **arguments: Any) -> Any:
    return sdk.ToolUseBlock(id=tool_id, name=name, input=arguments)


def test_a_stream_that_ends_without_a_result_is_interrupted(bridge: Bridge, receiver: OtlpReceiver) -> None:
    told(bridge, [sdk.AssistantMessage(content=[use("t-1")], model="m")])
    assert run_of(receiver).attributes[a.OUTCOME] == "interrupted"
    assert run_of(receiver, "execute_tool Bash").attributes[a.OUTCOME] == "interrupted"
    assert bridge.health().open_operations == 0


def test_an_exception_of_the_stream_is_the_runs(bridge: Bridge, receiver: OtlpReceiver) -> None:
    secret = made_up_secret("stream")

    async def broken() -> AsyncIterator[Any]:
        yield sdk.AssistantMessage(content=[sdk.TextBlock(text="x")], model="m")
        raise sdk.CLIConnectionError(f"lost {secret}")

    async def go() -> None:
        async for _ in ClaudeSession(bridge, agent="worker").watch(broken()):
            pass

    with pytest.raises(sdk.CLIConnectionError):
        asyncio.run(go())
    assert bridge.flush()
    assert run_of(receiver).attributes[a.ERROR_TYPE].endswith("CLIConnectionError")
    assert all(secret.encode() not in request.message.SerializeToString() for request in receiver.requests())


@pytest.mark.parametrize(
    ("more", "outcome", "error_type"),
    [
        ({"subtype": "error_max_turns", "is_error": True}, "error", "error_max_turns"),
        ({"is_error": True, "result": "API Error: 529"}, "error", "api_error"),
        ({}, "ok", None),
    ],
)
def test_how_a_run_ends(bridge: Bridge, receiver: OtlpReceiver, more, outcome, error_type) -> None:
    told(bridge, [result(**more)])
    run = run_of(receiver).attributes
    assert (run[a.OUTCOME], run.get(a.ERROR_TYPE)) == (outcome, error_type)


def test_the_first_and_the_last_of_two_responses_in_turn_are_two_calls(bridge: Bridge, receiver) -> None:
    done = sdk.ToolResultBlock(tool_use_id="t-1", content="ok")
    told(
        bridge,
        [
            sdk.AssistantMessage(content=[sdk.TextBlock(text="I look.")], model="m"),
            sdk.AssistantMessage(content=[use("t-1")], model="m"),
            sdk.UserMessage(content=[done]),
            sdk.AssistantMessage(content=[sdk.TextBlock(text="There.")], model="m"),
            result(),
        ],
    )
    assert_tree(receiver.spans(), expect("invoke_agent worker", "chat m", "execute_tool Bash", "chat m"))


def test_a_sub_agent_in_the_background_outlives_the_tool_that_started_it(bridge: Bridge, receiver) -> None:
    started = sdk.UserMessage(content=[sdk.ToolResultBlock(tool_use_id="t-1", content="started")])
    if not hasattr(started, "tool_use_result"):
        pytest.skip("this version does not tell")
    started.tool_use_result = {"status": "async_launched"}
    told(
        bridge,
        [
            sdk.AssistantMessage(content=[use("t-1", "Task", subagent_type="scout")], model="m"),
            sdk.UserMessage(content="Look around.", parent_tool_use_id="t-1"),
            started,
            sdk.AssistantMessage(content=[sdk.TextBlock(text="Started.")], model="m"),
            result(),
            sdk.AssistantMessage(content=[use("t-2", "Read")], model="m", parent_tool_use_id="t-1"),
            sdk.UserMessage(content=[sdk.ToolResultBlock(tool_use_id="t-2", content="x")], parent_tool_use_id="t-1"),
        ],
    )
    scout = expect("invoke_agent scout", "chat m", "execute_tool Read")
    assert_tree(
        receiver.spans(),
        expect("invoke_agent worker", "chat m", expect("execute_tool Task", scout), "chat m", status="unset"),
        any_order=True,
    )
    assert bridge.health().open_operations == 0


@pytest.mark.parametrize(("status", "outcome"), [("completed", "ok"), ("failed", "error"), ("stopped", "cancelled")])
def test_a_sub_agent_in_the_background_ends_when_it_is_told(bridge: Bridge, receiver, status, outcome) -> None:
    if not hasattr(sdk, "TaskNotificationMessage"):
        pytest.skip("this version does not tell")
    started = sdk.UserMessage(content=[sdk.ToolResultBlock(tool_use_id="t-1", content="started")])
    started.tool_use_result = {"status": "async_launched"}
    ended = sdk.TaskNotificationMessage(
        subtype="task_notification", data={}, task_id="a", status=status, output_file="", summary="", uuid="u",
        session_id="s", tool_use_id="t-1",
    )  # fmt: skip
    told(
        bridge,
        [
            sdk.AssistantMessage(content=[use("t-1", "Task", subagent_type="scout")], model="m"),
            sdk.UserMessage(content="Look around.", parent_tool_use_id="t-1"),
            started,
            result(),
            ended,
        ],
    )
    assert run_of(receiver, "invoke_agent scout").attributes[a.OUTCOME] == outcome
    assert run_of(receiver).attributes[a.OUTCOME] == "ok"


def test_two_responses_in_turn_do_not_overlap(bridge: Bridge, receiver: OtlpReceiver) -> None:
    first, second = (sdk.AssistantMessage(content=[sdk.TextBlock(text=text)], model="m") for text in "ab")
    if not HAS_USAGE:
        pytest.skip("this version has no ids of responses")
    first.message_id, second.message_id = "m-1", "m-2"
    told(bridge, [first, second, result(total_cost_usd=float("nan"))])
    one, other = sorted((span for span in receiver.spans() if span.name == "chat m"), key=lambda span: span.start_ns)
    assert one.end_ns <= other.start_ns
    assert a.COST_MICROS not in run_of(receiver).attributes


@pytest.mark.parametrize(
    "message",
    [
        None,
        "text",
        sdk.AssistantMessage(content=[object()], model=None),
        sdk.AssistantMessage(content=None, model="m"),
        sdk.AssistantMessage(content=[sdk.ToolUseBlock(id=None, name=None, input=None)], model="m"),
        sdk.UserMessage(content=[sdk.ToolResultBlock(tool_use_id="never", content=[{"text": 3}], is_error=True)]),
        sdk.SystemMessage(subtype="init", data={}),
    ],
)
def test_messages_that_make_no_sense_reach_the_program_as_they_are(bridge: Bridge, message: Any) -> None:
    async def go() -> list[Any]:
        watched = ClaudeSession(bridge).watch(given([message, result()]))
        return [one async for one in watched]

    seen = asyncio.run(go())
    assert seen[0] is message
    assert len(seen) == 2
    assert bridge.flush()
    assert bridge.health().open_operations == 0


def test_a_bridge_that_is_disabled_tells_nothing(monkeypatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    scenario = whole()
    assert asyncio.run(play(scenario, Stage(scenario), Bridge.from_env())).answer == "All is done."


CLI = """
    import json, os, sys
    if "-v" in sys.argv or "--version" in sys.argv:
        print("99.0.0 (made up)")
        sys.exit(0)
    def say(**message):
        print(json.dumps({"session_id": "s-1", "uuid": "u-1", **message}), flush=True)
    for line in sys.stdin:
        said = json.loads(line)
        if said["type"] == "control_request":
            done = {"subtype": "success", "request_id": said["request_id"], "response": {"commands": []}}
            say(type="control_response", response=done)
        elif said["type"] == "user":
            say(type="system", subtype="init", model="scripted-1", tools=[])
            text = [{"type": "text", "text": os.environ.get("TRACEPARENT", "none")}]
            say(type="assistant", message={"id": "m-1", "model": "scripted-1", "content": text})
            say(
                type="result", subtype="success", is_error=False, result=text[0]["text"], duration_ms=1,
                duration_api_ms=1, num_turns=1, total_cost_usd=0.5, usage={"input_tokens": 5, "output_tokens": 6},
            )
            sys.exit(0)
"""


def test_a_real_process_is_started_within_the_run(bridge: Bridge, receiver: OtlpReceiver, tmp_path: Path) -> None:
    program = tmp_path / "cli.py"
    program.write_text(dedent(CLI))
    command = tmp_path / "claude"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} {json.dumps(str(program))} "$@"\n')
    command.chmod(0o700)

    async def go() -> str:
        session = ClaudeSession(bridge, agent="worker")
        env = bridge.subprocess_env({})
        options = session.instrument(sdk.ClaudeAgentOptions(cli_path=str(command), cwd=str(tmp_path), env=env))
        seen = [message async for message in session.watch(sdk.query(prompt=asking("x"), options=options))]
        return next(message.result for message in seen if isinstance(message, sdk.ResultMessage))

    traceparent = asyncio.run(go())
    assert bridge.flush()
    run = run_of(receiver)
    assert_tree(receiver.spans(), expect("invoke_agent worker", "chat scripted-1"))
    assert run.attributes[a.USAGE_OUTPUT_TOKENS] == 6
    if traceparent != "none":  # newer versions of the SDK pass on what is current
        assert traceparent.split("-")[1:3] == [run.trace_id, run.span_id]
