"""``BambooSource``: Bamboo's metrics events as a source. Parsed JSON in, ``AgentEvent`` out (rules R1 to R12).

Every record stands for itself: the decoder holds no state, and a repeated ``event_id`` is found by ``record_key``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from agent_otel.model import AgentEvent
from agent_otel.sources.bamboo.codec import VARIANTS, decode_metrics_event
from agent_otel.sources.bamboo.mapping import map_event
from agent_otel.sources.protocol import Context, Decoded, Decoder, Document, Verdict

__all__ = ["BambooSource"]


def _variant(record: Any) -> tuple[str, str, Any] | None:
    """Give category, variant and body of what has the shape of a metrics event, None for anything else."""
    if not isinstance(record, dict) or len(record) != 1:
        return None
    ((category, tagged),) = record.items()
    if isinstance(tagged, str):
        return category, tagged, None
    if not isinstance(tagged, dict) or len(tagged) != 1:
        return None
    ((variant, body),) = tagged.items()
    return category, variant, body


class _BambooDecoder:
    """Decodes records one by one."""

    def open(self, document: Document) -> None:
        """Begin a document: nothing to do, no record depends on another."""

    def decode(self, record: Any, context: Context) -> Decoded:
        """Decode one parsed JSON value.

        Raises:
            RecordRejected: If it is no metrics event, or a member is missing or of a wrong type.
        """
        metrics = decode_metrics_event(record)
        if metrics is None:
            return Decoded(verdict=Verdict.SKIPPED, note="unknown_variant")
        return map_event(metrics, context)

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:  # noqa: ARG002  nothing is held back either way
        """End the document: nothing was held back."""
        return ()


class BambooSource:
    """Metrics events of Bamboo, as JSON values of the shape ``{"Chat": {"ToolCalled": {...}}}``."""

    name: str = "bamboo"

    def detect(self, records: Sequence[Any]) -> float:
        """Give the share of these records that are metrics events of a known variant, 0.0 to 1.0."""
        found = [_variant(record) for record in records]
        known = sum(1 for it in found if it is not None and it[1] in VARIANTS.get(it[0], ()))
        return known / len(found) if found else 0.0

    def decoder(self) -> Decoder:
        """Give a fresh decoder."""
        return _BambooDecoder()

    def record_key(self, record: Any) -> str | None:
        """Give the event id, None for system events and for what is no metrics event (rule R8)."""
        found = _variant(record)
        meta = found[2].get("meta") if found is not None and isinstance(found[2], dict) else None
        event_id = meta.get("event_id") if isinstance(meta, dict) else None
        return event_id if isinstance(event_id, str) and event_id else None

    def companions(self, path: PurePath) -> Sequence[str]:  # noqa: ARG002  no file has any
        """Give nothing: a metrics stream is one file."""
        return ()

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:  # noqa: ARG002  no file belongs to another
        """Say no: a metrics stream is one file."""
        return False

    def is_companion(self, path: PurePath) -> bool:  # noqa: ARG002  no file is one
        """Say no: a metrics stream is one file."""
        return False

    def sidecar(self, path: PurePath) -> str | None:  # noqa: ARG002  no file has one
        """Give nothing: no file describes a metrics stream."""
        return None
