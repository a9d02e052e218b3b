"""The settings file, TOML: the names of the variables in lower case, and what variables cannot say.

content = "redacted_summary"                # AGENT_OTEL_CONTENT
content_denied_tools = ["vault_*"]

[sinks.otlp]                                # what one exporter of OTEL_*_EXPORTER may see
content_input_messages = "off"

[sinks.archive]                             # a sink of its own
endpoint = "https://collector.example:4318"
headers = { x-tenant = "acme" }
content = "metadata_only"

[[detectors]]
id = "acme_key"
pattern = "acme_[0-9a-f]{32}"
keywords = ["acme_"]
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
import sys
from typing import Any, Final
from urllib.parse import quote, urlsplit

from attrs import field, frozen

from agent_otel.model import CaptureMode, ContentKind, SettingsError
from agent_otel.policy.content_policy import every_kind
from agent_otel.policy.scrubbing import DetectorError, UserDetector
from agent_otel.setup.content_settings import read_mode

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["CONFIG_VARIABLE", "ConfigFile", "FileSink", "read_config_file", "sink_of_table"]

CONFIG_VARIABLE: Final = "AGENT_OTEL_CONFIG_FILE"
_PREFIX: Final = "AGENT_OTEL_"
_SIGNALS: Final = ("traces", "metrics", "logs")
_PROTOCOLS: Final = ("http/protobuf", "grpc")
_SINK_KEYS: Final = frozenset(
    {"endpoint", "protocol", "headers", "signals", "content", *(f"content_{kind.value}" for kind in ContentKind)}
)
_DETECTOR_KEYS: Final = frozenset({"id", "pattern", "keywords"})
_OWN_KEY: Final = "config_file"
_NAMES_KEY: Final = "names"
_MODES: Final = "off, metadata_only, payload_refs, redacted_summary or raw_content"


@frozen(kw_only=True)
class FileSink:
    """A sink that the settings file names.

    Attributes:
        name: Its name; that of an exporter where it has no endpoint.
        modes: The most that it may see; only the kinds that the file names.
        endpoint: Base URL of an OTLP endpoint of its own; None for an exporter of ``OTEL_*_EXPORTER``.
        protocol: ``http/protobuf`` or ``grpc``.
        headers: Sent with each request.
        signals: What is sent to an endpoint of its own.
    """

    name: str
    modes: Mapping[ContentKind, CaptureMode] = field(factory=dict)
    endpoint: str | None = field(default=None, repr=False)  # may hold credentials
    protocol: str = "http/protobuf"
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    signals: tuple[str, ...] = _SIGNALS


@frozen(kw_only=True)
class ConfigFile:
    """What a settings file says.

    Attributes:
        values: Settings as text, by the names of their variables.
        sinks: By name.
        detectors: The user's own.
    """

    values: Mapping[str, str] = field(factory=dict, repr=False)
    sinks: Mapping[str, FileSink] = field(factory=dict)
    detectors: tuple[UserDetector, ...] = ()


_NONE: Final = ConfigFile()


def read_config_file(environ: Mapping[str, str]) -> ConfigFile:
    """Read the file that ``AGENT_OTEL_CONFIG_FILE`` names; nothing if it is not set.

    Args:
        environ: Environment variables.

    Raises:
        SettingsError: If the file cannot be read, is no TOML, or holds a value that cannot be used.
    """
    path = environ.get(CONFIG_VARIABLE, "").strip()
    if not path:
        return _NONE
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its path or its text is no UTF-8"
        raise SettingsError(CONFIG_VARIABLE, path, f"a TOML file that can be read ({reason})") from None
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(CONFIG_VARIABLE, path, f"a TOML file ({_place_of(error)})") from None
    sinks = _table(tables.pop("sinks", {}), "sinks")
    detectors = tables.pop("detectors", [])
    if not isinstance(detectors, list):
        raise SettingsError("detectors", "", "tables: [[detectors]]")
    return ConfigFile(
        values=_values(tables),
        sinks={name: sink_of_table(name, _table(table, f"sinks.{name}")) for name, table in sinks.items()},
        detectors=tuple(_detector(number, entry) for number, entry in enumerate(detectors, 1)),
    )


def _values(tables: Mapping[str, Any]) -> dict[str, str]:
    values: dict[str, str] = {}
    for key, value in tables.items():
        if key != key.lower() or key == _OWN_KEY:
            raise SettingsError(key, "", "a setting in lower case, without AGENT_OTEL_, that is not the file itself")
        values[f"{_PREFIX}{key.upper()}"] = _as_text(key, value)
    return values


def _place_of(error: Exception) -> str:
    """Say where the file is broken, without what stands there: it may be a header with a credential."""
    _, found, place = str(error).rpartition("(at ")
    return f"broken at {place.rstrip(')')}" if found else "broken"


def _table(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(name, "", f"a table: [{name}]")
    return value


def _as_text(key: str, value: Any) -> str:
    """Give a value as its variable would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(_scalar(key, item) for item in value)
    if isinstance(value, dict) and key == _NAMES_KEY:
        return ",".join(f"{quote(name, safe='')}={quote(_scalar(key, item), safe='')}" for name, item in value.items())
    return _scalar(key, value)


def _scalar(key: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SettingsError(key, "", "texts or numbers, or a list of them")
    return str(value)


def _texts(value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SettingsError(place, "", "a list of texts")
    return tuple(value)


def sink_of_table(name: str, table: dict[str, Any]) -> FileSink:
    """Read what a file says of one sink.

    Args:
        name: Of the sink.
        table: What stands under it.

    Raises:
        SettingsError: If a key does not exist or a value cannot be used.
    """
    place = f"sinks.{name}"
    if not name.strip():
        raise SettingsError("sinks", "", "a name for each sink")
    _only(table, _SINK_KEYS, place)
    signals = _texts(table.get("signals", list(_SIGNALS)), f"{place}.signals")
    protocol = table.get("protocol", "http/protobuf")
    headers = _table(table.get("headers", {}), f"{place}.headers")
    endpoint = table.get("endpoint")
    if not signals or not set(signals) <= set(_SIGNALS):
        raise SettingsError(f"{place}.signals", ", ".join(signals), f"a list of {', '.join(_SIGNALS)}")
    if protocol not in _PROTOCOLS:
        raise SettingsError(f"{place}.protocol", str(protocol), " or ".join(_PROTOCOLS))
    if endpoint is not None and not _is_url(endpoint):
        shown = str(endpoint).rpartition("@")[2].partition("?")[0]  # it may hold credentials
        raise SettingsError(f"{place}.endpoint", shown, "a URL that begins with http:// or https://")
    if endpoint is None and (headers or "protocol" in table or "signals" in table):
        raise SettingsError(place, "", "an endpoint, where it has protocol, headers or signals of its own")
    return FileSink(
        name=name,
        modes=_modes(table, place),
        endpoint=endpoint,
        protocol=protocol,
        headers={key: _scalar(f"{place}.headers.{key}", value) for key, value in headers.items()},
        signals=signals,
    )


def _is_url(value: Any) -> bool:
    if not isinstance(value, str) or any(character.isspace() for character in value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _modes(table: Mapping[str, Any], place: str) -> dict[ContentKind, CaptureMode]:
    modes = dict(every_kind(_mode(table["content"], f"{place}.content"))) if "content" in table else {}
    for kind in ContentKind:
        key = f"content_{kind.value}"
        if key in table:
            modes[kind] = _mode(table[key], f"{place}.{key}")
    return modes


def _detector(number: int, entry: Any) -> UserDetector:
    place = f"detectors, number {number}"
    table = _table(entry, "[detectors]")
    _only(table, _DETECTOR_KEYS, place)
    keywords: Any = _texts(table.get("keywords", []), f"{place}.keywords")
    try:
        return UserDetector(id=str(table["id"]), pattern=str(table["pattern"]), keywords=keywords)
    except KeyError as missing:
        raise SettingsError(place, "", f"the key {missing}") from None
    except DetectorError as error:
        raise SettingsError(place, "", str(error)) from None


def _only(table: Mapping[str, Any], known: frozenset[str], place: str) -> None:
    for key in table:
        if key not in known:
            raise SettingsError(f"{place}.{key}", "", f"one of {', '.join(sorted(known))}")


def _mode(word: Any, place: str) -> CaptureMode:
    try:
        return read_mode(str(word))
    except ValueError:
        raise SettingsError(place, str(word), _MODES) from None
