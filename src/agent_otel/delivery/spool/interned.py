"""What many rows share, stored once per file: destinations and envelopes."""

from __future__ import annotations

from typing import cast

from attrs import astuple

from agent_otel.delivery.item import Envelope, Signal
from agent_otel.delivery.spool.row import Destination
from agent_otel.delivery.spool.schema import Connection

__all__ = ["Interned"]

_DESTINATION = "sink_id = ? AND endpoint_identity = ? AND policy_fingerprint = ?"


class Interned:
    """Numbers of destinations and envelopes in one file.

    Args:
        db: Its connection.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._numbers: dict[Destination, int] = {}
        self.destinations: dict[int, Destination] = {}  # by number
        self._envelope_numbers: dict[str, int] = {}
        self._envelopes: dict[int, Envelope] = {}
        self.reload()

    def reload(self) -> None:
        """Read the destinations, few as they are; forget the envelopes, which are looked up when they are needed."""
        found = self._db.execute("SELECT id, sink_id, endpoint_identity, policy_fingerprint FROM destination")
        self.destinations = {number: Destination(*map(str, texts)) for number, *texts in found}
        self._numbers = {destination: number for number, destination in self.destinations.items()}
        self._envelope_numbers.clear()
        self._envelopes.clear()

    def number_of_destination(self, destination: Destination) -> int:
        """Give the number of a destination, a new one if need be."""
        number = self._numbers.get(destination)
        if number is None:
            texts = astuple(destination)
            self._db.execute("INSERT OR IGNORE INTO destination VALUES (NULL, ?, ?, ?)", texts)
            (number,) = self._db.execute(f"SELECT id FROM destination WHERE {_DESTINATION}", texts).fetchone()  # noqa: S608
            self._numbers[destination], self.destinations[number] = number, destination
        return number

    def number_of_envelope(self, envelope: Envelope) -> int:
        """Give the number of an envelope, a new one if need be."""
        digest = envelope.digest
        number = self._envelope_numbers.get(digest)
        if number is None:
            row = (
                digest,
                envelope.signal,
                envelope.resource,
                envelope.resource_schema_url,
                envelope.scope,
                envelope.scope_schema_url,
            )
            self._db.execute("INSERT OR IGNORE INTO envelope VALUES (NULL, ?, ?, ?, ?, ?, ?)", row)
            (number,) = self._db.execute("SELECT id FROM envelope WHERE digest = ?", (digest,)).fetchone()
            self._envelope_numbers[digest] = number
        return number

    def envelope(self, number: int) -> Envelope:
        """Give an envelope that is stored.

        Raises:
            ValueError: If it is missing or not what was stored.
        """
        found = self._envelopes.get(number)
        if found is None:
            query = "SELECT digest, signal, resource, resource_schema_url, scope, scope_schema_url"
            row = self._db.execute(f"{query} FROM envelope WHERE id = ?", (number,)).fetchone()
            if row is None:
                raise ValueError("no such envelope")
            digest, signal, resource, resource_url, scope, scope_url = row
            found = Envelope(cast("Signal", signal), resource, resource_url, scope, scope_url)
            if found.digest != digest:
                raise ValueError("the envelope is damaged")
            self._envelopes[number] = found
        return found

    def forget_all(self) -> bool:
        """Delete them, for a file without rows; gives whether there were any."""
        gone = self._db.execute("DELETE FROM envelope").rowcount + self._db.execute("DELETE FROM destination").rowcount
        self.reload()
        return gone > 0
