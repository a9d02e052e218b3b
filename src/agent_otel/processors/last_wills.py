"""``LastWills``: the spans that are to be seen if this process dies, on disk while their operations are open.

When an operation ends, its span is written and its will deleted in one transaction, and only then is it sent: wherever
the process dies, one of the two arrives, and never both.
"""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import time

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from agent_otel.delivery import Item
from agent_otel.delivery.spool import Destination, Entry, Evicted, Spool

__all__ = ["LastWills", "WillProcessor", "key_of", "span_id_beyond"]

_Key = tuple[int, int]  # trace id, span id


def key_of(item: Item) -> str:
    """Give the key under which the will of a span is stored."""
    return f"{item.trace_id:032x}-{item.span_id:016x}"


def span_id_beyond(item: Item) -> int:
    """Derive the id that a span gets whose will was sent: always the same, so that it converges too."""
    digest = hashlib.sha256(f"supersedes {key_of(item)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") or 1


class LastWills:
    """Knows which spans have a will, and stores them. One for all sinks of a process."""

    def __init__(self) -> None:
        self._stored: dict[_Key, set[Destination]] = {}
        self._made: dict[tuple[str, Destination], Entry] = {}

    def forget(self) -> None:
        """Begin anew, in a forked child: what is open is the parent's."""
        self._stored, self._made = {}, {}

    def begin(self, trace_id: int, span_id: int) -> None:
        """Say that a span is about to get a will: from now on its end waits for the disk."""
        self._stored.setdefault((trace_id, span_id), set())

    def abandon(self, trace_id: int, span_id: int) -> None:
        """Say that it gets none: it ended meanwhile."""
        if not self._stored.get((trace_id, span_id)):
            self._stored.pop((trace_id, span_id), None)

    def has(self, item: Item) -> bool:
        """Whether an item is the end of a span that has a will, or is about to get one."""
        return (item.trace_id, item.span_id) in self._stored

    def make(self, entry: Entry) -> None:
        """Take a will, to be stored by the next ``store``; the last one of a span counts."""
        self._made[key_of(entry.item), entry.destination] = entry

    def store(self, spool: Spool) -> tuple[Evicted, ...]:
        """Store what was made; each takes the place of an earlier one of its span. Gives what made way."""
        made, self._made = list(self._made.values()), {}
        if not made:
            return ()
        appended = spool.append(made, time.time_ns())
        for entry, row_id in zip(made, appended.row_ids, strict=True):
            if row_id is not None:
                key = entry.item.trace_id, entry.item.span_id
                self._stored.setdefault(key, set()).add(entry.destination)
        return appended.evicted

    def ended(self, item: Item, destination: Destination) -> None:
        """Note that the end of a span is on disk in the place of its will."""
        key = item.trace_id, item.span_id
        left = self._stored.get(key)
        if left is not None:
            left.discard(destination)
            if not left:
                del self._stored[key]


class WillProcessor(SpanProcessor):
    """Makes wills of the spans that it gets, filtered and encoded as the sink would get them.

    Args:
        wills: Where they go.
        item_of: Filters and encodes a span for the sink; gives None for one that is not to be sent.
        destination: Of the sink.
        retain_raw: Whether raw content may be stored.
    """

    takes_ends = True  # when a span of ours begins, there is nothing to do

    def __init__(
        self,
        wills: LastWills,
        item_of: Callable[[ReadableSpan], Item | None],
        destination: Destination,
        *,
        retain_raw: bool,
    ) -> None:
        self._wills = wills
        self._item_of = item_of
        self._destination = destination
        self._retain_raw = retain_raw

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do."""

    def on_end(self, span: ReadableSpan) -> None:
        """Make a will of a span that was made for it."""
        item = self._item_of(span)
        if item is not None:
            self._wills.make(
                Entry(destination=self._destination, item=item, retain_raw=self._retain_raw, will_of=key_of(item))
            )
