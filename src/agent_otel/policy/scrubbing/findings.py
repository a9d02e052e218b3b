"""What scrubbing found: counts by detector and place, never text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from attrs import field, frozen

__all__ = ["NO_FINDINGS", "Findings", "Place", "Scrubbed"]


class Place(str, Enum):
    """Where a secret stood.

    Attributes:
        TEXT: In running text.
        JSON_VALUE: In a value of a structure, or in JSON within a text.
        JSON_KEY: In a key itself.
        ENCODED: Behind base64 or URL encoding.
        WHOLE: The whole value was hidden: over budget, too deep, or of a type that is no JSON.
    """

    TEXT = "text"
    JSON_VALUE = "json_value"
    JSON_KEY = "json_key"
    ENCODED = "encoded"
    WHOLE = "whole"


def _frozen(counts: Mapping[tuple[str, Place], int]) -> Mapping[tuple[str, Place], int]:
    return MappingProxyType(dict(counts))


@frozen
class Findings:
    """Counts by (detector id, place).

    Attributes:
        counts: The counts, all above zero.
    """

    counts: Mapping[tuple[str, Place], int] = field(factory=dict, converter=_frozen)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __len__(self) -> int:
        return sum(self.counts.values())

    @property
    def by_detector(self) -> dict[str, int]:
        """Counts by detector id, over all places."""
        told: Counter[str] = Counter()
        for (detector, _), count in self.counts.items():
            told[detector] += count
        return dict(told)


NO_FINDINGS = Findings()


class Scrubbed(NamedTuple):
    """A value that may leave, and what was hidden in it."""

    value: Any
    findings: Findings
