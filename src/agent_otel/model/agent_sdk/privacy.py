"""How private something is, how long it is kept, and how far it is trusted."""

from __future__ import annotations

from agent_otel.model.agent_sdk.words import Word

__all__ = ["PrivacyClass", "RetentionClass", "TrustClass"]


class PrivacyClass(Word):
    """How private something is."""

    Public = "public"
    Internal = "internal"
    ContentRefsOnly = "content_refs_only"
    Sensitive = "sensitive"
    Secret = "secret"  # noqa: S105  a word of the contract

    def allows_raw_content_by_default(self) -> bool:
        """Whether raw content may be kept without further asking: only what is public."""
        return self is PrivacyClass.Public


class RetentionClass(Word):
    """How long something is kept."""

    Ephemeral = "ephemeral"
    RunScoped = "run_scoped"
    SessionScoped = "session_scoped"
    Durable = "durable"
    Persistent = "persistent"
    HostPolicy = "host_policy"


class TrustClass(Word):
    """How far something is trusted."""

    Trusted = "trusted"
    SdkGenerated = "sdk_generated"
    HostProvided = "host_provided"
    UserProvided = "user_provided"
    External = "external"
    Untrusted = "untrusted"
