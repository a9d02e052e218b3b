"""Enums of a source system in Python: variants as attributes of their enum, words that may be unknown."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

__all__ = ["known_word", "variant_of"]

V = TypeVar("V")


def known_word(word: Enum | str | None) -> str:
    """Show a word in a repr: an unknown one may be any text."""
    return "<unknown>" if isinstance(word, str) and not isinstance(word, Enum) else repr(word)


def variant_of(parent: type) -> Callable[[type[V]], type[V]]:
    """Make a variant an attribute of its enum; what begins with an underscore is never named elsewhere."""

    def enter(variant: type[V]) -> type[V]:
        name = variant.__name__.removeprefix("_")
        variant.__qualname__ = f"{parent.__name__}.{name}"
        setattr(parent, name, variant)
        return variant

    return enter
