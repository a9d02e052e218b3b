"""The MCP SDK, client and server, in memory and over a pipe: what is called through it is what arrives."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
import logging
from typing import Any
from unittest.mock import ANY

import pytest

pytest.importorskip("mcp")


from agent_otel.bridge import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.integrations.mcp import instrument
from agent_otel.model import Outcome
from agent_otel.testing import OtlpReceiver, assert_tree, expect
from integrations.scripted_mcp import (
    ERROR,
    IS_2,
    PIXEL,
    connected,
    is_error,
    ours,
    refusing,
    seconds,
    server_of,
    text_of,
    use,
)
from secrets_made_up import github_token

REQUEST_ID = "jsonrpc.request.id"  # which only version 2 tells
OF_MCP = {a.MCP_METHOD_NAME: "tools/call", a.MCP_PROTOCOL_VERSION: "2025-11-25" if IS_2 else ANY}

# -- on the span of a tool call that is open ---------------------------------------------------------------------------


def test_a_request_goes_on_the_span_of_its_tool_call(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> Any:
        with bridge.run(agent="caller") as run, run.tool_call("echo", call_id="call_1"):
            return await session.call_tool("echo", {"text": "hello"})

    assert text_of(use(bridge, call, transport="pipe")) == "hello"
    told = expect(
        "execute_tool echo",
        kind="internal",
        status="unset",
        attributes=OF_MCP
        | {
            a.TOOL_CALL_ARGUMENTS: '{"text":"hello"}',
            a.TOOL_CALL_RESULT: '{"result":"hello"}',
            a.TOOL_CALL_ID: "call_1",
            a.NETWORK_TRANSPORT: "pipe",
            a.MCP_SESSION_ID: None,
            a.RPC_RESPONSE_STATUS_CODE: None,
            REQUEST_ID: ANY if IS_2 else None,
        },
    )
    assert_tree(ours(receiver), expect("invoke_agent caller", told, attributes={a.TOOL_CALLS: 1}))


def test_what_the_program_says_of_its_tool_stays(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        with bridge.tool_call("echo", arguments={"mine": 1}) as tool:
            await session.call_tool("echo", {"text": "hello"})
            tool.result("mine")

    use(bridge, call)
    contents = {a.TOOL_CALL_ARGUMENTS: '{"mine":1}', a.TOOL_CALL_RESULT: "mine"}
    assert_tree(ours(receiver), expect("execute_tool echo", attributes=OF_MCP | contents))


@pytest.mark.parametrize("name", ["mcp__scripted__echo", "scripted.echo", "scripted/echo", "echo"])
def test_frameworks_put_the_servers_name_before_that_of_a_tool(bridge: Bridge, receiver: OtlpReceiver, name) -> None:
    async def call(session: Any) -> None:
        with bridge.tool_call(name):
            await session.call_tool(arguments={"text": "hello"}, name="echo")

    use(bridge, call)
    assert_tree(ours(receiver), expect(f"execute_tool {name}", attributes=OF_MCP))


def test_requests_of_other_tools_and_further_ones_have_spans_of_their_own(bridge: Bridge, receiver) -> None:
    async def call(session: Any) -> None:
        with bridge.tool_call("echo"):
            for text in ("first", "second"):
                await session.call_tool("echo", {"text": text})
        with bridge.tool_call("research"):
            await session.call_tool("echo", {"text": "third"})
        with bridge.tool_call("reecho"):
            await session.call_tool("echo", {"text": "fourth"})

    use(bridge, call)
    own = expect("tools/call echo", kind="client", attributes=OF_MCP)
    tree = [expect("execute_tool echo", own), expect("execute_tool research", own), expect("execute_tool reecho", own)]
    assert_tree(ours(receiver), tree)
    told = {span.attributes[a.TOOL_CALL_RESULT] for span in ours(receiver) if a.TOOL_CALL_RESULT in span.attributes}
    assert told == {f'{{"result":"{text}"}}' for text in ("first", "second", "third", "fourth")}


def test_a_sub_agent_inside_a_tool_has_calls_of_its_own(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        with bridge.run(agent="lead") as run, run.tool_call("echo"), run.sub_agent(agent="helper"):
            await session.call_tool("echo", {"text": "hello"})

    use(bridge, call)
    assert_tree(
        ours(receiver),
        """
        invoke_agent lead
          execute_tool echo
            invoke_agent helper
              tools/call echo
        """,
    )


def test_a_tool_that_tries_again_and_succeeds_has_not_failed(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        with bridge.tool_call("echo"):
            with pytest.raises(ERROR):
                await session.call_tool("echo", {"text": "x"}, read_timeout_seconds=seconds(1e-9))
            await session.call_tool("echo", {"text": "second"})
        with bridge.tool_call("fail") as tool:
            assert (await session.call_tool("fail", {"text": "no"})) is not None
            tool.outcome(Outcome.OK)

    use(bridge, call)
    tried = expect("execute_tool echo", expect("tools/call echo", status="unset"), status="unset")
    assert_tree(ours(receiver), [tried, expect("execute_tool fail", status="unset")])


def test_a_tool_that_answers_at_the_second_try_has_that_result(bridge: Bridge, receiver: OtlpReceiver) -> None:
    answers = iter([False, True])

    async def call(session: Any) -> None:
        with bridge.tool_call("flaky"):
            assert is_error(await session.call_tool("flaky"))
            assert not is_error(await session.call_tool("flaky"))

    server = server_of()

    @server.tool()
    async def flaky() -> str:
        if not next(answers):
            raise RuntimeError
        return "at last"

    use(bridge, call, server)
    result = {a.TOOL_CALL_RESULT: '{"result":"at last"}', a.ERROR_TYPE: None, a.OUTCOME: "ok"}
    own = expect("tools/call flaky", attributes=result)
    assert_tree(ours(receiver), expect("execute_tool flaky", own, status="unset", attributes=result))


# -- on a span of its own ----------------------------------------------------------------------------------------------


def test_a_request_that_no_tool_call_stands_for_is_one(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        with bridge.run(agent="caller"):
            await session.call_tool("echo", {"text": "inside"})
        await session.call_tool("echo", {"text": "outside"})

    use(bridge, call)
    own = expect(
        "tools/call echo",
        kind="client",
        status="unset",
        attributes=OF_MCP | {a.OPERATION_NAME: "execute_tool", a.TOOL_NAME: "echo", REQUEST_ID: ANY if IS_2 else None},
    )
    assert_tree(ours(receiver), [expect("invoke_agent caller", own, attributes={a.TOOL_CALLS: 1}), own])


def test_what_is_measured(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        with bridge.run(agent="caller") as run, run.tool_call("echo"):
            await session.call_tool("echo", {"text": "hello"})
        with pytest.raises(ERROR):
            await session.call_tool("wait", read_timeout_seconds=seconds(0.05))

    use(bridge, call, transport="pipe", session_id="s-1")
    labels = [point.attributes for point in receiver.metrics() if point.name == "mcp.client.operation.duration"]
    both = {a.MCP_METHOD_NAME: "tools/call", a.OPERATION_NAME: "execute_tool", a.NETWORK_TRANSPORT: "pipe"}
    version = {a.MCP_PROTOCOL_VERSION: "2025-11-25"} if IS_2 else {}
    assert sorted(labels, key=str) == sorted(
        [
            both | version | {a.TOOL_NAME: "echo"},
            both | version | {a.TOOL_NAME: "wait", a.ERROR_TYPE: "timeout"},
        ],
        key=str,
    )
    assert {span.attributes[a.MCP_SESSION_ID] for span in ours(receiver) if a.MCP_METHOD_NAME in span.attributes} == {
        "s-1"
    }


def test_calls_in_parallel_stand_beside_each_other(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def one(session: Any, run: Any, text: str) -> str:
        with run.tool_call("echo", call_id=text):
            return text_of(await session.call_tool("echo", {"text": text}))

    async def call(session: Any) -> None:
        texts = [f"t{number}" for number in range(20)]
        with bridge.run(agent="caller") as run:
            assert await asyncio.gather(*(one(session, run, text) for text in texts)) == texts
            own = await asyncio.gather(*(session.call_tool("echo", {"text": text}) for text in texts))
            assert [text_of(result) for result in own] == texts

    use(bridge, call)
    (root, *others) = sorted(ours(receiver), key=lambda span: span.name != "invoke_agent caller")
    assert {span.parent_span_id for span in others} == {root.span_id}
    assert [span.name for span in others].count("execute_tool echo") == 20
    assert [span.name for span in others].count("tools/call echo") == 20
    for span in others:
        text = span.attributes[a.TOOL_CALL_RESULT].removeprefix('{"result":"').removesuffix('"}')
        assert span.attributes[a.TOOL_CALL_ARGUMENTS] == f'{{"text":"{text}"}}'
        assert span.attributes.get(a.TOOL_CALL_ID, text) == text


def test_parallel_requests_of_one_tool_call_are_all_told(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        with bridge.tool_call("echo"):
            await asyncio.gather(*(session.call_tool("echo", {"text": str(number)}) for number in range(5)))

    use(bridge, call)
    assert_tree(ours(receiver), expect("execute_tool echo", *["tools/call echo"] * 4))


# -- how it ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_open", [True, False])
def test_a_tool_that_fails_is_an_error_without_its_secrets(bridge: Bridge, receiver, is_open, caplog) -> None:
    secret = github_token("fails")
    caplog.set_level(logging.DEBUG, "agent_otel")

    async def call(session: Any) -> Any:
        if not is_open:
            return await session.call_tool("fail", {"text": secret})
        with bridge.tool_call("fail"):
            return await session.call_tool("fail", {"text": secret})

    result = use(bridge, call)
    assert is_error(result)
    assert secret in text_of(result)
    name = "execute_tool fail" if is_open else "tools/call fail"
    (span,) = ours(receiver)
    expected = OF_MCP | {a.ERROR_TYPE: "tool_error", a.OUTCOME: "error", a.TOOL_CALL_RESULT: None}
    assert_tree([span], expect(name, status="error", attributes=expected))
    assert "[REDACTED" in span.status_message
    assert_kept_back(secret, receiver, caplog)


@pytest.mark.parametrize("is_open", [True, False])
def test_an_error_of_the_protocol_has_its_code(bridge: Bridge, receiver: OtlpReceiver, is_open, caplog) -> None:
    secret = github_token("refuses")
    caplog.set_level(logging.DEBUG, "agent_otel")
    seen: list[BaseException] = []

    async def request(session: Any) -> None:
        try:
            await session.call_tool("refuse")
        except ERROR as error:
            seen.append(error)
            raise

    async def call(session: Any) -> None:
        with pytest.raises(ERROR) as raised, bridge.tool_call("refuse") if is_open else nullcontext():
            await request(session)
        seen.append(raised.value)

    use(bridge, call, refusing(-32042, f"not with {secret}"))
    assert seen[0] is seen[1]
    assert seen[0].error.code == -32042
    assert secret in str(seen[0])
    name = "execute_tool refuse" if is_open else "tools/call refuse"
    code = {a.ERROR_TYPE: "-32042", a.RPC_RESPONSE_STATUS_CODE: "-32042", a.OUTCOME: "error"}
    assert_tree(ours(receiver), expect(name, status="error", attributes=OF_MCP | code))
    assert_kept_back(secret, receiver, caplog)


def test_a_tool_that_gets_over_an_error_of_the_protocol_has_not_failed(bridge: Bridge, receiver) -> None:
    async def call(session: Any) -> None:
        with bridge.tool_call("refuse"), pytest.raises(ERROR):
            await session.call_tool("refuse")

    use(bridge, call, refusing(-32042, "no"))
    code = {a.ERROR_TYPE: None, a.RPC_RESPONSE_STATUS_CODE: None, a.OUTCOME: "ok"}
    assert_tree(ours(receiver), expect("execute_tool refuse", status="unset", attributes=code))


@pytest.mark.parametrize("code", [123456, 0, -1, 418])
def test_codes_beyond_those_of_json_rpc(bridge: Bridge, receiver: OtlpReceiver, code: int) -> None:
    async def call(session: Any) -> None:
        with pytest.raises(ERROR):
            await session.call_tool("refuse")

    use(bridge, call, refusing(code, "no"))
    (span,) = ours(receiver)
    assert span.attributes[a.RPC_RESPONSE_STATUS_CODE] == str(code)
    assert span.attributes[a.ERROR_TYPE] == ("418" if code == 418 else "_OTHER")


@pytest.mark.parametrize("is_open", [True, False])
def test_a_request_that_takes_too_long(bridge: Bridge, receiver: OtlpReceiver, is_open: bool) -> None:
    async def call(session: Any) -> None:
        with pytest.raises(ERROR), bridge.tool_call("wait") if is_open else nullcontext():
            await session.call_tool("wait", read_timeout_seconds=seconds(0.05))

    use(bridge, call)
    late = {a.ERROR_TYPE: "timeout", a.OUTCOME: "timed_out", a.RPC_RESPONSE_STATUS_CODE: None}
    assert_tree(ours(receiver), expect("execute_tool wait" if is_open else "tools/call wait", attributes=late))


@pytest.mark.parametrize("is_open", [True, False])
def test_a_call_that_is_cancelled(bridge: Bridge, receiver: OtlpReceiver, is_open: bool) -> None:
    async def request(session: Any) -> None:
        if not is_open:
            await session.call_tool("wait")
        with bridge.tool_call("wait"):
            await session.call_tool("wait")

    async def go() -> None:
        started = asyncio.Event()
        async with connected(server_of(started=started)) as session:
            instrument(session, bridge)
            task = asyncio.create_task(request(session))
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert text_of(await session.call_tool("echo", {"text": "still there"})) == "still there"

    asyncio.run(go())
    assert bridge.flush()
    gone = expect("execute_tool wait" if is_open else "tools/call wait", attributes={a.OUTCOME: "cancelled"})
    assert_tree(ours(receiver), [gone, "tools/call echo"])


def test_a_limit_of_asyncios_around_a_request(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(session.call_tool("wait"), 0.05)

    use(bridge, call)
    assert_tree(ours(receiver), expect("tools/call wait", attributes={a.OUTCOME: "cancelled"}))


# -- contents ----------------------------------------------------------------------------------------------------------


def test_secrets_in_arguments_and_results_do_not_arrive(bridge: Bridge, receiver: OtlpReceiver, caplog) -> None:
    secret = github_token("echoed")
    caplog.set_level(logging.DEBUG, "agent_otel")

    async def call(session: Any) -> Any:
        with bridge.tool_call("echo"):
            await session.call_tool("echo", {"text": f"use {secret}"})
        return await session.call_tool("echo", {"text": f"use {secret}"})

    assert text_of(use(bridge, call)) == f"use {secret}"
    for span in ours(receiver):
        assert "[REDACTED" in span.attributes[a.TOOL_CALL_ARGUMENTS]
        assert "[REDACTED" in span.attributes[a.TOOL_CALL_RESULT]
    assert_kept_back(secret, receiver, caplog)


def assert_kept_back(secret: str, receiver: OtlpReceiver, caplog: pytest.LogCaptureFixture) -> None:
    assert receiver.requests()
    assert all(secret.encode() not in request.message.SerializeToString() for request in receiver.requests())
    assert secret not in "".join(record.getMessage() for record in caplog.records if record.name == "agent_otel")


def test_content_that_is_off_stays_off(make_bridge, receiver: OtlpReceiver) -> None:
    bridge = make_bridge(OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="NO_CONTENT")

    async def call(session: Any) -> None:
        await session.call_tool("echo", {"text": "plain words"})

    use(bridge, call)
    assert_tree(ours(receiver), expect("tools/call echo", attributes=OF_MCP))
    assert all(b"plain words" not in request.message.SerializeToString() for request in receiver.requests())


def test_pictures_are_told_by_their_length(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> Any:
        return await session.call_tool("picture")

    assert use(bridge, call).content[0].data == PIXEL
    (span,) = ours(receiver)
    told = span.attributes[a.TOOL_CALL_RESULT]
    assert "a pixel" in told
    assert f"<{len(PIXEL)} characters of base64>" in told
    assert PIXEL not in told
