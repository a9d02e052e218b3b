"""Groups of documents in, records handed to a ``Reading``: the loop of ``replay``, and what ``--resume`` remembers.

With a store, the inputs may still grow: a last line that breaks off waits for the next call, and nothing is closed at
the end. Every call reads from the beginning, so that what was open is open again, and the reading tells each sink only
what it has not acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import time

from attrs import define, evolve

from agent_otel.bridge import Problem, Reading, ReadingSummary
from agent_otel.intake.groups import Group
from agent_otel.intake.inputs import Progress, StreamInput
from agent_otel.intake.lines import Line, parse_line
from agent_otel.intake.resume import ResumeStore
from agent_otel.model import Cursor, RecordRejected
from agent_otel.sources import Context, Decoder, Document, Source

__all__ = ["Replay"]

_NONCE_LENGTH = 16


@define
class Replay:
    """Reads groups, one after the other.

    Args:
        reading: Where records go; built with ``resume`` if there is a store.
        store: What sinks acknowledged in earlier calls; None reads every input as a whole.

    Raises:
        IntakeError: If the store cannot be used.
    """

    reading: Reading
    store: ResumeStore | None = None

    def __attrs_post_init__(self) -> None:
        if self.store is not None:
            self.reading.remember(self.store)

    def read(self, group: Group, progress: Progress | None = None) -> None:
        """Read a group to its end.

        Args:
            group: What to read. Of a repeated one, every record counts as a duplicate.
            progress: Called with the number of bytes read since its last call.
        """
        documents = group.documents(progress)
        if group.repeat:
            for _ in _lines_of(documents):
                self.reading.repeat()
            return
        if isinstance(group.main, StreamInput):
            self.reading.tell_at_once()
        decoder = group.source.decoder()
        for position, (document, lines) in enumerate(documents):
            is_continued = position < len(group.archives)
            self._read_document(document, lines, group.source, decoder, is_continued=is_continued)

    def finish(self) -> ReadingSummary:
        """Send what is left, and stop."""
        return self.reading.finish()

    def abort(self) -> ReadingSummary:
        """Send what was completed and close nothing."""
        return self.reading.abort()

    def _read_document(
        self,
        document: Document,
        lines: Iterable[Line],
        source: Source,
        decoder: Decoder,
        *,
        is_continued: bool = False,
    ) -> None:
        may_grow = self.store is not None
        if may_grow:
            # Records without a time belong to the same runs in the next call, which has to derive the same ids.
            document = evolve(document, nonce=document.key[:_NONCE_LENGTH], live=True)
        self.reading.begin_input(document.key, document.name)
        decoder.open(document)
        ordinal = 0
        for line in lines:
            ordinal = line.ordinal
            try:
                record = _parse(line)
            except RecordRejected as rejected:
                if not may_grow or line.complete:
                    self.reading.reject(Problem(document.name, line.ordinal, rejected.field, rejected.reason))
                continue
            context = Context(Cursor(document.key, line.ordinal), time.time_ns())
            self.reading.take(record, source, decoder, context, document.name)
        try:
            self.reading.feed(decoder.close(complete=not (may_grow or is_continued)))
        except RecordRejected as rejected:
            self.reading.reject(Problem(document.name, ordinal, rejected.field, rejected.reason))


def _lines_of(documents: Iterable[tuple[Document, Iterator[Line]]]) -> Iterator[Line]:
    for _, lines in documents:
        yield from lines


def _parse(line: Line) -> object:
    if line.data is None:
        raise RecordRejected("", line.problem or "cannot be read")
    return parse_line(line.data)
