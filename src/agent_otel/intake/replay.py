"""``Replay``: groups of files through a reading. Remembers, where asked, what was delivered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
import time

from agent_otel.bridge import Problem, Reading, ReadingOptions, ReadingSummary
from agent_otel.intake.groups import Group
from agent_otel.intake.inputs import Progress
from agent_otel.intake.lines import Line, parse_line
from agent_otel.intake.resume import ResumeStore, default_state_directory
from agent_otel.model import Cursor, RecordRejected
from agent_otel.project import SpanData
from agent_otel.setup import read_settings
from agent_otel.sources import Context, Decoder, Document

__all__ = ["Replay"]


class Replay:
    """Reads groups one after the other.

    Args:
        reading: Takes the records.
        options: How to read.
        store: What was delivered before; None without ``resume``.
    """

    def __init__(self, reading: Reading, options: ReadingOptions, store: ResumeStore | None = None) -> None:
        self._reading = reading
        self._options = options
        self._store = store
        self._told: list[tuple[str, list[int]]] = []

    @classmethod
    def from_env(
        cls,
        options: ReadingOptions,
        environ: Mapping[str, str],
        on_span: Callable[[SpanData], None] | None = None,
    ) -> Replay:
        """Build it from the environment.

        Raises:
            SettingsError: If a variable has a value that cannot be used.
            IntakeError: If the state of ``resume`` cannot be used.
        """
        directory: Path = read_settings(environ).state or default_state_directory(environ)
        store = ResumeStore(directory) if options.resume else None
        return cls(Reading.from_env(options, environ, on_span), options, store)

    def read(self, group: Group, progress: Progress | None = None) -> None:
        """Read a group to its end.

        Args:
            group: Main file and companions.
            progress: Called with the number of bytes read since the last call.
        """
        decoder = group.source.decoder()
        for position, (document, lines) in enumerate(group.documents(progress)):
            if position == 0:
                self._begin(document)
            decoder.open(document)
            for line in lines:
                self._take(line, document, group, decoder)
            if not group.repeat:
                self._reading.feed(decoder.close(complete=not self._options.resume))

    def finish(self) -> ReadingSummary:
        """Close what is open, send everything, and remember what arrived. Never raises for a sink."""
        summary = self._reading.finish()
        self._remember(summary)
        return summary

    def abort(self) -> ReadingSummary:
        """Send what is complete and stop; nothing that is open is closed, so that the next reading can tell it whole."""
        summary = self._reading.abort()
        self._remember(summary)
        return summary

    def _begin(self, document: Document) -> None:
        if self._store is None:
            return
        before = self._store.load(self._reading.sink_identity, document.key)
        self._told.append((document.key, self._reading.begin_input(before)))

    def _remember(self, summary: ReadingSummary) -> None:
        """Remember what was told, but only if all of it arrived: otherwise the next reading sends it again."""
        if self._store is None:
            return
        if not summary.undelivered:
            for key, told in self._told:
                self._store.add(self._reading.sink_identity, key, told)
        self._store.close()

    def _take(self, line: Line, document: Document, group: Group, decoder: Decoder) -> None:
        if group.repeat:
            self._reading.repeat()
            return
        try:
            if line.data is None:
                raise RecordRejected("", line.problem or "cannot be read")
            record = parse_line(line.data)
        except RecordRejected as rejected:
            if self._options.resume and not line.complete:
                return  # the line is still being written; the next reading gets it whole
            self._reading.reject(Problem(document.name, line.ordinal, rejected.field, rejected.reason))
            return
        context = Context(Cursor(document.key, line.ordinal), time.time_ns())
        self._reading.take(record, group.source, decoder, context, document.name)

