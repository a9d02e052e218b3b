"""From settings, and what the standard variable says, to one content policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import evolve

from agent_otel.model import CaptureMode, ContentKind, SettingsError
from agent_otel.policy import DEFAULT_MODES, ContentLimits, ContentPolicy, RawGates, ScrubOptions
from agent_otel.policy.content_policy import Modes, every_kind
from agent_otel.policy.scrubbing import DetectorError, UserDetector
from agent_otel.setup.content_settings import FULL

__all__ = ["CAPTURE_VARIABLE", "capture_warning", "content_policy"]

CAPTURE_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_NO_CONTENT, _SPAN_ONLY, _EVENT_ONLY, _SPAN_AND_EVENT = "NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"
_CAPTURES: Final = (_NO_CONTENT, _SPAN_ONLY, _EVENT_ONLY, _SPAN_AND_EVENT)


def content_policy(
    values: Mapping[str, Any], environ: Mapping[str, str], detectors: Iterable[UserDetector] = ()
) -> ContentPolicy:
    """Make the policy.

    Args:
        values: What settings say, by field.
        environ: Environment variables, for the standard one.
        detectors: The user's own.

    Raises:
        SettingsError: If a detector is chosen that does not exist.
    """
    capture = _capture(environ)
    modes, events = _places(capture, values)
    limits = ContentLimits()
    if values.get("content") == FULL:
        limits = ContentLimits(chars=None, value_bytes=None, span_bytes=None)
    for field, name in (
        ("chars", "content_max_chars"),
        ("value_bytes", "content_value_bytes"),
        ("span_bytes", "content_span_bytes"),
    ):
        if name in values:
            limits = evolve(limits, **{field: values[name]})
    return ContentPolicy(
        modes=modes,
        event_modes=events,
        tells_details=capture in (_EVENT_ONLY, _SPAN_AND_EVENT),
        denied_tools=values.get("content_denied_tools", ()),
        limits=limits,
        raw=RawGates(
            sources=values.get("raw_sources", ()),
            byte_limit=values.get("raw_bytes", 0),
            retention_active=values.get("raw_retention", False),
            sample_ratio=values.get("raw_sample_ratio", 0.0),
        ),
        scrubbing=_scrubbing(values, detectors),
        foreign=values.get("content_foreign", "scrub"),
        allowed=values.get("content_allowed", ()),
    )


def _capture(environ: Mapping[str, str]) -> str | None:
    """Give the word of the standard variable; one that it does not know means ``NO_CONTENT``."""
    word = environ.get(CAPTURE_VARIABLE, "").strip().upper()
    return (word if word in _CAPTURES else _NO_CONTENT) if word else None


def capture_warning(environ: Mapping[str, str]) -> str | None:
    """Give a warning if the standard variable says something that it does not know."""
    word = environ.get(CAPTURE_VARIABLE, "").strip()
    if not word or word.upper() in _CAPTURES:
        return None
    shown = word if word.isalnum() and len(word) <= 20 else "its value"
    return f"{CAPTURE_VARIABLE}: {shown} counts as {_NO_CONTENT}; expected one of {', '.join(_CAPTURES)}"


def _places(capture: str | None, values: Mapping[str, Any]) -> tuple[Modes, Modes]:
    """Give modes for spans and for log records.

    The standard variable says where content may stand, our own settings say how much of it.
    """
    off, text_of_all = every_kind(CaptureMode.OFF), every_kind(CaptureMode.REDACTED_SUMMARY)
    if capture == _NO_CONTENT:
        return off, off
    modes = dict(DEFAULT_MODES if capture is None else text_of_all)
    if "content" in values:
        chosen = values["content"]
        modes = dict.fromkeys(ContentKind, CaptureMode.REDACTED_SUMMARY if chosen == FULL else chosen)
    for kind in ContentKind:
        modes[kind] = values.get(f"content_{kind.value}", modes[kind])
    return (off if capture == _EVENT_ONLY else modes), (off if capture == _SPAN_ONLY else modes)


def _scrubbing(values: Mapping[str, Any], detectors: Iterable[UserDetector]) -> ScrubOptions:
    own: Any = tuple(detectors)
    options = ScrubOptions(tag_key=values.get("scrub_tag_key"))
    for name, choice in (("AGENT_OTEL_SCRUB_OPT_IN", "opt_in"), ("AGENT_OTEL_SCRUB_DISABLED", "disabled")):
        ids = values.get(f"scrub_{choice}", ())
        try:
            options = evolve(options, **{choice: ids})
        except (DetectorError, KeyError) as error:
            raise SettingsError(name, ",".join(ids), f"ids of detectors that can be chosen ({error})") from None
    try:
        return evolve(options, detectors=own)
    except DetectorError as error:
        raise SettingsError("[[detectors]]", "", str(error)) from None
