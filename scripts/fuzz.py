"""Coverage-guided fuzzing of a source's decoder and of all that follows it: bytes in, no exception out.

pip install atheris
python scripts/fuzz.py bamboo -max_total_time=300      # or zeroclaw, agent-sdk, claude-code
python scripts/fuzz.py agent-sdk -max_total_time=300 CORPUS_DIRECTORY
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["agent_otel"]):
    from agent_otel.correlate import Correlator, Operation, OrphanReason, RunOpened
    from agent_otel.emit import ContentWriter
    from agent_otel.intake import parse_line
    from agent_otel.model import Cursor, RecordRejected
    from agent_otel.project import Measurements, record_of, span_of
    from agent_otel.sources import Context, Document, load_source

    SOURCE = load_source(sys.argv.pop(1))  # in here: decoders are loaded on first use, and are what is fuzzed
    SOURCE.decoder()
    WRITER = ContentWriter()


def fuzz(data: bytes) -> None:
    """Read the bytes as an input of lines; every record is taken or rejected, and the books balance."""
    decoder = SOURCE.decoder()
    decoder.open(Document("fuzz", "key"))
    correlator = Correlator("fuzz")
    measurements = Measurements()
    outputs = []
    for ordinal, line in enumerate(data.split(b"\n"), start=1):
        try:
            record = parse_line(line)
            SOURCE.record_key(record)
            events = decoder.decode(record, Context(Cursor("key", ordinal), 10**18)).events
        except RecordRejected:
            continue
        for event in events:
            outputs += correlator.feed(event).outputs
    for event in decoder.close(complete=True):
        outputs += correlator.feed(event).outputs
    outputs += correlator.finish(OrphanReason.END_OF_INPUT)
    assert correlator.open_runs == correlator.open_operations == 0  # noqa: S101
    spans = set()
    for output in outputs:
        if isinstance(output, Operation):
            span = span_of(output)
            WRITER.of_span(span)
            measurements.of_operation(output)
            key = (span.identity.trace_id, span.identity.span_id)
            assert key not in spans  # noqa: S101
            assert 0 <= span.start_ns <= span.end_ns < 2**63  # noqa: S101
            spans.add(key)
        elif not isinstance(output, RunOpened):
            if (record := record_of(output)) is not None:
                WRITER.of_record(record)
            measurements.of_occurrence(output)
    assert WRITER.counts.stubs == 0  # noqa: S101


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
