"""Groups of documents in, records handed to a ``Reading``: the loop of ``replay``, and what ``--resume`` remembers.

With a store, the inputs may still grow: a last line that breaks off waits for the next call, nothing is closed at the
end, and what an earlier call delivered is not told again. What was told of a main file is remembered under its first
record, so that it is known again when the file has become an archive; each archive has its own memory, so that one may
be deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
import time

from attrs import define, evolve, field

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
        store: What earlier calls delivered; None reads every input as a whole.
    """

    reading: Reading
    store: ResumeStore | None = None
    _before: set[int] = field(factory=set, init=False, repr=False)
    _told: list[tuple[str, list[int]]] = field(factory=list, init=False, repr=False)

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
        before_companions = list(islice(documents, len(group.archives) + 1))
        self._recall(document.key for document, _ in before_companions)
        for position, (document, lines) in enumerate(before_companions):
            self._begin(document.key)
            is_continued = position < len(group.archives)
            self._read_document(document, lines, group.source, decoder, is_continued=is_continued)
        for document, lines in documents:
            self._read_document(document, lines, group.source, decoder)

    def finish(self) -> ReadingSummary:
        """Send what is left, stop, and remember what was delivered.

        Raises:
            IntakeError: If the store cannot be written.
        """
        return self._remember(self.reading.finish())

    def abort(self) -> ReadingSummary:
        """Send what was completed and close nothing.

        Raises:
            IntakeError: If the store cannot be written.
        """
        return self._remember(self.reading.abort())

    def _recall(self, keys: Iterable[str]) -> None:
        if self.store is None:
            return
        # Those of earlier inputs stay: an operation of one file may be completed while the next is read.
        for key in keys:
            self._before |= self.store.load(self.reading.sink_identity, key)

    def _begin(self, key: str) -> None:
        if self.store is not None:
            self._told.append((key, self.reading.begin_input(self._before)))

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

    def _remember(self, summary: ReadingSummary) -> ReadingSummary:
        # Which ones arrived is known only if all did. What is told again has the same ids and the same content.
        if self.store is not None and not summary.undelivered:
            for key, told in self._told:
                self.store.add(self.reading.sink_identity, key, told)
        return summary


def _lines_of(documents: Iterable[tuple[Document, Iterator[Line]]]) -> Iterator[Line]:
    for _, lines in documents:
        yield from lines


def _parse(line: Line) -> object:
    if line.data is None:
        raise RecordRejected("", line.problem or "cannot be read")
    return parse_line(line.data)
