"""What a scripted agent does, told apart from any framework: its model's answers, and what its tools do when called.

A test of an adapter plays a ``Scenario`` with its own framework: it scripts the model with the turns, and lets every
tool call ``Stage.perform``. Nothing here sleeps or looks at a clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

__all__ = ["Played", "Scenario", "Stage", "ToolUse", "Turn"]

_PATIENCE_S: Final = 30.0  # until tools that never begin together are called a failure


@frozen(kw_only=True)
class ToolUse:
    """One tool call that a model asks for. Names and ids are unique in a scenario, sub-agents included.

    Args:
        name: Name of the tool.
        call_id: The id that the model gives the call.
        arguments: What the model passes; a JSON object.
        result: What the tool gives; with ``agent``, that agent's last text.
        error: What the tool raises, as a ``RuntimeError``; None if it works.
        hangs: Whether it never returns, so that the run has to be cancelled.
        agent: What an agent does that is asked by this tool; None for an ordinary one.
    """

    name: str
    call_id: str
    arguments: Mapping[str, Any] = field(factory=dict, repr=False)
    result: str = field(default="done", repr=False)
    error: str | None = field(default=None, repr=False)
    hangs: bool = False
    agent: Scenario | None = None


@frozen(kw_only=True)
class Turn:
    """One answer of a model: text, or tool calls, which run in parallel.

    Args:
        text: What it says.
        uses: The tools that it calls.
        input_tokens: What the model says that it used.
        output_tokens: As above.
        error: What the call of the model raises, as a ``RuntimeError``; None if it answers.
    """

    text: str = field(default="", repr=False)
    uses: tuple[ToolUse, ...] = ()
    input_tokens: int = 10
    output_tokens: int = 5
    error: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Scenario:
    """What one agent does from its prompt to its last answer.

    Args:
        agent: Name of the agent.
        turns: The answers of its model, in order.
        prompt: What it is asked.
        model: Name of its model.
        is_streamed: Whether the answers are to be streamed, in several parts.
    """

    agent: str
    turns: tuple[Turn, ...]
    prompt: str = field(default="What is there to do?", repr=False)
    model: str = "scripted-1"
    is_streamed: bool = False

    def everyone(self) -> Iterator[Scenario]:
        """Give this scenario, and those of all agents that are asked in it."""
        yield self
        for use in self.uses():
            if use.agent is not None:
                yield from use.agent.everyone()

    def uses(self) -> Iterator[ToolUse]:
        """Give this agent's own tool calls, in order."""
        for turn in self.turns:
            yield from turn.uses

    @property
    def input_tokens(self) -> int:
        """What all turns used, sub-agents included."""
        return sum(turn.input_tokens for one in self.everyone() for turn in one.turns)

    @property
    def output_tokens(self) -> int:
        """As above."""
        return sum(turn.output_tokens for one in self.everyone() for turn in one.turns)


@frozen(kw_only=True)
class Played:
    """What came of a scenario, as the framework itself tells it.

    Args:
        answer: The agent's last text.
        input_tokens: The framework's own sum over the whole run; None if it gives none.
        output_tokens: As above.
    """

    answer: str = field(repr=False)
    input_tokens: int | None = None
    output_tokens: int | None = None


class Stage:
    """What the tools of a scenario do.

    Tools of one turn wait for each other before they end, which shows that they ran in parallel.

    Args:
        scenario: What is played.
        in_parallel: Whether the framework runs the tools of one turn in parallel.
    """

    def __init__(self, scenario: Scenario, *, in_parallel: bool = True) -> None:
        turns = [turn for one in scenario.everyone() for turn in one.turns]
        self._uses = {use.name: use for turn in turns for use in turn.uses}
        together = {
            use.name: frozenset(other.name for other in turn.uses if other.agent is None)
            for turn in turns
            for use in turn.uses
        }
        self._together = together if in_parallel else {}
        self._begun: set[str] = set()
        self._changed = asyncio.Condition()
        self.performed: list[str] = []

    async def perform(self, name: str) -> str:
        """Do what a tool does; to be called by the tool that the framework calls.

        Returns:
            Its result.

        Raises:
            RuntimeError: The tool fails.
            AssertionError: The framework does not run the tools of one turn in parallel.
        """
        use = self._uses[name]
        async with self._changed:
            self._begun.add(name)
            self.performed.append(name)
            self._changed.notify_all()
        await self._wait_for(self._together.get(name, frozenset()))
        if use.hangs:
            await asyncio.Event().wait()
        if use.error is not None:
            raise RuntimeError(use.error)
        return use.result

    async def until_begun(self, *names: str) -> None:
        """Wait until tools have begun."""
        await self._wait_for(frozenset(names))

    async def _wait_for(self, names: frozenset[str]) -> None:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(lambda: names <= self._begun), _PATIENCE_S)
            except asyncio.TimeoutError:
                raise AssertionError(f"did not begin together: {', '.join(sorted(names))}") from None
