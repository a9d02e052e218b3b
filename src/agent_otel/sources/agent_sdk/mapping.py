"""Envelopes of agent-sdk-core to ``AgentEvent``: by the table of kinds, with the ids that the run's state knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from agent_otel.model import AgentEvent, Content, ContentKind, EventIds, EventKind, Fact, Names, Phase
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk.kinds import KindMapping
from agent_otel.sources.agent_sdk.lineage import Lineage, envelope_lineage, ref_id, refs_of
from agent_otel.sources.agent_sdk.parts import ORIGIN, Moment, tool_name, word
from agent_otel.sources.agent_sdk.runs import RunState
from agent_otel.sources.protocol import Context

__all__ = ["Happening", "map_event"]

_FUNCTION: Final = "function"  # gen_ai.tool.type of every tool of this system
_HANDOFF: Final = "handoff"
# What a run's span keeps of its start (the golden tree names run_started), so that its end does not replace it.
_OF_START: Final = (
    "event.id",
    "event.seq",
    "event.family",
    "event.kind",
    "event.parent_id",
    "event.caused_by",
    "journal.cursor",
    "message.id",
    "span.id",
    "state.before",
    "subject.kind",
)
_OF_END: Final = ("event.id", "event.kind", "journal.cursor")
_OF_CALLS: Final = ("turn.id", "attempt.id")  # a run has many of both
# Where the content that payload refs name belongs.
_REFERENCED: Final[Mapping[tuple[EventKind, Phase], ContentKind]] = {
    (EventKind.TOOL, Phase.START): ContentKind.TOOL_ARGUMENTS,
    (EventKind.TOOL, Phase.END): ContentKind.TOOL_RESULT,
    (EventKind.MODEL, Phase.START): ContentKind.INPUT_MESSAGES,
    (EventKind.MODEL, Phase.END): ContentKind.OUTPUT_MESSAGES,
}


@frozen
class Happening:
    """One event of the source, and what its mapping needs beside it.

    Args:
        event: The event.
        row: What its kind becomes.
        run: State of its run.
        moment: Its time.
        context: Its place.
        nonce: Joined to ids where there is no time, else empty.
    """

    event: sdk.AgentEvent
    row: KindMapping
    run: RunState
    moment: Moment
    context: Context
    nonce: str
    refs: tuple[Any, ...] = field(init=False)

    @refs.default
    def _name_refs(self) -> tuple[Any, ...]:
        return tuple(refs_of(self.event.envelope))

    def ref(self, kind: str, *, other_than: str | None = None) -> str | None:
        """Give the id of the nearest entity of a kind."""
        return ref_id(self.refs, kind, other_than=other_than)

    def build(self, ids: EventIds, names: Names, lineage: Lineage, facts: Mapping[Fact, Any]) -> AgentEvent:
        """Build the event."""
        row = self.row
        return AgentEvent(
            kind=row.kind,
            phase=row.phase,
            origin=ORIGIN,
            time_ns=self.moment.time_ns,
            time_is_receipt=self.moment.is_receipt,
            ids=ids,
            names=names,
            outcome=row.outcome,
            error_type=row.error_type,
            contents=_contents(self.event, row),
            facts=facts,
            lineage=lineage,
            cursor=self.context.cursor,
        )


def map_event(happening: Happening) -> AgentEvent:
    """Map one event.

    Args:
        happening: The event with its surroundings. The open calls of its run are brought up to date.
    """
    return _MAPPINGS.get(happening.row.kind, _point)(happening)


def _ids(happening: Happening, **more: Any) -> EventIds:
    envelope = happening.event.envelope
    return EventIds(
        event=envelope.event_id,
        conversation=happening.run.conversation,
        run=envelope.run_id,
        turn=None if happening.row.kind is EventKind.AGENT else envelope.turn_id,
        agent=envelope.agent_id,
        trace=envelope.trace_id,
        nonce=happening.nonce or None if happening.moment.is_receipt else None,
        **more,
    )


def _run(happening: Happening) -> AgentEvent:
    envelope, run = happening.event.envelope, happening.run
    lineage = envelope_lineage(envelope)
    for key in _OF_CALLS:
        lineage.pop(key, None)
    if happening.row.phase is Phase.START:
        parent = _parent_run(happening)
        ids = _ids(
            happening,
            span=run.own_span(envelope.span_id, f"run/{envelope.run_id}"),
            parent_run=parent,
            tool_call=happening.ref("tool_call") if parent is not None else None,
        )
        return happening.build(ids, Names(), lineage, {})
    ended = {f"terminal.{key}": lineage[key] for key in _OF_END if key in lineage}
    for key in _OF_START:
        lineage.pop(key, None)
    provider = next(iter(run.providers)) if len(run.providers) == 1 else None
    return happening.build(_ids(happening), Names(provider=provider), {**lineage, **ended}, {})


def _parent_run(happening: Happening) -> str | None:
    """Give the run that started this one: the SDK's frames of child runs name it beside themselves."""
    envelope = happening.event.envelope
    subject = envelope.subject_ref
    if word(subject.kind) != "subagent_run" or subject.id != envelope.run_id:
        return None
    return happening.ref("run", other_than=envelope.run_id)


def _model(happening: Happening) -> AgentEvent:
    envelope, run = happening.event.envelope, happening.run
    turn = envelope.turn_id
    pair = run.calls.started if happening.row.phase is Phase.START else run.calls.ended
    key = pair(EventKind.MODEL, turn, envelope.attempt_id, envelope.event_id)
    retry_of = run.retried_by(turn, key.id)
    if happening.row.error_type is not None:
        run.failed_in(turn, key.id)
    named = {"attempt": key.id} if key.is_own else {"request": key.id}
    span = run.own_span(envelope.span_id, f"model/{key.id}")
    ids = _ids(happening, retry_of=retry_of, span=span, **named)
    return happening.build(ids, Names(), envelope_lineage(envelope), {})


def _tool(happening: Happening) -> AgentEvent:
    envelope, run = happening.event.envelope, happening.run
    own = happening.ref("tool_call")
    pair = run.calls.ended
    if happening.row.phase is Phase.START:
        is_request = word(envelope.event_kind) == "tool_requested"
        pair = run.calls.requested if is_request else run.calls.started
    key = pair(EventKind.TOOL, envelope.turn_id, own, envelope.event_id)
    ids = _ids(
        happening,
        tool_call=key.id,
        tool_call_is_synthetic=not key.is_own,
        child_run=happening.ref("subagent_run"),
        span=run.own_span(envelope.span_id, f"tool/{key.id}"),
    )
    return happening.build(ids, Names(tool=_tool_name(happening), tool_type=_FUNCTION), envelope_lineage(envelope), {})


def _tool_name(happening: Happening) -> str | None:
    """Give the tool's name where the envelope has one: as the capability, or as the source of a tool's own event."""
    source = happening.event.envelope.source
    return tool_name(happening.ref("capability") or (source.id if word(source.kind) == "tool" else None))


def _point(happening: Happening) -> AgentEvent:
    envelope, row = happening.event.envelope, happening.row
    is_sub_agent = row.subject == "sub_agent"
    # A handoff announces the child as a start does; any other state of a sub-agent does not.
    facts: dict[Fact, Any] = {} if row.state in (None, _HANDOFF) else {Fact.STATE: row.state}
    if row.kind is EventKind.HEALTH:
        facts[Fact.COMPONENT] = row.subject
    attempt = envelope.attempt_id if row.kind is EventKind.PROGRESS else None
    ids = _ids(
        happening,
        attempt=attempt,
        tool_call=happening.ref("tool_call"),
        child_run=happening.ref("subagent_run", other_than=envelope.run_id) if is_sub_agent else None,
    )
    return happening.build(ids, Names(subject=row.subject), envelope_lineage(envelope), facts)


def _chunk(happening: Happening) -> AgentEvent:
    """Map a part of a streamed answer: it is counted, and goes to the open call of its turn."""
    envelope = happening.event.envelope
    key = happening.run.calls.current(EventKind.MODEL, envelope.turn_id) if envelope.attempt_id is None else None
    ids = _ids(happening, attempt=envelope.attempt_id)
    if key is not None:
        ids = evolve(ids, attempt=key.id) if key.is_own else evolve(ids, request=key.id)
    lineage: Lineage = {"event.kind": word(envelope.event_kind)}
    return happening.build(ids, Names(subject=happening.row.subject), lineage, {Fact.CHUNKS: 1})


def _progress(happening: Happening) -> AgentEvent:
    return _chunk(happening) if happening.row.subject == "chunks" else _point(happening)


_MAPPINGS: Final[Mapping[EventKind, Callable[[Happening], AgentEvent]]] = {
    EventKind.AGENT: _run,
    EventKind.MODEL: _model,
    EventKind.TOOL: _tool,
    EventKind.PROGRESS: _progress,
}


def _contents(event: sdk.AgentEvent, row: KindMapping) -> dict[ContentKind, Content]:
    """Give the redacted summary as content where it says something about content.

    Of a failure it is the error text. Of a call whose content the host stored, it stands for that content and names
    where it is stored. Elsewhere it is the SDK's own phrase for the kind of event, and is left out.
    """
    summary = event.redacted_summary()
    if summary is None:
        return {}
    if row.error_type is not None:
        return {ContentKind.ERROR_TEXT: Content(summary)}
    refs = getattr(event.payload, "payload_refs", ())
    surface = _REFERENCED.get((row.kind, row.phase))
    return {} if surface is None or not refs else {surface: Content(summary, reference=refs[0].id)}
