"""Items, entries and a directory's bytes, for the tests of the spool."""

from __future__ import annotations

from pathlib import Path

from agent_otel.delivery import Envelope, Item
from agent_otel.delivery.spool import Destination, Entry
from agent_otel.model import Cursor, DeliveryClass

NOW = 1_800_000_000_000_000_000
SECOND = 10**9
HOUR = 3600 * SECOND
HERE = Destination("otlp", "https://collector:4318/v1/traces", "policy-1")
THERE = Destination("otlp", "https://elsewhere:4318/v1/traces", "policy-1")
STRICTER = Destination("otlp", "https://collector:4318/v1/traces", "policy-2")
OTHER = Destination("file", "file:///var/log/traces", "policy-1")
ENVELOPE = Envelope("traces", b"resource", "https://schema/1", b"scope", "https://schema/2")
PROGRESS, USAGE, ERROR, RUN_END = (
    DeliveryClass.PROGRESS,
    DeliveryClass.USAGE,
    DeliveryClass.ERROR,
    DeliveryClass.RUN_END,
)


def item(number, delivery_class=PROGRESS, *, payload=None, **kwargs):
    """An item that is told apart from every other one."""
    given = {
        "payload": b"payload %d" % number if payload is None else payload,
        "envelope": ENVELOPE,
        "trace_id": number + (1 << 100),
        "span_id": number + 1,
        "run_id": f"run-{number}",
        "delivery_class": delivery_class,
        "source_cursor": Cursor("stream", number) if number % 2 else None,
        "content_mode": "redacted_summary",
        "enqueued_ns": NOW + number,
    }
    return Item(**(given | kwargs))


def entry(number, delivery_class=PROGRESS, destination=HERE, *, retain_raw=False, **kwargs):
    return Entry(destination=destination, item=item(number, delivery_class, **kwargs), retain_raw=retain_raw)


def entries(count, delivery_class=PROGRESS, destination=HERE, start=0):
    return [entry(number, delivery_class, destination) for number in range(start, start + count)]


def everything(spool, sink_id="otlp", limit=7):
    """All items of a sink, read page by page."""
    found = []
    while page := spool.read(sink_id, found[-1].position if found else 0, limit=limit):
        found += page
    return found


def numbers(found):
    return [int(row.item.run_id.removeprefix("run-")) for row in found]


def bytes_in(directory: Path) -> bytes:
    """Every byte of every file of a directory.

    Never in a process that has the files open by SQLite and goes on to write: closing them would drop its locks.
    """
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())
