"""How the members of agent events are read: annotations that carry their ``FieldKind``, and the codec made of them.

With sixty variants, tables beside the models would say everything twice: ``tool_name: Text`` says the type and how it
is read.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, TypeVar, get_args

from attrs import fields

from agent_otel.model import LosslessRecord, RecordRejected
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import (
    ANY,
    FLAG,
    NUMBER,
    TEXT,
    TIMESTAMP,
    FieldKind,
    Timestamp,
    defaulted,
    list_of,
    optional,
    unsigned,
)

__all__ = [
    "U32",
    "U64",
    "DefaultFlag",
    "DefaultU32",
    "DefaultU64",
    "Flag",
    "Json",
    "MemberCodec",
    "NullableText",
    "NullableTexts",
    "OptionalI32",
    "OptionalText",
    "OptionalU64",
    "Percent",
    "Text",
    "Time",
    "default",
    "words_of",
]

R = TypeVar("R", bound=LosslessRecord)


def default(kind: FieldKind, value: Any, *, skip_empty: bool = False) -> FieldKind:
    """Give the kind of a member that has this value when it is absent."""
    return defaulted(kind, lambda: value, skip_empty=skip_empty)


def _read_i32(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RecordRejected("", "is no integer")
    if not -(2**31) <= value < 2**31:
        raise RecordRejected("", "does not fit into 32 bits")
    return value


_U32, _U64 = unsigned(32), unsigned(64)

Text = Annotated[str, TEXT]
Flag = Annotated[bool, FLAG]
Json = Annotated[Any, ANY]
Time = Annotated[Timestamp, TIMESTAMP]
U32 = Annotated[int, _U32]
U64 = Annotated[int, _U64]
Percent = Annotated[float | None, optional(NUMBER)]  # Bamboo prints what is no number as null
OptionalText = Annotated[str | None, optional(TEXT, skip_empty=True)]  # left out when there is none
OptionalU64 = Annotated[int | None, optional(_U64, skip_empty=True)]
OptionalI32 = Annotated[int | None, optional(FieldKind(_read_i32), skip_empty=True)]
NullableText = Annotated[str | None, optional(TEXT)]  # printed as null when there is none
NullableTexts = Annotated[tuple[str, ...] | None, optional(list_of(TEXT))]
DefaultFlag = Annotated[bool, default(FLAG, value=True)]
DefaultU32 = Annotated[int, default(_U32, 0)]
DefaultU64 = Annotated[int, default(_U64, 0)]


def _members_of(record: type) -> dict[str, FieldKind]:
    return {
        attribute.name: kind
        for attribute in fields(record)
        for kind in getattr(attribute.type, "__metadata__", ())
        if isinstance(kind, FieldKind)
    }


def words_of(record: type) -> tuple[str, ...]:
    """Give the names of the members that are words of an enum."""
    named = []
    for attribute in fields(record):
        choices = get_args(next(iter(get_args(attribute.type)), None))
        if any(isinstance(choice, type) and issubclass(choice, Enum) for choice in choices):
            named.append(attribute.name)
    return tuple(named)


class MemberCodec(RecordCodec[R]):
    """A struct whose members its model tells, by its annotations.

    Args:
        record: The model.
    """

    def __init__(self, record: type[R]) -> None:
        super().__init__(record, _members_of(record))
