"""What a host decides about content: modes by kind of content, tools that are denied, sinks, limits, raw gates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Literal

from attrs import Factory, field, frozen

from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy.scrubbing.options import ScrubOptions

__all__ = ["DEFAULT_MODES", "MESSAGE_KINDS", "ContentLimits", "ContentPolicy", "RawGates", "SinkPolicy", "every_kind"]

Modes = Mapping[ContentKind, CaptureMode]


def every_kind(mode: CaptureMode) -> Modes:
    """Give one mode for all kinds of content."""
    return MappingProxyType(dict.fromkeys(ContentKind, mode))


# What tools were asked, gave, and failed with is scrubbed; what people and models say to each other stays at home.
DEFAULT_MODES: Modes = MappingProxyType(
    {
        **every_kind(CaptureMode.OFF),
        ContentKind.TOOL_ARGUMENTS: CaptureMode.REDACTED_SUMMARY,
        ContentKind.TOOL_RESULT: CaptureMode.REDACTED_SUMMARY,
        ContentKind.ERROR_TEXT: CaptureMode.REDACTED_SUMMARY,
    }
)


# In which calls of tools stand as well.
MESSAGE_KINDS = frozenset({ContentKind.INPUT_MESSAGES, ContentKind.OUTPUT_MESSAGES, ContentKind.SYSTEM_INSTRUCTIONS})


@frozen(kw_only=True)
class ContentLimits:
    """How much of ``redacted_summary`` is kept; None is no limit. Facts tell how much there was.

    Attributes:
        chars: Characters of each text within a value.
        value_bytes: UTF-8 bytes of one value.
        span_bytes: UTF-8 bytes of all content of one span or log record.
    """

    chars: int | None = 4000
    value_bytes: int | None = 64 * 1024
    span_bytes: int | None = 256 * 1024


@frozen(kw_only=True)
class RawGates:
    """What a host states so that raw content may leave (R51); as it stands here, none may.

    Attributes:
        sources: Names of the source systems, or scopes of other instrumentations, that permit it; ``*`` is any. What a
            source itself marked as permitted passes too, as long as any is named here.
        byte_limit: Bytes of the largest value; 0 allows none.
        retention_active: Whether the host keeps a retention rule for raw content at the backend.
        sample_ratio: Share of runs whose content may leave raw, chosen by run id.
    """

    sources: frozenset[str] = field(default=frozenset(), converter=frozenset)
    byte_limit: int = 0
    retention_active: bool = False
    sample_ratio: float = 0.0


@frozen
class SinkPolicy:
    """The most that one sink may see.

    Attributes:
        sink_id: Name of the sink.
        modes: By kind of content.
    """

    sink_id: str
    modes: Modes = Factory(lambda: every_kind(CaptureMode.REDACTED_SUMMARY))


@frozen(kw_only=True, slots=False)
class ContentPolicy:
    """What may leave. Immutable: two bridges in one process may hold different ones.

    Attributes:
        modes: What spans may carry, by kind of content.
        event_modes: What log records may carry.
        tells_details: Whether log records of their own carry the content of calls (``EVENT_ONLY``, ``SPAN_AND_EVENT``).
        denied_tools: Globs over tool names, in any case, whose content never leaves.
        limits: How much text is kept.
        raw: The gates of raw content.
        scrubbing: What is looked for in texts.
        foreign: Attributes of other instrumentations that no convention knows: ``scrub`` or ``drop``.
        allowed: Globs over attribute names that ``drop`` keeps, scrubbed.
    """

    modes: Modes = DEFAULT_MODES
    event_modes: Modes = DEFAULT_MODES
    tells_details: bool = False
    denied_tools: tuple[str, ...] = ()
    limits: ContentLimits = Factory(ContentLimits)
    raw: RawGates = Factory(RawGates)
    scrubbing: ScrubOptions = Factory(ScrubOptions)
    foreign: Literal["scrub", "drop"] = "scrub"
    allowed: tuple[str, ...] = ()

    @cached_property
    def denies(self) -> Callable[[str], bool] | None:
        """What says whether a tool of a name, in lower case, is denied; None if none is."""
        globs = tuple(glob.strip().lower() for glob in self.denied_tools)
        if not globs:
            return None
        return lru_cache(maxsize=1024)(lambda tool: any(fnmatchcase(tool, glob) for glob in globs))

    @classmethod
    def metadata_only(cls) -> ContentPolicy:
        """Make the policy under which no text of any content leaves, only facts about it."""
        modes = every_kind(CaptureMode.METADATA_ONLY)
        return cls(modes=modes, event_modes=modes)
