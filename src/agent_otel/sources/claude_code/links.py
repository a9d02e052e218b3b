"""Which tool call started which sub-agent.

Told by the call's result (``agentId``, or ``runId`` for the agents of a workflow). A call without such a result is
found by its prompt, first in first out; only digests of prompts are kept. Nothing is guessed (rule R18).

Links also know which sub-agents are done: the call was answered, or, where it only launched the agent in the
background, a notification or the output of the task said so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
import re
from typing import Any, Final

from attrs import define, frozen

from agent_otel.sources.claude_code.content import blocks_of, text_in
from agent_otel.sources.claude_code.reading import Recent, agent_type_of, object_of, text_of

__all__ = ["Link", "Links"]

_LIMIT: Final = 10_000
_MAX_ID: Final = 1024  # longer ids are not kept, and what they name is not linked
# Results without a structured part name the agent in a block of their own.
_AGENT_ID: Final = re.compile(r"(?:Async agent launched successfully\.\s+)?agentId: ([0-9A-Za-z_-]{1,64})\b")
_LAUNCHED: Final = "Async agent launched successfully."
_NOTICE_HEAD: Final = 2_000  # ids and status stand before what the agent said
_TASK: Final = re.compile(r"<task-id>([0-9A-Za-z_-]{1,64})</task-id>")
_CALL: Final = re.compile(r"<tool-use-id>([0-9A-Za-z_-]{1,128})</tool-use-id>")
_STATUS: Final = re.compile(r"<status>([a-z_]{1,20})</status>")
_FINAL: Final = frozenset({"cancelled", "completed", "error", "failed", "killed", "stopped", "timeout"})


@frozen
class Link:
    """The call that started a sub-agent.

    Args:
        run: Id of the run that made the call.
        call: Id of the call.
        agent: Type of the agent, if the call says it.
    """

    run: str
    call: str
    agent: str | None = None


@define
class _Waiting:
    link: Link
    prompt: bytes
    answered: bool = False


def _digest(prompt: str) -> bytes:
    return sha256(prompt.strip().encode("utf-8", "surrogatepass")).digest()


class Links:
    """Knows the calls that start agents, within one group of documents."""

    def __init__(self) -> None:
        self._by_agent: Recent[Link] = Recent(_LIMIT)
        self._by_workflow: Recent[Link] = Recent(_LIMIT)
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._launched: Recent[str] = Recent(_LIMIT)  # calls by the task that they launched in the background
        self._done_calls: Recent[None] = Recent(_LIMIT)
        self._done_tasks: Recent[None] = Recent(_LIMIT)

    def called(self, link: Link, arguments: Mapping[str, Any]) -> None:
        """Take a call that may start an agent: one that was given a prompt."""
        prompt = arguments.get("prompt")
        if not isinstance(prompt, str) or len(link.call) > _MAX_ID:
            return
        self._waiting[link.call] = _Waiting(link, _digest(prompt))
        if len(self._waiting) > _LIMIT:
            self._waiting.popitem(last=False)

    def answered(self, link: Link, block: Mapping[str, Any], structured: Any) -> str | None:
        """Take the result of a call, and give the id of the agent that it names."""
        result = structured if isinstance(structured, dict) and len(link.call) <= _MAX_ID else {}
        waiting = self._waiting.get(link.call)
        if (workflow := text_of(result, "runId")) is not None and workflow not in self._by_workflow:
            self._by_workflow.put(workflow, link)
        agent_id = text_of(result, "agentId")
        if agent_id is None and waiting is not None:
            agent_id = _agent_id_in(block.get("content"))
        if waiting is not None or workflow is not None or agent_id is not None:
            self._settle(link.call, block, result)
        self._output_of(result)
        if agent_id is None:
            if waiting is not None:
                waiting.answered = True
            return None
        self._waiting.pop(link.call, None)
        if agent_id not in self._by_agent:  # an agent that is called again stays where it began
            agent = link.agent or agent_type_of(result, "agentType")
            self._by_agent.put(agent_id, Link(link.run, link.call, agent))
        return agent_id

    def notified(self, content: Any) -> None:
        """Take a notification of the client: it may say that a task in the background is done."""
        head = text_in(content)[:_NOTICE_HEAD]
        task, call, status = (pattern.search(head) for pattern in (_TASK, _CALL, _STATUS))
        if status is None or status.group(1) not in _FINAL:
            return
        if task is not None:
            self._task_done(task.group(1))
        if call is not None:
            self._done_calls.put(call.group(1), None)

    def is_done(self, link: Link, agent_id: str | None) -> bool:
        """Whether an agent has been said to be done, so that its run ends although its file may grow.

        An agent that is called again later stays ended here: its later work hangs below the run that was told.

        Args:
            link: The call that started it.
            agent_id: Its id, if it has one.
        """
        return link.call in self._done_calls or (agent_id is not None and agent_id in self._done_tasks)

    def of_agent(self, agent_id: str, workflow: str | None, prompt: str | None) -> Link | None:
        """Find the call that started an agent.

        Args:
            agent_id: Its id.
            workflow: Id of the workflow in whose directory it was found.
            prompt: Its first prompt.
        """
        found = self._by_agent.get(agent_id)
        if found is None and workflow is not None:
            found = self._by_workflow.get(workflow)
        return found or self._of_prompt(prompt, self._unanswered(), self._waiting.values())

    def of_prompt(self, prompt: str | None) -> Link | None:
        """Find the call that started an agent whose records stand between those of its caller: one still unanswered."""
        return self._of_prompt(prompt, self._unanswered())

    def _settle(self, call: str, block: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Note whether an answer says that the work is done, or only that it was launched."""
        launched = result.get("isAsync") is True or result.get("status") == "async_launched"
        if not launched and not text_in(block.get("content")).startswith(_LAUNCHED):
            self._done_calls.put(call, None)
        elif (task := text_of(result, "taskId")) is not None:
            self._launched.put(task, call)

    def _output_of(self, result: Mapping[str, Any]) -> None:
        """Take the output of a task that was asked for: it tells how the task stands."""
        task = object_of(result, "task")
        name = text_of(task, "task_id")
        if name is not None and text_of(task, "status") in _FINAL:
            self._task_done(name)

    def _task_done(self, task: str) -> None:
        self._done_tasks.put(task, None)
        call = self._launched.pop(task)
        if call is not None:
            self._done_calls.put(call, None)

    def _unanswered(self) -> Iterator[_Waiting]:
        return (waiting for waiting in self._waiting.values() if not waiting.answered)

    def _of_prompt(self, prompt: str | None, *groups: Iterable[_Waiting]) -> Link | None:
        if not prompt or not self._waiting:
            return None
        digest = _digest(prompt)
        found = next((it for group in groups for it in group if it.prompt == digest), None)
        if found is None:
            return None
        del self._waiting[found.link.call]
        return found.link


def _agent_id_in(content: Any) -> str | None:
    for block in blocks_of(content):
        text = block.get("text")
        match = _AGENT_ID.match(text) if isinstance(text, str) else None
        if match is not None:
            return match.group(1)
    return None
