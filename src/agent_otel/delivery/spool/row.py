"""Rows of the spool: what is stored with an item, and the checksum without which nothing is read back."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from attrs import evolve, frozen

from agent_otel.delivery.item import Item

__all__ = [
    "RANK_SHIFT",
    "Destination",
    "Entry",
    "SpooledItem",
    "checksum_of",
    "position_of",
    "storable",
    "without_surrogates",
]

RANK_SHIFT: Final = 56
_MAX_INTEGER: Final = (1 << 63) - 1  # of SQLite


@frozen
class Destination:
    """For whom an item was filtered and where it was to go. Another destination does not get it unseen.

    Args:
        sink_id: Name of the sink.
        endpoint_identity: Scheme, host and path of its endpoint, without credentials.
        policy_fingerprint: What tells the policies apart under which items are filtered.
    """

    sink_id: str
    endpoint_identity: str = ""
    policy_fingerprint: str = ""


@frozen(kw_only=True)
class Entry:
    """An item to store.

    Args:
        destination: Where it is to go.
        item: Filtered by the policy of that destination.
        retain_raw: Whether raw content may be stored; if not, it is taken off first (R37).
        will_of: It is a last will, to be delivered if this process dies, under this key; it takes the place of an
            earlier one for the same destination.
        ends_will: It is stored and the will of this key is deleted for its destination, both or neither.
    """

    destination: Destination
    item: Item
    retain_raw: bool = False
    will_of: str | None = None
    ends_will: str | None = None


@frozen(kw_only=True)
class SpooledItem:
    """An item read back, equal to what was stored.

    Args:
        row_id: What ``Spool.remove`` wants.
        destination: Where it was to go.
        item: The item.
        will_of: Key of the run whose last will it is; None for any other item.
    """

    row_id: int
    destination: Destination
    item: Item
    will_of: str | None = None

    @property
    def position(self) -> int:
        """What ``Spool.read`` wants as ``after`` to go on behind it."""
        return position_of(self.item.delivery_class.rank, self.row_id)


def position_of(rank: int, row_id: int) -> int:
    """Give the place in reading order: class first, then age."""
    return rank << RANK_SHIFT | row_id


def storable(entry: Entry, now_ns: int) -> Entry:
    """Give the entry as it will be read back.

    Args:
        entry: As the caller gave it.
        now_ns: When it was handed over, if the item does not say.

    Raises:
        ValueError, OverflowError: If a value of it has no place in a row.
    """
    item = entry.item if entry.retain_raw else entry.item.without_raw_content()
    _check_types(entry.destination, item)
    if not item.enqueued_ns:
        item = evolve(item, enqueued_ns=now_ns)
    if not item.run_id.isascii():
        item = evolve(item, run_id=without_surrogates(item.run_id))
    if cursor := item.source_cursor:
        _check_integer(cursor.ordinal)
        if not cursor.stream.isascii():
            item = evolve(item, source_cursor=evolve(cursor, stream=without_surrogates(cursor.stream)))
    _check_integer(item.enqueued_ns)
    item.trace_id.to_bytes(16, "big")
    item.span_id.to_bytes(8, "big")
    if item is entry.item and entry.will_of is None and entry.ends_will is None:
        return entry
    return evolve(entry, item=item, will_of=_unicode(entry.will_of), ends_will=_unicode(entry.ends_will))


def _unicode(key: str | None) -> str | None:
    return None if key is None else without_surrogates(key)


def _check_types(destination: Destination, item: Item) -> None:
    """What has another type, or is no Unicode, would fail the whole batch."""
    item.envelope.digest.encode()
    for text in (destination.sink_id, destination.endpoint_identity, destination.policy_fingerprint, item.content_mode):
        text.encode()
    if not isinstance(item.payload, bytes) or not isinstance(item.raw_payload, bytes | None):
        raise TypeError("payloads are bytes")


def _check_integer(value: int) -> None:
    if abs(value) > _MAX_INTEGER:
        raise OverflowError("SQLite integers have 64 bits")


def without_surrogates(text: str) -> str:
    """Give a text that SQLite takes: it takes no lone surrogates."""
    return text.encode("utf-8", "replace").decode()


def checksum_of(row_id: int, destination: Destination, item: Item, will_of: str | None) -> bytes:
    """Digest everything that a row says, in 16 bytes."""
    cursor, raw = item.source_cursor, item.raw_payload
    header = (
        row_id,
        will_of,
        destination.sink_id,
        destination.endpoint_identity,
        destination.policy_fingerprint,
        item.envelope.digest,
        item.trace_id,
        item.span_id,
        item.run_id,
        item.delivery_class.rank,
        None if cursor is None else (cursor.stream, cursor.ordinal),
        item.content_mode,
        item.enqueued_ns,
        len(item.payload),
        None if raw is None else len(raw),
    )
    digest = blake2b(repr(header).encode(), digest_size=16)
    digest.update(item.payload)
    digest.update(raw or b"")
    return digest.digest()
