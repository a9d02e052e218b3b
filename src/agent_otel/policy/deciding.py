"""From content and policy to one mode: capped by policy and sink, denied by tool, raw only through every gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from attrs import field, frozen

from agent_otel.model import CaptureMode, Content, ContentKind
from agent_otel.policy.content_policy import ContentPolicy, SinkPolicy

__all__ = ["DENIED_TOOL", "Decider", "Decision", "Subject", "sampled"]

DENIED_TOOL = "denied_tool"


def _lower(tools: str | Iterable[str] | None) -> tuple[str, ...]:
    if tools is None:
        return ()
    return tuple(tool.strip().lower() for tool in ((tools,) if isinstance(tools, str) else tools))


@frozen
class Subject:
    """What a piece of content belongs to.

    Attributes:
        source: Name of the source system, or the scope of another instrumentation.
        run: Run id, or the trace id: what sampling for raw content goes by.
        tools: What the tool may be called, in any case, if it is one's: a name, several, or None.
    """

    source: str
    run: str
    tools: tuple[str, ...] = field(default=(), converter=_lower)


@frozen
class Decision:
    """What a piece of content gets, and the gates that kept it from more."""

    mode: CaptureMode
    denied_by: tuple[str, ...] = ()


_PLAIN = {mode: Decision(mode) for mode in CaptureMode}
_DENIED = Decision(CaptureMode.OFF, (DENIED_TOOL,))


class Decider:
    """Decides for one sink and one kind of telemetry.

    Args:
        policy: What the host decided.
        sink: The most that the sink may see; None for what is no sink: the policy alone holds, without raw content.
        on_events: Whether the content stands on log records rather than on spans.
    """

    def __init__(self, policy: ContentPolicy, sink: SinkPolicy | None = None, *, on_events: bool = False) -> None:
        self._policy = policy
        self._asked = policy.event_modes if on_events else policy.modes
        self._caps: Mapping[ContentKind, CaptureMode] = sink.modes if sink is not None else {}
        self._denies = policy.denies
        limits = (policy.limits.chars, policy.limits.value_bytes, policy.limits.span_bytes)
        self._text = CaptureMode.OFF if 0 in limits else CaptureMode.REDACTED_SUMMARY  # R24
        self._plain = {kind: self._without_raw(kind) for kind in ContentKind}

    def _cap(self, kind: ContentKind) -> CaptureMode:
        return self._caps.get(kind, CaptureMode.REDACTED_SUMMARY)

    def _without_raw(self, kind: ContentKind) -> Decision | None:
        asked = self._asked.get(kind, CaptureMode.OFF)
        if asked is CaptureMode.REDACTED_SUMMARY:
            asked = self._text
        if asked is CaptureMode.RAW_CONTENT and self._cap(kind) is not CaptureMode.OFF:
            return None  # depends on the content
        return _PLAIN[asked.least(self._cap(kind))]

    def may_tell(self, kind: ContentKind) -> bool:
        """Say whether content of a kind may leave as text at all."""
        decision = self._plain[kind]
        return decision is None or decision.mode.has_text

    def settled(self, kind: ContentKind) -> CaptureMode | None:
        """Give the mode that all content of a kind gets; None if it depends on the content, or on whose it is."""
        decision = self._plain[kind]
        return decision.mode if decision is not None and self._denies is None else None

    def decide(self, kind: ContentKind, content: Content, subject: Subject, size: Callable[[], int]) -> Decision:
        """Decide about one piece of content.

        Args:
            kind: Its kind.
            content: Itself; only what its source permits is read of it.
            subject: What it belongs to.
            size: Gives its bytes, which only raw content is asked for.

        Returns:
            The mode, never more than policy and sink allow; and if raw content was asked for in vain, why.
        """
        if self._denies is not None and any(map(self._denies, (*subject.tools, *content.tools))):
            return _DENIED
        decision = self._plain[kind]
        return decision if decision is not None else self._raw(kind, content, subject, size())

    def _raw(self, kind: ContentKind, content: Content, subject: Subject, size: int) -> Decision:
        from agent_otel.policy.requesting import denied_by  # noqa: PLC0415  the contract's types cost time to import

        raw = self._policy.raw
        permits = content.permitted_by_source or not raw.sources.isdisjoint((subject.source, "*"))
        denied = denied_by(
            raw,
            cap=self._cap(kind),
            source_permits=permits,
            is_sampled=sampled(subject.run, raw.sample_ratio),
            size=size,
        )
        if not denied:
            return _PLAIN[CaptureMode.RAW_CONTENT]
        return Decision(self._text.least(self._cap(kind)), denied)


def sampled(run: str, ratio: float) -> bool:
    """Say whether a run is among the share whose content may leave raw; the same run always gets the same answer.

    Args:
        run: Run id.
        ratio: From 0 (none) to 1 (all).
    """
    drawn = int.from_bytes(sha256(run.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return drawn < ratio * 2**64
