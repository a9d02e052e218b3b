"""``AgentError``: the contract's errors as exceptions, with its kinds and what it says about trying again.

AgentError
├── AgentError.MissingRequiredField       a field that has to be there is not
├── AgentError.ContractViolation          something was done that the contract forbids
├── AgentError.HostConfigurationNeeded    the host has to set something up first
└── AgentError.Classified                 any other, with kind, retry, context and causal ids
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import evolve, field, frozen

from agent_otel.model.agent_sdk.privacy import PrivacyClass
from agent_otel.model.agent_sdk.refs import DestinationRef, EntityRef, PolicyRef, SourceRef
from agent_otel.model.agent_sdk.words import Word, redacted, variant_of
from agent_otel.model.errors import AgentOtelError

__all__ = ["AgentError", "AgentErrorKind", "CausalIds", "ErrorContext", "RetryClassification"]


class AgentErrorKind(Word):
    """What went wrong."""

    InvalidPackage = "InvalidPackage"
    InvalidStateTransition = "InvalidStateTransition"
    ProviderFailure = "ProviderFailure"
    ProjectionFailure = "ProjectionFailure"
    ToolFailure = "ToolFailure"
    ApprovalFailure = "ApprovalFailure"
    PolicyDenial = "PolicyDenial"
    JournalFailure = "JournalFailure"
    TelemetryFailure = "TelemetryFailure"
    IsolationFailure = "IsolationFailure"
    StructuredOutputFailure = "StructuredOutputFailure"
    StreamRuleFailure = "StreamRuleFailure"
    SubagentFailure = "SubagentFailure"
    ExtensionFailure = "ExtensionFailure"
    Cancellation = "Cancellation"
    ChildLifecycleFailure = "ChildLifecycleFailure"
    HookFailure = "HookFailure"
    Timeout = "Timeout"
    RecoveryRepairNeeded = "RecoveryRepairNeeded"
    HostConfigurationNeeded = "HostConfigurationNeeded"


class RetryClassification(Word):
    """Whether trying again makes sense, and what has to happen before."""

    Retryable = "Retryable"
    NotRetryable = "NotRetryable"
    RepairNeeded = "RepairNeeded"
    UserActionNeeded = "UserActionNeeded"
    HostConfigurationNeeded = "HostConfigurationNeeded"


@frozen(kw_only=True)
class CausalIds:
    """What an error belongs to."""

    run_id: str | None = field(default=None, repr=redacted)
    turn_id: str | None = field(default=None, repr=redacted)
    attempt_id: str | None = field(default=None, repr=redacted)
    event_id: str | None = field(default=None, repr=redacted)
    tool_call_id: str | None = field(default=None, repr=redacted)
    span_id: str | None = field(default=None, repr=redacted)
    related: tuple[EntityRef, ...] = ()


@frozen(kw_only=True)
class ErrorContext:
    """What is known about an error."""

    message: str = field(repr=False)
    policy_refs: tuple[PolicyRef, ...] = ()
    source: SourceRef | None = None
    destination: DestinationRef | None = None
    subject: EntityRef | None = None
    privacy: PrivacyClass | None = None
    redacted_summary: str | None = field(default=None, repr=False)

    @classmethod
    def new(cls, message: str) -> ErrorContext:
        """Make the context of an error of which nothing is known but its message."""
        return cls(message=message)


_NO_IDS = CausalIds()


class AgentError(AgentOtelError):
    """Root of the contract's errors."""

    MissingRequiredField: ClassVar[type[_MissingRequiredField]]
    ContractViolation: ClassVar[type[_ContractViolation]]
    HostConfigurationNeeded: ClassVar[type[_HostConfigurationNeeded]]
    Classified: ClassVar[type[_Classified]]

    _kind: AgentErrorKind
    _retry: RetryClassification
    _causal_ids: CausalIds = _NO_IDS

    def __init__(self, context: ErrorContext, shown: str) -> None:
        super().__init__(shown)
        self._context = context

    @classmethod
    def new(cls, kind: AgentErrorKind, retry: RetryClassification, message: str) -> AgentError:
        """Make a classified error."""
        return AgentError.Classified(kind, retry, ErrorContext.new(message))

    @classmethod
    def missing_required_field(cls, field: str) -> AgentError:
        """Make the error of a field that is missing."""
        return AgentError.MissingRequiredField(field)

    @classmethod
    def contract_violation(cls, message: str) -> AgentError:
        """Make the error of a breach of the contract."""
        return AgentError.ContractViolation(message)

    @classmethod
    def host_configuration_needed(cls, message: str) -> AgentError:
        """Make the error of something that the host did not set up."""
        return AgentError.HostConfigurationNeeded(message)

    def kind(self) -> AgentErrorKind:
        """Give what went wrong."""
        return self._kind

    def retry(self) -> RetryClassification:
        """Give whether trying again makes sense."""
        return self._retry

    def context(self) -> ErrorContext:
        """Give what is known about it."""
        return self._context

    def causal_ids(self) -> CausalIds:
        """Give what it belongs to."""
        return self._causal_ids

    def with_policy_ref(self, policy_ref: PolicyRef) -> AgentError:
        """Give the error with one more policy."""
        return self._with_context(policy_refs=(*self._context.policy_refs, policy_ref))

    def with_source(self, source: SourceRef) -> AgentError:
        """Give the error with a source."""
        return self._with_context(source=source)

    def with_destination(self, destination: DestinationRef) -> AgentError:
        """Give the error with a destination."""
        return self._with_context(destination=destination)

    def with_subject(self, subject: EntityRef) -> AgentError:
        """Give the error with what it is about."""
        return self._with_context(subject=subject)

    def with_causal_ids(self, causal_ids: CausalIds) -> AgentError:
        """Give the error with what it belongs to."""
        return AgentError.Classified(self._kind, self._retry, self._context, causal_ids)

    def _with_context(self, **changes: Any) -> AgentError:
        return AgentError.Classified(self._kind, self._retry, evolve(self._context, **changes), self._causal_ids)


@variant_of(AgentError)
class _MissingRequiredField(AgentError):
    """Raised when a field that has to be there is not."""

    _kind = AgentErrorKind.InvalidPackage
    _retry = RetryClassification.HostConfigurationNeeded

    def __init__(self, field: str) -> None:
        shown = f"missing required field: {field}"
        super().__init__(ErrorContext.new(shown), shown)
        self.field = field


@variant_of(AgentError)
class _ContractViolation(AgentError):
    """Raised for what the contract forbids."""

    _kind = AgentErrorKind.InvalidStateTransition
    _retry = RetryClassification.RepairNeeded

    def __init__(self, message: str) -> None:
        super().__init__(ErrorContext.new(message), f"contract violation: {message}")


@variant_of(AgentError)
class _HostConfigurationNeeded(AgentError):
    """Raised when the host has to set something up first."""

    _kind = AgentErrorKind.HostConfigurationNeeded
    _retry = RetryClassification.HostConfigurationNeeded

    def __init__(self, message: str) -> None:
        super().__init__(ErrorContext.new(message), f"host configuration needed: {message}")


@variant_of(AgentError)
class _Classified(AgentError):
    """Raised for any other fault."""

    def __init__(
        self,
        kind: AgentErrorKind,
        retry: RetryClassification,
        context: ErrorContext,
        causal_ids: CausalIds = _NO_IDS,
    ) -> None:
        super().__init__(context, f"{kind.name}: {context.message}")
        self._kind = kind
        self._retry = retry
        self._causal_ids = causal_ids
