"""What a source is: the seam between foreign records and ``AgentEvent``.

A source is pure. It does no I/O and reads no clock: whoever reads the file or socket hands it parsed JSON records and
takes events from it. docs/sources.md shows how to write one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePath
from typing import Any, Protocol, runtime_checkable

from attrs import field, frozen

from agent_otel.model import AgentEvent, Cursor

__all__ = ["Context", "Decoded", "Decoder", "Document", "RotatingSource", "Source", "Verdict"]


class Verdict(Enum):
    """What became of one record. Malformed records are raised as ``RecordRejected``, duplicates found by key."""

    MAPPED = "mapped"  # gave events, or is part of something that will
    SKIPPED = "skipped"  # understood and without meaning for telemetry, or of an unknown kind


@frozen
class Decoded:
    """The result of decoding one record.

    Args:
        events: Events in the order in which they happened as far as the record tells.
        verdict: Mapped or skipped.
        note: Why it was skipped, or what was clamped or unknown: a short identifier from a bounded set
            (``unknown_variant``, ``clamped_integer``), counted by whoever reads; None for nothing to say.
    """

    events: Sequence[AgentEvent] = ()
    verdict: Verdict = Verdict.MAPPED
    note: str | None = None


@frozen
class Document:
    """One input file or stream, as the decoder sees it.

    Args:
        name: Name for messages and for telling main and side files apart (a path as given).
        key: Digest of the first record: the identity of the input, equal for an equal file under another name.
        nonce: Joined to the ids of records that have no time of their own; drawn anew for each reading.
        sidecar: The parsed JSON object that stands beside the file, where the source names one.
        live: Whether this is a live stream, whose runs may still be open when the reading pauses.
    """

    name: str
    key: str
    nonce: str = ""
    sidecar: Mapping[str, Any] = field(factory=dict, repr=False)
    live: bool = False


@frozen
class Context:
    """What surrounds one record.

    Args:
        cursor: Place in the input.
        receipt_ns: Unix time in nanoseconds to stamp records with that have none.
    """

    cursor: Cursor
    receipt_ns: int


class Decoder(Protocol):
    """Turns the records of one group of documents (a session and its side files) into events; holds state."""

    def open(self, document: Document) -> None:
        """Begin a document.

        Documents of a group come one after the other, the main one first; only archives of it (see
        ``RotatingSource``) come before it.
        """

    def decode(self, record: Any, context: Context) -> Decoded:
        """Decode one parsed JSON value.

        Raises:
            RecordRejected: If the record cannot be read. The decoder stays usable.
        """

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:
        """End the current document.

        Args:
            complete: Whether the document has come to its end. False under ``--resume``, and for an archive that
                another document goes on from: what is still open stays so.

        Returns:
            Events that only the end of the document settles.
        """


@runtime_checkable
class Source(Protocol):
    """A source system that can be read. Register one through the entry point group ``agent_otel_source``."""

    name: str

    def detect(self, records: Sequence[Any]) -> float:
        """How sure it is that these first records are its own: 0.0 (no) to 1.0 (certain). Must not raise."""

    def decoder(self) -> Decoder:
        """Give a fresh decoder."""

    def record_key(self, record: Any) -> str | None:
        """Give the id by which a repeated record is recognised, or None if it has none. Must not raise."""

    def companions(self, path: PurePath) -> Sequence[str]:
        """Give glob patterns, relative to the file's directory, of files that may belong to this one."""

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:
        """Whether a companion with this first record belongs to the main file with these first records."""

    def is_companion(self, path: PurePath) -> bool:
        """Whether a file of that name is read as part of another one when its main file is given too."""

    def sidecar(self, path: PurePath) -> str | None:
        """Name, relative to the file's directory, of a JSON object that describes this file; None for none."""


@runtime_checkable
class RotatingSource(Protocol):
    """What a source has as well if its files are rotated: moved to another name when they are full, and begun anew.

    A source without this method has no archives.
    """

    def precedes(self, path: PurePath) -> bool:
        """Whether a companion of that name is an archive: what its main file held before, and goes on from.

        Archives are read before the main file, in the order of their names (numbers in them count as numbers).
        """
