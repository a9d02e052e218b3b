"""Builds records in the shapes of agent-sdk-core, and decodes them the way a pipeline does."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from agent_otel.correlate import Correlator, Operation, OrphanReason
from agent_otel.model import AgentEvent, Cursor, EventKind, Phase
from agent_otel.sources import Context, Document, Verdict
from agent_otel.sources.agent_sdk import AgentSdkSource

RUN = "run.harbour.1"
AGENT = "agent.pilot"
BASE_NS = 1_893_499_200_000_000_000  # 2030-01-01T12:00:00Z
RECEIPT_NS = 1_900_000_000_000_000_000
SECOND = 1_000_000_000
FINGERPRINT = "sha256:harbour-package"
PRIVACY = "content_refs_only"


def stamp(at: float) -> str:
    minutes, seconds = divmod(at, 60)
    return f"2030-01-01T12:{int(minutes):02d}:{seconds:09.6f}Z"


def at_ns(at: float) -> int:
    return BASE_NS + round(at * SECOND)


def ref(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "id": name, "privacy": PRIVACY, **more}


def source_ref(kind: str = "sdk", name: str = "source.pilot") -> dict[str, Any]:
    return {"kind": kind, "id": name, "trust": "host_provided", "privacy": PRIVACY}


def policy(name: str, kind: str = "approval") -> dict[str, Any]:
    return {"kind": kind, "id": name}


def envelope(kind: str, at: float | None = 0.0, *, event: str | None = None, run: str = RUN, **more: Any) -> dict:
    """An envelope with every mandatory member; its family does not matter to most of what is tested."""
    text = "1970-01-01T00:00:00Z" if at is None else stamp(at)
    return {
        "schema_version": 1,
        "event_id": event or f"event.{run}.{kind}.{at}",
        "event_seq": 1,
        "event_family": kind.split("_", maxsplit=1)[0],
        "event_kind": kind,
        "payload_schema_version": 1,
        "timestamp": text,
        "recorded_at": text,
        "run_id": run,
        "agent_id": AGENT,
        "trace_id": "trace.of.the.day",
        "span_id": f"span.{kind}",
        "subject_ref": ref("run", run),
        "correlation": {},
        "source": source_ref(),
        "delivery_semantics": "journal_backed",
        "privacy": PRIVACY,
        "content_capture": "off",
        "redaction_policy_id": "policy.redaction.default",
        "runtime_package_fingerprint": FINGERPRINT,
        **more,
    }


def event(
    kind: str, at: float | None = 0.0, *, summary: str | None = None, refs: list | None = None, **more: Any
) -> dict:
    payload: dict[str, Any] = {"mode": "envelope_only"}
    if summary is not None or refs:
        payload = {"mode": "redacted_summary", "redacted_summary": summary or ""}
        if refs:
            payload["payload_refs"] = refs
    return {"envelope": envelope(kind, at, **more), "payload": payload}


def tool_event(kind: str, at: float | None, call: str, **more: Any) -> dict:
    return event(kind, at, subject_ref=ref("tool_call", call), event=f"event.{call}.{kind}", **more)


def frame(inner: dict, overflow: dict | None = None) -> dict:
    of = inner["envelope"]
    made = {"event": inner, "cursor": cursor(of["event_id"], of["run_id"])}
    return made if overflow is None else {**made, "overflow": overflow}


def cursor(event_id: str, run: str = RUN, seq: int = 1) -> dict:
    return {"scope": {"run": run}, "event_seq": seq, "event_id": event_id}


def notice(policy_word: str = "drop_non_terminal", dropped: int = 3, **more: Any) -> dict:
    return {
        "policy": policy_word,
        "dropped_count": dropped,
        "gap_end": cursor("event.lost", seq=9),
        "terminal_preserved": True,
        "reason": "policy_dropped_non_terminal",
        **more,
    }


def projection(kind: str, about: str | None, *, family: str = "model", event_kind: str = "", **more: Any) -> dict:
    """A projection about an event; its kind of event matters where no event is found."""
    label = {"run_terminal": "terminal", "cost_estimate": "cost", "cost_correction": "correction"}.get(kind, kind)
    made: dict[str, Any] = {
        "schema_version": 1,
        "projection_id": f"telemetry.{label}.{about}",
        "projection_kind": kind,
        "source_record": {"event_family": family, "event_kind": event_kind or "model_message_completed"},
        "run_id": RUN,
        "agent_id": AGENT,
        "event_id": about,
        "runtime_package_fingerprint": FINGERPRINT,
        "source": source_ref(),
        "destination": {"kind": "telemetry", "id": "destination.t", "privacy": PRIVACY, "retention": "run_scoped"},
        "subject_ref": ref("run", RUN),
        "privacy": PRIVACY,
        "retention": "run_scoped",
        "content_capture": "off",
        "redaction_policy_id": "redaction.telemetry.default",
        "redacted_summary": "telemetry",
        **more,
    }
    if about is None:
        del made["event_id"]
    return made


def usage(about: str, tokens: tuple[int, int] = (3, 4), **more: Any) -> dict:
    units = {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}
    told = {"usage": units, "provider_id": "provider.tide", "model_id": "model.tide.1", "terminal_status": "completed"}
    return projection("usage", about, **{**told, **more})


def money(micros: int = 1200, status: str = "estimated", currency: str = "USD") -> dict:
    return {
        "amount_micros": micros,
        "currency": currency,
        "rate_table_version": "2030-01",
        "estimate_status": status,
    }


def telemetry(record_id: str, kind: str, part: dict, **more: Any) -> dict:
    return {
        "schema_version": 1,
        "record_id": record_id,
        "run_id": RUN,
        "agent_id": AGENT,
        "source_cursor": {"type": "journal", "cursor": "journal.12"},
        "runtime_package_fingerprint": FINGERPRINT,
        "privacy": PRIVACY,
        "retention": "run_scoped",
        "content_capture": "off",
        "redaction_policy_id": "redaction.telemetry.default",
        "policy_refs": [policy("policy.telemetry.derived", "host")],
        "payload": {"type": kind, "record": part},
        **more,
    }


def usage_record(about: str, tokens: tuple[int, int] = (3, 4), part_id: str = "usage.1") -> dict:
    units = {"input_tokens": tokens[0], "output_tokens": tokens[1]}
    part = {"usage_record_id": part_id, "units": units, "provider_id": "provider.tide", "model_id": "model.tide.1"}
    return telemetry(f"telemetry.record.telemetry.usage.{about}", "usage", part)


def sink_failed(number: int, dropped: int, **more: Any) -> dict:
    part = {
        "sink_id": "sink.north",
        "sink_kind": "test",
        "failure_kind": "overflow",
        "terminal_preserved": True,
        "dropped_count": dropped,
        "last_acknowledged_cursor": {"sink_id": "sink.north", "export_seq": 2},
        "repair_cursor": {"type": "journal", "cursor": "journal.9"},
        "unsafe_pending_reason": None,
        "redacted_summary": "the north sink is full",
        **more,
    }
    return telemetry(f"telemetry.sink.north.sink_failed.{number}", "sink_failed", part)


@define
class Told:
    """What decoding gave."""

    events: list[AgentEvent] = field(factory=list)
    notes: list[str | None] = field(factory=list)
    verdicts: list[Verdict] = field(factory=list)
    by_record: list[list[AgentEvent]] = field(factory=list)

    def of(self, kind: EventKind, phase: Phase | None = None) -> list[AgentEvent]:
        return [e for e in self.events if e.kind is kind and (phase is None or e.phase is phase)]

    def one(self, kind: EventKind, phase: Phase | None = None) -> AgentEvent:
        (found,) = self.of(kind, phase)
        return found


def tell(*records: Any, complete: bool = True, live: bool = False) -> Told:
    """Decode records in a document of their own, leaving out what repeats an earlier one, as a pipeline does."""
    source = AgentSdkSource()
    decoder = source.decoder()
    decoder.open(Document("harbour.jsonl", "key", nonce="once", live=live))
    told, seen = Told(), set()
    for number, record in enumerate(records, 1):
        key = source.record_key(record)
        if key is not None and key in seen:
            continue
        seen.add(key)
        decoded = decoder.decode(record, Context(Cursor("key", number), RECEIPT_NS + number))
        told.events.extend(decoded.events)
        told.by_record.append(list(decoded.events))
        told.notes.append(decoded.note)
        told.verdicts.append(decoded.verdict)
    told.events.extend(decoder.close(complete=complete))
    return told


def operations(events: list[AgentEvent]) -> list[Operation]:
    """Correlate events to their end."""
    correlator = Correlator("tests")
    outputs = [output for one in events for output in correlator.feed(one).outputs]
    outputs += correlator.finish(OrphanReason.END_OF_INPUT)
    return [output for output in outputs if isinstance(output, Operation)]
