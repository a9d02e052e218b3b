"""What the spool answers: plain values for the processor, for health and for the command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from agent_otel.delivery.spool.row import Destination
from agent_otel.model import DeliveryClass

__all__ = ["Amount", "Appended", "Evicted", "HeldBack", "SpoolFile", "SpoolLimits", "SpoolStats"]

_MEBIBYTE = 1024 * 1024
_HOUR_NS = 3600 * 10**9


@frozen(kw_only=True)
class SpoolLimits:
    """Bounds of a spool.

    Args:
        max_bytes: Of one file, counted as payloads plus 256 bytes per item. What a process adopts from dead ones is
            bounded once more by the same, all files together.
        max_age_ns: Items that were enqueued longer ago are evicted, in nanoseconds. Damaged files that were set aside
            and notes on sent wills are kept as long.
    """

    max_bytes: int = 256 * _MEBIBYTE
    max_age_ns: int = 72 * _HOUR_NS


@frozen
class Amount:
    """Some items.

    Args:
        items: How many.
        bytes: Payloads plus 256 per item.
    """

    items: int = 0
    bytes: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.items + other.items, self.bytes + other.bytes)


@frozen
class Evicted:
    """An item that was given up.

    Args:
        row_id: Its id.
        sink_id: Whose it was.
        delivery_class: Its class.
        reason: ``bytes`` or ``age``.
    """

    row_id: int
    sink_id: str
    delivery_class: DeliveryClass
    reason: str


@frozen
class Appended:
    """What became of the entries of one ``append``.

    Args:
        row_ids: One per entry, in their order; None for one that was not stored.
        refused: Position and reason of each that was not stored: ``full`` (of what is more precious, or the entry is
            larger than the bound), ``invalid``, ``disk_full``, ``read_only``, ``busy``, ``corrupt``, ``unavailable``,
            ``io_error``, ``closed`` or ``failed``.
        evicted: What had to make way.
    """

    row_ids: tuple[int | None, ...]
    refused: tuple[tuple[int, str], ...] = ()
    evicted: tuple[Evicted, ...] = ()


@frozen
class HeldBack:
    """Items that are not for the destinations at hand.

    Args:
        destination: Whose they are.
        amount: How many.
        reason: ``policy`` if only the policy differs, ``endpoint`` if the sink has another endpoint now, else ``sink``.
    """

    destination: Destination
    amount: Amount
    reason: str


@frozen(kw_only=True)
class SpoolStats:
    """What a spool holds, and what became of the rest since it was opened.

    Args:
        held: By sink id and class, without wills of running runs.
        wills: Wills of running runs.
        oldest_age_s: Seconds since the item that was stored first was enqueued; None if there is none.
        durable: How many entries and wills were ever stored.
        refused: Entries that were not stored, by reason.
        evicted: Items given up, by reason.
        failures: Calls that failed, by reason.
        corrupt_rows: Rows that could not be read back as they were stored.
        corrupt_files: Files that were set aside.
        lost_files: Files that something removed from under the process.
    """

    held: Mapping[tuple[str, DeliveryClass], Amount]
    wills: Amount
    oldest_age_s: float | None
    durable: int
    refused: Mapping[str, int]
    evicted: Mapping[str, int]
    failures: Mapping[str, int]
    corrupt_rows: int
    corrupt_files: int
    lost_files: int


@frozen(kw_only=True)
class SpoolFile:
    """One file of a directory, looked at from outside.

    Args:
        path: Where it is.
        owner_alive: Whether a process holds it.
        amount: What it holds, wills included; without rows (see ``problem``) the bytes of the file.
        oldest_ns: When the item that was stored first was enqueued, Unix time in nanoseconds.
        sinks: The same by destination.
        wills: Wills among them.
        problem: Empty, or why its rows cannot be told: ``newer`` (a later version wrote it), ``damaged``, ``set_aside``
            (damaged, and dealt with) or ``inherited`` (open when this process was forked).
    """

    path: Path
    owner_alive: bool
    amount: Amount
    oldest_ns: int | None = None
    sinks: tuple[tuple[Destination, Amount], ...] = ()
    wills: Amount = Amount()
    problem: str = ""
