"""The spool: items on disk, so that neither an outage nor the death of the process loses them."""

from agent_otel.delivery.spool.adoption import Adoption, adopt_spools
from agent_otel.delivery.spool.answers import (
    Amount,
    Appended,
    Evicted,
    HeldBack,
    SpoolFile,
    SpoolLimits,
    SpoolStats,
)
from agent_otel.delivery.spool.errors import SpoolError
from agent_otel.delivery.spool.listing import drop_spool, list_spools, read_spool
from agent_otel.delivery.spool.row import Destination, Entry, SpooledItem
from agent_otel.delivery.spool.spool import Spool

__all__ = [
    "Adoption",
    "Amount",
    "Appended",
    "Destination",
    "Entry",
    "Evicted",
    "HeldBack",
    "Spool",
    "SpoolError",
    "SpoolFile",
    "SpoolLimits",
    "SpoolStats",
    "SpooledItem",
    "adopt_spools",
    "drop_spool",
    "list_spools",
    "read_spool",
]
