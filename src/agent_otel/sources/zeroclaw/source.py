"""``ZeroClawSource``: ZeroClaw as a source, in three forms. Parsed JSON in, ``AgentEvent`` out (rules R13 to R25).

What an ``Observer`` gets, handed over as JSON (``observer``); what the dashboard shows (``dashboard``); and the rows of
the runtime trace (``trace``), archives included.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
import json
from pathlib import PurePath
import re
from typing import Any, Final

from attrs import evolve

from agent_otel.model import AgentEvent, Cursor, RecordRejected
from agent_otel.sources.protocol import Context, Decoded, Decoder, Document, Verdict
from agent_otel.sources.zeroclaw.codec import (
    EVENT_MEMBERS,
    METRICS,
    UNIT_EVENTS,
    decode_observer_event,
    decode_observer_metric,
)
from agent_otel.sources.zeroclaw.dashboard import OBSERVABILITY, TYPES, decode_dashboard_event
from agent_otel.sources.zeroclaw.mapping import map_event, map_metric, note_of, note_of_metric
from agent_otel.sources.zeroclaw.moment import DASHBOARD, OBSERVER, Moment
from agent_otel.sources.zeroclaw.parts import is_clamped, usage_of
from agent_otel.sources.zeroclaw.rows import is_log_event
from agent_otel.sources.zeroclaw.trace import TraceReader

__all__ = ["ZeroClawSource"]

_MAX_SHOWN: Final = 10_000  # records of the dashboard that are known again; its history holds fewer
_MAIN: Final = "runtime-trace.jsonl"
_ARCHIVES: Final = "runtime-trace.*.jsonl"
_ARCHIVE: Final = re.compile(r"runtime-trace\.(?:\d{10}-)?\d{8}-\d{6}(?:\.\d+)?\.jsonl")
_NEEDED: Final = {
    name: frozenset(key for key, kind in members.items() if not kind.optional)
    for name, (_, members) in EVENT_MEMBERS.items()
}


def _is_row(record: Any) -> bool:
    """Whether it is a row of the trace, of schema 2 or of the older one."""
    return is_log_event(record) or (
        isinstance(record, dict)
        and isinstance(record.get("event_type"), str)
        and isinstance(record.get("timestamp"), str)
        and "payload" in record
    )


def _is_shown(record: Any) -> bool:
    """Whether it is a record of the dashboard."""
    if not isinstance(record, dict) or record.get("source") != OBSERVABILITY:
        return False
    word = record.get("type")
    return isinstance(word, str) and word in TYPES


def _is_history(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("events"), list)


def _is_observed(record: Any) -> bool:
    """Whether it is an event or a metric in the canonical form."""
    if isinstance(record, str):
        return record in UNIT_EVENTS
    if not isinstance(record, dict) or len(record) != 1:
        return False
    ((name, body),) = record.items()
    if name in _NEEDED:
        return isinstance(body, dict) and _NEEDED[name] <= body.keys() and bool(body)
    return name in METRICS or name in UNIT_EVENTS


def _is_own(record: Any) -> bool:
    if _is_history(record):
        return any(_is_shown(event) for event in record["events"])
    return _is_row(record) or _is_shown(record) or _is_observed(record)


class _ZeroClawDecoder:
    """Decodes records of any form; only the rows of a trace depend on each other."""

    def __init__(self) -> None:
        self._nonce = ""
        self._trace = TraceReader()
        self._shown_before: dict[str, None] = {}

    def open(self, document: Document) -> None:
        """Begin a document."""
        self._nonce = document.nonce

    def decode(self, record: Any, context: Context) -> Decoded:
        """Decode one parsed JSON value.

        Raises:
            RecordRejected: If a member is missing or of a wrong type, or it has none of the three forms.
        """
        if isinstance(record, dict):
            if "@timestamp" in record or "event_type" in record:
                return self._trace.read(record, context)
            if "type" in record:
                return self._shown(record, context)
            if _is_history(record):
                return self._history(record["events"], context)
        return self._observed(record, context)

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:
        """End the document: tell the ends of turns that were held back, unless it goes on in another one."""
        return self._trace.close() if complete else ()

    def _observed(self, record: Any, context: Context) -> Decoded:
        at = Moment(OBSERVER, context, nonce=self._nonce)
        if isinstance(record, dict) and len(record) == 1 and next(iter(record)) in METRICS:
            metric = decode_observer_metric(record)
            if metric is not None:
                return Decoded((map_metric(metric, at),), note=note_of_metric(metric))
        event = decode_observer_event(record)
        if event is None:
            return Decoded(verdict=Verdict.SKIPPED, note="unknown_variant")
        return Decoded((map_event(event, at),), note=note_of(event))

    def _shown(self, record: dict[str, Any], context: Context) -> Decoded:
        if record.get("source") != OBSERVABILITY:  # the gateway's own notices repeat, without ids, what observers say
            return Decoded(verdict=Verdict.SKIPPED, note="not_observability")
        shown = decode_dashboard_event(record)
        if shown is None:
            return Decoded(verdict=Verdict.SKIPPED, note="unknown_variant")
        if not self._is_new(record):
            return Decoded(verdict=Verdict.SKIPPED, note="told_twice")
        counts = (shown.input_tokens, shown.output_tokens)
        total = getattr(shown.event, "tokens_used", None)
        at = Moment(
            DASHBOARD,
            context,
            None if shown.timestamp is None else shown.timestamp.time_ns,
            self._nonce,
            usage_of(*counts, total if isinstance(total, int) else None),
        )
        note = "clamped_integer" if is_clamped(counts) else note_of(shown.event)
        return Decoded((map_event(shown.event, at),), note=note)

    def _is_new(self, record: dict[str, Any]) -> bool:
        """Whether no record before said the same: a history that is asked for again repeats what it told."""
        key = _shown_key(record)
        if key is None:
            return True
        is_known = key in self._shown_before
        self._shown_before[key] = None
        if len(self._shown_before) > _MAX_SHOWN:
            del self._shown_before[next(iter(self._shown_before))]
        return not is_known

    def _history(self, events: list[Any], context: Context) -> Decoded:
        """Decode the records of a history; each has a place of its own, and a malformed one costs only itself."""
        cursor = context.cursor
        found: list[AgentEvent] = []
        note: str | None = None
        for ordinal, event in enumerate(events, start=1):
            place = Cursor(f"{cursor.stream}#{cursor.ordinal}", ordinal)
            try:
                decoded = self.decode(event, evolve(context, cursor=place)) if not _is_history(event) else None
            except RecordRejected:
                decoded = None
            if decoded is None:
                note = "malformed_event"
                continue
            found.extend(decoded.events)
            note = note or decoded.note
        if note == "malformed_event" and not found:
            raise RecordRejected("events", "holds no record that can be read")
        return Decoded(found, note=note) if found else Decoded(verdict=Verdict.SKIPPED, note=note or "empty_history")


def _shown_key(record: dict[str, Any]) -> str | None:
    """Digest a record of the dashboard; None for one without a time, which may say the same again."""
    if not record.get("timestamp"):
        return None
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), default=str)
    return f"dashboard:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


class ZeroClawSource:
    """Events of ZeroClaw: observer events as JSON, records of its dashboard, and its runtime trace."""

    name: str = "zeroclaw"

    def detect(self, records: Sequence[Any]) -> float:
        """Give the share of these records that have one of the three forms, 0.0 to 1.0."""
        return sum(map(_is_own, records)) / len(records) if records else 0.0

    def decoder(self) -> Decoder:
        """Give a fresh decoder."""
        return _ZeroClawDecoder()

    def record_key(self, record: Any) -> str | None:
        """Give the id of a row of a trace, and a digest of a dashboard event; None for events without times.

        A dashboard event has no id, but a time of nine digits: one that says the same at the same time is the same.
        """
        if is_log_event(record):
            identity = record.get("id")
            return identity if isinstance(identity, str) and identity else None
        return _shown_key(record) if _is_shown(record) else None

    def companions(self, path: PurePath) -> Sequence[str]:
        """Give the pattern of the archives into which a trace is rotated."""
        return (_ARCHIVES,) if path.name == _MAIN else ()

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:
        """Whether an archive belongs to a trace: both hold rows; the trace may be empty after a rotation."""
        return _is_row(first) and (not main_first or any(map(_is_row, main_first)))

    def is_companion(self, path: PurePath) -> bool:
        """Whether the name is that of an archive."""
        return _ARCHIVE.fullmatch(path.name) is not None

    def precedes(self, path: PurePath) -> bool:
        """Whether the name is that of an archive: it holds what the trace held before it was rotated."""
        return self.is_companion(path)

    def sidecar(self, path: PurePath) -> str | None:  # noqa: ARG002  no file has one
        """Give nothing: no file describes a trace."""
        return None
