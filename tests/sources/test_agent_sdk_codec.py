"""The codecs: the same JSON back from every type and variant, and the contract's JSON from what is made here."""

from __future__ import annotations

import copy
import json
from typing import Any

from attrs import evolve
import pytest

from agent_otel.model import RecordRejected
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk.codec import (
    decode_agent_event,
    decode_contract,
    decode_event_frame,
    decode_event_overflow_notice,
    decode_telemetry_projection,
    decode_telemetry_record,
    encode_agent_event,
    encode_contract,
    encode_event_frame,
    encode_event_overflow_notice,
    encode_telemetry_projection,
    encode_telemetry_record,
)
from sources.agent_sdk_contract import (
    CURSOR,
    ENVELOPE,
    EVENT,
    EVENTS,
    FRAME,
    FULL_ENVELOPE,
    FULL_OVERFLOW,
    OTHERS,
    OVERFLOW,
    PROJECTION,
    PROJECTIONS,
    RECORDS,
    SCOPES,
    SENTINEL,
    SHARED,
    SOURCE_CURSORS,
    TOOL_REF,
    event,
    projection,
)


def same(written: Any, read: Any) -> bool:
    """Whether two JSON values are the same, 1 and true told apart."""
    return json.dumps(written, sort_keys=True) == json.dumps(read, sort_keys=True)


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def put(record: Any, path: str, value: Any) -> Any:
    changed = copy.deepcopy(record)
    *way, last = path.split(".")
    level = changed
    for step in way:
        level = level[int(step)] if step.isdigit() else level[step]
    level[last] = value
    return changed


@pytest.mark.parametrize("name", EVENTS)
def test_events_come_back(name: str) -> None:
    assert same(encode_agent_event(decode_agent_event(EVENTS[name])), EVENTS[name])


@pytest.mark.parametrize("name", PROJECTIONS)
def test_projections_come_back(name: str) -> None:
    assert same(encode_telemetry_projection(decode_telemetry_projection(PROJECTIONS[name])), PROJECTIONS[name])


@pytest.mark.parametrize("name", RECORDS)
def test_records_come_back(name: str) -> None:
    record = decode_telemetry_record(RECORDS[name])
    assert record is not None
    assert same(encode_telemetry_record(record), RECORDS[name])


@pytest.mark.parametrize("name", OTHERS)
def test_smaller_records_come_back(name: str) -> None:
    record = decode_contract(getattr(sdk, name), OTHERS[name])
    assert type(record) is getattr(sdk, name)
    assert same(encode_contract(record), OTHERS[name])


@pytest.mark.parametrize("scope", SCOPES)
def test_cursors_of_every_scope_come_back(scope: Any) -> None:
    cursor = {**CURSOR, "scope": scope}
    assert same(encode_contract(decode_contract(sdk.EventCursor, cursor)), cursor)


@pytest.mark.parametrize("name", SOURCE_CURSORS)
def test_source_cursors_come_back(name: str) -> None:
    cursor = decode_contract(sdk.TelemetrySourceCursor, SOURCE_CURSORS[name])
    assert same(encode_contract(cursor), SOURCE_CURSORS[name])
    assert type(cursor).__qualname__ == f"TelemetrySourceCursor.{name.capitalize()}"


def test_frames_and_notices_come_back() -> None:
    frame = {**FRAME, "overflow": OVERFLOW}
    assert same(encode_event_frame(decode_event_frame(frame)), frame)
    assert same(encode_event_overflow_notice(decode_event_overflow_notice(FULL_OVERFLOW)), FULL_OVERFLOW)


def test_members_are_read_under_their_names() -> None:
    told = decode_agent_event(EVENTS["everything"]).envelope
    assert (told.event_family, told.event_kind) == (sdk.EventFamily.Run, sdk.EventKind.RunStarted)
    assert (told.session_id, told.attempt_id, told.journal_cursor) == ("session.one", "attempt.one", "journal.1")
    assert told.related_refs[0].kind is sdk.EntityKind.ToolCall
    assert told.related_refs[0].source is not None
    assert told.related_refs[0].source.correlation == (sdk.CorrelationEntry(key="thread", value="thread.9"),)
    assert told.caused_by == told.causal_refs[0]
    assert told.tags == ("slow",)
    payload = decode_agent_event(EVENTS["everything"]).payload
    assert isinstance(payload, sdk.EventPayload.RedactedSummary)
    assert [ref.id for ref in payload.payload_refs] == ["call.one", "run.one"]
    whole = decode_telemetry_projection(PROJECTIONS["everything"])
    assert whole.usage == sdk.UsageUnits(
        input_tokens=12, output_tokens=0, total_tokens=12, bytes=2**63, media_duration_ms=5
    )
    assert whole.terminal_status is sdk.TelemetryTerminalStatus.TimedOut
    assert whole.raw_content == SENTINEL


def test_what_is_made_here_is_written_as_the_contract_writes_it() -> None:
    assert same(encode_agent_event(event()), EVENT)
    made = decode_telemetry_projection(encode_telemetry_projection(projection()))
    assert made == projection()
    written = encode_telemetry_projection(projection())
    assert not {"turn_id", "destination", "usage", "raw_content"} & written.keys()
    assert "source_cursor" not in written["source_record"]


def test_some_optional_members_are_written_as_null() -> None:
    failure = sdk.TelemetrySinkFailureRecord(
        sink_id="sink.one",
        sink_kind=sdk.TelemetrySinkKind.Test,
        failure_kind=sdk.TelemetrySinkFailureKind.Overflow,
        terminal_preserved=True,
        dropped_count=1,
        redacted_summary="full",
    )
    record = encode_telemetry_record(sdk.TelemetryRecord.sink_failed("record.1", projection(), failure))
    written = record["payload"]["record"]
    assert {name for name, value in written.items() if value is None} == {
        "last_acknowledged_cursor",
        "repair_cursor",
        "unsafe_pending_reason",
    }
    health = sdk.TelemetrySinkHealth(
        sink_id="sink.one",
        sink_kind=sdk.TelemetrySinkKind.Test,
        state=sdk.TelemetrySinkHealthState.Healthy,
        terminal_preserved=True,
        dropped_count=0,
    )
    assert encode_contract(health)["failure_kind"] is None
    assert not {"export_cursor", "unsafe_pending_reason"} & encode_contract(health).keys()
    assert encode_contract(sdk.TelemetrySinkError.unavailable("gone"))["unsafe_pending_reason"] is None


def test_zero_is_written_and_nothing_is_not() -> None:
    assert encode_contract(sdk.UsageUnits(input_tokens=0)) == {"input_tokens": 0}
    assert encode_telemetry_projection(projection(model_id=""))["model_id"] == ""
    assert encode_contract(sdk.TelemetryFanoutReport()) == {"enqueued": 0, "dropped": 0}


def test_a_record_that_was_read_and_changed_is_written_with_the_change() -> None:
    read = decode_telemetry_projection(PROJECTION)
    assert encode_telemetry_projection(evolve(read, usage=sdk.UsageUnits(input_tokens=1)))["usage"] == {
        "input_tokens": 1
    }
    raw = decode_telemetry_projection({**PROJECTION, "content_capture": "raw_content", "raw_content": SENTINEL})
    bare = encode_telemetry_projection(raw.without_raw_content())
    assert "raw_content" not in bare
    assert bare["content_capture"] == "redacted_summary"


@pytest.mark.parametrize("path", ["envelope.extra", "envelope.subject_ref.extra", "payload.extra", "extra"])
def test_unknown_members_come_back(path: str) -> None:
    record = put(EVENT, path, {"new": [1, None, SENTINEL]})
    read = decode_agent_event(record)
    assert same(encode_agent_event(read), record)
    assert SENTINEL not in repr(read)


def test_unknown_members_of_cursors_and_payloads_come_back() -> None:
    record = put(put(RECORDS["usage"], "payload.extra", 1), "source_cursor.extra", 2)
    read = decode_telemetry_record(record)
    assert read is not None
    assert same(encode_telemetry_record(read), record)


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("envelope.event_kind", lambda told: told.envelope.event_kind),
        ("envelope.event_family", lambda told: told.envelope.event_family),
        ("envelope.privacy", lambda told: told.envelope.privacy),
        ("envelope.subject_ref.kind", lambda told: told.envelope.subject_ref.kind),
        ("envelope.source.trust", lambda told: told.envelope.source.trust),
        ("envelope.delivery_semantics", lambda told: told.envelope.delivery_semantics),
    ],
)
def test_unknown_words_stay_what_they_are(path: str, read: Any) -> None:
    record = put(EVENT, path, "brand_new")
    told = decode_agent_event(record)
    assert read(told) == "brand_new"
    assert same(encode_agent_event(told), record)


def test_an_unknown_payload_does_not_cost_the_event() -> None:
    record = put(EVENT, "payload", {"mode": "raw", "text": SENTINEL})
    told = decode_agent_event(record)
    assert isinstance(told.payload, sdk.EventPayload.Other)
    assert told.redacted_summary() is None
    assert told.envelope.event_kind is sdk.EventKind.RunStarted
    assert same(encode_agent_event(told), record)


@pytest.mark.parametrize("scope", ["everything", {"pool": "pool.one"}, {"all": None}])
def test_an_unknown_scope_does_not_cost_the_cursor(scope: Any) -> None:
    record = {**OVERFLOW, "gap_end": {**CURSOR, "scope": scope}}
    notice = decode_event_overflow_notice(record)
    assert isinstance(notice.gap_end.scope, sdk.EventStreamScope.Other)
    assert same(encode_event_overflow_notice(notice), record)


def test_an_unknown_source_cursor_does_not_cost_the_record() -> None:
    record = put(RECORDS["usage"], "source_cursor", {"type": "ledger", "page": 4})
    read = decode_telemetry_record(record)
    assert read is not None
    assert isinstance(read.source_cursor, sdk.TelemetrySourceCursor.Other)
    assert read.source_cursor.cursor == ""
    assert same(encode_telemetry_record(read), record)


def test_a_record_with_an_unknown_payload_is_none() -> None:
    record = {**SHARED, "record_id": "record.1", "payload": {"type": "sink_tuned", "record": {}}}
    assert decode_telemetry_record(record) is None
    report = {"exported": 1, "records": [record]}
    assert same(encode_contract(decode_contract(sdk.TelemetryDrainReport, report)), report)


@pytest.mark.parametrize("name", ["related_refs", "causal_refs", "tags", "policy_refs"])
@pytest.mark.parametrize("value", [None, []])
def test_empty_and_null_lists_come_back(name: str, value: Any) -> None:
    record = put(EVENT, f"envelope.{name}", value)
    told = decode_agent_event(record)
    assert getattr(told.envelope, name) == ()
    assert same(encode_agent_event(told), record)


@pytest.mark.parametrize("name", ["session_id", "turn_id", "caused_by", "destination", "state_after"])
def test_members_that_are_null_come_back(name: str) -> None:
    record = put(EVENT, f"envelope.{name}", None)
    told = decode_agent_event(record)
    assert getattr(told.envelope, name) is None
    assert same(encode_agent_event(told), record)


@pytest.mark.parametrize("name", sorted(without(ENVELOPE, "turn_id", "policy_refs")))
def test_required_members_of_the_envelope(name: str) -> None:
    with pytest.raises(RecordRejected) as raised:
        decode_agent_event({**EVENT, "envelope": without(ENVELOPE, name)})
    assert (raised.value.field, raised.value.reason) == (f"envelope.{name}", "is missing")


@pytest.mark.parametrize(
    ("record", "field", "reason"),
    [
        (5, "", "is no object"),
        (put(EVENT, "envelope", []), "envelope", "is no object"),
        (put(EVENT, "payload", "envelope_only"), "payload", "is no object"),
        (put(EVENT, "payload", {}), "payload.mode", "is missing"),
        (put(EVENT, "payload", {"mode": 1}), "payload.mode", "is no string"),
        (put(EVENT, "payload", {"mode": "redacted_summary"}), "payload.redacted_summary", "is missing"),
        (put(EVENT, "envelope.event_seq", -1), "envelope.event_seq", "is no unsigned integer"),
        (put(EVENT, "envelope.event_seq", 1.0), "envelope.event_seq", "is no unsigned integer"),
        (put(EVENT, "envelope.event_seq", 2**64), "envelope.event_seq", "does not fit into 64 bits"),
        (put(EVENT, "envelope.schema_version", 2**16), "envelope.schema_version", "does not fit into 16 bits"),
        (put(EVENT, "envelope.event_kind", None), "envelope.event_kind", "is no string"),
        (put(EVENT, "envelope.tags", SENTINEL), "envelope.tags", "is no list"),
        (put(EVENT, "envelope.tags", ["a", 1]), "envelope.tags.1", "is no string"),
        (put(EVENT, "envelope.run_id", ""), "envelope.run_id", "is an empty identifier"),
        (put(EVENT, "envelope.run_id", 4), "envelope.run_id", "is no string"),
        (
            put(EVENT, "envelope.trace_id", SENTINEL * 40),
            "envelope.trace_id",
            f"is an identifier of {len(SENTINEL) * 40} bytes, and 512 are allowed",
        ),
        (
            put(EVENT, "envelope.subject_ref.id", "a\nb"),
            "envelope.subject_ref.id",
            "is an identifier with a control character at byte 1",
        ),
        (
            {**EVENT, "envelope": put(FULL_ENVELOPE, "related_refs", [TOOL_REF, {**TOOL_REF, "id": ""}])},
            "envelope.related_refs.1.id",
            "is an empty identifier",
        ),
    ],
)
def test_malformed_events_are_rejected_without_their_values(record: Any, field: str, reason: str) -> None:
    with pytest.raises(RecordRejected) as raised:
        decode_agent_event(record)
    assert (raised.value.field, raised.value.reason) == (field, reason)
    assert SENTINEL not in str(raised.value)
    assert decode_agent_event(EVENT) == event()  # nothing is left behind


@pytest.mark.parametrize(
    ("path", "value", "field", "reason"),
    [
        ("payload.record.units.input_tokens", 2**32, "payload.record.units.input_tokens", "does not fit into 32 bits"),
        ("payload.record.units.bytes", 2**64, "payload.record.units.bytes", "does not fit into 64 bits"),
        ("payload.record.units.bytes", True, "payload.record.units.bytes", "is no unsigned integer"),
        ("payload.record", None, "payload.record", "is no object"),
        ("payload.type", None, "payload.type", "is no string"),
        ("source_cursor.cursor", "", "source_cursor.cursor", "is an empty identifier"),
        ("source_cursor", "journal.1", "source_cursor", "is no object"),
    ],
)
def test_malformed_records_are_rejected(path: str, value: Any, field: str, reason: str) -> None:
    with pytest.raises(RecordRejected) as raised:
        decode_telemetry_record(put(RECORDS["usage, whole"], path, value))
    assert (raised.value.field, raised.value.reason) == (field, reason)


@pytest.mark.parametrize(
    ("scope", "field", "reason"),
    [
        ({}, "scope", "holds no single variant"),
        ({"run": "a", "agent": "b"}, "scope", "holds no single variant"),
        (None, "scope", "holds no single variant"),
        ({"run": ""}, "scope.run", "is an empty identifier"),
        ({"agent": 3}, "scope.agent", "is no string"),
        ({"filter": {"filter_id": "f"}}, "scope.filter.filter_fingerprint", "is missing"),
    ],
)
def test_malformed_scopes_are_rejected(scope: Any, field: str, reason: str) -> None:
    with pytest.raises(RecordRejected) as raised:
        decode_contract(sdk.EventCursor, {**CURSOR, "scope": scope})
    assert (raised.value.field, raised.value.reason) == (field, reason)


def test_capacities_of_zero_are_rejected() -> None:
    with pytest.raises(RecordRejected, match="queue_capacity: is zero"):
        decode_contract(sdk.TelemetrySinkSpec, {**OTHERS["TelemetrySinkSpec"], "queue_capacity": 0})
