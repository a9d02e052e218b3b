"""What telling MCP must not do: fail, change what the program sees, tell a call twice, keep what is over."""

from __future__ import annotations

import asyncio
import functools
import gc
from typing import Any

import pytest

pytest.importorskip("mcp")

import mcp

from agent_otel.bridge import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.conventions.names import SCOPE_NAME
from agent_otel.integrations.mcp import _REQUESTED, instrument
from agent_otel.model import UsageError
from agent_otel.testing import OtlpReceiver, assert_tree, expect
from integrations.scripted_mcp import (
    ERROR,
    IS_2,
    connected,
    is_error,
    ours,
    seconds,
    server_of,
    text_of,
    use,
)


def test_what_a_user_puts_into_meta_stays(bridge: Bridge) -> None:
    given: list[Any] = []

    class Session:
        async def call_tool(self, name: str, arguments: Any = None, *, meta: Any = None) -> Any:
            given.append(meta)
            return object()

    async def go() -> None:
        session = instrument(Session(), bridge)
        mine = {"mine": 1, "traceparent": "theirs"}
        await session.call_tool("t", meta=mine)
        assert mine == {"mine": 1, "traceparent": "theirs"}
        await session.call_tool("t", meta="odd")
        await session.call_tool("t")

    asyncio.run(go())
    assert given[0] == {"mine": 1, "traceparent": "theirs"}
    assert given[1] == "odd"
    assert set(given[2]) == {"traceparent"}


def test_a_session_that_takes_no_meta_gets_none(bridge: Bridge, receiver: OtlpReceiver) -> None:
    class Session:
        async def call_tool(self, name: str, arguments: Any = None) -> Any:
            return name

    assert asyncio.run(instrument(Session(), bridge).call_tool("t", {"x": 1})) == "t"
    assert bridge.flush()
    assert_tree(receiver.spans(), "tools/call t")


def test_arguments_that_the_sdk_refuses_are_refused_by_the_sdk(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        with pytest.raises(TypeError, match="call_tool"):
            await session.call_tool()
        with pytest.raises(TypeError, match="bogus"):
            await session.call_tool("echo", bogus=1)
        with pytest.raises(ValueError, match="validation error"):
            await session.call_tool(object(), {"text": "x"})

    use(bridge, call)
    assert {span.status_code for span in ours(receiver)} == {"error"}


def test_faults_of_ours_do_not_reach_the_agent(bridge: Bridge, receiver: OtlpReceiver, monkeypatch) -> None:
    async def call(session: Any) -> None:
        for name in ("current_tool_call", "tool_call", "headers"):
            with monkeypatch.context() as broken:
                broken.setattr(bridge, name, _broken)
                assert text_of(await session.call_tool("echo", {"text": name})) == name
                with pytest.raises(ERROR):
                    await session.call_tool("wait", read_timeout_seconds=seconds(0.01))
        with monkeypatch.context() as broken:
            broken.setattr("agent_otel.integrations.mcp.result_of", _broken)
            assert text_of(await session.call_tool("echo", {"text": "x"})) == "x"

    async def go() -> None:
        async with connected(server_of()) as session:
            await call(instrument(session, bridge))

    asyncio.run(go())
    assert bridge.flush()
    assert bridge.health().faults == 7
    assert bridge.health().open_operations == 0


def _broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError


def test_what_is_no_session_is_said_to_be_none(bridge: Bridge) -> None:
    with pytest.raises(UsageError, match="not object"):
        instrument(object(), bridge)

    class Fixed:
        __slots__ = ()

        async def call_tool(self) -> None: ...

    with pytest.raises(UsageError, match="Fixed"):
        instrument(Fixed(), bridge)


def test_what_others_put_around_a_session_stays(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        ours = session.call_tool

        @functools.wraps(ours)
        async def theirs(name: str, arguments: Any) -> Any:
            return await ours(name, {"text": "theirs"})

        session.call_tool = theirs
        instrument(session, bridge)
        assert text_of(await session.call_tool("echo", {"text": "mine"})) == "theirs"

    use(bridge, call)
    assert {span.name for span in ours(receiver)} == {"tools/call echo"}


@pytest.mark.parametrize("passes_on", [True, False])
def test_a_session_that_others_have_wrapped_gets_what_it_takes(bridge: Bridge, passes_on: bool) -> None:
    given: list[Any] = []

    class Session:
        async def call_tool(self, name: str, *, meta: Any = None) -> Any:
            given.append(meta)

    session = Session()
    method = session.call_tool

    @functools.wraps(method)
    async def everything(*args: Any, **kwargs: Any) -> Any:
        return await method(*args, **kwargs)

    @functools.wraps(method)
    async def only_the_name(name: str) -> Any:
        return await method(name)

    session.call_tool = everything if passes_on else only_the_name  # type: ignore[method-assign]
    asyncio.run(instrument(session, bridge).call_tool("t"))
    assert (given[0] is not None) is passes_on


def test_a_session_id_that_cannot_be_told(bridge: Bridge, receiver: OtlpReceiver) -> None:
    given: list[Any] = []

    class Session:
        async def call_tool(self, name: str, *, meta: Any = None) -> Any:
            given.append(meta)

    asyncio.run(instrument(Session(), bridge, session_id=_broken).call_tool("t"))
    assert set(given[0]) == {"traceparent"}
    assert bridge.flush()
    assert bridge.health().faults == 1
    assert len(receiver.spans()) == 1


def test_a_session_that_is_instrumented_again_is_told_once(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def call(session: Any) -> None:
        instrument(instrument(session, bridge), bridge)
        await session.call_tool("echo", {"text": "once"})

    use(bridge, call)
    assert_tree(ours(receiver), "tools/call echo")


@pytest.mark.skipif(not IS_2, reason="version 1 has no such client")
@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_client_and_its_session_are_told_once(bridge: Bridge, receiver: OtlpReceiver, mode: str) -> None:
    async def go() -> None:
        async with mcp.Client(server_of(), mode=mode) as client:
            instrument(client, bridge)
            instrument(client.session, bridge)
            with bridge.run(agent="caller") as run:
                with run.tool_call("echo"):
                    await client.call_tool("echo", {"text": "on it"})
                await client.call_tool("echo", {"text": "its own"})
                await client.session.call_tool("echo", {"text": "its own"})

    asyncio.run(go())
    assert bridge.flush()
    assert_tree(ours(receiver), expect("invoke_agent caller", "execute_tool echo", *["tools/call echo"] * 2))


@pytest.mark.skipif(not IS_2, reason="version 1 has no protocol without sessions")
def test_a_protocol_without_sessions_has_no_session_id(bridge: Bridge, receiver: OtlpReceiver) -> None:
    async def go() -> None:
        async with mcp.Client(server_of()) as client:
            instrument(client, bridge, session_id=lambda: "s-1")
            await client.call_tool("echo", {"text": "hello"})

    asyncio.run(go())
    assert bridge.flush()
    told = {a.MCP_PROTOCOL_VERSION: "2026-07-28", a.MCP_SESSION_ID: None}
    assert_tree(ours(receiver), expect("tools/call echo", attributes=told))


@pytest.mark.skipif(not IS_2, reason="servers of version 1 do not")
def test_a_server_that_wants_to_be_told_more(bridge: Bridge, receiver: OtlpReceiver) -> None:
    class Session:
        async def call_tool(self, name: str) -> Any:
            return mcp.types.InputRequiredResult(request_state="opaque")

    asyncio.run(instrument(Session(), bridge).call_tool("t"))
    assert bridge.flush()
    assert_tree(receiver.spans(), expect("tools/call t", status="unset", attributes={a.OUTCOME: "paused"}))


@pytest.mark.skipif(not IS_2, reason="servers of version 1 do not")
def test_a_tool_that_is_told_more_has_ended_well(bridge: Bridge, receiver: OtlpReceiver) -> None:
    answers = iter([mcp.types.InputRequiredResult(request_state="opaque"), mcp.types.CallToolResult(content=[])])

    class Session:
        async def call_tool(self, name: str) -> Any:
            return next(answers)

    async def go() -> None:
        session = instrument(Session(), bridge)
        with bridge.tool_call("t"):
            await session.call_tool("t")
            await session.call_tool("t")

    asyncio.run(go())
    assert bridge.flush()
    assert_tree(receiver.spans(), expect("execute_tool t", "tools/call t", attributes={a.OUTCOME: "ok"}))


def test_a_bridge_that_is_disabled_or_shut_changes_nothing(make_bridge, receiver, monkeypatch) -> None:
    shut = make_bridge()
    shut.shutdown()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

    async def call(session: Any) -> str:
        with pytest.raises(ERROR):
            await session.call_tool("wait", read_timeout_seconds=seconds(0.01))
        assert is_error(await session.call_tool("fail", {"text": "no"}))
        return text_of(await session.call_tool("echo", {"text": "hello"}))

    for bridge in (shut, Bridge.from_env()):
        assert use(bridge, call) == "hello"
    assert [span.name for span in receiver.spans() if span.scope == SCOPE_NAME] == []


def test_nothing_is_remembered_of_calls_that_are_over(bridge: Bridge) -> None:
    async def call(session: Any) -> None:
        for _ in range(10):
            await session.call_tool("echo", {"text": "x"})
            with bridge.tool_call("echo"):
                await session.call_tool("echo", {"text": "x"})

    use(bridge, call)
    gc.collect()
    assert [call for call in _REQUESTED if call.host is bridge] == []


def test_a_coroutine_that_is_given_up_leaves_what_is_current_alone(bridge: Bridge) -> None:
    class Session:
        async def call_tool(self, name: str) -> Any:
            await asyncio.Event().wait()

    async def go() -> None:
        session = instrument(Session(), bridge)
        waiting = session.call_tool("t")
        task_context = asyncio.create_task(asyncio.sleep(0))
        await task_context
        inner = asyncio.ensure_future(waiting)
        await asyncio.sleep(0)
        with bridge.run(agent="other"):
            before = bridge.headers()
            inner.cancel()
            await asyncio.gather(inner, return_exceptions=True)
            assert bridge.headers() == before

    asyncio.run(go())
