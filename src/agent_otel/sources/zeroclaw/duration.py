"""``Duration``: a length of time that is written as it was read, in any of the spellings that producers use.

ZeroClaw never prints one the way serde would, so three spellings are read: ``{"secs", "nanos"}``, a number of seconds,
and milliseconds (``duration_ms``). Nanoseconds are integers throughout.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Final

from attrs import field, frozen

from agent_otel.model import NANOS_PER_MILLI, NANOS_PER_SECOND, LosslessRecord, RecordRejected
from agent_otel.sources.codec import RecordCodec
from agent_otel.sources.fields import FieldKind, optional, unsigned

__all__ = ["DURATION", "Duration", "DurationForm", "read_millis"]

_U128: Final = 1 << 128  # a duration in milliseconds may need more than 64 bits
_MILLIS: Final = "duration_ms"


class DurationForm(Enum):
    """How a duration is written."""

    STRUCT = "struct"  # {"secs": 1, "nanos": 250000000}
    SECONDS = "seconds"  # 1.25
    MILLIS = "millis"  # 1250, as the member duration_ms of its record
    MILLIS_OBJECT = "millis_object"  # {"duration_ms": 1250}


@frozen(kw_only=True)
class Duration(LosslessRecord):
    """A length of time.

    Args:
        secs: Whole seconds.
        nanos: Nanoseconds beside them.
        form: How it is written.
        number: The number that it was read from, where it was written as one.
    """

    ZERO: ClassVar[Duration]

    secs: int = 0
    nanos: int | None = 0
    form: DurationForm = field(default=DurationForm.STRUCT, eq=False, repr=False)
    number: float | None = field(default=None, eq=False, repr=False)

    @classmethod
    def from_secs(cls, secs: int) -> Duration:
        """Give that many seconds."""
        return cls(secs=secs)

    @classmethod
    def from_millis(cls, millis: int) -> Duration:
        """Give that many milliseconds."""
        return cls.from_nanos(millis * NANOS_PER_MILLI)

    @classmethod
    def from_nanos(cls, nanos: int) -> Duration:
        """Give that many nanoseconds."""
        secs, rest = divmod(nanos, NANOS_PER_SECOND)
        return cls(secs=secs, nanos=rest)

    def as_nanos(self) -> int:
        """Give the whole length in nanoseconds."""
        return self.secs * NANOS_PER_SECOND + (self.nanos or 0)

    def as_millis(self) -> int:
        """Give the whole milliseconds."""
        return self.as_nanos() // NANOS_PER_MILLI

    def as_secs_f64(self) -> float:
        """Give the length in seconds."""
        return self.as_nanos() / NANOS_PER_SECOND


Duration.ZERO = Duration()

_STRUCT: Final = RecordCodec(Duration, {"secs": unsigned(64), "nanos": optional(unsigned(32))})


def _of_number(number: float, nanos: int, form: DurationForm) -> Duration:
    secs, rest = divmod(nanos, NANOS_PER_SECOND)
    return Duration(secs=secs, nanos=rest, form=form, number=number)


def read_millis(value: Any, form: DurationForm = DurationForm.MILLIS) -> Duration:
    """Read a number of milliseconds.

    Raises:
        RecordRejected: If it is none.
    """
    return _of_number(value, _exact(value, NANOS_PER_MILLI), form)


def _exact(value: Any, unit: int) -> int:
    """Give the nanoseconds of a number, by decimal arithmetic; what is finer is cut."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _U128:
        raise RecordRejected("", "is no duration")
    return value * unit if isinstance(value, int) else int(Decimal(repr(value)) * unit)


def _read(value: Any) -> Duration:
    if not isinstance(value, dict):
        return _of_number(value, _exact(value, NANOS_PER_SECOND), DurationForm.SECONDS)
    if value.keys() == {_MILLIS}:
        return read_millis(value[_MILLIS], DurationForm.MILLIS_OBJECT)
    return _STRUCT.decode(value)


def _write(duration: Duration) -> Any:
    if duration.form is DurationForm.STRUCT:
        return _STRUCT.encode(duration)
    return {_MILLIS: duration.number} if duration.form is DurationForm.MILLIS_OBJECT else duration.number


DURATION: Final = FieldKind(_read, _write, plain=frozenset({Duration}))
