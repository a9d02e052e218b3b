"""Checks ``OTEL_*`` values before the SDK sees them: some it ignores with a log line, some end in a traceback.

Each bad value is one ``SettingsError`` that names variable, value and what is expected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from agent_otel.model import SettingsError

__all__ = ["check_otel_variables"]

_SIGNALS = ("", "_TRACES", "_METRICS", "_LOGS")
_MAX_COUNT = 2**31 - 1
_SAMPLERS = {
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
}
_COMPRESSIONS = {"none", "gzip", "deflate"}

_Check = tuple[Callable[[str], bool], str]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_count(text: str) -> bool:
    return text.isdecimal() and 1 <= int(text) <= _MAX_COUNT


def _is_limit(text: str) -> bool:
    return text.isdecimal() and int(text) <= _MAX_COUNT


def _is_span_of_time(text: str) -> bool:
    value = _number(text)
    return value is not None and 0 <= value <= _MAX_COUNT


def _is_endpoint(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_sampler(text: str) -> bool:
    return text in _SAMPLERS or bool(metadata.entry_points(group="opentelemetry_traces_sampler", name=text))


_COUNT: _Check = (_is_count, f"a whole number from 1 to {_MAX_COUNT}")
_LIMIT: _Check = (_is_limit, "a whole number")
_MILLIS: _Check = (_is_span_of_time, "a number of milliseconds")
_SECONDS: _Check = (_is_span_of_time, "a number of seconds")
_ENDPOINT: _Check = (_is_endpoint, "a URL that begins with http:// or https://")
_COMPRESSION: _Check = (lambda text: text.lower() in _COMPRESSIONS, "none, gzip or deflate")
_FILE: _Check = (lambda text: Path(text).is_file(), "the path of a file that exists")
_SAMPLER: _Check = (_is_sampler, f"one of {', '.join(sorted(_SAMPLERS))}")


def _per_signal(name: str) -> Iterable[str]:
    return [f"OTEL_EXPORTER_OTLP{signal}_{name}" for signal in _SIGNALS]


_CHECKS: dict[str, _Check] = {
    **{
        f"OTEL_{kind}_{name}": _COUNT
        for kind in ("BSP", "BLRP")
        for name in ("MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE")
    },
    **{f"OTEL_{kind}_{name}": _MILLIS for kind in ("BSP", "BLRP") for name in ("SCHEDULE_DELAY", "EXPORT_TIMEOUT")},
    **dict.fromkeys(("OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT"), _MILLIS),
    **dict.fromkeys(_per_signal("ENDPOINT"), _ENDPOINT),
    **dict.fromkeys(_per_signal("TIMEOUT"), _SECONDS),
    **dict.fromkeys(_per_signal("COMPRESSION"), _COMPRESSION),
    **{name: _FILE for part in ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE") for name in _per_signal(part)},
    **{
        f"OTEL_{name}": _LIMIT
        for name in (
            "ATTRIBUTE_COUNT_LIMIT",
            "ATTRIBUTE_VALUE_LENGTH_LIMIT",
            "SPAN_ATTRIBUTE_COUNT_LIMIT",
            "SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            "SPAN_EVENT_COUNT_LIMIT",
            "SPAN_LINK_COUNT_LIMIT",
            "EVENT_ATTRIBUTE_COUNT_LIMIT",
            "LINK_ATTRIBUTE_COUNT_LIMIT",
        )
    },
    "OTEL_TRACES_SAMPLER": _SAMPLER,
}


def check_otel_variables(environ: Mapping[str, str]) -> None:
    """Check what is set; an empty value counts as unset.

    Args:
        environ: Environment variables.

    Raises:
        SettingsError: For the first value that cannot be used.
    """
    for name, (accepts, expected) in _CHECKS.items():
        text = environ.get(name, "").strip()
        if accepts is _is_endpoint and "grpc" in map(environ.get, _per_signal("PROTOCOL")):
            continue  # gRPC takes host:port as well
        if text and not accepts(text):
            raise SettingsError(name, _without_credentials(text) if name.endswith("ENDPOINT") else text, expected)
    _check_sampler_argument(environ)
    for name in _per_signal("HEADERS"):
        # The value can hold credentials: it is not repeated.
        if not all("=" in pair for pair in environ.get(name, "").split(",") if pair.strip()):
            raise SettingsError(name, "…", "key=value pairs, separated by commas")


def _without_credentials(text: str) -> str:
    return text.rpartition("@")[2].partition("?")[0]


def _check_sampler_argument(environ: Mapping[str, str]) -> None:
    text = environ.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
    if text and environ.get("OTEL_TRACES_SAMPLER", "").strip().endswith("traceidratio"):
        value = _number(text)
        if value is None or not 0 <= value <= 1:
            raise SettingsError("OTEL_TRACES_SAMPLER_ARG", text, "a number from 0 to 1")
