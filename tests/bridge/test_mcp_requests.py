"""Tool calls that are requests over MCP, told by hand."""

from __future__ import annotations

import contextvars
import threading

from opentelemetry.context import get_current
import pytest

from agent_otel.bridge import Bridge
from agent_otel.conventions import attributes as a
from agent_otel.model import ContentKind, Outcome
from agent_otel.testing import assert_tree, expect


def test_the_tool_call_whose_work_this_is(bridge):
    assert bridge.current_tool_call() is None
    with bridge.run(agent="a") as run:
        assert bridge.current_tool_call() is None
        with run.tool_call("outer") as outer:
            assert bridge.current_tool_call() is outer
            with run.tool_call("inner") as inner:
                assert bridge.current_tool_call() is inner
            with run.sub_agent(agent="b"), run.model_call(provider="p", model="m"):
                assert bridge.current_tool_call() is None
            assert bridge.current_tool_call() is outer
            left = contextvars.copy_context()
        assert bridge.current_tool_call() is None
    assert left.run(bridge.current_tool_call) is None  # which is over


def test_a_thread_that_got_no_context_is_in_no_tool_call(bridge):
    found = []
    with bridge.tool_call("outer"):
        thread = threading.Thread(target=lambda: found.append(bridge.current_tool_call()))
        thread.start()
        thread.join()
    assert found == [None]


def test_a_bridge_knows_its_own_tool_calls_only(make_bridge):
    one, other = make_bridge(), make_bridge()
    with one.tool_call("outer") as outer, other.tool_call("inner"):
        assert one.current_tool_call() is outer


def test_a_disabled_bridge_has_none(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    bridge = Bridge.from_env()
    with bridge.tool_call("t") as call, call.mcp_request(transport="pipe", is_all=True):
        assert bridge.current_tool_call() is None
        assert not call.holds(ContentKind.TOOL_RESULT)
        call.mcp_error(ValueError(), -32600)


def test_a_request_is_told_on_its_call(bridge, receiver):
    with bridge.tool_call("t", arguments={}) as call:
        before = get_current()
        with call.mcp_request(protocol_version="2025-06-18", session_id="s", transport="tcp"):
            assert get_current() is not before
        assert get_current() is before
        assert call.holds(ContentKind.TOOL_ARGUMENTS)
        assert not call.holds(ContentKind.TOOL_RESULT)
    with bridge.tool_call("t") as call, call.mcp_request(is_all=True):
        pass
    assert bridge.flush()
    told = {a.MCP_METHOD_NAME: "tools/call", a.MCP_PROTOCOL_VERSION: "2025-06-18", a.MCP_SESSION_ID: "s"}
    assert_tree(
        receiver.spans(),
        [
            expect("execute_tool t", kind="internal", attributes=told | {a.NETWORK_TRANSPORT: "tcp"}),
            expect(
                "tools/call t", kind="client", attributes={a.MCP_SESSION_ID: None, a.OPERATION_NAME: "execute_tool"}
            ),
        ],
    )


def test_a_call_that_is_entered_again_is_no_request_any_more(bridge, receiver):
    call = bridge.tool_call("t")
    with call, call.mcp_request(is_all=True):
        pass
    with call:
        pass
    assert bridge.flush()
    assert_tree(receiver.spans(), ["tools/call t", expect("execute_tool t", attributes={a.MCP_METHOD_NAME: None})])


def end(call, error, raised, *told, **more):
    call.mcp_error(error, *told, **more)
    raise raised


@pytest.mark.parametrize("escapes", [True, False])
def test_what_an_exception_means_holds_if_the_call_ends_with_it(bridge, receiver, escapes):
    error = ValueError("no")
    with pytest.raises(ValueError, match="no"), bridge.tool_call("t") as call, call.mcp_request():
        end(call, error, error if escapes else ValueError("no other"), -32602)
    assert bridge.flush()
    code = "-32602" if escapes else None
    told = {a.ERROR_TYPE: code or "ValueError", a.RPC_RESPONSE_STATUS_CODE: code}
    assert_tree(receiver.spans(), expect("execute_tool t", status="error", attributes=told))


def test_no_answer_at_all(bridge, receiver):
    error = RuntimeError()
    with pytest.raises(RuntimeError), bridge.tool_call("t") as call:
        end(call, error, error, outcome=Outcome.TIMED_OUT, error_type="timeout")
    assert bridge.flush()
    told = {a.ERROR_TYPE: "timeout", a.OUTCOME: "timed_out", a.RPC_RESPONSE_STATUS_CODE: None}
    assert_tree(receiver.spans(), expect("execute_tool t", attributes=told))
