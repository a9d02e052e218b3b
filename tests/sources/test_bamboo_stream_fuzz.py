"""Whatever JSON comes in the new forms: events within the model's bounds, or ``RecordRejected``; the same JSON back."""

from __future__ import annotations

from contextlib import suppress
import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_otel.model import MAX_TIME_NS, AgentEvent, EventKind, Outcome, Phase, RecordRejected
from agent_otel.sources import Verdict
from agent_otel.sources.bamboo import (
    BambooSource,
    decode_agent_event,
    decode_change_event,
    encode_agent_event,
    encode_change_event,
)
from sources.bamboo_samples import SAMPLES, TIME, Reader, bare, fed, wrapped
from sources.test_bamboo_fuzz import json_values, places, repr_of

NOTES = {None, "unknown_variant", "unknown_word", "clamped_integer", "keep_alive", "stream_done", "unknown_status"}
TAGS = sorted(SAMPLES)
tags = st.sampled_from(TAGS)


FORMS = {
    "bare": lambda record: record,
    "boxed": lambda record: bare("sub_agent_event", event=record),
    "wrapped": lambda record: {"session_id": "s-1", "event": record},
    "fed": lambda record: {"seq": 1, "ts": TIME, "session_id": "s-1", "event": record},
    "timed": lambda record: {"seq": 1, "ts": 5, "event": record},
    "flat": lambda record: {"seq": 1, "ts": TIME, "session_id": "s-1", **record},
}


@st.composite
def records(draw: st.DrawFn) -> Any:
    """Give a sample in any form, after up to three changes."""
    record: Any = FORMS[draw(st.sampled_from(sorted(FORMS)))](copy.deepcopy(bare(draw(tags))))
    for _ in range(draw(st.integers(0, 3))):
        if found := places(record):
            change(draw, record, draw(st.sampled_from(found)))
    return record


def change(draw: st.DrawFn, record: Any, place: tuple[str, ...]) -> None:
    """Replace, remove or add a member."""
    *path, last = place
    for key in path:
        record = record[key]
    how = draw(st.sampled_from(["replace", "null", "remove", "add"]))
    if how == "remove":
        del record[last]
    else:
        name = draw(st.text(max_size=6)) if how == "add" else last
        record[name] = None if how == "null" else draw(json_values)


def check(events: list[AgentEvent]) -> None:
    """Assert what the model promises of every event."""
    for event in events:
        assert 0 <= event.time_ns <= MAX_TIME_NS
        assert event.duration_ns is None or 0 <= event.duration_ns <= MAX_TIME_NS
        for value in (*event.lineage.values(), *event.facts.values()):
            assert isinstance(value, str | bool | int | float)
            assert not isinstance(value, int) or abs(value) <= MAX_TIME_NS
        failed = (Outcome.ERROR, Outcome.CANCELLED, Outcome.INTERRUPTED)
        assert (event.error_type is not None) == (event.outcome in failed)


@settings(max_examples=600)
@given(st.lists(records() | json_values, max_size=4))
def test_anything_is_decoded_or_rejected(told: list[Any]) -> None:
    source, reader = BambooSource(), Reader()
    assert 0.0 <= source.detect(told) <= 1.0
    for record in told:
        before = repr(record)
        key = source.record_key(record)
        assert key is None or key
        with suppress(RecordRejected):
            decoded = reader.decode(record)
            assert decoded.note in NOTES
            assert decoded.verdict is Verdict.MAPPED or not decoded.events
            check(list(decoded.events))
        assert repr(record) == before
    check(reader.close())


@settings(max_examples=600)
@given(records())
def test_what_is_accepted_comes_back_as_it_was(record: Any) -> None:
    for decode, encode in ((decode_agent_event, encode_agent_event), (decode_change_event, encode_change_event)):
        try:
            event: Any = decode(record)
        except RecordRejected:
            continue
        if event is not None:
            assert repr_of(encode(event)) == repr_of(record)


CALLS = ("t-1", "t-2")
STEPS = [
    *(bare("tool_start", tool_call_id=call) for call in CALLS),
    *(bare("tool_complete", tool_call_id=call) for call in CALLS),
    *(bare("tool_error", tool_call_id=call) for call in CALLS),
    *(
        bare("tool_lifecycle", tool_call_id=call, phase=phase)
        for call in CALLS
        for phase in ("begin", "finished", "error", "cancelled")
    ),
    bare("runner_progress"),
    bare("execution_started"),
    bare("execution_started", run_id="r-2"),
    bare("complete"),
    wrapped("cancelled"),
    fed(1, "error"),
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(STEPS), max_size=14))
def test_no_call_ends_twice_between_two_starts_of_it(steps: list[Any]) -> None:
    reader = Reader()
    events = [*reader.read(bare("execution_started"), *steps), *reader.close()]
    check(events)
    assert reader.close() == []
    ended: set[tuple[str | None, str | None]] = set()
    for step, told in zip([None, *steps, None], _by_step(steps), strict=True):
        for event in told:
            call = (event.ids.conversation, event.ids.tool_call)
            if event.kind is EventKind.TOOL and event.phase is Phase.END:
                assert call not in ended
                ended.add(call)
            elif event.kind is EventKind.TOOL:
                ended.discard(call)
        if step is not None and step.get("type", "event") in (
            "runner_progress",
            "complete",
            "event",
            "execution_started",
        ):
            ended.clear()  # ids may be used again


def _by_step(steps: list[Any]) -> list[list[AgentEvent]]:
    reader = Reader()
    told = [reader.read(record) for record in (bare("execution_started"), *steps)]
    return [*told, reader.close()]
