"""The Claude Agent SDK: its messages and hooks in; runs, model calls, tool calls and sub-agents out.

The messages that the SDK gives the program say what happened, and which part belongs to which: ``watch`` reads them as
they pass. Its hooks say when a tool really began and ended, also while the program is busy with an earlier message:
``instrument`` adds them to the options. Hooks alone tell nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
import time
from typing import Any, Final, TypeVar, get_args

from opentelemetry.context import attach, get_current

try:
    from claude_agent_sdk import ClaudeAgentOptions, HookMatcher
    from claude_agent_sdk.types import HookEvent
except ImportError as error:
    raise ImportError("install the Claude Agent SDK: pip install 'agent-otel[claude-agent-sdk]'") from error

from agent_otel.bridge import Bridge
from agent_otel.integrations.claude_run import ClaudeRun, HookTimes

__all__ = ["ClaudeSession"]

_T = TypeVar("_T")
_HOOKS: Final = ("UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure")
_MAX_TOOLS: Final = 10_000  # of which a hook told, and no message yet


class ClaudeSession:
    """One ``query()``, or one ``ClaudeSDKClient``: each answer of it, up to its ``ResultMessage``, is a run.

    Args:
        bridge: Where it is told.
        agent: Name of the agent.
        conversation_id: What ties its runs to others; None: the session id that the CLI gives.
        provider: What serves the models.

    Example:
        session = ClaudeSession(bridge, agent="coder")
        async for message in session.watch(query(prompt="...", options=session.instrument(options))):
            ...
    """

    def __init__(
        self,
        bridge: Bridge,
        *,
        agent: str | None = None,
        conversation_id: str | None = None,
        provider: str = "anthropic",
    ) -> None:
        self._bridge = bridge
        self._agent = agent
        self._conversation = conversation_id
        self._provider = provider
        self._times: dict[str, HookTimes] = {}  # by tool call
        self._prompt: Any = None

    def instrument(self, options: ClaudeAgentOptions | None = None) -> ClaudeAgentOptions:
        """Give the options with our hooks behind those that are in them. What is given stays as it is.

        Our hooks decide nothing: no tool is allowed, refused or changed by them.
        """
        given = options if options is not None else ClaudeAgentOptions()
        hooks: dict[Any, list[HookMatcher]] = {event: list(own) for event, own in (given.hooks or {}).items()}
        for event in _HOOKS:
            if event in _known_events(HookEvent):
                hooks.setdefault(event, []).append(HookMatcher(hooks=[self._on_hook]))
        return replace(given, hooks=hooks)

    async def watch(self, messages: AsyncIterable[_T]) -> AsyncIterator[_T]:
        """Give messages as they come, and tell what they say.

        Args:
            messages: What ``query()``, ``receive_response()`` or ``receive_messages()`` gives.
        """
        run = self._quietly(self._new_run)
        iterator = aiter(messages)
        error: BaseException | None = None
        try:
            while True:
                outside = get_current()
                if run is not None:
                    attach(run.inside)
                try:
                    message = await anext(iterator)
                except StopAsyncIteration:
                    return
                finally:
                    attach(outside)
                if run is not None:
                    run = self._quietly(partial(self._take, run, message)) or run
                yield message
        except BaseException as raised:
            error = raised
            raise
        finally:
            if run is not None:
                self._quietly(partial(run.end, error))
            if isinstance(error, GeneratorExit) and hasattr(iterator, "aclose"):
                await iterator.aclose()

    def _new_run(self) -> ClaudeRun:
        return ClaudeRun(
            self._bridge,
            self._times,
            agent=self._agent,
            conversation_id=self._conversation,
            provider=self._provider,
        )

    def _take(self, run: ClaudeRun, message: Any) -> ClaudeRun:
        if run.is_over and run.begins_another(message):
            run.end(None)
            run = self._new_run()
        if self._prompt is not None and not run.is_over:
            run.prompt(self._prompt)
            self._prompt = None
        run.take(message)
        return run

    async def _on_hook(self, told: Any, tool_use_id: str | None, _context: Any) -> Any:
        """Note when a tool begins and ends. Gives no decision."""
        self._quietly(lambda: self._note(told, tool_use_id))
        return {}

    def _note(self, told: Any, tool_use_id: str | None) -> None:
        event, now = told["hook_event_name"], time.time_ns()
        if event == "UserPromptSubmit":
            self._prompt = told.get("prompt")
            return
        key = tool_use_id or told["tool_use_id"]
        if len(self._times) >= _MAX_TOOLS:
            self._times.clear()
        times = self._times.setdefault(key, HookTimes())
        if event == "PreToolUse":
            times.start_ns = now
        else:
            times.end_ns = now
            times.is_interrupt = event == "PostToolUseFailure" and bool(told.get("is_interrupt"))

    def _quietly(self, step: Callable[[], _T]) -> _T | None:
        """Keep our faults from the agent."""
        try:
            return step()
        except Exception:  # noqa: BLE001  telemetry must not stop the agent
            with suppress(Exception):
                self._bridge.fault()
            return None


def _known_events(hint: Any) -> set[str]:
    """Give the names in a union of literals: an SDK refuses hooks that it does not know."""
    names: set[str] = set()
    for part in get_args(hint):
        names |= {part} if isinstance(part, str) else _known_events(part)
    return names
