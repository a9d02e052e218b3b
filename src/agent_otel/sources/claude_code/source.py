"""``ClaudeCodeSource``: the session files of Claude Code, and the files of their sub-agents, as one group."""

from __future__ import annotations

from collections.abc import Sequence
from glob import escape
from pathlib import PurePath
import re
from typing import Any, Final

from agent_otel.sources.claude_code.chains import agent_file_id
from agent_otel.sources.claude_code.decoder import BOOKKEEPING_TYPES, CHAIN_TYPES, ClaudeCodeDecoder
from agent_otel.sources.claude_code.reading import session_of, text_of
from agent_otel.sources.protocol import Decoder

__all__ = ["ClaudeCodeSource"]

_JOURNAL: Final = "journal.jsonl"
_JOURNAL_TYPES: Final = ("started", "result")
_UUID: Final = re.compile(r"[0-9a-fA-F-]{36}")


def _is_journal(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and record.get("type") in _JOURNAL_TYPES
        and isinstance(record.get("key"), str)
        and isinstance(record.get("agentId"), str)
    )


def _is_own(record: Any) -> bool:
    """Whether a record has the shape of one of ours: a known type, and the ids that come with it."""
    kind = record.get("type") if isinstance(record, dict) else None
    if not isinstance(kind, str):
        return False
    if kind in CHAIN_TYPES:
        return isinstance(record.get("sessionId"), str) and isinstance(record.get("uuid"), str)
    if kind == "summary":
        return isinstance(record.get("leafUuid"), str)
    if kind.startswith("file-history-"):
        return isinstance(record.get("messageId"), str)
    return (kind in BOOKKEEPING_TYPES and isinstance(record.get("sessionId"), str)) or _is_journal(record)


class ClaudeCodeSource:
    """Session files of Claude Code, JSON lines."""

    name: str = "claude-code"

    def detect(self, records: Sequence[Any]) -> float:
        """Give the share of these records that have the shape of ours, 0.0 to 1.0."""
        return sum(map(_is_own, records)) / len(records) if records else 0.0

    def decoder(self) -> Decoder:
        """Give a fresh decoder."""
        return ClaudeCodeDecoder()

    def record_key(self, record: Any) -> str | None:
        """Give the uuid of a record: a copy in a resumed or forked session keeps it.

        What is no real uuid may occur in another session as well; there a copy also keeps session and time.
        """
        if not isinstance(record, dict) or record.get("type") not in _KEYED:
            return None
        uuid = text_of(record, "uuid")
        if uuid is None or _UUID.fullmatch(uuid):
            return uuid
        return f"{uuid}@{session_of(record)}@{text_of(record, 'timestamp')}"

    def companions(self, path: PurePath) -> Sequence[str]:
        """Give the patterns of the places where sub-agents have had their files, oldest last.

        The record of a workflow's run (``<session>/workflows/<run>.json``) is not among them: its counts are counted
        from the agents themselves.
        """
        below = f"{escape(path.stem)}/subagents"
        return (
            f"{below}/agent-*.jsonl",
            f"{below}/workflows/*/agent-*.jsonl",
            f"{below}/workflows/*/{_JOURNAL}",
            "agent-*.jsonl",
        )

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:
        """Whether a file with this first record is of the same session. A journal names none: its place tells."""
        if _is_journal(first):
            return True
        session = session_of(first) if isinstance(first, dict) else None
        return session is not None and any(session == session_of(it) for it in main_first if isinstance(it, dict))

    def is_companion(self, path: PurePath) -> bool:
        """Whether the name is that of a sub-agent's file or of a journal."""
        return agent_file_id(path) is not None or path.name == _JOURNAL

    def sidecar(self, path: PurePath) -> str | None:
        """Give the name of the file that tells a sub-agent's type."""
        return f"{path.stem}.meta.json" if agent_file_id(path) is not None else None


_KEYED: Final = tuple(CHAIN_TYPES)
