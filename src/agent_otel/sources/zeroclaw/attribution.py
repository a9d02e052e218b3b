"""The names by which ZeroClaw's log rows say whose they are, and the words of their severity numbers."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ATTRIBUTION_FIELDS",
    "COMPOSITE_PREFIXES",
    "alias_field",
    "is_attribution_field",
    "severity_text_from_number",
    "type_field",
]

ATTRIBUTION_FIELDS: Final = (
    "agent_alias",
    "tool",
    "session_key",
    "cron_job_id",
    "risk_profile",
    "runtime_profile",
    "memory_namespace",
    "skill_bundle",
    "knowledge_bundle",
    "mcp_bundle",
    "peer_group",
    "sop_name",
    "model",
    "embedding_provider",
    "owner_tui_id",
    "principal_id",
    "system_alias",
)
COMPOSITE_PREFIXES: Final = (
    "channel",
    "model_provider",
    "tts_provider",
    "transcription_provider",
    "tunnel_provider",
    "auth_provider",
)
_LAST_NUMBERS: Final = ((4, "TRACE"), (8, "DEBUG"), (12, "INFO"), (16, "WARN"), (20, "ERROR"))


def type_field(prefix: str) -> str:
    """Give the name of the first half of a composite: ``channel_type`` of ``channel``."""
    return f"{prefix}_type"


def alias_field(prefix: str) -> str:
    """Give the name of the second half of a composite: ``channel_alias`` of ``channel``."""
    return f"{prefix}_alias"


def is_attribution_field(name: str) -> bool:
    """Whether a name is one of these, alone, as a composite, or as a half of one."""
    return name in ATTRIBUTION_FIELDS or any(
        name in (prefix, type_field(prefix), alias_field(prefix)) for prefix in COMPOSITE_PREFIXES
    )


def severity_text_from_number(number: int) -> str:
    """Give the word of OpenTelemetry's severity number; above 20 it is ``FATAL``."""
    return next((text for last, text in _LAST_NUMBERS if number <= last), "FATAL")
