"""What would leave through one sink, as counts: by kind of content and mode, by detector and place, by tool."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from attrs import define, field

from agent_otel.model import CaptureMode, ContentKind

__all__ = ["OTHER", "KindAccount", "SinkAccount", "ToolAccount"]

OTHER: Final = "_OTHER"
_MAX_TOOLS: Final = 200
_MAX_PLACES: Final = 500

Finding = tuple[str, str]  # place, detector


@define
class KindAccount:
    """What becomes of one kind of content.

    Attributes:
        modes: Pieces by mode.
        text_bytes: UTF-8 bytes of text that would leave.
        truncated: Pieces of which only a part would.
    """

    modes: Counter[CaptureMode] = field(factory=Counter)
    text_bytes: int = 0
    truncated: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "pieces": sum(self.modes.values()),
            "modes": {mode.value: self.modes[mode] for mode in CaptureMode if self.modes[mode]},
            "text_bytes": self.text_bytes,
            "truncated": self.truncated,
        }


@define
class ToolAccount:
    """What would leave of the calls of one tool."""

    calls: int = 0
    text_bytes: int = 0
    hidden: int = 0

    def as_dict(self) -> dict[str, int]:
        """Give plain values."""
        return {"calls": self.calls, "text_bytes": self.text_bytes, "hidden": self.hidden}


@define
class SinkAccount:
    """What would leave through one sink.

    Attributes:
        name: Of the sink.
        spans: How many.
        log_records: How many.
        metric_points: How many.
        tool_calls: Spans of tool calls.
        stubs: Spans and log records of which the policy lets only numbers through because it failed on them.
        kinds: By kind of content.
        denied_by: In how many spans and log records each gate kept content from leaving raw, or at all.
        hidden: Secrets that were hidden, by detector, as the telemetry itself tells.
        markers: Markers that would leave, by place and detector.
        left: What a second look would still hide, by place and detector.
        left_raw: The same within raw content, which leaves as it is by permission of every gate.
        tools: By tool.
    """

    name: str
    spans: int = 0
    log_records: int = 0
    metric_points: int = 0
    tool_calls: int = 0
    stubs: int = 0
    kinds: dict[ContentKind, KindAccount] = field(factory=dict)
    denied_by: Counter[str] = field(factory=Counter)
    hidden: Counter[str] = field(factory=Counter)
    markers: Counter[Finding] = field(factory=Counter)
    left: Counter[Finding] = field(factory=Counter)
    left_raw: Counter[Finding] = field(factory=Counter)
    tools: dict[str, ToolAccount] = field(factory=dict)

    def kind(self, kind: ContentKind) -> KindAccount:
        """Give the account of a kind of content."""
        return self.kinds.setdefault(kind, KindAccount())

    def tool(self, name: str) -> ToolAccount:
        """Give the account of a tool; tools beyond the first 200 share one."""
        if name not in self.tools and len(self.tools) >= _MAX_TOOLS:
            name = OTHER
        return self.tools.setdefault(name, ToolAccount())

    @staticmethod
    def count(counts: Counter[Finding], place: str, detector: str, number: int = 1) -> None:
        """Count at a place; places beyond the first 500 share one."""
        known = (place, detector) in counts or len(counts) < _MAX_PLACES
        counts[place if known else OTHER, detector] += number

    @property
    def pieces_raw(self) -> int:
        """Pieces of content that would leave as they are."""
        return sum(account.modes[CaptureMode.RAW_CONTENT] for account in self.kinds.values())

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return {
            "spans": self.spans,
            "log_records": self.log_records,
            "metric_points": self.metric_points,
            "tool_calls": self.tool_calls,
            "stubs": self.stubs,
            "content": {kind.value: self.kinds[kind].as_dict() for kind in ContentKind if kind in self.kinds},
            "denied_by": dict(sorted(self.denied_by.items())),
            "hidden": {"total": sum(self.hidden.values()), "by_detector": dict(sorted(self.hidden.items()))},
            "markers": _listed(self.markers),
            "left": {"total": sum(self.left.values()), "by_place": _listed(self.left)},
            "left_in_raw_content": {"total": sum(self.left_raw.values()), "by_place": _listed(self.left_raw)},
            "tools": {name: self.tools[name].as_dict() for name in sorted(self.tools)},
        }


def _listed(counts: Counter[Finding]) -> list[dict[str, Any]]:
    return [
        {"place": place, "detector": detector, "count": count} for (place, detector), count in sorted(counts.items())
    ]
