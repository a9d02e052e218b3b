"""How far telemetry has come: where a record comes from, and what a sink has taken (rule R49)."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from agent_otel.model.agent_sdk.cursors import EventCursor
from agent_otel.model.agent_sdk.words import evolved, redacted, variant_of
from agent_otel.model.lossless import LosslessRecord

__all__ = ["TelemetryExportCursor", "TelemetrySourceCursor"]


@frozen(kw_only=True)
class TelemetrySourceCursor(LosslessRecord):
    """Where telemetry comes from: each variant holds a ``cursor``; only the journal's is a place to repair from."""

    Journal: ClassVar[type[_Journal]]
    Event: ClassVar[type[_Event]]
    Archive: ClassVar[type[_Archive]]
    Usage: ClassVar[type[_Usage]]
    Cost: ClassVar[type[_Cost]]
    Other: ClassVar[type[_Other]]

    @property
    def cursor(self) -> str | EventCursor:
        """The place, or the id of the record; empty where the variant is not known."""
        return ""


@variant_of(TelemetrySourceCursor)
@frozen
class _Journal(TelemetrySourceCursor):
    """A place in the journal."""

    cursor: str = field(repr=redacted)


@variant_of(TelemetrySourceCursor)
@frozen
class _Event(TelemetrySourceCursor):
    """A place in a live stream of events."""

    cursor: EventCursor


@variant_of(TelemetrySourceCursor)
@frozen
class _Archive(TelemetrySourceCursor):
    """A place in an archive."""

    cursor: str = field(repr=False)


@variant_of(TelemetrySourceCursor)
@frozen
class _Usage(TelemetrySourceCursor):
    """The id of a usage record."""

    cursor: str = field(repr=redacted)


@variant_of(TelemetrySourceCursor)
@frozen
class _Cost(TelemetrySourceCursor):
    """The id of a cost record."""

    cursor: str = field(repr=redacted)


@variant_of(TelemetrySourceCursor)
@frozen
class _Other(TelemetrySourceCursor):
    """A cursor that this model does not know, as it was written; it names no place."""

    value: Any = field(repr=False)


@frozen(kw_only=True)
class TelemetryExportCursor(LosslessRecord):
    """How far a sink has come.

    Args:
        export_seq: How many exports it has acknowledged.
        last_acknowledged_source: Where the last of them came from.
        last_attempted_source: Where the one comes from that is under way.
        sink_dedupe_key: What the sink tells repetitions by.
    """

    sink_id: str = field(repr=redacted)
    export_seq: int = 0
    last_acknowledged_source: TelemetrySourceCursor | None = None
    last_attempted_source: TelemetrySourceCursor | None = None
    sink_dedupe_key: str | None = field(default=None, repr=redacted)

    @classmethod
    def new(cls, sink_id: str) -> TelemetryExportCursor:
        """Make the cursor of a sink that has taken nothing yet."""
        return cls(sink_id=sink_id)

    def attempted(self, source: TelemetrySourceCursor | None) -> TelemetryExportCursor:
        """Give the cursor of an export that is under way."""
        return evolved(self, last_attempted_source=source)

    def acknowledged(self, source: TelemetrySourceCursor | None) -> TelemetryExportCursor:
        """Give the cursor after one more acknowledged export."""
        return evolved(
            self, export_seq=self.export_seq + 1, last_acknowledged_source=source, last_attempted_source=None
        )
