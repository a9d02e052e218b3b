"""Fields of protobuf messages, written without the messages.

A message is the concatenation of its fields, each a tag, a length if it has one, and bytes
(https://protobuf.dev/programming-guides/encoding). A field of default value is left out.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError  # noqa: N812  a class, whatever its name
from typing import Any, Final

__all__ = ["MOST_REMEMBERED", "UNDECIDED", "VARINTS", "Unsure", "count_field", "field", "text_field", "time_field"]

_TIME: Final = Struct("<cQ")
_UINT32: Final = 2**32


class Unsure(Exception):
    """Raised where only the stock encoder knows what becomes of something; stays in the room."""


UNDECIDED: Final = Unsure, AttributeError, TypeError, UnicodeEncodeError, OverflowError, StructError
"""All that encoding raises for what it cannot write: unknown, of another type, half a surrogate pair, too large."""


class _Varints(dict[int, bytes]):
    """Encodes numbers from 0 to 2^64 - 1, seven bits to a byte, the lowest first; small ones, as lengths are, once."""

    def __missing__(self, number: int) -> bytes:
        octets = bytearray()
        rest = number
        while rest > 0x7F:
            octets.append(rest & 0x7F | 0x80)
            rest >>= 7
        octets.append(rest)
        encoded = bytes(octets)
        if number < MOST_REMEMBERED:
            self[number] = encoded
        return encoded


MOST_REMEMBERED: Final = 4096
VARINTS: Final = _Varints()


def field(tag: bytes, content: bytes) -> bytes:
    """Encode bytes or a message that is encoded, also if it is empty."""
    return tag + VARINTS[len(content)] + content


def text_field(tag: bytes, text: Any) -> bytes:
    """Encode a text.

    Raises:
        Unsure: It is no text.
        UnicodeEncodeError: It has half a surrogate pair.
    """
    if type(text) is not str:
        raise Unsure
    return field(tag, text.encode()) if text else b""


def time_field(tag: bytes, at: Any) -> bytes:
    """Encode a time, or None.

    Args:
        tag: Of a ``fixed64``.
        at: Unix time in nanoseconds.

    Raises:
        Unsure: It is no whole number.
        struct.error: It is less than 0, or needs more than 64 bits.
    """
    if at is not None and type(at) is not int:
        raise Unsure
    return _TIME.pack(tag, at) if at else b""


def count_field(tag: bytes, number: Any) -> bytes:
    """Encode a number.

    Args:
        tag: Of a ``uint32``.
        number: From 0 to 2^32 - 1.

    Raises:
        Unsure: It is none.
    """
    if type(number) is not int or not 0 <= number < _UINT32:
        raise Unsure
    return tag + VARINTS[number] if number else b""
