"""What is done to one leaf of a structure, and to one running text."""

from __future__ import annotations

from collections import Counter
import re
from typing import Any

from agent_otel.policy.scrubbing.budget import Budget
from agent_otel.policy.scrubbing.findings import Place
from agent_otel.policy.scrubbing.jsontext import Number
from agent_otel.policy.scrubbing.keys import KeyKind, judge_key
from agent_otel.policy.scrubbing.markers import RECOGNISER_FAILED, TOO_DEEP, UNSUPPORTED, Marker, is_marker
from agent_otel.policy.scrubbing.matcher import Span
from agent_otel.policy.scrubbing.textscan import Failed, TextScan
from agent_otel.policy.scrubbing.triggers import TOKEN_START
from agent_otel.policy.scrubbing.validators import random_looking
from agent_otel.policy.scrubbing.values import Assigned, is_secret

__all__ = ["SECRET_KEY", "LeafVisitor", "Look"]

SECRET_KEY = "secret_key"  # noqa: S105  a detector's id
_STAND_IN = re.compile(
    r"(?i)|true|false|yes|no|none|null|nil|undefined|\*+|\$\{[A-Za-z_]\w*\}|\$[A-Z_][A-Z0-9_]*|\{\{[^{}]*\}\}|\$\{\{[^{}]*\}\}"
)
_DIGITS_OF_A_CODE = 4
_TOKEN_START = re.compile(TOKEN_START.encode())
_NAME = re.compile(r"[A-Z][A-Za-z]*(?:Token|Key|Secret)")  # of a field: output_token: NextToken
_CODE = re.compile(r"[0-9]{3,10}")
_LONGEST_COMMAND = 512
_COST_OF_LEAF = 250
_COST_OF_ITEM = 20
_LEAVES = frozenset((str, int, float, bool, type(None), Number))


class Look:
    """One look over a value, and what it found.

    Args:
        scan: Finds secrets in running text.
        marker: Writes markers.
        budget: What the value may cost.
        is_cut: Whether its texts are known to be cut at their ends.
    """

    def __init__(self, scan: TextScan, marker: Marker, budget: Budget, *, is_cut: bool = False) -> None:
        self._is_cut = is_cut
        self._scan = scan
        self._marker = marker
        self.budget = budget
        self.found: Counter[tuple[str, Place]] = Counter()
        self.text_changed = False

    def hide(self, detector: str, place: Place, secret: bytes = b"") -> str:
        """Count a finding and give its marker."""
        self.found[detector, place] += 1
        return self._marker.write(detector, secret)

    def key(self, key: str) -> str:
        """Keep a key, unless it holds a secret itself."""
        encoded = key.encode("utf-8", "surrogatepass")
        self.budget.spend(len(encoded))
        return self._replaced(key, encoded, self._scan.table_spans(encoded, self.budget), Place.JSON_KEY)

    def hide_named(self, secret: str) -> str:
        """Hide the value of a secret-like key; the marker names the detector that knows the value itself, if any."""
        encoded = secret.encode("utf-8", "surrogatepass")
        return self.hide(self._scan.name(encoded, self.budget) or SECRET_KEY, Place.JSON_VALUE, encoded)

    def running(self, text: str, encoded: bytes, place: Place) -> str:
        """Scrub running text."""
        try:
            spans = self._scan.spans(text, encoded, self.budget, is_cut=self._is_cut)
        except Failed:
            return text if is_marker(text) else self.hide(RECOGNISER_FAILED, Place.WHOLE)
        return self._replaced(text, encoded, spans, place)

    def _replaced(self, text: str, encoded: bytes, spans: list[tuple[Span, bool]], place: Place) -> str:
        if not spans:
            return text
        self.text_changed = True
        pieces: list[bytes] = []
        at = 0
        for span, is_encoded in spans:
            where = Place.ENCODED if is_encoded else place
            marker = self.hide(span.detector, where, encoded[span.start : span.end])
            pieces += [encoded[at : span.start], marker.encode()]
            at = span.end
        pieces.append(encoded[at:])
        return b"".join(pieces).decode("utf-8", "surrogatepass")

    def command(self, items: list[str]) -> list[str]:
        """Scrub the arguments of a command: what they tell only together, as ``-u`` and what follows."""
        encoded = [item.encode("utf-8", "surrogatepass") for item in items]
        line = b" ".join(encoded)
        spans = self._scan.plain_spans(line, self.budget)
        self.text_changed = self.text_changed or bool(spans)
        done = []
        at = 0
        for item, part in zip(items, encoded, strict=True):
            for span in reversed(spans):
                start, end = max(span.start - at, 0), min(span.end - at, len(part))
                if start < end and not is_marker(item):
                    marker = self.hide(span.detector, Place.JSON_VALUE, part[start:end])
                    part = part[:start] + marker.encode() + part[end:]  # noqa: PLW2901
            at += len(item.encode("utf-8", "surrogatepass")) + 1
            done.append(part.decode("utf-8", "surrogatepass"))
        return done


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


class LeafVisitor:
    """Decides at each place of a structure.

    Args:
        look: The look that the structure is part of; scrubs texts as well.
        level: How many texts the structure is within.
    """

    __slots__ = ("_level", "_look")

    def __init__(self, look: Any, level: int) -> None:
        self._look = look
        self._level = level

    def key(self, key: Any) -> Any:
        """Keep a key, unless it holds a secret itself."""
        if not isinstance(key, str):
            return key
        return self._look.key(key)

    def leaf(self, value: Any, kind: KeyKind) -> Any:
        """Hide a leaf, scrub it or keep it."""
        self._look.budget.spend(_COST_OF_LEAF)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float, Number)):
            return self._number(value, kind)
        if not isinstance(value, str):
            return self._look.hide(UNSUPPORTED, Place.WHOLE)
        if kind in (KeyKind.SECRET, KeyKind.PASSWORD):
            if _STAND_IN.fullmatch(value) or is_marker(value) or (kind is KeyKind.SECRET and _NAME.fullmatch(value)):
                return value
            return self._look.hide_named(value)
        if kind in (KeyKind.WEAK, KeyKind.CODE):
            encoded = value.encode("utf-8", "surrogatepass")
            is_code = kind is KeyKind.CODE and _CODE.fullmatch(value)
            is_token = _TOKEN_START.match(encoded) is not None and random_looking(encoded)
            if (is_code or is_token) and not is_marker(value):
                return self._look.hide_named(value)
        return self._look.text(value, Place.JSON_VALUE, self._level)

    def untouched(self, items: list[Any]) -> bool:
        """Look at a list of leaves as at one text, written as JSON writes it."""
        kinds = set(map(type, items))
        if not kinds <= _LEAVES:
            return False
        self._look.budget.spend(len(items) * _COST_OF_ITEM)
        texts = [item for item in items if type(item) is str]
        return not texts or self._look.is_innocent('"' + '","'.join(texts) + '"')

    def sequence(self, items: list[Any]) -> list[Any]:
        """Look over a list for an option with its argument, and for a name with its value."""
        if not 1 < len(items) <= _LONGEST_COMMAND or not all(map(_is_text, items)):
            return items
        if len(items) == 2:
            return self._pair(*items)
        if any(item.startswith("-") for item in items):
            return list(self._look.command(items))
        return items

    def too_deep(self, value: Any) -> Any:  # noqa: ARG002  the visitor's signature
        """Hide what lies below the greatest depth."""
        return self._look.hide(TOO_DEEP, Place.WHOLE)

    def _pair(self, name: str, value: str) -> list[Any]:
        kind = judge_key(name)
        encoded = value.encode("utf-8", "surrogatepass")
        found = Assigned(kind, name.encode("utf-8", "replace"), encoded, True, True, False, False)  # noqa: FBT003
        if kind in (KeyKind.SECRET, KeyKind.PASSWORD) and is_secret(found) and not is_marker(value):
            return [name, self._look.hide_named(value)]
        return [name, value]

    def _number(self, value: Any, kind: KeyKind) -> Any:
        """Keep a number, save a code or password of digits: the only numbers that are secrets."""
        if kind in (KeyKind.PASSWORD, KeyKind.CODE) and not isinstance(value, float):
            digits = str(value)
            if digits.isdigit() and len(digits) >= _DIGITS_OF_A_CODE:
                return self._look.hide(SECRET_KEY, Place.JSON_VALUE, digits.encode())
        return value
