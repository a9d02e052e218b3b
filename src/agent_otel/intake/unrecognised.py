"""The source of inputs in which nothing can be read: it gives no events, so that their lines are counted and told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, NoReturn

from agent_otel.model import AgentEvent, RecordRejected
from agent_otel.sources import Context, Document

__all__ = ["UnrecognisedSource"]


class _Decoder:
    def open(self, document: Document) -> None:
        """Nothing to prepare."""

    def decode(self, record: Any, context: Context) -> NoReturn:  # noqa: ARG002
        """Reject the record: the source was looked for in the input's beginning, and nothing there could be read."""
        raise RecordRejected("", "is of no known source")

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:  # noqa: ARG002
        """Nothing was begun."""
        return ()


class UnrecognisedSource:
    """Stands in where no record of an input could be parsed."""

    name = "none"

    def detect(self, records: Sequence[Any]) -> float:  # noqa: ARG002
        """Never sure: it is not chosen by content."""
        return 0.0

    def decoder(self) -> _Decoder:
        """Give a decoder that rejects every record."""
        return _Decoder()

    def record_key(self, record: Any) -> str | None:  # noqa: ARG002
        """Know no ids."""
        return None

    def companions(self, path: PurePath) -> Sequence[str]:  # noqa: ARG002
        """Know no companions."""
        return ()

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:  # noqa: ARG002
        """Know no companions."""
        return False

    def is_companion(self, path: PurePath) -> bool:  # noqa: ARG002
        """Know no companions."""
        return False

    def sidecar(self, path: PurePath) -> str | None:  # noqa: ARG002
        """Know no sidecars."""
        return None
