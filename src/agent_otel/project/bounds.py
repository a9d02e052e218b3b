"""Bounds for foreign text: names and ids come from outside, and end as span names and attribute values.

Content is not handled here; that is the policy's work.
"""

from __future__ import annotations

import re
from typing import Any, cast

from agent_otel.model.cutting import cut_between_words, digest

__all__ = ["BoundedNames", "addable", "bounded_error_type", "bounded_id", "bounded_name", "bounded_value"]

MAX_NAME = 128
MAX_ID = 256
MAX_INTEGER = 2**63 - 1
MAX_ITEMS = 64
UNKNOWN = "unknown"  # stands for a name that is missing or blank
OTHER = "_OTHER"  # semantic conventions: the value for what is outside a bounded set

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ERROR_TYPE = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


def _clean(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot be sent
    return _CONTROL.sub(" ", text).strip()


def bounded_name(text: str) -> str:
    """Give a name that is fit for a span name: one line, at most 128 characters, cut between words."""
    if len(text) > MAX_ID:
        text = cut_between_words(text, MAX_ID)
    text = text.strip() if text.isprintable() else _clean(text)
    if len(text) <= MAX_NAME:
        return text
    start = cut_between_words(text, MAX_NAME - 1).rstrip()
    return f"{start}…" if start else digest(text)


def bounded_id(text: str) -> str:
    """Give an id that is fit for an attribute: at most 256 characters; a longer one becomes a digest."""
    if len(text) <= MAX_ID:
        return text.strip() if text.isprintable() else _clean(text)  # nearly every text is printable
    return digest(text)


def bounded_error_type(text: str) -> str:
    """Give an ``error.type``: an identifier of at most 64 characters, else ``_OTHER``; never free text."""
    return text if _ERROR_TYPE.fullmatch(text) else OTHER


def bounded_value(value: Any) -> str | bool | int | float | tuple[str, ...]:
    """Give an attribute value that OTLP can carry; what is neither scalar nor tuple of texts becomes a marker."""
    kind = type(value)
    if kind is str:
        return bounded_id(value)
    if kind is bool or kind is float:
        return cast("bool | float", value)
    if kind is int:
        return int(max(-MAX_INTEGER, min(MAX_INTEGER, value)))
    if kind is tuple:
        return tuple(bounded_id(item) for item in value[:MAX_ITEMS] if type(item) is str)
    return f"<{kind.__name__}>"


class BoundedNames:
    """Caps how many distinct names may label a metric; those that come later become ``_OTHER``.

    Args:
        limit: Distinct names. Series are the product of all labels, so this stays far below the SDK's own 2000.
    """

    def __init__(self, limit: int = 200) -> None:
        self._limit = limit
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """Give the name as a label."""
        if len(name) > MAX_NAME:
            name = bounded_name(name)  # so that what is remembered is bounded too
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= self._limit:
                return OTHER
            known = self._known[name] = bounded_name(name) or UNKNOWN
        return known


def addable(amount: float) -> float:
    """Give an amount for a counter whose sum can always be sent: an integer beyond 64 bits cannot, a float can."""
    return amount if amount < _BIG else float(min(amount, _BIGGEST))


_BIG = 2**40
_BIGGEST = 2**63
