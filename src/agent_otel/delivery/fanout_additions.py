"""``FanoutAdditions``: what the live fan-out does beyond the contract. All off, rules R26 to R49 hold exactly."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen
from attrs.validators import ge, optional

__all__ = ["CONTRACT_ONLY", "FanoutAdditions"]

_LIVE_BYTES: Final = 32 * 1024 * 1024


@frozen(kw_only=True)
class FanoutAdditions:
    """What is switched on beyond the contract.

    Args:
        byte_capacity: How many bytes a sink's queue may take, beside the bound on items. Terminal-preserved items evict
            the oldest progress until they fit; what is larger than the bound alone is dropped, counted and told.
        tells_coalescing: A record of what coalescing dropped, where R33 is silent.
        evicts_lower_rank: Once no progress is left to evict, a higher delivery class evicts the oldest of the lowest
            class below it. Under R30 alone, a queue of usage would drop a run's end.
        quarantines: An item that the sink refuses for good is acknowledged, counted as rejected and told, and draining
            goes on with the next one. Under R43 alone it stays at the head forever.

    Raises:
        ValueError: If the byte capacity is less than 1.
    """

    byte_capacity: int | None = field(default=None, validator=optional(ge(1)))
    tells_coalescing: bool = False
    evicts_lower_rank: bool = False
    quarantines: bool = False

    @classmethod
    def live(cls, byte_capacity: int = _LIVE_BYTES) -> FanoutAdditions:
        """Switch everything on, as live delivery does."""
        return cls(byte_capacity=byte_capacity, tells_coalescing=True, evicts_lower_rank=True, quarantines=True)


CONTRACT_ONLY: Final = FanoutAdditions()
