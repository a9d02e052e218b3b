"""Whatever bytes come in: no exception, no line longer than allowed, and only values that can be written again."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
import orjson

from agent_otel.intake import parse_line, read_records
from agent_otel.model import RecordRejected

PIECES = st.sampled_from(
    [
        *(
            b"\n",
            b"\r\n",
            b"{",
            b"}",
            b"[",
            b"]",
            b'"',
            b":",
            b",",
            b"1",
            b'{"a": 1}',
            b'{"events": [{}]}',
            b"NaN",
            b" ",
        ),
        *(
            b"\\ud800",
            b"\xff",
            b"\0",
            b"\x1f\x8b",
            b"1e999",
            b"x" * 70,
            b"[" * 300,
            b"\xef\xbb\xbf",
            b'"\\udc00"',
            b"9" * 30,
        ),
        *(
            b"data:",
            b"data: ",
            b"event: x",
            b": ",
            b"\n\n",
            b"[DONE]",
        ),
    ]
)
REASONS = {"is no UTF-8", "is no JSON", "is nested too deeply"}


def reason_of(data: bytes) -> str | None:
    try:
        orjson.dumps(parse_line(data))
    except RecordRejected as rejected:
        return rejected.reason
    return None


@given(st.one_of(st.binary(), st.lists(PIECES, max_size=40).map(b"".join)))
def test_any_bytes(data: bytes) -> None:
    ordinals = []
    for line in read_records(io.BytesIO(data), max_line_bytes=64):
        ordinals.append(line.ordinal)
        assert (line.data is None) == (line.problem is not None)
        if line.data is not None:
            assert reason_of(line.data) in {None, *REASONS}
    assert ordinals == sorted(set(ordinals))
