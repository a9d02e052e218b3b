"""Time as integer Unix nanoseconds: RFC 3339 in and out, without losing digits (``datetime`` keeps six of nine)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
import re

__all__ = ["MAX_TIME_NS", "NANOS_PER_MILLI", "NANOS_PER_SECOND", "parse_rfc3339", "render_rfc3339"]

NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_MILLI = 1_000_000
MAX_TIME_NS = 2**63 - 1  # 2262-04-11T23:47:16.854775807Z

_SHORTEST, _LONGEST = len("2026-05-04T10:11:12.1Z"), len("2026-05-04T10:11:12.123456789Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_PATTERN = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)


@lru_cache(maxsize=512)
def _day_seconds(day: str) -> int:
    return int((datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc) - _EPOCH).total_seconds())


@lru_cache(maxsize=512)
def _minute_nanos(minute: str) -> int:
    return _parse_any_form(f"{minute}00Z")


@lru_cache(maxsize=64)
def _offset_seconds(zone: str) -> int:
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("zone offset out of range")
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def parse_rfc3339(text: str) -> int:
    """Read an RFC 3339 timestamp.

    Digits past the ninth are cut. A missing zone reads as UTC. A leap second reads as the second after.

    Args:
        text: For example ``2026-05-04T10:11:12.123456789Z``.

    Returns:
        Unix time in nanoseconds, 0 to ``MAX_TIME_NS``.

    Raises:
        ValueError: If it is no timestamp, or lies before 1970 or after 2262-04-11. The message never holds the text.
    """
    # The form that nearly all sources write is read without taking it apart.
    if _SHORTEST <= len(text) <= _LONGEST and text[19] == "." and text[-1] == "Z":
        digits = text[17:19] + text[20:-1]
        if digits.isascii() and digits.isdecimal() and digits < "60":
            nanos = _minute_nanos(text[:17]) + int(digits.ljust(11, "0"))  # two digits of seconds, nine of their parts
            if nanos <= MAX_TIME_NS:
                return nanos
    return _parse_any_form(text)


def _parse_any_form(text: str) -> int:
    """Read any form that the standard and our leniency allow."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError("is no RFC 3339 time")
    day, hour, minute, second, fraction, zone = match.groups()
    h, m, s = int(hour), int(minute), int(second)
    if h > 23 or m > 59 or s > 60:
        raise ValueError("is no RFC 3339 time")
    try:
        seconds = _day_seconds(day) + h * 3600 + m * 60 + s
        if zone is not None and zone not in "Zz":
            seconds -= _offset_seconds(zone)
    except ValueError:
        raise ValueError("is no RFC 3339 time") from None
    nanos = seconds * NANOS_PER_SECOND
    if fraction:
        nanos += int(fraction[:9].ljust(9, "0"))
    if not 0 <= nanos <= MAX_TIME_NS:
        raise ValueError("lies outside 1970 to 2262")
    return nanos


def render_rfc3339(time_ns: int) -> str:
    """Write a time with nine fractional digits and ``Z``.

    Args:
        time_ns: Unix time in nanoseconds, 0 to ``MAX_TIME_NS``.
    """
    seconds, nanos = divmod(time_ns, NANOS_PER_SECOND)
    moment = _EPOCH + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z"
