"""Content as attributes: what each mode leaves, what is told of it, and what the limits keep."""

from __future__ import annotations

import json
from uuid import uuid4

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.model import CaptureMode, Content, ContentKind
from agent_otel.policy import (
    ContentLimits,
    ContentPolicy,
    Decider,
    RawGates,
    SinkPolicy,
    Subject,
    Writing,
    shared_scrubber,
)
from agent_otel.policy.content_policy import every_kind

ME = Subject("toy", "run-1", "shell")
KEY = "gen_ai.tool.call.arguments"


def written(value, mode=CaptureMode.REDACTED_SUMMARY, limits=None, max_length=None, structured=False, **content):
    limits = limits or ContentLimits()
    gates = RawGates(sources=("*",), byte_limit=10**6, retention_active=True, sample_ratio=1.0)
    policy = ContentPolicy(modes=every_kind(mode), limits=limits, raw=gates)
    contents = {ContentKind.TOOL_ARGUMENTS: Content(value, **content)}
    writing = Writing(contents, ME, shared_scrubber(policy.scrubbing), policy, structured=structured)
    return writing.write(Decider(policy, SinkPolicy("sink", every_kind(CaptureMode.RAW_CONTENT))), max_length)


def test_off_says_only_that_it_is_off():
    assert written({"a": 1}, CaptureMode.OFF).attributes == {"agent_otel.content.mode": "off"}


def test_redacted_is_json_without_its_secrets_and_tells_how_many():
    password = uuid4().hex
    done = written({"cmd": "ls -l", "password": password, "n": 1, "yes": True, "none": None})
    told = json.loads(done.attributes[KEY])
    assert told.pop("password").startswith("[REDACTED")
    assert told == {"cmd": "ls -l", "n": 1, "yes": True, "none": None}
    assert sum(done.findings.values()) == 1
    assert password not in str(done.attributes)


def test_raw_is_as_it_was_and_known_as_raw():
    password = uuid4().hex
    done = written({"password": password}, CaptureMode.RAW_CONTENT)
    assert json.loads(done.attributes[KEY]) == {"password": password}
    assert done.raw == {KEY}
    assert done.attributes["agent_otel.content.mode"] == "raw_content"


def test_a_reference_stands_for_content_and_facts_where_there_is_none():
    done = written("text", CaptureMode.PAYLOAD_REFS, reference="store/7")
    assert done.attributes == {
        "agent_otel.content.mode": "payload_refs",
        "agent_otel.content.tool_arguments.reference": "store/7",
    }
    assert written("text", CaptureMode.PAYLOAD_REFS).attributes["agent_otel.content.tool_arguments.bytes"] == 4


def test_what_is_cut_stays_json_and_tells_its_size():
    value = {"long": "word " * 2000, "short": "kept"}
    attributes = written(value, limits=ContentLimits(chars=100)).attributes
    told = json.loads(attributes[KEY])
    assert told["short"] == "kept"
    assert told["long"].startswith("word word ")
    assert len(told["long"]) < 150
    assert attributes["agent_otel.content.tool_arguments.truncated"] is True
    assert attributes["agent_otel.content.tool_arguments.bytes"] == len(json.dumps(value, separators=(",", ":")))


def test_what_was_cut_when_it_was_taken_is_told_as_cut():
    assert written("text", is_cut=True).attributes["agent_otel.content.tool_arguments.truncated"] is True


def test_no_limits_keep_everything():
    value = "word " * 100_000
    full = ContentLimits(chars=None, value_bytes=None, span_bytes=None)
    assert written(value, limits=full).attributes[KEY] == value


def test_all_content_of_a_span_shares_a_budget():
    limits = ContentLimits(chars=None, value_bytes=None, span_bytes=1000)
    policy = ContentPolicy(modes=every_kind(CaptureMode.REDACTED_SUMMARY), limits=limits)
    contents = {kind: Content("word " * 500) for kind in ContentKind}
    attributes = Writing(contents, ME, shared_scrubber(policy.scrubbing), policy).write(Decider(policy)).attributes
    texts = [value for value in attributes.values() if isinstance(value, str) and value.startswith("word")]
    assert sum(len(text.partition("…")[0]) for text in texts) <= 1000


@pytest.mark.parametrize("length", [0, 1, 10, 30, 50, 100, 500])
def test_the_length_limit_of_opentelemetry_leaves_json_and_markers_whole(length):
    value = {"password": uuid4().hex, "a": ["word " * 50, "word " * 50], "b": "word " * 50}
    text = written(value, max_length=length).attributes[KEY]
    assert len(text) <= length
    if text.startswith("{") and "…" in text:
        assert isinstance(json.loads(text), dict)
    assert text.count("[REDACTED") == text.count("[REDACTED:")


def test_on_log_records_content_stays_a_structure():
    attributes = written({"cmd": ["ls", 1]}, structured=True).attributes
    assert attributes[KEY] == {"cmd": ["ls", 1]}
    assert written("plain", structured=True).attributes[KEY] == "plain"


def test_kinds_that_got_less_than_the_widest_are_told():
    modes = {**every_kind(CaptureMode.OFF), ContentKind.TOOL_RESULT: CaptureMode.REDACTED_SUMMARY}
    policy = ContentPolicy(modes=modes)
    contents = {kind: Content("x") for kind in (ContentKind.TOOL_ARGUMENTS, ContentKind.TOOL_RESULT)}
    attributes = Writing(contents, ME, shared_scrubber(policy.scrubbing), policy).write(Decider(policy)).attributes
    assert attributes["agent_otel.content.mode"] == "redacted_summary"
    assert attributes["agent_otel.content.tool_arguments.mode"] == "off"


def test_each_sink_gets_its_own_from_one_writing():
    policy = ContentPolicy(modes=every_kind(CaptureMode.REDACTED_SUMMARY))
    writing = Writing({ContentKind.TOOL_RESULT: Content("said")}, ME, shared_scrubber(policy.scrubbing), policy)
    modes = [CaptureMode.OFF, CaptureMode.METADATA_ONLY, CaptureMode.REDACTED_SUMMARY]
    told = [writing.write(Decider(policy, SinkPolicy("s", every_kind(mode)))).attributes for mode in modes]
    assert [attributes["agent_otel.content.mode"] for attributes in told] == [mode.value for mode in modes]
    assert ["gen_ai.tool.call.result" in attributes for attributes in told] == [False, False, True]


leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=200)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
)


@given(values, st.integers(1, 300), st.integers(1, 2000))
def test_whatever_the_limits_json_stays_json_and_no_text_is_longer(value, chars, size):
    limits = evolve(ContentLimits(), chars=chars, value_bytes=size)
    text = written(value, limits=limits).attributes[KEY]
    if isinstance(value, (list, dict)):
        assert isinstance(json.loads(text), type(value))
