"""The official MCP SDK: tools that a client calls, and the context of a caller, out and in by ``params._meta``.

Where a tool call of ours is open for the same tool, by hand or by another integration, what is known of the request
goes on its span, and there is no second one. Elsewhere the request is a call of its own, ``tools/call {tool}`` of kind
CLIENT.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
import functools
import inspect
from types import TracebackType
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary, ref

from attrs import define, field
from opentelemetry.trace import Status, StatusCode

try:
    import mcp
except ImportError as error:
    raise ImportError("install the MCP SDK: pip install 'agent-otel[mcp]'") from error

from agent_otel.bridge import Bridge, ToolCall
from agent_otel.integrations.mcp_callers import context_of, joined
from agent_otel.integrations.mcp_values import code_of, error_text_of, is_error, is_for_input, result_of
from agent_otel.model import ContentKind, Outcome, UsageError

__all__ = ["context_of", "instrument", "joined"]

_Session = TypeVar("_Session")
_ERROR: Final[type[Exception]] = getattr(mcp, "MCPError", getattr(mcp, "McpError", Exception))  # in versions 2 and 1
_TIMEOUT: Final[int] = getattr(mcp.types, "REQUEST_TIMEOUT", 408)  # the SDK's own word, not the server's
_FIRST_WITHOUT_SESSIONS: Final = "2026-07-28"
_ORIGINAL: Final = "__agent_otel_original__"


def instrument(
    session: _Session,
    bridge: Bridge,
    *,
    transport: str | None = None,
    session_id: str | Callable[[], str | None] | None = None,
) -> _Session:
    """Tell a bridge the tools that are called through a client session, and send the current context with them.

    The session stays the object that it is, so that whatever holds it, such as an agent framework, is told as well.
    Once more, with another bridge: that one is told instead.

    Args:
        session: A ``ClientSession``, a ``Client`` of version 2, or anything that calls tools as they do.
        bridge: Where it is told.
        transport: ``network.transport``, which the session does not tell: ``pipe`` for stdio, ``tcp`` for HTTP.
        session_id: The server's, or what gives it, as the transport of streamable HTTP in version 1 does.

    Returns:
        The session.

    Raises:
        UsageError: If it calls no tools.
    """
    call_tool = getattr(session, "call_tool", None)
    if not callable(call_tool):
        raise UsageError(f"instrument() needs a session of MCP, not {type(session).__name__}")
    call_tool = _original(call_tool)
    client = _Client(bridge, session, transport, session_id, _takes_meta(call_tool))

    @functools.wraps(call_tool)
    async def told(*args: Any, **kwargs: Any) -> Any:
        with client.telling(args, kwargs) as telling:
            result = await call_tool(*args, **telling.kwargs)
            telling.answered(result)
            return result

    _replace(session, "call_tool", call_tool, told)
    if not hasattr(type(session), "protocol_version"):
        _listen(session, client)
    return session


def _original(method: Any) -> Any:
    """Give what a method was before we replaced it; what others have put around ours since is theirs, and stays."""
    replaced_by, original = getattr(method, _ORIGINAL, (None, None))
    return original if replaced_by is method else method


def _replace(session: Any, name: str, original: Any, told: Any) -> None:
    setattr(told, _ORIGINAL, (told, original))
    try:
        setattr(session, name, told)
    except AttributeError:
        raise UsageError(f"instrument() cannot hear what a {type(session).__name__} does") from None


def _takes_meta(call_tool: Callable[..., Any]) -> bool:
    """Say whether it takes ``meta``: itself, and not only what it wraps, unless it passes on whatever it is given."""
    try:
        own = inspect.signature(call_tool, follow_wrapped=False).parameters
        passes_on = any(each.kind is each.VAR_KEYWORD for each in own.values())
        return "meta" in (inspect.signature(call_tool).parameters if passes_on else own)
    except (TypeError, ValueError):
        return False


def _listen(session: Any, client: _Client) -> None:
    """Learn the version of the protocol where the session does not keep it: version 1 only says it once."""
    initialize = _original(getattr(session, "initialize", None))
    if not callable(initialize):
        return

    @functools.wraps(initialize)
    async def heard(*args: Any, **kwargs: Any) -> Any:
        result = await initialize(*args, **kwargs)
        client.version = getattr(result, "protocolVersion", None)
        return result

    _replace(session, "initialize", initialize, heard)


@define
class _Requested:
    """What is to be remembered of a tool call that has its request.

    Args:
        client: Through which it was sent; held weakly, for its session may lead back to the call.
        has_outcome: Whether an answer says how it ends, without an exception; a later try may end better.
    """

    client: ref[_Client] = field(repr=False)
    has_outcome: bool = False


_REQUESTED: WeakKeyDictionary[ToolCall, _Requested] = WeakKeyDictionary()


@define(eq=False)
class _Client:
    """One session, and what is known of it."""

    bridge: Bridge
    session: Any = field(repr=False)
    transport: str | None
    session_id: str | Callable[[], str | None] | None
    takes_meta: bool
    version: str | None = None

    def telling(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Telling:
        """Give what tells a request; what cannot be told is sent all the same."""
        telling = _Telling(self, kwargs)
        telling.attempt(lambda: telling.find_call(args))
        return telling

    def is_within(self, other: _Client | None) -> bool:
        """Say whether another one sends its requests through this session, as a ``Client`` of version 2 does."""
        return other is not None and getattr(other.session, "session", None) is self.session

    def facts(self) -> dict[str, str | None]:
        """Give what is known of the connection."""
        version = getattr(self.session, "protocol_version", None) or self.version
        known = self.session_id() if callable(self.session_id) else self.session_id
        has_sessions = not isinstance(version, str) or version < _FIRST_WITHOUT_SESSIONS
        return {
            "protocol_version": version,
            "session_id": known if has_sessions else None,
            "transport": self.transport,
        }


@define(eq=False)
class _Telling:
    """Tells one request. Nothing in it raises, and what the request raises passes through."""

    client: _Client
    kwargs: dict[str, Any] = field(repr=False)  # with which it is sent
    call: ToolCall | None = None  # on whose span it is told
    around: ToolCall | None = None  # of the same tool, where it has had its request
    is_own: bool = False
    _request: AbstractContextManager[None] | None = field(default=None, init=False)

    def find_call(self, args: tuple[Any, ...]) -> None:
        """Find the tool call that the request is for, or make one of its own."""
        tool: Any = args[0] if args else self.kwargs.get("name")
        arguments = args[1] if len(args) > 1 else self.kwargs.get("arguments")
        open_call = self.client.bridge.current_tool_call()
        if open_call is not None and _is_for(open_call.name, tool):
            before = _REQUESTED.get(open_call)
            if before is None:
                self.call = open_call
            elif self.client.is_within(before.client()):
                return
            else:
                self.around = open_call
        if self.call is None:
            self.is_own = True
            self.call = self.client.bridge.tool_call(tool, arguments=arguments)
        elif arguments is not None and not self.call.holds(ContentKind.TOOL_ARGUMENTS):
            self.call.arguments(arguments)

    def __enter__(self) -> _Telling:
        if self.call is not None:
            for step in (self._begin, self._send_context):
                self.attempt(functools.partial(step, self.call))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._request is not None:
            self._request.__exit__(None, None, None)
        if self.call is None:
            return
        if isinstance(error, _ERROR):
            self.attempt(functools.partial(self._failed, self.call, error))
        if self.is_own:
            self.call.__exit__(kind, error, trace)

    def answered(self, result: Any) -> None:
        """Tell what came."""
        if self.call is not None:
            self.attempt(functools.partial(self._tell, self.call, result))

    def attempt(self, step: Callable[[], None]) -> None:
        """Keep our faults from the agent."""
        try:
            step()
        except Exception:  # noqa: BLE001  telemetry must not stop the agent
            self.client.bridge.fault()

    def _begin(self, call: ToolCall) -> None:
        if self.is_own:
            call.__enter__()
        if isinstance(call, ToolCall):  # and not that of a bridge that is disabled
            _REQUESTED[call] = _Requested(ref(self.client))
        self._request = call.mcp_request(**self.client.facts(), is_all=self.is_own)
        self._request.__enter__()

    def _send_context(self, _: ToolCall) -> None:
        meta, fields = self.kwargs.get("meta"), self.client.bridge.headers()
        if fields and self.client.takes_meta and (meta is None or isinstance(meta, Mapping)):
            self.kwargs = {**self.kwargs, "meta": {**fields, **(meta or {})}}

    def _tell(self, call: ToolCall, result: Any) -> None:
        if is_error(result):
            self._tell_outcome(call, Outcome.ERROR, "tool_error")
            if call.span is not None:
                call.span.set_status(Status(StatusCode.ERROR, error_text_of(result)))
        elif is_for_input(result):
            self._tell_outcome(call, Outcome.PAUSED, None)
        else:
            if self.is_own or not call.holds(ContentKind.TOOL_RESULT):
                call.result(result_of(result))
            self._settle(result)

    def _tell_outcome(self, call: ToolCall, outcome: Outcome, error_type: str | None) -> None:
        call.outcome(outcome, error_type)
        if call in _REQUESTED:
            _REQUESTED[call].has_outcome = True

    def _settle(self, result: Any) -> None:
        """Tell that the tool call around it, whose request ended otherwise, has got over that."""
        before = _REQUESTED.get(self.around) if self.around is not None else None
        if self.around is not None and before is not None and before.has_outcome:
            before.has_outcome = False
            self.around.outcome(Outcome.OK)
            self.around.result(result_of(result))

    def _failed(self, call: ToolCall, error: Exception) -> None:
        code = code_of(error)
        if code == _TIMEOUT:
            call.mcp_error(error, outcome=Outcome.TIMED_OUT, error_type="timeout")
        elif code is not None:
            call.mcp_error(error, code)


def _is_for(name: str | None, tool: Any) -> bool:
    """Say whether a call's name is that of a tool, which frameworks may put the server's name before."""
    if name is None or not isinstance(tool, str) or not tool or not name.endswith(tool):
        return False
    before = name[: -len(tool)]
    return not before or not before[-1].isalnum()
