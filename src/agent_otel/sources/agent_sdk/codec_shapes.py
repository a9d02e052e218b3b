"""How the contract's shapes are read and written: checked ids, lists that may be missing, enums that may have grown.

``sources.codec`` does the work. Here is what the contract has besides: an unknown variant deep inside a record does not
cost the record, it is kept as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from agent_otel.model import LosslessRecord, RecordRejected
from agent_otel.model.agent_sdk import EventStreamScope, IdValidationError, validate_identifier
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import TEXT, FieldKind, list_of, optional, unsigned

__all__ = ["COUNT", "IDENTIFIER", "U16", "U32", "U64", "OpenTaggedCodec", "ScopeCodec", "items", "maybe"]

R = TypeVar("R", bound=LosslessRecord)


def _read_identifier(value: Any) -> str:
    if not isinstance(value, str):
        raise RecordRejected("", "is no string")
    try:
        return validate_identifier(value)
    except IdValidationError as error:
        raise RecordRejected("", str(error)) from None


def _read_count(value: Any) -> int:
    count: int = U64.read(value)
    if count == 0:
        raise RecordRejected("", "is zero")
    return count


U16: Final = unsigned(16)
U32: Final = unsigned(32)
U64: Final = unsigned(64)
COUNT: Final = FieldKind(_read_count)  # NonZeroUsize
IDENTIFIER: Final = FieldKind(_read_identifier)


class _NoList(tuple[Any, ...]):
    """A list that is missing or null: empty, and written as null where it was there."""

    __slots__ = ()


_NO_LIST: Final = _NoList()


def maybe(kind: FieldKind) -> FieldKind:
    """Give the kind of a member that is left out when there is none."""
    return optional(kind, skip_empty=True)


def items(kind: FieldKind) -> FieldKind:
    """Give the kind of a list that is left out when it is empty."""
    full = list_of(kind)
    write = full.write or list

    return FieldKind(
        lambda value: _NO_LIST if value is None else full.read(value),
        lambda found: None if isinstance(found, _NoList) else write(found),
        optional=True,
        skip_empty=True,
    )


class OpenTaggedCodec(Generic[R]):
    """An enum with its tag inside, ``{"type": "variant", ...}``, that may have variants which are not known.

    Args:
        tag: Name of the member that names the variant.
        variants: By its value, the model of the variant and its members.
        other: The model of a variant that is not in the table; it has the whole object as ``value``.
    """

    def __init__(
        self, tag: str, variants: Mapping[str, tuple[type[R], Mapping[str, FieldKind]]], other: Callable[[Any], R]
    ) -> None:
        self._tag = tag
        self._codecs = {name: RecordCodec(record, members) for name, (record, members) in variants.items()}
        self._names = {record: name for name, (record, _) in variants.items()}
        self._other = other

    def decode(self, value: Any) -> R:
        """Read a tagged object."""
        if not isinstance(value, dict):
            raise RecordRejected("", "is no object")
        name = value.get(self._tag)
        if not isinstance(name, str):
            raise RecordRejected(self._tag, "is no string" if self._tag in value else "is missing")
        codec = self._codecs.get(name)
        if codec is None:
            return self._other(value)
        return codec.decode({key: member for key, member in value.items() if key != self._tag})

    def encode(self, record: R) -> Any:
        """Write a tagged object."""
        name = self._names.get(type(record))
        if name is None:
            return getattr(record, "value")  # noqa: B009  only the other variant has it
        return {self._tag: name, **self._codecs[name].encode(record)}


class ScopeCodec:
    """``EventStreamScope``: ``"all"``, or an object with one member that names the variant."""

    _ALL: Final = "all"
    _FILTER: Final = RecordCodec(EventStreamScope.Filter, {"filter_id": TEXT, "filter_fingerprint": TEXT})

    def decode(self, value: Any) -> EventStreamScope:
        """Read a scope; one that is not known is kept as it was written."""
        if isinstance(value, str):
            return EventStreamScope.All() if value == self._ALL else EventStreamScope.Other(value)
        if not isinstance(value, dict) or len(value) != 1:
            raise RecordRejected("", "holds no single variant")
        ((name, body),) = value.items()
        try:
            if name == "run":
                return EventStreamScope.Run(IDENTIFIER.read(body))
            if name == "agent":
                return EventStreamScope.Agent(IDENTIFIER.read(body))
            if name == "filter":
                return self._FILTER.decode(body)
        except RecordRejected as error:
            raise RecordRejected(f"{name}.{error.field}" if error.field else name, error.reason) from None
        return EventStreamScope.Other(value)

    def encode(self, scope: EventStreamScope) -> Any:
        """Write a scope."""
        if isinstance(scope, EventStreamScope.Run):
            return {"run": scope.run_id}
        if isinstance(scope, EventStreamScope.Agent):
            return {"agent": scope.agent_id}
        if isinstance(scope, EventStreamScope.Filter):
            return {"filter": self._FILTER.encode(scope)}
        return scope.value if isinstance(scope, EventStreamScope.Other) else self._ALL
