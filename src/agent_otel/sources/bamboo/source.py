"""``BambooSource``: what Bamboo says in any of its three forms. Parsed JSON in, ``AgentEvent`` out.

- ``metrics``: metrics events (rules R1 to R12). Each stands for itself; a repeated one is found by ``record_key``.
- ``stream``: agent events as a session streams them, bare or wrapped with the session known from the address.
- ``feed``: change events of the account feed and its journal.

One decoder reads them all, so that a live bridge may be fed with any.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
import re
from typing import Any, Final

from agent_otel.model import AgentEvent, RecordRejected
from agent_otel.sources.bamboo.agent_events import VARIANTS as AGENT_EVENTS
from agent_otel.sources.bamboo.agent_events import decode_agent_event
from agent_otel.sources.bamboo.change_feed import decode_change_event, is_change_event
from agent_otel.sources.bamboo.codec import VARIANTS, decode_metrics_event
from agent_otel.sources.bamboo.mapping import map_event
from agent_otel.sources.bamboo.stream import AgentStream
from agent_otel.sources.protocol import Context, Decoded, Decoder, Document, Verdict

__all__ = ["BambooSource"]

_CONTROL_FRAMES: Final = {"[KEEPALIVE]": "keep_alive", "[DONE]": "stream_done"}
_JOURNAL: Final = re.compile(r"events-\d{20}\.jsonl")
_FIRST_JOURNAL: Final = f"events-{1:020}.jsonl"
_COMMON_TYPES: Final = frozenset({"token", "complete", "cancelled", "error", "notification", "tool_start"})
_HALF: Final = 0.5  # how sure a type is that other systems use as well


def _variant(record: Any) -> tuple[str, str, Any] | None:
    """Give category, variant and body of what has the shape of a metrics event, None for anything else."""
    if not isinstance(record, dict) or len(record) != 1:
        return None
    ((category, tagged),) = record.items()
    if isinstance(tagged, str):
        return category, tagged, None
    if not isinstance(tagged, dict) or len(tagged) != 1:
        return None
    ((variant, body),) = tagged.items()
    return category, variant, body


def _sureness(record: Any) -> float:
    """Say how sure it is that this record is Bamboo's."""
    found = _variant(record)
    if found is not None and found[1] in VARIANTS.get(found[0], ()):
        return 1.0
    if not isinstance(record, dict):
        return 0.0
    wrapped = is_change_event(record)
    event = record["event"] if wrapped and "type" not in record else record
    tag = event.get("type")
    if not isinstance(tag, str) or tag not in AGENT_EVENTS:
        return 0.0
    try:
        known = decode_change_event(record) if wrapped else decode_agent_event(record)
    except RecordRejected:
        return 0.0
    return 0.0 if known is None else _HALF if tag in _COMMON_TYPES and not wrapped else 1.0


class _BambooDecoder:
    """Decodes records of all three forms."""

    def __init__(self) -> None:
        self._stream = AgentStream()
        self._nonce: str | None = None

    def open(self, document: Document) -> None:
        """Begin a document; what has no time of its own gets its nonce."""
        self._nonce = document.nonce or None

    def decode(self, record: Any, context: Context) -> Decoded:
        """Decode one parsed JSON value.

        Raises:
            RecordRejected: If it is of no form, or a member is missing or of a wrong type.
        """
        if isinstance(record, str) and record in _CONTROL_FRAMES:
            return Decoded(verdict=Verdict.SKIPPED, note=_CONTROL_FRAMES[record])
        if is_change_event(record):
            return self._stream.take_change(decode_change_event(record), context, self._nonce)
        if isinstance(record, dict) and "type" in record:
            return self._stream.take(decode_agent_event(record), context, self._nonce)
        metrics = decode_metrics_event(record)
        if metrics is None:
            return Decoded(verdict=Verdict.SKIPPED, note="unknown_variant")
        return map_event(metrics, context)

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:
        """End the document; ends of tool calls that waited for their results come without them.

        Not where the document goes on later: then the result may still come, and would be told by another reading.
        """
        return self._stream.close() if complete else ()


class BambooSource:
    """What Bamboo says: metrics events, a session's agent events, the account's change events."""

    name: str = "bamboo"

    def detect(self, records: Sequence[Any]) -> float:
        """Give the share of these records that are of a known form and variant, 0.0 to 1.0."""
        told = [record for record in records if not (isinstance(record, str) and record in _CONTROL_FRAMES)]
        return sum(map(_sureness, told)) / len(told) if told else 0.0

    def decoder(self) -> Decoder:
        """Give a fresh decoder."""
        return _BambooDecoder()

    def record_key(self, record: Any) -> str | None:
        """Give the event id of a metrics event (rule R8), or the place of a change event in its feed.

        Numbers count within one journal, so that time, session and type join them. System events, agent events that no
        feed has numbered, and what is of no form have no key.
        """
        if is_change_event(record):
            return _feed_key(record)
        found = _variant(record)
        meta = found[2].get("meta") if found is not None and isinstance(found[2], dict) else None
        event_id = meta.get("event_id") if isinstance(meta, dict) else None
        return event_id if isinstance(event_id, str) and event_id else None

    def companions(self, path: PurePath) -> Sequence[str]:
        """Give the pattern of the journal files that follow the first one: runs go on from one to the next."""
        return ("events-*.jsonl",) if path.name == _FIRST_JOURNAL else ()

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:  # noqa: ARG002  a directory has one journal
        """Whether a file begins with a change event that a feed has numbered."""
        return is_change_event(first) and isinstance(first.get("seq"), int)

    def is_companion(self, path: PurePath) -> bool:
        """Whether it is a journal file other than the first; where that is gone, each is read on its own."""
        return _JOURNAL.fullmatch(path.name) is not None and path.name != _FIRST_JOURNAL

    def sidecar(self, path: PurePath) -> str | None:  # noqa: ARG002  no file has one
        """Give nothing: no file describes another."""
        return None


def _feed_key(record: dict[str, Any]) -> str | None:
    event = record if "type" in record else record["event"]
    seq, told = record.get("seq"), (record.get("ts"), record.get("session_id"), event.get("type"))
    if (
        isinstance(seq, bool)
        or not isinstance(seq, int)
        or not all(isinstance(it, (str, int, type(None))) for it in told)
    ):
        return None
    return f"feed:{seq}:{told}"
