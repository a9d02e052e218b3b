"""How a call ends: an exception, an outcome or an error type in, a known outcome and a bounded error type out."""

from __future__ import annotations

import asyncio
from concurrent import futures
import re
from typing import Any

from agent_otel.emit import text_of, type_name
from agent_otel.model import Outcome, outcome_of_status
from agent_otel.project.bounds import OTHER

__all__ = ["identifier", "known_outcome", "outcome_of"]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,63}|[1-5][0-9]{2}|-32[0-9]{3}")  # the last: of JSON-RPC
_CANCELLATIONS = (asyncio.CancelledError, futures.CancelledError, KeyboardInterrupt, GeneratorExit)
_TIMEOUTS = (TimeoutError, asyncio.TimeoutError, futures.TimeoutError)  # one class only since Python 3.11


def identifier(error_type: str | None) -> str | None:
    """Let an identifier pass; free text and what looks like a key are none."""
    return error_type if error_type is None or _IDENTIFIER.fullmatch(error_type) else OTHER


def known_outcome(outcome: Any) -> Outcome:
    """Accept an outcome's word as well."""
    return outcome if isinstance(outcome, Outcome) else outcome_of_status(text_of(outcome) or "")[0]


def outcome_of(error: BaseException) -> tuple[Outcome, str]:
    """Tell a cancellation and a timeout from a failure; the type's name is the error type, its text is content."""
    name, kind = type_name(error), type(error)  # asked of the type: the object itself may lie or raise
    if issubclass(kind, _CANCELLATIONS):
        return Outcome.CANCELLED, name
    if issubclass(kind, _TIMEOUTS):
        return Outcome.TIMED_OUT, name
    return Outcome.ERROR, name
