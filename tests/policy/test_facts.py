from __future__ import annotations

import json
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.model import Content, ContentKind
from agent_otel.policy import ContentPolicy, Decider, Subject, Writing, shared_scrubber

PREFIX = "agent_otel.content.tool_result."


POLICY = ContentPolicy.metadata_only()


def content_facts(contents):
    writing = Writing(contents, Subject("toy", "r1"), shared_scrubber(POLICY.scrubbing), POLICY)
    return writing.write(Decider(POLICY)).attributes


def facts(value):
    told = content_facts({ContentKind.TOOL_RESULT: Content(value)})
    assert told.pop("agent_otel.content.mode") == "metadata_only"
    assert told.pop(f"{PREFIX}truncated") is False
    return {key.removeprefix(PREFIX): value for key, value in told.items()}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {"bytes": 0, "type": "string"}),
        ("abc", {"bytes": 3, "type": "string"}),
        ("äöü€", {"bytes": 9, "type": "string"}),
        ("lone \ud800", {"bytes": 8, "type": "string"}),
        (True, {"bytes": 4, "type": "boolean"}),
        (None, {"bytes": 4, "type": "null"}),
        (12, {"bytes": 2, "type": "number"}),
        (1.5, {"bytes": 3, "type": "number"}),
        (2**100, {"bytes": 31, "type": "number"}),
        ([], {"bytes": 2, "type": "array", "items": 0}),
        ([1, "a"], {"bytes": 7, "type": "array", "items": 2}),
        ((1, 2), {"bytes": 5, "type": "array", "items": 2}),
        ({"exit": 0}, {"bytes": 10, "type": "object", "items": 1}),
        ({"ä": "\ud800"}, {"bytes": 12, "type": "object", "items": 1}),
        ({"big": 2**64}, {"bytes": 28, "type": "object", "items": 1}),
    ],
)
def test_facts_of_each_json_type(value, expected):
    assert facts(value) == expected


def test_no_content_no_attributes():
    assert content_facts({}) == {}


def test_each_surface_has_names_of_its_own():
    told = content_facts({kind: Content("x") for kind in ContentKind})
    assert len(told) == 1 + 3 * len(ContentKind)


class Hostile(dict):
    def __len__(self):
        raise RuntimeError

    def items(self):
        raise RuntimeError

    def __repr__(self):
        raise RuntimeError


def deep(levels):
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "kind"),
    [(object(), "other"), (b"bytes", "other"), ({1, 2}, "other"), (MappingProxyType({}), "other"),
     (Hostile(a=1), "object"), (deep(100_000), "array"), ([object()], "array")],
)  # fmt: skip
def test_odd_values_never_raise(value, kind):
    assert facts(value)["type"] == kind


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(alphabet=st.characters()), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(json_values)
def test_sizes_are_those_of_the_text_or_of_the_compact_json(value):
    told = facts(value)
    if isinstance(value, str):
        assert told["bytes"] == len(value.encode("utf-8", "surrogatepass"))
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        longest = len(text.encode("utf-8", "surrogatepass"))
        # Floats and control characters have several spellings; everything else has one.
        if not any(mark in text for mark in (".", "e", "\\")):
            assert told["bytes"] == longest
        assert 0 < told["bytes"] <= longest + 8 * len(text)
    assert ("items" in told) is isinstance(value, (list, dict))


@given(st.text(min_size=6, alphabet="qxzQXZ"), st.sampled_from(list(ContentKind)))
def test_nothing_of_the_content_is_in_the_facts(secret, kind):
    for value in (secret, [secret], {secret: secret}, {"a": {"b": [secret]}}):
        assert secret not in str(content_facts({kind: Content(value)}))
