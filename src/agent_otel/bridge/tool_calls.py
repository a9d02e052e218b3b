"""Calls of tools, which may be requests to MCP servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.context import attach, get_current

from agent_otel.bridge.children import Child
from agent_otel.bridge.endings import identifier
from agent_otel.bridge.said import NOT_BEGUN, Host, Parent
from agent_otel.conventions import names as n
from agent_otel.emit import text_of
from agent_otel.emit.merging import telling
from agent_otel.model import ContentKind, EventKind, Fact, Outcome

__all__ = ["ToolCall"]


_ARGUMENTS: Final = ContentKind.TOOL_ARGUMENTS  # to ask an enumeration for a member takes long
_RESULT: Final = ContentKind.TOOL_RESULT


class ToolCall(Child):
    """One call of a tool."""

    _kind = EventKind.TOOL
    _operation: str | None = None
    _mcp_error: tuple[int, Outcome, str, str | None] | None = None

    def __init__(self, host: Host, run: Parent | None, name: str, call_id: str | None, arguments: Any) -> None:
        super().__init__(host, run)
        self._tool_name = self._named(name)
        self._call_id = self._named(call_id) if call_id is not None else None
        if arguments is not None:
            self._keep(_ARGUMENTS, arguments)

    def arguments(self, value: Any) -> None:
        """Keep the arguments, where they are known only after the call began."""
        self._keep(_ARGUMENTS, value)

    def result(self, value: Any) -> None:
        """Keep what the tool gave."""
        self._keep(_RESULT, value)

    @property
    def name(self) -> str | None:
        """Name of the tool."""
        return self._tool_name

    @contextmanager
    def mcp_request(
        self,
        *,
        protocol_version: str | None = None,
        session_id: str | None = None,
        transport: str | None = None,
        is_all: bool = False,
    ) -> Iterator[None]:
        """Give the context manager of the MCP request ``tools/call`` by which the tool is called.

        By the MCP conventions, what is known of the request goes on the span of the call; a second one there is not.

        Args:
            protocol_version: The revision of MCP that client and server agreed on.
            session_id: The server's, where the transport has sessions.
            transport: ``network.transport``: ``pipe`` for stdio, ``tcp`` or ``quic`` for HTTP.
            is_all: Whether the request is all that the call is: then its span is an MCP client's,
                ``tools/call {tool}``, else it stays ``execute_tool {tool}``.
        """
        told = {
            Fact.MCP_METHOD: n.MCP_TOOLS_CALL,
            Fact.MCP_PROTOCOL_VERSION: self._named(protocol_version),
            Fact.MCP_SESSION: self._named(session_id),
            Fact.TRANSPORT: self._named(transport),
        }
        for fact, value in told.items():
            if value is not None:
                self._note(fact, value)
        self._operation = n.MCP_TOOLS_CALL if is_all else None
        around = get_current()
        inside = telling(self._span, n.MCP_TOOLS_CALL, around) if self._span is not NOT_BEGUN else around
        attach(inside)
        try:
            yield
        finally:
            if get_current() is inside:  # not so where a coroutine that was given up is closed, anywhere
                attach(around)

    def mcp_error(
        self, error: BaseException, code: int | None = None, *, outcome: Outcome = Outcome.ERROR, error_type: str = ""
    ) -> None:
        """Say what an exception of the request means, should the call end with it: a tool may get over it.

        Args:
            error: The exception.
            code: What the server answered, by JSON-RPC; None where it did not answer.
            outcome: How the call ends.
            error_type: As for ``outcome()``; empty: the code.
        """
        self._mcp_error = (id(error), outcome, error_type, text_of(code))  # the exception itself would be kept alive

    def _ending(self, error: BaseException | None) -> tuple[Outcome, str | None]:
        told = self._mcp_error
        if error is None or told is None or told[0] != id(error):
            return super()._ending(error)
        _, outcome, error_type, code = told
        if code is not None:
            self._note(Fact.RPC_STATUS_CODE, code)
        return outcome, identifier(error_type or code)

    def _renew(self) -> None:
        super()._renew()
        self._operation = self._mcp_error = None

    def _names(self) -> tuple[str | None, ...]:
        return self._tool_name, "function", self._operation
