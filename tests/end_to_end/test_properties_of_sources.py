"""Properties of every source and form over loss, repetition, reordering and interleaving of its records."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from agent_otel.correlate import Correlator, Operation, OperationKind, OrphanReason
from agent_otel.model import Cursor, RecordRejected
from agent_otel.sources import Context, Document, Source, detect_source
from end_to_end.recordings import RECORDINGS, UNTIMED

FORMS = sorted({*RECORDINGS, *UNTIMED} - {"bamboo-sse", "claude-code"})  # the one is frames, the other has files
_RECEIPT_NS = 1_900_000_000_000_000_000


@pytest.fixture(scope="module", params=FORMS)
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Source, list[Any]]:
    """A source and its records."""
    path: Path = tmp_path_factory.mktemp("recording") / "recorded.jsonl"
    (RECORDINGS | UNTIMED)[request.param](path)
    text = path.read_text()
    records = json.loads(text)["events"] if text.startswith(('{"events"', "{\n")) else None
    records = records or [json.loads(line) for line in text.splitlines()]
    source = detect_source(records)
    assert source is not None
    return source, records


def told(source: Source, records: list[Any]) -> list[Operation]:
    """Read records as one document, repetitions left out as a pipeline does."""
    decoder, correlator = source.decoder(), Correlator("ns")
    decoder.open(Document(name="stream", key="key", nonce="nonce"))
    outputs: list[object] = []
    seen: set[str] = set()
    for ordinal, record in enumerate(records, start=1):
        key = source.record_key(record)
        if key in seen:
            continue
        seen |= {key} if key is not None else set()
        try:
            decoded = decoder.decode(record, Context(Cursor("key", ordinal), _RECEIPT_NS + ordinal))
        except RecordRejected:
            continue
        for event in decoded.events:
            outputs += correlator.feed(event).outputs
    for event in decoder.close(complete=True):
        outputs += correlator.feed(event).outputs
    outputs += correlator.finish(OrphanReason.END_OF_INPUT)
    assert correlator.open_runs == correlator.open_operations == 0
    return [output for output in outputs if isinstance(output, Operation)]


def assert_sound(operations: list[Operation]) -> None:
    """No span twice, every parent there and in the same trace, no length below zero."""
    spans = Counter((one.identity.trace_id, one.identity.span_id) for one in operations)
    assert set(spans.values()) <= {1}
    for one in operations:
        assert one.end_ns >= one.start_ns >= 0
        if one.identity.parent_span_id is not None:
            assert (one.identity.trace_id, one.identity.parent_span_id) in spans
        if one.run is not None and one.kind is not OperationKind.RUN:
            assert any(run.kind is OperationKind.RUN and run.run == one.run for run in operations)


def calls(operations: list[Operation]) -> Counter[tuple[object, ...]]:
    return Counter((one.run, one.ids.tool_call, one.names.tool) for one in operations if one.kind is OperationKind.TOOL)


@settings(max_examples=40)
@given(data=st.data())
def test_loss_leaves_no_wrong_parent_and_no_span_twice(
    recording: tuple[Source, list[Any]], data: st.DataObject
) -> None:
    source, records = recording
    kept = [record for record in records if data.draw(st.booleans())]
    assert_sound(told(source, kept))


@settings(max_examples=40)
@given(random=st.randoms(use_true_random=False))
def test_reordering_leaves_no_wrong_parent_and_no_span_twice(
    recording: tuple[Source, list[Any]], random: Random
) -> None:
    source, records = recording
    shuffled = list(records)
    random.shuffle(shuffled)
    assert_sound(told(source, shuffled))


@settings(max_examples=40)
@given(data=st.data())
def test_records_with_a_key_may_come_any_number_of_times(
    recording: tuple[Source, list[Any]], data: st.DataObject
) -> None:
    source, records = recording
    again = [
        record
        for record in records
        for _ in range(data.draw(st.integers(1, 3)) if source.record_key(record) is not None else 1)
    ]
    assert [one.identity for one in told(source, again)] == [one.identity for one in told(source, records)]


def test_the_whole_recording_gives_every_call_once(recording: tuple[Source, list[Any]]) -> None:
    source, records = recording
    operations = told(source, records)
    assert_sound(operations)
    assert set(calls(operations).values()) <= {1, 2}  # two: calls without ids, told apart by their arguments
    assert [one for one in operations if one.kind is OperationKind.RUN]
