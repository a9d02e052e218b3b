"""What all contract types share: words on the wire, variants of an enum, reprs that tell neither ids nor text."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

from attrs import evolve

from agent_otel.model.lossless import LosslessRecord
from agent_otel.model.variants import known_word, variant_of

__all__ = ["Word", "evolved", "known_word", "redacted", "variant_of"]

R = TypeVar("R", bound=LosslessRecord)


class Word(str, Enum):
    """A word on the wire. A word that its enum does not have stays a plain string in the models."""

    def as_str(self) -> str:
        """Give the word on the wire."""
        return str(self.value)


def redacted(identifier: Any) -> str:
    """Show in a repr only whether there is an id: the contract prints none."""
    return "None" if identifier is None else "'redacted'"


def evolved(record: R, **changes: Any) -> R:
    """Give a record with other values; as no record was read like it, it is written as its system would write it."""
    return evolve(record, absent=None, **changes)
