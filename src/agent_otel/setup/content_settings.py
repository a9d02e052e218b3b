"""The settings of the content policy, and how they make one policy with what the standard variable says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import evolve

from agent_otel.model import CaptureMode, ContentKind, SettingsError
from agent_otel.policy import DEFAULT_MODES, ContentLimits, ContentPolicy, RawGates, ScrubOptions
from agent_otel.policy.content_policy import Modes, every_kind
from agent_otel.policy.scrubbing import DetectorError, UserDetector
from agent_otel.setup.setting import Setting, at_least

__all__ = [
    "CAPTURE_VARIABLE",
    "CONTENT_SETTINGS",
    "capture_warning",
    "content_policy",
    "read_mode",
    "read_sink_modes",
]

CAPTURE_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_NO_CONTENT, _SPAN_ONLY, _EVENT_ONLY, _SPAN_AND_EVENT = "NO_CONTENT", "SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"
_CAPTURES: Final = (_NO_CONTENT, _SPAN_ONLY, _EVENT_ONLY, _SPAN_AND_EVENT)
_WORDS: Final = {
    **{mode.value: mode for mode in CaptureMode},
    "redacted": CaptureMode.REDACTED_SUMMARY,
    "raw": CaptureMode.RAW_CONTENT,
}
_FULL: Final = "full"  # ZeroClaw's word for scrubbed and not cut
_NO_LIMIT: Final = "none"
_MODES: Final = "off, metadata_only, payload_refs, redacted_summary or raw_content"
_SHORTEST_TAG_KEY: Final = 16


def read_mode(word: str) -> CaptureMode:
    """Read a capture mode; raises ``ValueError`` for any other word."""
    mode = _WORDS.get(word.strip().lower())
    if mode is None:
        raise ValueError
    return mode


def _mode_or_full(word: str) -> CaptureMode | str:
    return _FULL if word.strip().lower() == _FULL else read_mode(word)


def read_sink_modes(listed: str) -> dict[str, CaptureMode]:
    """Read ``sink=mode,sink=mode``; raises ``ValueError`` for anything else."""
    modes = {}
    for pair in _items(listed):
        sink, equals, word = (part.strip() for part in pair.partition("="))
        if not (sink and equals):
            raise ValueError
        modes[sink] = read_mode(word)
    return modes


def _items(listed: str) -> tuple[str, ...]:
    return tuple(filter(None, (item.strip() for item in listed.split(","))))


def _limit(words: str) -> int | None:
    return None if words.strip().lower() == _NO_LIMIT else at_least(0)(words)


def _flag(word: str) -> bool:
    return {"true": True, "false": False}[word.strip().lower()] if word.strip().lower() in ("true", "false") else _no()


def _no() -> bool:
    raise ValueError


def _ratio(number: str) -> float:
    value = float(number)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def _foreign(word: str) -> str:
    if word.strip().lower() not in ("scrub", "drop"):
        raise ValueError
    return word.strip().lower()


def _tag_key(words: str) -> bytes:
    key = words.encode()
    if len(key) < _SHORTEST_TAG_KEY:
        raise ValueError
    return key


def _of_kind(kind: ContentKind) -> Setting:
    what = kind.value.replace("_", " ")
    return Setting(
        f"AGENT_OTEL_CONTENT_{kind.name}",
        f"content_{kind.value}",
        read_mode,
        _MODES,
        DEFAULT_MODES[kind].value,
        f"The same, for {what} only.",
    )


_LIMIT = "a whole number of at least 0, or none"
_LIST = "names with commas between them"

CONTENT_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "AGENT_OTEL_CONTENT",
        "content",
        _mode_or_full,
        f"{_MODES}; or full, which is redacted_summary without limits",
        "",
        "What becomes of content of every kind. See content-policy.md.",
    ),
    *(_of_kind(kind) for kind in ContentKind),
    Setting(
        "AGENT_OTEL_CONTENT_DENIED_TOOLS",
        "content_denied_tools",
        _items,
        "patterns with `*` and `?`, with commas between them",
        "",
        "Tools whose arguments, results and error texts never leave: `vault_*,read_secret`.",
    ),
    Setting(
        "AGENT_OTEL_CONTENT_SINKS",
        "content_sinks",
        read_sink_modes,
        "exporter=mode pairs with commas between them",
        "",
        "The most that a sink may see: `otlp=redacted_summary,console=off`.",
    ),
    Setting(
        "AGENT_OTEL_CONTENT_MAX_CHARS",
        "content_max_chars",
        _limit,
        _LIMIT,
        "4000",
        "Characters of each text within scrubbed content; 0 means off.",
    ),
    Setting(
        "AGENT_OTEL_CONTENT_VALUE_BYTES",
        "content_value_bytes",
        _limit,
        _LIMIT,
        "65536",
        "Bytes of one scrubbed value.",
    ),
    Setting(
        "AGENT_OTEL_CONTENT_SPAN_BYTES",
        "content_span_bytes",
        _limit,
        _LIMIT,
        "262144",
        "Bytes of all scrubbed content of one span or log record.",
    ),
    Setting(
        "AGENT_OTEL_CONTENT_FOREIGN",
        "content_foreign",
        _foreign,
        "scrub or drop",
        "scrub",
        "What becomes of attributes that no convention knows, on spans of other instrumentations.",
    ),
    Setting(
        "AGENT_OTEL_CONTENT_ALLOWED",
        "content_allowed",
        _items,
        "patterns with `*` and `?`, with commas between them",
        "",
        "Attribute names that `drop` keeps, scrubbed: `acme.*`.",
    ),
    Setting(
        "AGENT_OTEL_RAW_SOURCES",
        "raw_sources",
        _items,
        _LIST,
        "",
        "Sources that permit raw content; `*` is any. One gate of several.",
    ),
    Setting(
        "AGENT_OTEL_RAW_BYTES",
        "raw_bytes",
        at_least(0),
        "a whole number of at least 0",
        "0",
        "Bytes of the largest raw value; 0 allows none.",
    ),
    Setting(
        "AGENT_OTEL_RAW_RETENTION",
        "raw_retention",
        _flag,
        "true or false",
        "false",
        "Whether the backend keeps a retention rule for raw content.",
    ),
    Setting(
        "AGENT_OTEL_RAW_SAMPLE_RATIO",
        "raw_sample_ratio",
        _ratio,
        "a number from 0 to 1",
        "0",
        "Share of runs whose content may leave raw.",
    ),
    Setting(
        "AGENT_OTEL_SCRUB_OPT_IN",
        "scrub_opt_in",
        _items,
        _LIST,
        "",
        "Detectors to switch on: email, phone, payment_card, iban, ip_address, national_id, home_directory.",
    ),
    Setting(
        "AGENT_OTEL_SCRUB_DISABLED",
        "scrub_disabled",
        _items,
        _LIST,
        "",
        "Detectors to switch off.",
    ),
    Setting(
        "AGENT_OTEL_SCRUB_TAG_KEY",
        "scrub_tag_key",
        _tag_key,
        "a key of at least 16 bytes",
        "",
        "Key of tags in markers, by which equal secrets can be told equal.",
        is_secret=True,
    ),
)


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
    if values.get("content") == _FULL:
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
    base: Modes = {None: DEFAULT_MODES, _NO_CONTENT: off}.get(capture, text_of_all)
    modes = dict(base)
    if "content" in values:
        chosen = values["content"]
        modes = dict.fromkeys(ContentKind, CaptureMode.REDACTED_SUMMARY if chosen == _FULL else chosen)
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
        except DetectorError as error:
            raise SettingsError(name, ",".join(ids), f"ids of detectors ({error})") from None
    try:
        return evolve(options, detectors=own)
    except DetectorError as error:
        raise SettingsError("[[detectors]]", "", str(error)) from None
