"""How the members of a foreign record are read, strictly, and written back as they were.

A wrong type is ``RecordRejected`` with a reason that never holds the value; whoever reads the whole record adds where
it was. ``codec`` builds records from these kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Protocol, TypeVar

from attrs import Factory, evolve, field, frozen

from agent_otel.model import RecordRejected, parse_rfc3339, render_rfc3339

__all__ = [
    "ANY",
    "FLAG",
    "NUMBER",
    "TEXT",
    "TIMESTAMP",
    "Codec",
    "FieldKind",
    "Timestamp",
    "defaulted",
    "list_of",
    "nested",
    "optional",
    "unsigned",
    "word",
]

T = TypeVar("T")


class Codec(Protocol[T]):
    """Both ways between a JSON value and a model."""

    def decode(self, value: Any) -> T | None:
        """Read a JSON value; None for a variant that is not known.

        Raises:
            RecordRejected: If the value does not have the shape that its place asks for.
        """

    def encode(self, record: T) -> Any:
        """Write a model as the JSON value that it was read from."""


@frozen
class Timestamp:
    """An RFC 3339 time that keeps its text, so that it is written as it was read.

    Args:
        text: For example ``2026-05-04T10:11:12.123456789Z``.

    Raises:
        ValueError: If it is no time between 1970 and 2262; the message does not hold the text.
    """

    text: str
    time_ns: int = field(init=False, default=Factory(lambda self: parse_rfc3339(self.text), takes_self=True))

    @classmethod
    def of(cls, time_ns: int) -> Timestamp:
        """Give the timestamp of a Unix time in nanoseconds."""
        return cls(render_rfc3339(time_ns))


@frozen
class FieldKind:
    """How one member is read from JSON and written back.

    Args:
        read: Gives the model's value for the JSON value, or raises ``RecordRejected`` without a path.
        write: The way back; None where the two are the same.
        optional: Whether the member may be absent.
        plain: Types of the JSON values that are the model's values as they are: they need no reading.
        skip_empty: Whether the source system leaves the member out when it is null or an empty list or object
            (serde's ``skip_serializing_if``).
        default: Gives the value where the member is absent (serde's ``default``); null is none.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any], Any] | None = None
    optional: bool = False
    plain: frozenset[type] = frozenset()
    skip_empty: bool = False
    default: Callable[[], Any] | None = None


def _read_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise RecordRejected("", "is no string")


def _read_flag(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise RecordRejected("", "is neither true nor false")


def _read_number(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise RecordRejected("", "is no number")


def _read_timestamp(value: Any) -> Timestamp:
    try:
        return Timestamp(_read_text(value))
    except ValueError as error:
        raise RecordRejected("", str(error)) from None


def unsigned(bits: int) -> FieldKind:
    """Give the kind of an unsigned integer; a float is none, and neither is a boolean."""
    limit = 1 << bits

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise RecordRejected("", "is no unsigned integer")
        if value >= limit:
            raise RecordRejected("", f"does not fit into {bits} bits")
        return value

    return FieldKind(read)


def word(words: type[Enum]) -> FieldKind:
    """Give the kind of a word from an enum; a word that the enum does not have stays the string that it is."""
    members = {member.value: member for member in words}

    def read(value: Any) -> Any:
        return members.get(_read_text(value), value)

    return FieldKind(read, lambda value: value.value if isinstance(value, Enum) else value)


def nested(codec: Codec[Any]) -> FieldKind:
    """Give the kind of a member that is a record itself."""
    return FieldKind(codec.decode, codec.encode)


def optional(kind: FieldKind, *, skip_empty: bool = False) -> FieldKind:
    """Give the kind of a member that may be null or absent, and otherwise is of the kind given."""
    read, write = kind.read, kind.write

    def read_optional(value: Any) -> Any:
        return None if value is None else read(value)

    def write_optional(value: Any) -> Any:
        return value if value is None or write is None else write(value)

    return FieldKind(
        read_optional, write_optional, optional=True, plain=kind.plain | {type(None)}, skip_empty=skip_empty
    )


def defaulted(kind: FieldKind, default: Callable[[], Any], *, skip_empty: bool = False) -> FieldKind:
    """Give the kind of a member that has a default when it is absent (serde's ``default``)."""
    return evolve(kind, optional=True, default=default, skip_empty=skip_empty)


def list_of(kind: FieldKind) -> FieldKind:
    """Give the kind of a list; the model holds a tuple."""
    read, write = kind.read, kind.write

    def read_list(value: Any) -> Any:
        if not isinstance(value, list):
            raise RecordRejected("", "is no list")
        items: list[Any] = []
        try:
            items.extend(read(item) for item in value)
        except RecordRejected as error:
            index = str(len(items))
            raise RecordRejected(f"{index}.{error.field}" if error.field else index, error.reason) from None
        return tuple(items)

    return FieldKind(read_list, lambda items: [item if write is None else write(item) for item in items])


TEXT: Final = FieldKind(_read_text, plain=frozenset({str}))
FLAG: Final = FieldKind(_read_flag, plain=frozenset({bool}))
NUMBER: Final = FieldKind(_read_number, plain=frozenset({float, int}))
ANY: Final = FieldKind(lambda value: value, optional=True)  # any JSON value or none, kept as it is
TIMESTAMP: Final = FieldKind(_read_timestamp, lambda value: value.text)
