"""One log row as the mappings see it: whose it is, what it names, and the event that it gives (rules R18, R22, R23)."""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any, Final

from attrs import frozen

from agent_otel.model import NANOS_PER_MILLI, AgentEvent, EventIds, EventKind, Names, Origin, Outcome, Phase
from agent_otel.sources.protocol import Context
from agent_otel.sources.zeroclaw.parts import SYSTEM, clamped, given, lineage_of
from agent_otel.sources.zeroclaw.rows import LogEvent
from agent_otel.sources.zeroclaw.words import Action, EventCategory, EventOutcome, Severity

__all__ = ["TRACE", "Row"]

TRACE: Final = Origin(SYSTEM, form="trace")

_ERROR: Final = Severity.Error.number()
_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
# Session keys of channels are made of the names of people and rooms; only these are mere ids.
_OPAQUE_SESSION: Final = re.compile(
    r"gw_[A-Za-z0-9-]{1,64}|(?:[a-z]{1,12}[_:-])?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_ATTRIBUTIONS: Final = (
    "channel",
    "cron_job_id",
    "risk_profile",
    "runtime_profile",
    "memory_namespace",
    "skill_bundle",
    "knowledge_bundle",
    "mcp_bundle",
    "peer_group",
    "sop_name",
    "sop_run_id",
    "embedding_provider",
    "tts_provider",
    "transcription_provider",
    "tunnel_provider",
    "owner_tui_id",
)


@frozen
class Row:
    """A row and its place.

    Args:
        log: The row.
        context: Its place in the input.
    """

    log: LogEvent
    context: Context

    @property
    def action(self) -> Action | str:
        """What happened; a text for a verb that is not on the list."""
        return self.log.event.action

    @property
    def category(self) -> EventCategory | None:
        """Which part of the system, None for one that is not known."""
        category = self.log.event.category
        return category if isinstance(category, EventCategory) else None

    @property
    def name(self) -> str | None:
        """The name by which ZeroClaw's own tools find such rows: an old event type, else the message."""
        if self.action is Action.MemoryAudit:
            return str(self.action.value)
        return self.log.message if isinstance(self.action, Action) else self.action

    @property
    def details(self) -> Mapping[str, Any]:
        """The attributes."""
        return self.log.details

    @property
    def turn(self) -> str | None:
        """Id of the turn, None where the row does not say."""
        return given(self.log.trace_id) or self.text("trace_id") or self.text("turn_id")

    @property
    def tool(self) -> str | None:
        """Name of the tool."""
        return self.log.attribution.get("tool") or self.text("tool")

    @property
    def channel(self) -> str | None:
        """Name of the channel, with its alias if it has one."""
        return self.log.attribution.get("channel") or self.channel_type

    @property
    def channel_type(self) -> str | None:
        """What kind of channel, for example ``discord``."""
        return self.log.attribution.get("channel_type") or self.text("channel")

    @property
    def conversation(self) -> str | None:
        """Id of the conversation, where there is one that names nobody."""
        told = self.text("conversation_id")
        session = self.log.attribution.get("session_key") or self.text("session_key")
        return told or (session if session is not None and _OPAQUE_SESSION.fullmatch(session) else None)

    @property
    def failed(self) -> bool:
        """Whether it says of itself that it failed."""
        return self.log.event.outcome == EventOutcome.Failure

    @property
    def succeeded(self) -> bool:
        """Whether it says of itself that it succeeded."""
        return self.log.event.outcome == EventOutcome.Success

    @property
    def is_grave(self) -> bool:
        """Whether it is an error by its severity."""
        number = self.log.severity_number
        return number is not None and number >= _ERROR

    @property
    def duration_ns(self) -> int | None:
        """How long it took; rows that were migrated have it among their attributes."""
        millis = self.log.attribution.duration_ms
        if millis is None:
            millis = self.count("duration_ms")
        return None if millis is None else clamped(millis * NANOS_PER_MILLI)

    def text(self, key: str) -> str | None:
        """Give an attribute that is a text; an empty one is none."""
        value = self.details.get(key)
        return value if isinstance(value, str) and value else None

    def count(self, key: str) -> int | None:
        """Give an attribute that is a count."""
        value = self.details.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def outcome(self, error_type: str) -> tuple[Outcome, str | None]:
        """Give outcome and error type of the row's own word; without one it is not known."""
        if self.failed:
            return Outcome.ERROR, error_type
        return (Outcome.OK if self.succeeded else Outcome.UNKNOWN), None

    def event(self, kind: EventKind, phase: Phase = Phase.POINT, **parts: Any) -> AgentEvent:
        """Build an event of this row; further ids, names and lineage are merged with what all have."""
        ids = EventIds(
            event=given(self.log.id),
            run=self.turn,
            conversation=self.conversation,
            parent_agent=self.text("parent_agent_alias"),
            trace=self.log.trace_id if _TRACE_ID.fullmatch(self.log.trace_id or "") else None,
            **parts.pop("ids", {}),
        )
        attribution = self.log.attribution
        names = Names(agent=attribution.get("agent_alias") or self.text("agent_alias"), **parts.pop("names", {}))
        version = self.log.service.version if self.log.service is not None else None
        lineage = lineage_of(
            **{key: attribution.get(key) for key in _ATTRIBUTIONS}, span_id=self.log.span_id, version=version
        )
        return AgentEvent(
            kind=kind,
            phase=phase,
            origin=TRACE,
            time_ns=self.log.timestamp.time_ns,
            duration_ns=self.duration_ns if phase is Phase.END else None,
            ids=ids,
            names=names,
            lineage={**lineage, **parts.pop("lineage", {})},
            cursor=self.context.cursor,
            **parts,
        )

    def model_names(self) -> dict[str, str | None]:
        """Give the names of model and provider; of ``anthropic.main`` the provider is ``anthropic``."""
        attribution = self.log.attribution
        composite = attribution.get("model_provider") or self.text("model_provider")
        provider = attribution.get("model_provider_type") or (composite or "").partition(".")[0]
        return {"provider": given(provider), "request_model": attribution.get("model") or self.text("model")}
