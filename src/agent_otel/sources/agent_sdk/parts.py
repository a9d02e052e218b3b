"""What the mappings of agent-sdk-core share: words, times, tokens, money, and which text may stand beside them."""

from __future__ import annotations

from enum import Enum
import re
from typing import Any, Final, NamedTuple

from agent_otel.model import MAX_TIME_NS, Cost, CostStatus, Origin, Outcome, Usage, parse_rfc3339
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources.protocol import Context

__all__ = [
    "MAX_INTEGER",
    "ORIGIN",
    "Moment",
    "clamped",
    "cost_of",
    "identifier",
    "moment_of",
    "status_outcome",
    "tool_name",
    "usage_of",
    "word",
]

ORIGIN: Final = Origin("agent-sdk", form="events")
MAX_INTEGER: Final = MAX_TIME_NS  # 2**63-1: what an attribute can hold

# No absolute path and no address: these name people and machines.
_IDENTIFIER: Final = re.compile(r"(?![A-Za-z]:/|.*@[^/:]*\.[A-Za-z])[A-Za-z0-9_.:+=-][A-Za-z0-9_.:/@+=-]{0,255}")
_CURRENCY: Final = re.compile(r"[A-Za-z]{3,8}")
_UNKNOWN_CURRENCY: Final = "XXX"  # ISO 4217: no currency
_STATUSES: Final = {
    "completed": Outcome.OK,
    "failed": Outcome.ERROR,
    "cancelled": Outcome.CANCELLED,
    "timed_out": Outcome.TIMED_OUT,
    "unknown": Outcome.UNKNOWN,
}
_COST_STATUSES: Final = {status.value: status for status in CostStatus}


class Moment(NamedTuple):
    """When something happened.

    Args:
        time_ns: Unix time in nanoseconds.
        is_receipt: Whether that is when it was received.
        note: What was wrong with the time that was told, if anything.
    """

    time_ns: int
    is_receipt: bool = False
    note: str | None = None


def word(value: Any) -> str:
    """Give the word on the wire of an enum member, or the word that its enum does not have."""
    return str(value.value) if isinstance(value, Enum) else str(value)


def identifier(text: str | None) -> str | None:
    """Give text if it looks like an identifier: what the contract does not validate may be anything."""
    return text if text is not None and _IDENTIFIER.fullmatch(text) else None


def tool_name(text: str | None) -> str | None:
    """Give the name of a tool, ``other`` for what looks like none: a model may ask for a tool in any words."""
    return (identifier(text) or "other") if text else None


def moment_of(timestamp: str, recorded_at: str, context: Context) -> Moment:
    """Give the time of an envelope: when it happened, else when it was recorded, else when it was received.

    The contract asks for RFC 3339 and checks nothing. The SDK's own loop writes the first second of 1970 into every
    event, which is no time either.
    """
    note = None
    for text in (timestamp, recorded_at):
        try:
            time_ns = parse_rfc3339(text)
        except ValueError:
            note = "unreadable_time"
            continue
        if time_ns > 0:
            return Moment(time_ns, note=note)
        note = note or "placeholder_time"
    return Moment(context.receipt_ns, is_receipt=True, note=note)


def status_outcome(status: Any) -> Outcome | None:
    """Give the outcome of a terminal status, None for none; a word that is not known is as good as unknown."""
    return None if status is None else _STATUSES.get(word(status), Outcome.UNKNOWN)


def clamped(value: int) -> int:
    """Give an integer that an attribute can hold."""
    return min(value, MAX_INTEGER)


def usage_of(units: sdk.UsageUnits | None) -> Usage | None:
    """Give the tokens of ``UsageUnits``, None where it tells none (it may tell bytes or a media duration alone)."""
    if units is None or units.input_tokens is units.output_tokens is units.total_tokens is None:
        return None
    return Usage(input_tokens=units.input_tokens, output_tokens=units.output_tokens, total_tokens=units.total_tokens)


def cost_of(units: sdk.CostUnits) -> Cost:
    """Give the money of ``CostUnits``: integer micros already, clamped to what an attribute can hold."""
    currency = units.currency if _CURRENCY.fullmatch(units.currency) else _UNKNOWN_CURRENCY
    return Cost(
        amount_micros=clamped(units.amount_micros),
        currency=currency,
        rate_table=identifier(units.rate_table_version),
        status=_COST_STATUSES.get(word(units.estimate_status), CostStatus.ESTIMATED),
    )
