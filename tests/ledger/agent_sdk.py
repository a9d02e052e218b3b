"""The ledger of agent-sdk-core: envelopes of every kind, projections, telemetry records, overflow notices."""

from __future__ import annotations

import copy

from agent_otel.sources import load_source
from agent_otel.sources.agent_sdk.kinds import KINDS
from ledger.book import Book, Case
from sources.agent_sdk_contract import (
    EVENTS,
    FRAME,
    FULL_OVERFLOW,
    PROJECTIONS,
    RECORDS,
)

_SDK = load_source("agent-sdk")
_CALL = {"kind": "tool_call", "id": "call.one", "privacy": "sensitive"}
_ARTIFACT = {"kind": "artifact", "id": "artifact.one", "privacy": "internal"}
_EFFECT = {"kind": "effect", "id": "effect.one", "privacy": "internal"}
_RUN_KINDS = frozenset({"run_started", "run_completed", "run_failed", "run_cancelled"})
_VERSION = "says how the record is written, not what happened"
_REF_PRIVACY = "of the reference, which tells an id and no content; the event's own is told"
_CURSOR = "the place of the event in its stream, which its own id and journal cursor tell"
_STARTED = "the start of the run told its own, and stands; what is the end's own is under `terminal.*`"
_DELTA = "parts of a stream add up to one mark: number, first time"
_ON_THE_RUN = "the span that the mark stands on, or its run, has it"


def _envelope(kind: str) -> Case:
    record = copy.deepcopy(EVENTS["everything"])
    subject = record["envelope"]["subject_ref"] if kind in _RUN_KINDS else _ARTIFACT
    record["envelope"] |= {
        "event_kind": kind,
        "event_family": KINDS[kind].family,
        "event_id": "event.7",
        "subject_ref": _CALL if kind.startswith("tool_") else subject,
    }
    start = copy.deepcopy(EVENTS["envelope only"])
    start["envelope"] |= {"event_id": "event.0", "timestamp": "2031-02-03T04:05:05Z", "session_id": "session.one"}
    record["envelope"]["caused_by"]["subject_ref"] = {"kind": "hook", "id": "hook.one", "privacy": "internal"}
    refs = record["envelope"]["related_refs"]
    others = {
        "envelope.timestamp": ["2031-02-03T04:05:09Z"],
        "envelope.related_refs": [[*refs, _EFFECT]],
        "envelope.causal_refs": [[{"subject_ref": _EFFECT}]],
        "envelope.caused_by.subject_ref.kind": ["effect"],
    }
    return Case(record=record, before=() if kind == "run_started" else (start,), others=others)


EVENT_BOOK = Book(
    title="agent-sdk-core: events",
    source=_SDK,
    cases={kind: _envelope(kind) for kind in KINDS},
    tag=("envelope", "event_kind"),
    dropped={
        "*.envelope.schema_version": _VERSION,
        "*.envelope.payload_schema_version": _VERSION,
        "*.envelope.recorded_at": "when it was stored; the time only where `timestamp` cannot be read",
        "*.envelope.subject_ref.privacy": _REF_PRIVACY,
        "*.envelope.source.privacy": _REF_PRIVACY,
        "*.envelope.source.trust": "how far the SDK trusts the sender; no fact about the work",
        "*.envelope.destination.privacy": _REF_PRIVACY,
        "*.envelope.destination.redacted_summary": "describes the receiver in words; kind and id are told",
        "*.envelope.caused_by.subject_ref.privacy": _REF_PRIVACY,
        "*.envelope.caused_by.reason": "free text; the id of the cause is told",
        "run_*.envelope.subject_ref.id": "the run's own id, which is told",
        "run_started.envelope.turn_id": "a run spans turns",
        "run_*ed.envelope.turn_id": "a run spans turns",
        "run_*ed.envelope.attempt_id": "a run spans attempts",
        "model_stream_delta.*": _DELTA,
        "*.envelope.agent_id": _ON_THE_RUN,
        "*.envelope.session_id": _ON_THE_RUN,
        "run_completed.envelope.*": _STARTED,
        "run_failed.envelope.*": _STARTED,
        "run_cancelled.envelope.*": _STARTED,
        "*.payload.mode": "says whether there is a summary",
        "*.payload.redacted_summary": "says in words, without content, what the kind of the event says",
        "*.payload.payload_refs": "where the host stored the content: kept on results of tools and answers of models",
    },
)


def _projection(kind: str) -> Case:
    others = {
        "usage.bytes": [5],
        "cost.estimate_status": ["provider_reported"],
        "terminal_status": ["failed"],
        "projection_id": ["telemetry.other.1"],
    }
    record = {**PROJECTIONS["everything"], "projection_kind": kind}
    return Case(record={**record, "usage": {**record["usage"], "bytes": 9}}, others=others)


_PROJECTION_KINDS = (
    "progress",
    "run_terminal",
    "usage",
    "cost_estimate",
    "cost_correction",
    "sink_health",
    "repair_cursor",
)
_OF_A_SINK = "this kind is about a sink, not about work"
_NO_SINK = "this kind is about work, not about a sink"
PROJECTION_BOOK = Book(
    title="agent-sdk-core: telemetry projections",
    source=_SDK,
    cases={kind: _projection(kind) for kind in _PROJECTION_KINDS},
    tag=("projection_kind",),
    dropped={
        "*.schema_version": _VERSION,
        "*.source_record.event_cursor.*": _CURSOR,
        "*.source_record.source_cursor.*": "names the event where `event_id` does not; here it does",
        "*.source.trust": "how far the SDK trusts the sender; no fact about the work",
        "*.source.privacy": _REF_PRIVACY,
        "*.subject_ref.*": "the subject of the event, which the event itself tells",
        "*.destination.id": "every projection has the telemetry as its destination",
        "*.destination.privacy": _REF_PRIVACY,
        "*.destination.retention": "the projection's own is told",
        "sink_health.sink_health.export_cursor.sink_id": "the sink's own id is told",
        "*.sink_health.unsafe_pending_reason": "one fixed text of the SDK (R47)",
        "*.sink_health.terminal_preserved": "always true here (R60)",
        "*.sink_health.dropped_count": "always zero here (R60)",
        "sink_health.*": _OF_A_SINK,
        "repair_cursor.*": _OF_A_SINK,
        "*.sink_health.*": _NO_SINK,
        "cost_correction.cost.estimate_status": "a correction is a correction",
        "run_terminal.tool_name": "a run has no tool",
    },
)
_WHOLE = {
    "usage": RECORDS["usage, whole"],
    "cost": RECORDS["cost"],
    "cost, corrected": RECORDS["cost, corrected"],
    "sink_failed": RECORDS["sink_failed"],
    "sink_recovered": RECORDS["sink_recovered"],
    "export_cursor": RECORDS["export_cursor"],
}
_ATTEMPTED = "what was tried and not yet acknowledged says nothing that holds"


def _record(name: str) -> Case:
    record = copy.deepcopy(_WHOLE[name])
    if name == "usage":
        record["payload"]["record"]["units"]["bytes"] = 9
    return Case(record=record, others={"payload.record.units.estimate_status": ["provider_reported"]})


RECORD_BOOK = Book(
    title="agent-sdk-core: telemetry records",
    source=_SDK,
    cases={name: _record(name) for name in _WHOLE},
    tag=("payload", "type"),
    dropped={
        "*.schema_version": _VERSION,
        "cost, corrected.payload.record.units.estimate_status": "a correction is a correction",
        "*.payload.record.*cursor.sink_id": "the sink's own id is told",
        "*.payload.record.unsafe_pending_reason": "one fixed text of the SDK (R47)",
        "*.last_attempted_source.*": _ATTEMPTED,
        "*.sink_dedupe_key": "between the SDK and its sink; identifies no work",
        "sink_recovered.payload.record.redacted_summary": "says in words what the state says",
    },
)
_IN_AN_EVENT = "as in an event: see there"
NOTICE_BOOK = Book(
    title="agent-sdk-core: frames and overflow notices",
    source=_SDK,
    cases={
        "overflow notice": Case(record=FULL_OVERFLOW),
        "frame": Case(record={**FRAME, "overflow": FULL_OVERFLOW}),
    },
    dropped={
        "*gap_*.journal_cursor": "`repair_from` says from where to read again",
        "*gap_*.scope.run": "the run of the frame that the notice rides on is told",
        "frame.event.*": _IN_AN_EVENT,
        "frame.cursor.*": _CURSOR,
    },
)
BOOKS = [EVENT_BOOK, PROJECTION_BOOK, RECORD_BOOK, NOTICE_BOOK]
