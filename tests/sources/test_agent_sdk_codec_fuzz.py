"""Whatever JSON the codecs get: a record that gives the same JSON back, or ``RecordRejected``."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_otel.model import RecordRejected
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.agent_sdk.codec import decode_contract, encode_contract
from sources.agent_sdk_contract import EVENTS, OTHERS, PROJECTIONS, RECORDS, SOURCE_CURSORS

EXAMPLES: list[tuple[type[Any], Any]] = [
    *((sdk.AgentEvent, value) for value in EVENTS.values()),
    *((sdk.TelemetryProjection, value) for value in PROJECTIONS.values()),
    *((sdk.TelemetryRecord, value) for value in RECORDS.values()),
    *((sdk.TelemetrySourceCursor, value) for value in SOURCE_CURSORS.values()),
    *((getattr(sdk, name), value) for name, value in OTHERS.items()),
]
TYPES = list(dict.fromkeys(kind for kind, _ in EXAMPLES))
WORDS = ["run", "all", "usage", "journal", "envelope_only", "brand_new", "", "\x00", "\ud800", "x" * 600]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of all members and items."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in members for place in ((*path, key), *places(inner, (*path, key)))]


@st.composite
def changed(draw: st.DrawFn) -> tuple[type[Any], Any]:
    """Give an example after up to three changes: something replaced, removed or added."""
    kind, example = draw(st.sampled_from(EXAMPLES))
    record = copy.deepcopy(example)
    for _ in range(draw(st.integers(0, 3))):
        found = places(record)
        if not found:
            break
        *path, last = draw(st.sampled_from(found))
        level = record
        for key in path:
            level = level[key]
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        if change == "remove":
            del level[last]
        elif change == "add" and isinstance(level, dict):
            level[draw(st.text(max_size=6))] = draw(json_values)
        else:
            level[last] = draw(json_values)
    return kind, record


def check(kind: type[Any], value: Any) -> None:
    before = json.dumps(value, sort_keys=True)
    try:
        record = decode_contract(kind, value)
    except RecordRejected:
        return
    assert json.dumps(encode_contract(record), sort_keys=True) == before
    assert decode_contract(kind, encode_contract(record)) == record
    repr(record)


@given(st.sampled_from(TYPES), json_values)
def test_any_json_is_read_or_rejected(kind: type[Any], value: Any) -> None:
    check(kind, value)


@settings(max_examples=400)
@given(changed())
def test_changed_examples_come_back_or_are_rejected(case: tuple[type[Any], Any]) -> None:
    check(*case)


@given(st.text(max_size=600))
def test_ids_are_accepted_exactly_where_the_contract_accepts_them(text: str) -> None:
    length = len(text.encode("utf-8", "surrogatepass"))
    control = any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)
    allowed = 0 < length <= sdk.MAX_ID_LEN and not control
    try:
        assert sdk.validate_identifier(text) == text
    except sdk.IdValidationError:
        assert not allowed
    else:
        assert allowed
