"""What every model of a foreign record has: room for what the model does not know, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["LosslessRecord"]


@frozen(kw_only=True)
class LosslessRecord:
    """What every record model has besides its own members.

    Args:
        unknown_fields: Members that the model does not know, by name.
        absent: On a record that was read: names of the optional members that were not there at all; one that is empty
            and not in here was written so. None on a record that was made here: it is written as its source system
            would write it. Equality does not look at it.
    """

    unknown_fields: Mapping[str, Any] = field(factory=dict, repr=False)
    absent: frozenset[str] | None = field(default=None, repr=False, eq=False)
