"""References: entity, source, destination and policy, by kind and id. They name things and fetch nothing.

Neither repr nor ``str`` of a reference tells its id.
"""

from __future__ import annotations

from attrs import field, frozen

from agent_otel.model.agent_sdk.identifier import validate_identifier
from agent_otel.model.agent_sdk.privacy import PrivacyClass, RetentionClass, TrustClass
from agent_otel.model.agent_sdk.ref_kinds import DestinationKind, EntityKind, PolicyKind, SourceKind
from agent_otel.model.agent_sdk.words import Word, known_word, redacted
from agent_otel.model.lossless import LosslessRecord

__all__ = ["CorrelationEntry", "DestinationRef", "EntityRef", "PolicyRef", "SourceRef"]


def _shown(kind: Word | str) -> str:
    return f"{kind.name if isinstance(kind, Word) else '<unknown>'}:redacted"


@frozen(kw_only=True)
class CorrelationEntry(LosslessRecord):
    """One pair of what the host correlates by."""

    key: str = field(repr=redacted)
    value: str = field(repr=redacted)


@frozen(kw_only=True)
class SourceRef(LosslessRecord):
    """Where something comes from."""

    kind: SourceKind | str = field(repr=known_word)
    id: str = field(repr=redacted)
    trust: TrustClass | str = field(repr=known_word)
    privacy: PrivacyClass | str = field(repr=known_word)
    correlation: tuple[CorrelationEntry, ...] = ()
    redacted_summary: str | None = field(default=None, repr=False)

    @classmethod
    def new(cls, id: str) -> SourceRef:  # noqa: A002  the contract's name
        """Name a source of the host.

        Raises:
            IdValidationError: If the id is none.
        """
        return cls.with_kind(SourceKind.Host, id)

    @classmethod
    def with_kind(cls, kind: SourceKind, id: str) -> SourceRef:  # noqa: A002  the contract's name
        """Name a source: provided by the host, content by reference only.

        Raises:
            IdValidationError: If the id is none.
        """
        return cls(
            kind=kind,
            id=validate_identifier(id),
            trust=TrustClass.HostProvided,
            privacy=PrivacyClass.ContentRefsOnly,
        )

    def as_str(self) -> str:
        """Give the id."""
        return self.id

    def __str__(self) -> str:
        return _shown(self.kind)


@frozen(kw_only=True)
class EntityRef(LosslessRecord):
    """Anything that a record is about."""

    kind: EntityKind | str = field(repr=known_word)
    id: str = field(repr=redacted)
    source: SourceRef | None = None
    privacy: PrivacyClass | str = field(repr=known_word)
    redacted_summary: str | None = field(default=None, repr=False)

    @classmethod
    def new(cls, kind: EntityKind, id: str) -> EntityRef:  # noqa: A002  the contract's name
        """Name an entity, content by reference only.

        Raises:
            IdValidationError: If the id is none.
        """
        return cls(kind=kind, id=validate_identifier(id), privacy=PrivacyClass.ContentRefsOnly)

    @classmethod
    def run(cls, id: str) -> EntityRef:  # noqa: A002  the contract's name
        """Name a run."""
        return cls.new(EntityKind.Run, id)

    @classmethod
    def agent(cls, id: str) -> EntityRef:  # noqa: A002  the contract's name
        """Name an agent."""
        return cls.new(EntityKind.Agent, id)

    @classmethod
    def agent_pool(cls, id: str) -> EntityRef:  # noqa: A002  the contract's name
        """Name a pool of agents."""
        return cls.new(EntityKind.AgentPool, id)

    @classmethod
    def topic(cls, id: str) -> EntityRef:  # noqa: A002  the contract's name
        """Name a topic of a pool."""
        return cls.new(EntityKind.Topic, id)

    @classmethod
    def message(cls, id: str) -> EntityRef:  # noqa: A002  the contract's name
        """Name a message."""
        return cls.new(EntityKind.Message, id)

    @classmethod
    def wake_condition(cls, id: str) -> EntityRef:  # noqa: A002  the contract's name
        """Name a wake condition."""
        return cls.new(EntityKind.WakeCondition, id)

    def as_str(self) -> str:
        """Give the id."""
        return self.id

    def __str__(self) -> str:
        return _shown(self.kind)


@frozen(kw_only=True)
class DestinationRef(LosslessRecord):
    """Where something goes."""

    kind: DestinationKind | str = field(repr=known_word)
    id: str = field(repr=redacted)
    privacy: PrivacyClass | str = field(repr=known_word)
    retention: RetentionClass | str = field(repr=known_word)
    correlation: tuple[CorrelationEntry, ...] = ()
    redacted_summary: str | None = field(default=None, repr=False)

    @classmethod
    def new(cls, id: str) -> DestinationRef:  # noqa: A002  the contract's name
        """Name a destination of the host.

        Raises:
            IdValidationError: If the id is none.
        """
        return cls.with_kind(DestinationKind.Host, id)

    @classmethod
    def with_kind(cls, kind: DestinationKind, id: str) -> DestinationRef:  # noqa: A002  the contract's name
        """Name a destination: content by reference only, kept as the host's policy says.

        Raises:
            IdValidationError: If the id is none.
        """
        return cls(
            kind=kind,
            id=validate_identifier(id),
            privacy=PrivacyClass.ContentRefsOnly,
            retention=RetentionClass.HostPolicy,
        )

    def as_str(self) -> str:
        """Give the id."""
        return self.id

    def __str__(self) -> str:
        return _shown(self.kind)


@frozen(kw_only=True)
class PolicyRef(LosslessRecord):
    """A policy that applies, perhaps in one version."""

    kind: PolicyKind | str = field(repr=known_word)
    id: str = field(repr=redacted)
    version: str | None = field(default=None, repr=False)

    @classmethod
    def new(cls, id: str) -> PolicyRef:  # noqa: A002  the contract's name
        """Name a policy of the host.

        Raises:
            IdValidationError: If the id is none.
        """
        return cls.with_kind(PolicyKind.Host, id)

    @classmethod
    def with_kind(cls, kind: PolicyKind, id: str) -> PolicyRef:  # noqa: A002  the contract's name
        """Name a policy.

        Raises:
            IdValidationError: If the id is none.
        """
        return cls(kind=kind, id=validate_identifier(id))

    def as_str(self) -> str:
        """Give the id."""
        return self.id

    def __str__(self) -> str:
        return _shown(self.kind)
