"""The decoder: the records of a session and of its sub-agents' files in, ``AgentEvent`` out.

One instance reads a whole group: the session first, then the files of its sub-agents. It keeps open runs, open calls
and links, all of them bounded, and never the records themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import re
from typing import Any, Final

from agent_otel.model import AgentEvent, Cursor, RecordRejected
from agent_otel.sources.claude_code.calls import Calls
from agent_otel.sources.claude_code.chains import Chain, Chains
from agent_otel.sources.claude_code.content import is_usable
from agent_otel.sources.claude_code.entry import Entry
from agent_otel.sources.claude_code.links import Links
from agent_otel.sources.claude_code.reading import object_of, session_of, text_of, time_of
from agent_otel.sources.claude_code.responses import Responses
from agent_otel.sources.claude_code.runs import Runs
from agent_otel.sources.claude_code.sessions import Sessions
from agent_otel.sources.claude_code.story import BOOKKEEPING, Story
from agent_otel.sources.protocol import Context, Decoded, Document, Verdict

__all__ = ["BOOKKEEPING_TYPES", "CHAIN_TYPES", "ClaudeCodeDecoder"]

CHAIN_TYPES: Final = frozenset({"user", "assistant", "system", "attachment", "progress"})
BOOKKEEPING_TYPES: Final = frozenset(
    {
        "agent-name",
        "agent-setting",
        "ai-title",
        "custom-title",
        "file-history-delta",
        "file-history-snapshot",
        "last-prompt",
        "mode",
        "permission-mode",
        "pr-link",
        "queue-operation",
        "result",  # with `started` the journal of a workflow: its agents tell the same themselves
        "started",
        "summary",
        "worktree-state",
    }
)
_SYSTEM_WORK: Final = frozenset({"turn_duration", "api_error", "compact_boundary", "stop_hook_summary"})
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SKIPPED: Final = Decoded(verdict=Verdict.SKIPPED, note=BOOKKEEPING)
_UNKNOWN: Final = Decoded(verdict=Verdict.SKIPPED, note="unknown_record_type")
_NO_DOCUMENT: Final = Document("", "")


class ClaudeCodeDecoder:
    """Decodes one session and the files of its sub-agents."""

    def __init__(self) -> None:
        self._links = Links()
        self._calls = Calls(self._links)
        self._runs = Runs()
        self._responses = Responses(self._runs, self._calls)
        self._has_main = False
        self._story = Story(self._runs, self._calls, self._responses, self._links)
        self.open(_NO_DOCUMENT)

    def open(self, document: Document) -> None:
        """Begin a document. What the documents before told of calls and agents stays known."""
        self._document = document
        self._chains = Chains(document, self._links)
        self._sessions = Sessions()
        self._conversation: str | None = None
        self._last_ns: int | None = None
        if document is not _NO_DOCUMENT and not self._chains.is_agent_file:
            self._has_main = True

    def decode(self, record: Any, context: Context) -> Decoded:
        """Decode one parsed JSON value.

        Raises:
            RecordRejected: If it is no object, or a message without content, or nothing says when it was written.
        """
        if not isinstance(record, dict):
            raise RecordRejected("", "is no object")
        kind = record.get("type")
        is_known = isinstance(kind, str)
        if not is_known or (kind not in CHAIN_TYPES and kind not in BOOKKEEPING_TYPES):
            return _UNKNOWN
        events: list[AgentEvent] = []
        time_ns = time_of(record)
        if time_ns is not None:
            self._seen(record, time_ns, context.cursor, events)
        if kind in BOOKKEEPING_TYPES:
            return _told(BOOKKEEPING, events)
        return self._of_chain(str(kind), record, time_ns, context.cursor, events)

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:
        """End the document.

        Args:
            complete: Whether it is at its end. If not, a run, a response or a session may still grow: none is ended
                but those of sub-agents of whom a document before this one, or this one, said that they are done.
        """
        events: list[AgentEvent] = []
        for chain in self._chains.all():
            if complete or (chain.link is not None and self._links.is_done(chain.link, chain.agent_id)):
                self._runs.end(chain, events)
        if complete:
            events.extend(self._sessions.close())
        self.open(_NO_DOCUMENT)
        return events

    def _seen(self, record: Mapping[str, Any], time_ns: int, cursor: Cursor, events: list[AgentEvent]) -> None:
        self._last_ns = max(self._last_ns or 0, time_ns)
        if not self._chains.is_agent_file:
            events.extend(self._sessions.seen(record, time_ns, cursor))

    def _of_chain(
        self, kind: str, record: Mapping[str, Any], time_ns: int | None, cursor: Cursor, events: list[AgentEvent]
    ) -> Decoded:
        conversation = session_of(object_of(record, "forkedFrom")) or session_of(record) or self._conversation
        self._conversation = conversation
        message = object_of(record, "message")
        is_message = kind in ("user", "assistant")
        if not _matters(kind, record) or (is_message and not is_usable(message.get("content"))):
            self._chains.passed(record)
            if not is_message:
                return _told(BOOKKEEPING, events)
            raise RecordRejected("message.content", "is neither text nor a list of blocks")
        name = self._name_of(record, cursor)
        chain = self._chains.of(record, name, conversation)
        if self._document.live and self._has_main and self._chains.is_agent_file and chain.link is None:
            # The call that started this agent is not written yet. Told now, it would stand in a trace of its own.
            return _told("waits_for_its_call", events)
        entry = self._placed(chain, record, message, name, time_ns, cursor)
        skipped = self._tell(kind, chain, entry, events)
        surplus = self._chains.surplus()
        if surplus is not None:
            self._runs.end(surplus, events)
        return _told(skipped, events) if skipped is not None else Decoded(events, note=entry.note)

    def _placed(
        self,
        chain: Chain,
        record: Mapping[str, Any],
        message: Mapping[str, Any],
        name: str,
        time_ns: int | None,
        cursor: Cursor,
    ) -> Entry:
        """Put a record in its place. Without a time of its own it gets that of the record before it."""
        note = None
        if time_ns is None:
            time_ns, note = chain.last_ns if chain.last_ns is not None else self._last_ns, "time_of_chain"
        if time_ns is None:
            raise RecordRejected("timestamp", "is no time between 1970 and 2262, and no record before it has one")
        chain.last_ns = time_ns if chain.last_ns is None else max(chain.last_ns, time_ns)
        return Entry(record, message, name, time_ns, cursor, note)

    def _tell(self, kind: str, chain: Chain, entry: Entry, events: list[AgentEvent]) -> str | None:
        if kind == "assistant":
            return self._responses.part(chain, entry, events)
        if kind == "user":
            return self._story.user(chain, self._chains, entry, events)
        if kind == "system":
            return self._story.system(chain, entry, events)
        return self._story.attachment(chain, entry, events)

    def _name_of(self, record: Mapping[str, Any], cursor: Cursor) -> str:
        """Name a record, and with it a run that begins there.

        A real uuid is enough, and makes a copy in a forked session the same run. Anything else may occur in another
        file as well, and is joined to the identity of this one.
        """
        uuid = text_of(record, "uuid")
        if uuid is not None and _UUID.fullmatch(uuid):
            return uuid
        return f"{self._document.key}#{uuid or cursor.ordinal}"


def _matters(kind: str, record: Mapping[str, Any]) -> bool:
    """Whether a record can say something about the work, so that its chain has to be found."""
    if kind == "system":
        subtype = record.get("subtype")
        return isinstance(subtype, str) and subtype in _SYSTEM_WORK
    if kind == "attachment":
        return object_of(record, "attachment").get("type") == "hook_blocking_error"
    return kind != "progress"


def _told(note: str, events: list[AgentEvent]) -> Decoded:
    """Give the result of a record that says nothing itself; it may still be the first of a session."""
    if not events and note == BOOKKEEPING:
        return _SKIPPED
    return Decoded(events, Verdict.SKIPPED, note)
