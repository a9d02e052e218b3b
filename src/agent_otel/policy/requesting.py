"""A host's raw gates as a request of the source contract, so that one evaluation decides both."""

from __future__ import annotations

from typing import Final

from agent_otel.model import CaptureMode
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
from agent_otel.policy.content_policy import RawGates
from agent_otel.policy.gates import denied_gates

__all__ = ["denied_by"]

_NAME: Final = "agent-otel"
_MODES: Final = {mode: TelemetryContentCaptureMode(mode.value) for mode in CaptureMode}


def denied_by(raw: RawGates, *, cap: CaptureMode, source_permits: bool, is_sampled: bool, size: int) -> tuple[str, ...]:
    """Name the gates that keep a piece of content from leaving raw; none if it may.

    Args:
        raw: What the host states. That redaction, retention and sampling are required is always stated.
        cap: The most that the sink may see.
        source_permits: Whether the content's source permits it.
        is_sampled: Whether its run was chosen.
        size: Its bytes.
    """
    policy = ContentCapturePolicy(
        policy_ref=PolicyRef(kind=PolicyKind.Host, id=_NAME),
        mode=ContentCaptureMode.RawContent,
        source_permits_content=bool(raw.sources),
        sink_permits_content=True,
        redaction_required=True,
        retention_required=True,
        sampling_required=True,
        byte_limit=raw.byte_limit,
    )
    sink = TelemetrySinkSpec(
        sink_id=_NAME,
        sink_kind=TelemetrySinkKind.OpenTelemetry,
        content_capture=_MODES[cap],
        queue_capacity=1,
        terminal_reserve=1,
        requires_idempotent_replay=True,
    )
    return denied_gates(
        TelemetryContentCaptureRequest(
            policy=policy,
            sink=sink,
            requested_mode=TelemetryContentCaptureMode.RawContent,
            source_permits_content=source_permits,
            retention_active=raw.retention_active,
            deterministic_sample_included=is_sampled,
            requested_bytes=size,
            redaction_policy_id=_NAME,
        )
    )
