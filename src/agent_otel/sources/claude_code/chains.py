"""Chains: the lines of work in a document. The session's own, and one per sub-agent, wherever its records stand.

A sub-agent has one of three homes: records with ``isSidechain`` inside the session's file (1.0.x), a file beside it
(2.0.x), or a file below the session's directory (2.1.x). Records in, the chain they belong to out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any, Final

from attrs import define, field, frozen

from agent_otel.model import Cursor
from agent_otel.sources.claude_code.content import text_in
from agent_otel.sources.claude_code.entry import MAIN_AGENT, SUB_AGENT
from agent_otel.sources.claude_code.links import Link, Links
from agent_otel.sources.claude_code.messages import Message
from agent_otel.sources.claude_code.reading import Recent, agent_type_of, object_of, text_of
from agent_otel.sources.protocol import Document

__all__ = ["Chain", "Chains", "Last", "Opener", "Run", "agent_file_id"]

_MAX_RECORDS: Final = 100_000
_MAX_CHAINS: Final = 2_000


class Last(Enum):
    """What the last thing in a run was: it decides how the run ended."""

    ASKED = "asked"  # a prompt or a tool result: the model has to answer
    ANSWERED = "answered"
    FAILED = "failed"  # the client gave up
    INTERRUPTED = "interrupted"


@define(eq=False)
class Run:
    """An open run."""

    id: str
    start_ns: int
    last_ns: int
    cursor: Cursor
    last: Last = Last.ASKED
    error_type: str | None = None
    model: str | None = None
    texts: list[str] = field(factory=list, repr=False)
    open_calls: set[str] = field(factory=set)  # of the last response


@frozen
class Opener:
    """A record that begins a run if the model works after it."""

    name: str
    time_ns: int
    cursor: Cursor
    prompt: Any = field(repr=False)
    is_command: bool


@define(eq=False)
class Chain:
    """A line of work.

    Args:
        conversation: Id of the session.
        agent: What its runs call themselves.
        is_sub: Whether it is a sub-agent's: one run, whatever prompts it gets.
        run_id: Id of that run, where it is known before it begins.
        agent_id: Id of the sub-agent, if it has one.
        link: The call that started it, if it is known.
    """

    conversation: str | None
    agent: str = MAIN_AGENT
    is_sub: bool = False
    run_id: str | None = None
    agent_id: str | None = None
    link: Link | None = None
    run: Run | None = None
    opener: Opener | None = None
    message: Message | None = None
    cause_ns: int | None = None
    last_ns: int | None = None


def agent_file_id(path: PurePath) -> str | None:
    """Give the agent's id from the name of an agent file; None for any other file."""
    name = path.name
    if not name.startswith("agent-"):
        return None
    return name[len("agent-") :].partition(".")[0] or None


class Chains:
    """The chains of one document.

    Args:
        document: The document.
        links: The calls known so far.
    """

    def __init__(self, document: Document, links: Links) -> None:
        path = PurePath(document.name)
        self._links = links
        self._agent_id = agent_file_id(path)
        self._agent_type = agent_type_of(document.sidecar, "agentType")
        self._workflow = path.parent.name if path.parent.parent.name == "workflows" else None
        self._by_key: OrderedDict[tuple[str | None, str | None], Chain] = OrderedDict()
        self._inline: dict[int, Chain] = {}
        self._by_call: dict[str, Chain] = {}
        self._of_record: Recent[Chain] = Recent(_MAX_RECORDS)

    @property
    def is_agent_file(self) -> bool:
        """Whether the document holds a sub-agent, by its name."""
        return self._agent_id is not None

    def all(self) -> list[Chain]:
        """Give all chains, sub-agents inside the file first: they end before what started them."""
        return [*self._inline.values(), *self._by_key.values()]

    def of(self, record: Mapping[str, Any], name: str, conversation: str | None) -> Chain:
        """Give the chain of a record of work; begins one if there is none.

        Args:
            record: The record.
            name: What a run that begins with it is called.
            conversation: Id of its session.
        """
        agent_id = text_of(record, "agentId") or self._agent_id
        if agent_id is not None:
            return self._known((conversation, agent_id)) or self._begin(
                (conversation, agent_id), self._of_agent(agent_id, conversation, record)
            )
        if record.get("isSidechain") is True:
            return self._inside(record, name, conversation)
        return self._known((conversation, None)) or self._begin((conversation, None), Chain(conversation))

    def passed(self, record: Mapping[str, Any]) -> None:
        """Take a record that is no work but may be the parent of one that is, in a sub-agent inside the file."""
        if record.get("isSidechain") is True:
            parent = text_of(record, "parentUuid")
            chain = self._of_record.get(parent) if parent is not None else None
            self._remember(record, chain)

    def of_call(self, call: str) -> Chain | None:
        """Give the sub-agent inside this document that a call started."""
        return self._by_call.get(call)

    def ended(self, chain: Chain) -> None:
        """Take a sub-agent inside the document as done."""
        self._inline.pop(id(chain), None)
        if chain.link is not None:
            self._by_call.pop(chain.link.call, None)

    def surplus(self) -> Chain | None:
        """Take out the oldest chain, if there are too many."""
        if len(self._inline) > _MAX_CHAINS:
            chain = next(iter(self._inline.values()))
        elif len(self._by_key) > _MAX_CHAINS:
            chain = self._by_key.popitem(last=False)[1]
        else:
            return None
        self.ended(chain)
        return chain

    def _known(self, key: tuple[str | None, str | None]) -> Chain | None:
        chain = self._by_key.get(key)
        if chain is not None:
            self._by_key.move_to_end(key)
        return chain

    def _begin(self, key: tuple[str | None, str | None], chain: Chain) -> Chain:
        self._by_key[key] = self._linked(chain)
        return chain

    def _linked(self, chain: Chain) -> Chain:
        if chain.link is not None:
            self._by_call[chain.link.call] = chain
        return chain

    def _of_agent(self, agent_id: str, conversation: str | None, record: Mapping[str, Any]) -> Chain:
        link = self._links.of_agent(agent_id, self._workflow, _prompt_of(record))
        agent = (link.agent if link is not None else None) or self._agent_type or SUB_AGENT
        run_id = f"{conversation}/{agent_id}"
        return Chain(conversation, agent, is_sub=True, run_id=run_id, agent_id=agent_id, link=link)

    def _inside(self, record: Mapping[str, Any], name: str, conversation: str | None) -> Chain:
        parent = text_of(record, "parentUuid")
        chain = self._of_record.get(parent) if parent is not None else None
        if chain is None:
            link = self._links.of_prompt(_prompt_of(record))
            if link is None and (parent is not None or record.get("type") != "user"):
                chain = self._only(conversation)
            if chain is None:
                agent = (link.agent if link is not None else None) or SUB_AGENT
                chain = self._linked(Chain(conversation, agent, is_sub=True, run_id=name, link=link))
        self._inline[id(chain)] = chain
        self._remember(record, chain)
        return chain

    def _only(self, conversation: str | None) -> Chain | None:
        """Give the only sub-agent that is at work: the one that a record with a lost parent belongs to."""
        found = None
        for chain in self._inline.values():
            if chain.conversation == conversation:
                if found is not None:
                    return None
                found = chain
        return found

    def _remember(self, record: Mapping[str, Any], chain: Chain | None) -> None:
        uuid = text_of(record, "uuid")
        if uuid is not None and chain is not None:
            self._of_record.put(uuid, chain)


def _prompt_of(record: Mapping[str, Any]) -> str | None:
    return text_in(object_of(record, "message").get("content")) if record.get("type") == "user" else None
