"""The bridge's caps around the gates: policy, sink, denied tools, sampling."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.model import CaptureMode, Content, ContentKind
from agent_otel.policy import ContentLimits, ContentPolicy, Decider, RawGates, SinkPolicy, Subject
from agent_otel.policy.content_policy import every_kind
from agent_otel.policy.deciding import sampled

ME = Subject("toy", "run-1", "shell")
ARGUMENTS = ContentKind.TOOL_ARGUMENTS
RAW = CaptureMode.RAW_CONTENT
REDACTED = CaptureMode.REDACTED_SUMMARY
GATES = RawGates(sources=("toy",), byte_limit=1000, retention_active=True, sample_ratio=1.0)
POLICY = ContentPolicy(modes=every_kind(RAW), event_modes=every_kind(RAW), raw=GATES)
SINK = SinkPolicy("archive", every_kind(RAW))


def decided(policy=POLICY, sink=SINK, content=None, subject=ME, size=10):
    return Decider(policy, sink).decide(ARGUMENTS, content or Content("text"), subject, lambda: size)


def test_raw_passes_when_policy_sink_and_all_gates_allow_it():
    assert (decided().mode, decided().denied_by) == (RAW, ())


@pytest.mark.parametrize(
    ("gates", "sink", "size", "named"),
    [
        ({"sources": ()}, SINK, 10, {"policy_source_permits", "source_permits"}),
        ({"sources": ("other",)}, SINK, 10, {"source_permits"}),
        ({"byte_limit": 0}, SINK, 10, {"byte_limit", "requested_bytes"}),
        ({}, SINK, 1001, {"requested_bytes"}),
        ({"retention_active": False}, SINK, 10, {"retention_active"}),
        ({"sample_ratio": 0.0}, SINK, 10, {"sampled"}),
        ({}, SinkPolicy("archive"), 10, {"sink_mode"}),
    ],
)
def test_each_setting_of_the_host_denies_raw_and_is_named(gates, sink, size, named):
    decision = decided(evolve(POLICY, raw=evolve(GATES, **gates)), sink, size=size)
    assert decision.mode is REDACTED
    assert set(decision.denied_by) == named


def test_content_that_its_source_marked_as_permitted_passes_where_any_source_does():
    policy = evolve(POLICY, raw=evolve(GATES, sources=("other",)))
    assert decided(policy, content=Content("text", permitted_by_source=True)).mode is RAW
    none = evolve(POLICY, raw=evolve(GATES, sources=()))
    assert decided(none, content=Content("text", permitted_by_source=True)).mode is REDACTED


@given(st.sampled_from(CaptureMode), st.sampled_from(CaptureMode))
def test_nothing_gets_more_than_policy_and_sink_allow(asked, cap):
    policy = evolve(POLICY, modes=every_kind(asked))
    mode = decided(policy, SinkPolicy("sink", every_kind(cap))).mode
    assert mode.rank <= min(asked.rank, cap.rank)
    denied = decided(evolve(policy, raw=RawGates()), SinkPolicy("sink", every_kind(cap))).mode
    assert denied is asked.least(cap).least(REDACTED)


@given(st.sampled_from(CaptureMode))
def test_a_sink_that_is_not_told_of_gets_text_at_most(asked):
    policy = evolve(POLICY, modes=every_kind(asked))
    assert Decider(policy).decide(ARGUMENTS, Content("x"), ME, lambda: 1).mode is asked.least(REDACTED)


@pytest.mark.parametrize("glob", ["shell", "SHELL", "sh*", "s?ell", "*"])
def test_a_denied_tools_content_never_leaves(glob):
    policy = evolve(POLICY, denied_tools=("other", glob))
    decision = decided(policy)
    assert (decision.mode, decision.denied_by) == (CaptureMode.OFF, ("denied_tool",))
    assert decided(policy, subject=evolve(ME, tools=None)).mode is RAW


def test_other_tools_are_not_denied():
    assert decided(evolve(POLICY, denied_tools=("sh", "hell", "vault_*"))).mode is RAW


def test_r24_a_limit_of_no_characters_means_off():
    policy = ContentPolicy(limits=ContentLimits(chars=0))
    assert decided(policy).mode is CaptureMode.OFF
    assert decided(ContentPolicy(limits=ContentLimits(chars=1))).mode is REDACTED


def test_the_default_policy_lets_tools_and_errors_out_as_text_and_nothing_else():
    decider = Decider(ContentPolicy(), SinkPolicy("sink"))
    modes = {kind: decider.decide(kind, Content("x"), ME, lambda: 1).mode for kind in ContentKind}
    tools = {ContentKind.TOOL_ARGUMENTS, ContentKind.TOOL_RESULT, ContentKind.ERROR_TEXT}
    assert {kind for kind, mode in modes.items() if mode is REDACTED} == tools
    assert {mode for kind, mode in modes.items() if kind not in tools} == {CaptureMode.OFF}


def test_log_records_have_modes_of_their_own():
    policy = ContentPolicy(modes=every_kind(CaptureMode.OFF), event_modes=every_kind(REDACTED))
    assert Decider(policy).decide(ARGUMENTS, Content("x"), ME, lambda: 1).mode is CaptureMode.OFF
    assert Decider(policy, on_events=True).decide(ARGUMENTS, Content("x"), ME, lambda: 1).mode is REDACTED


@given(st.text())
def test_a_run_is_sampled_or_not_for_ever_and_more_at_a_higher_ratio(run):
    assert [sampled(run, 0.0), sampled(run, 1.0)] == [False, True]
    assert sampled(run, 0.3) == sampled(run, 0.3)
    assert sampled(run, 0.3) <= sampled(run, 0.6)


def test_the_share_of_sampled_runs_is_the_ratio():
    share = sum(sampled(f"run-{number}", 0.25) for number in range(10_000)) / 10_000
    assert 0.23 < share < 0.27
