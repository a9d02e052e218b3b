"""The settings of the content policy, and how each is read."""

from __future__ import annotations

from typing import Final

from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import DEFAULT_MODES
from agent_otel.setup.setting import Setting, at_least

__all__ = ["CONTENT_SETTINGS", "FULL", "read_mode", "read_sink_modes"]

_WORDS: Final = {
    **{mode.value: mode for mode in CaptureMode},
    "redacted": CaptureMode.REDACTED_SUMMARY,
    "raw": CaptureMode.RAW_CONTENT,
}
FULL: Final = "full"  # ZeroClaw's word for scrubbed and not cut
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
    return FULL if word.strip().lower() == FULL else read_mode(word)


def read_sink_modes(listed: str) -> dict[str, CaptureMode]:
    """Read ``sink=mode,sink=mode``; raises ``ValueError`` for anything else."""
    modes: dict[str, CaptureMode] = {}
    for pair in _items(listed):
        sink, equals, word = (part.strip() for part in pair.partition("="))
        if not (sink and equals):
            raise ValueError
        mode = read_mode(word)
        modes[sink] = mode.least(modes.get(sink, mode))
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
