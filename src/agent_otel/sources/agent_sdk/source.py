"""``AgentSdkSource``: events and telemetry of agent-sdk-core. Parsed JSON in, ``AgentEvent`` out (R56 to R66)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Final

from agent_otel.sources.agent_sdk.decoder import AgentSdkDecoder
from agent_otel.sources.agent_sdk.shapes import Shape, key_of, shape_of
from agent_otel.sources.protocol import Decoder

__all__ = ["AgentSdkSource"]

_UNSURE: Final = frozenset({None, Shape.PART})  # {"type": .., "record": ..} can be anybody's


class AgentSdkSource:
    """JSON values as agent-sdk-core writes them: events, their frames, projections and telemetry records."""

    name: str = "agent-sdk"

    def detect(self, records: Sequence[Any]) -> float:
        """Give the share of these records that have a form of this source, 0.0 to 1.0."""
        known = sum(1 for record in records if shape_of(record) not in _UNSURE)
        return known / len(records) if records else 0.0

    def decoder(self) -> Decoder:
        """Give a fresh decoder."""
        return AgentSdkDecoder()

    def record_key(self, record: Any) -> str | None:
        """Give the id of the event, projection or telemetry record (R59); None where it identifies nothing (R60)."""
        return key_of(record)

    def companions(self, path: PurePath) -> Sequence[str]:  # noqa: ARG002  no file has any
        """Give nothing: a stream is one file."""
        return ()

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:  # noqa: ARG002  no file belongs to another
        """Say no: a stream is one file."""
        return False

    def is_companion(self, path: PurePath) -> bool:  # noqa: ARG002  no file is one
        """Say no: a stream is one file."""
        return False

    def sidecar(self, path: PurePath) -> str | None:  # noqa: ARG002  no file has one
        """Give nothing: no file describes a stream."""
        return None
