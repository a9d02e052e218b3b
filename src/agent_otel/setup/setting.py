"""One setting, and how common kinds of values are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["Setting", "at_least", "printable"]


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: Its variable.
        field: Where its value goes.
        read: Reads it; raises ``ValueError``.
        expected: What is expected, in words.
        default: The default, as text.
        help: What it does.
        is_secret: Whether its value must not be repeated in errors.
    """

    name: str
    field: str
    read: Callable[[str], Any]
    expected: str
    default: str
    help: str
    is_secret: bool = False


def at_least(least: int) -> Callable[[str], int]:
    """Read whole numbers that are not below ``least``."""

    def read(text: str) -> int:
        value = int(text)
        if value < least:
            raise ValueError
        return value

    return read


def printable(text: str) -> str:
    """Read text that can be printed."""
    if not text or not text.isprintable():
        raise ValueError
    return text
