"""A second, independent look over what would leave: everything is scrubbed once more, and markers are counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
import re
from typing import Any, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
import orjson

from agent_otel.cli.scanning.accounts import SinkAccount
from agent_otel.cli.scanning.places import Told, told_by_resource, told_by_scope
from agent_otel.policy.scrubbing import Scrubber, ScrubOptions

__all__ = ["SecondLook"]

_MARKER: Final = re.compile(r"\[REDACTED:([a-z0-9_]{1,64})(?::[0-9a-f]{12})?\]")
_MARKER_START: Final = "[REDACTED:"
_NAMELESS: Final = "value"


class SecondLook:
    """Looks over what is about to leave.

    Args:
        options: What is looked for.
    """

    def __init__(self, options: ScrubOptions) -> None:
        self._scrubber = Scrubber(options)
        self._seen: dict[tuple[str, int], Any] = {}

    def over(self, told: Iterable[Told], account: SinkAccount, raw: Collection[str] = ()) -> None:
        """Look over a span, log record or metric point.

        Args:
            told: All that it says.
            account: Where is counted what is found.
            raw: Places of content that leaves raw.
        """
        parts = [(place, {key or _NAMELESS: _plain(value)}) for place, key, value in told]
        together = [part for _, part in parts]
        if _MARKER_START in _as_text(together):
            self._count_markers(parts, account)
        if not self._scrubber.scrub(together).findings:
            return
        for place, part in parts:
            counts = account.left_raw if place in raw else account.left
            for (detector, _), number in self._scrubber.scrub(part).findings.counts.items():
                account.count(counts, place, detector, number)

    def over_origin(self, resource: Resource | None, scope: InstrumentationScope | None, account: SinkAccount) -> None:
        """Look over a resource and a scope, each once for a sink: they come with everything."""
        for part, give in ((resource, told_by_resource), (scope, told_by_scope)):
            seen = account.name, id(part)
            if part is not None and self._seen.get(seen) is not part:
                self._seen[seen] = part
                self.over(give(part), account)  # type: ignore[arg-type]  # each with its own

    @staticmethod
    def _count_markers(parts: Iterable[tuple[str, Any]], account: SinkAccount) -> None:
        for place, part in parts:
            for detector in _MARKER.findall(_as_text(part)):
                account.count(account.markers, place, detector)


def _as_text(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError):
        return repr(value)


def _plain(value: Any) -> Any:
    """Give an attribute value as JSON has it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
