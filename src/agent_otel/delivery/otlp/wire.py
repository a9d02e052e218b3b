"""Protobuf's wire format, as far as it is written here without messages.

A message is the concatenation of its fields, each a tag, a length if it has one, and bytes
(https://protobuf.dev/programming-guides/encoding).
"""

from __future__ import annotations

from typing import Final

__all__ = ["VARINTS", "varint"]


def _varint(number: int) -> bytes:
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    octets.append(number)
    return bytes(octets)


VARINTS: Final = tuple(_varint(number) for number in range(2048))
"""Of small numbers, as nearly all lengths are: to look one up takes a fraction of the time."""


def varint(number: int) -> bytes:
    """Encode a number from 0 to 2^64 - 1, seven bits to a byte, the lowest first."""
    return VARINTS[number] if number < 2048 else _varint(number)
