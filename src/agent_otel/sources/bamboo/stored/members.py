"""How members of stored metrics are read that events do not have: dates, maps, and details that may be left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, TypeVar, cast

from attrs import evolve

from agent_otel.model import LosslessRecord, RecordRejected
from agent_otel.sources.bamboo.codec import TOKEN_USAGE
from agent_otel.sources.bamboo.members import MemberCodec
from agent_otel.sources.bamboo.types import TokenUsage
from agent_otel.sources.fields import FLAG, TIMESTAMP, FieldKind, Timestamp, nested, optional, unsigned

__all__ = [
    "Count",
    "Counts",
    "Day",
    "NullableCount",
    "NullableDay",
    "NullableFlag",
    "NullableTime",
    "NullableUsage",
    "SpelledCodec",
    "Usage",
    "Usages",
    "map_of",
]

R = TypeVar("R", bound=LosslessRecord)

_U32, _U64 = unsigned(32), unsigned(64)


def _read_day(value: Any) -> date:
    if not isinstance(value, str):
        raise RecordRejected("", "is no string")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise RecordRejected("", "is no date") from None
    if day.isoformat() != value:  # a spelling that would not be written back
        raise RecordRejected("", "is no date")
    return day


def map_of(kind: FieldKind) -> FieldKind:
    """Give the kind of a map by name; a key that cannot be read is not told, it may be any text."""
    read, write = kind.read, kind.write

    def read_map(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise RecordRejected("", "is no object")
        try:
            return {name: read(member) for name, member in value.items()}
        except RecordRejected as error:
            raise RecordRejected(f"*.{error.field}" if error.field else "*", error.reason) from None

    return FieldKind(
        read_map, lambda members: {name: write(member) if write else member for name, member in members.items()}
    )


DAY: Final = FieldKind(_read_day, date.isoformat)

Day = Annotated[date, DAY]
NullableDay = Annotated[date | None, optional(DAY)]
NullableTime = Annotated[Timestamp | None, optional(TIMESTAMP)]
NullableFlag = Annotated[bool | None, optional(FLAG)]
NullableCount = Annotated[int | None, optional(_U64)]
Count = Annotated[int, _U32]
Counts = Annotated[Mapping[str, int], map_of(_U32)]
Usage = Annotated[TokenUsage, nested(TOKEN_USAGE)]
NullableUsage = Annotated[TokenUsage | None, optional(nested(TOKEN_USAGE))]
Usages = Annotated[Mapping[str, TokenUsage], map_of(nested(TOKEN_USAGE))]


class SpelledCodec(MemberCodec[R]):
    """A struct with a member that is also read under another name, and then written under that.

    Args:
        record: The model; it keeps the name that was read as ``spelling``.
        name: The member.
        alias: Its other name.
    """

    def __init__(self, record: type[R], name: str, alias: str) -> None:
        super().__init__(record)
        self._name, self._alias = name, alias

    def decode(self, value: Any) -> R:
        """Read an object."""
        if not isinstance(value, dict) or self._name in value or self._alias not in value:
            return super().decode(value)
        renamed = {self._name if name == self._alias else name: member for name, member in value.items()}
        found: Any = super().decode(renamed)
        return cast("R", evolve(found, spelling=self._alias))

    def encode(self, record: R) -> dict[str, Any]:
        """Write the object that was read."""
        written = super().encode(record)
        spelling = getattr(record, "spelling", None) or self._name
        return {spelling if name == self._name else name: member for name, member in written.items()}
