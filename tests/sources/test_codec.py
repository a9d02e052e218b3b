"""The shapes of serde, read and written back without loss."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from attrs import frozen
import pytest

from agent_otel.model import LosslessRecord, RecordRejected
from agent_otel.sources.codec import RecordCodec, TaggedCodec
from agent_otel.sources.fields import ANY, NUMBER, TEXT, defaulted, list_of, optional, unsigned


@frozen(kw_only=True)
class _Robot(LosslessRecord):
    name: str
    nick: str | None = None
    old: str | None = None
    parts: tuple[int, ...] = ()
    weight: float = 0.0
    load: Any = None


_MEMBERS = {
    "name": TEXT,
    "nick": optional(TEXT, skip_empty=True),
    "old": optional(TEXT),
    "parts": defaulted(list_of(unsigned(8)), tuple, skip_empty=True),
    "weight": defaulted(NUMBER, float),
    "load": ANY,
}
_CODEC = RecordCodec(_Robot, _MEMBERS)


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a", "nick": None, "old": None, "parts": [], "weight": 1, "load": None},
        {"name": "a"},
        {"name": "a", "nick": "b", "parts": [1, 2], "weight": 0.5, "load": {"x": [1]}, "more": {"kept": None}},
    ],
)
def test_what_was_read_is_written_as_it_was(value: dict[str, Any]) -> None:
    assert _CODEC.encode(_CODEC.decode(value)) == value


def test_what_was_made_here_is_written_as_its_system_writes_it() -> None:
    made = _Robot(name="a")
    assert _CODEC.encode(made) == {"name": "a", "old": None, "weight": 0.0, "load": None}
    assert made == _CODEC.decode({"name": "a"})
    assert _CODEC.encode(_Robot(name="", nick="", weight=0))["nick"] == ""


@pytest.mark.parametrize(
    ("value", "where", "why"),
    [
        ({"name": "a", "parts": None}, "parts", "is no list"),
        ({"name": "a", "parts": [1, 300]}, "parts.1", "does not fit into 8 bits"),
        ({"name": "a", "parts": {}}, "parts", "is no list"),
        ({"name": "a", "weight": True}, "weight", "is no number"),
        ({"nick": "b"}, "name", "is missing"),
    ],
)
def test_what_does_not_fit_is_rejected_by_its_place(value: dict[str, Any], where: str, why: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        _CODEC.decode(value)
    assert (caught.value.field, caught.value.reason) == (where, why)


def test_a_tag_inside_names_the_variant() -> None:
    codec: TaggedCodec[_Robot] = TaggedCodec("type", {"robot": (_Robot, _MEMBERS)})
    value = {"type": "robot", "name": "a", "more": 1}
    record = codec.decode(value)
    assert record is not None
    assert codec.encode(record) == value
    assert codec.decode({"type": "other"}) is None
    for wrong in ({}, {"type": 1}, []):
        with pytest.raises(RecordRejected):
            codec.decode(wrong)


def test_records_can_be_copied_and_pickled() -> None:
    record = _CODEC.decode({"name": "a", "parts": [1], "more": {"kept": None}})
    assert copy.deepcopy(record) == record
    assert pickle.loads(pickle.dumps(record)) == record
