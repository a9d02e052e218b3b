"""The gates of raw content, rule by rule (R50 to R55): the source contract's evaluation, exactly."""

from __future__ import annotations

from attrs import evolve
import pytest

from agent_otel.model.agent_sdk import (
    ContentCaptureMode,
    ContentCapturePolicy,
    PolicyKind,
    PolicyRef,
    TelemetryContentCaptureMode,
    TelemetryContentCaptureRequest,
    TelemetrySinkKind,
    TelemetrySinkSpec,
)
from agent_otel.policy import RAW_GATES, denied_gates, evaluate_content_capture

RAW = TelemetryContentCaptureMode.RawContent
POLICY = ContentCapturePolicy(
    policy_ref=PolicyRef(kind=PolicyKind.Host, id="policy.content"),
    mode=ContentCaptureMode.RawContent,
    source_permits_content=True,
    sink_permits_content=True,
    redaction_required=True,
    retention_required=True,
    sampling_required=True,
    byte_limit=100,
)
SINK = TelemetrySinkSpec(
    sink_id="archive",
    sink_kind=TelemetrySinkKind.OpenTelemetry,
    content_capture=RAW,
    queue_capacity=8,
    terminal_reserve=2,
    requires_idempotent_replay=True,
)
OPEN = TelemetryContentCaptureRequest(
    policy=POLICY,
    sink=SINK,
    requested_mode=RAW,
    source_permits_content=True,
    retention_active=True,
    deterministic_sample_included=True,
    requested_bytes=100,
    redaction_policy_id="redaction.1",
)


def with_policy(**changes):
    return evolve(OPEN, policy=evolve(POLICY, **changes))


FLIPPED = {
    "policy_mode": with_policy(mode=ContentCaptureMode.RedactedSummary),
    "policy_source_permits": with_policy(source_permits_content=False),
    "policy_sink_permits": with_policy(sink_permits_content=False),
    "redaction_required": with_policy(redaction_required=False),
    "retention_required": with_policy(retention_required=False),
    "sampling_required": with_policy(sampling_required=False),
    "byte_limit": with_policy(byte_limit=0),
    "source_permits": evolve(OPEN, source_permits_content=False),
    "sink_mode": evolve(OPEN, sink=evolve(SINK, content_capture=TelemetryContentCaptureMode.RedactedSummary)),
    "retention_active": evolve(OPEN, retention_active=False),
    "sampled": evolve(OPEN, deterministic_sample_included=False),
    "requested_bytes": evolve(OPEN, requested_bytes=101),
}


def test_every_gate_is_flipped_here():
    assert set(FLIPPED) == set(RAW_GATES)


@pytest.mark.parametrize("mode", [mode for mode in TelemetryContentCaptureMode if mode is not RAW])
@pytest.mark.parametrize("gate", sorted(FLIPPED))
def test_r50_every_mode_but_raw_is_allowed_as_asked_whatever_the_gates_say(mode, gate):
    decision = evaluate_content_capture(evolve(FLIPPED[gate], requested_mode=mode))
    assert (decision.allowed, decision.effective_mode, decision.requested_mode) == (True, mode, mode)


def test_r51_raw_is_allowed_if_all_gates_pass():
    decision = evaluate_content_capture(OPEN)
    assert (decision.allowed, decision.effective_mode) == (True, RAW)
    assert POLICY.allows_raw_content()


@pytest.mark.parametrize("gate", sorted(FLIPPED))
def test_r52_any_miss_denies_raw_falls_to_redacted_and_is_named(gate):
    decision = evaluate_content_capture(FLIPPED[gate])
    assert (decision.allowed, decision.requested_mode) == (False, RAW)
    assert decision.effective_mode is TelemetryContentCaptureMode.RedactedSummary
    named = {gate, "requested_bytes"} if gate == "byte_limit" else {gate}  # nothing is within a limit of nothing
    assert set(denied_gates(FLIPPED[gate])) == named


def test_r52_the_reason_is_one_for_all_gates():
    assert len({evaluate_content_capture(request).reason for request in FLIPPED.values()}) == 1


@pytest.mark.parametrize(("size", "allowed"), [(0, False), (1, True), (99, True), (100, True), (101, False)])
def test_r53_sizes_at_the_limit(size, allowed):
    assert evaluate_content_capture(evolve(OPEN, requested_bytes=size)).allowed is allowed


@pytest.mark.parametrize("request_", [OPEN, *FLIPPED.values()])
def test_r54_the_decision_names_the_policy_and_echoes_the_redaction(request_):
    decision = evaluate_content_capture(request_)
    assert decision.policy_refs == (POLICY.policy_ref,)
    assert decision.redaction_policy_id == "redaction.1"


@pytest.mark.parametrize("flag", ["redaction_required", "retention_required", "sampling_required"])
def test_r55_a_requirement_that_is_not_stated_denies(flag):
    assert not evaluate_content_capture(with_policy(**{flag: False})).allowed
    assert not evolve(POLICY, **{flag: False}).allows_raw_content()


def test_safe_defaults_allow_no_raw_content():
    policy = ContentCapturePolicy.safe_defaults(POLICY.policy_ref)
    assert not policy.allows_raw_content()
    assert not evaluate_content_capture(evolve(OPEN, policy=policy)).allowed
