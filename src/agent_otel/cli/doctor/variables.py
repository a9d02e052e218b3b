"""Effective settings, each with where it comes from; of headers the names, of secrets that they are set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import asdict, frozen

from agent_otel.cli.doctor.address import without_credentials
from agent_otel.cli.doctor.places import header_names
from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import ContentPolicy, ScrubOptions, scrub
from agent_otel.setup import stated_settings
from agent_otel.setup.content_choice import CAPTURE_VARIABLE

__all__ = ["Variable", "effective_variables", "unlisted_variables"]

_LONGEST: Final = 200
_SET: Final = "(set)"
_CONTENT: Final = "AGENT_OTEL_CONTENT"
_OTLP: Final = "OTEL_EXPORTER_OTLP"
_PARTS: Final = (
    "ENDPOINT",
    "PROTOCOL",
    "HEADERS",
    "TIMEOUT",
    "COMPRESSION",
    "INSECURE",
    "CERTIFICATE",
    "CLIENT_CERTIFICATE",
    "CLIENT_KEY",
)
# What decides whether and where anything arrives, with the SDK's defaults; None where unset is not worth a line.
_SDK: Final[Mapping[str, str | None]] = {
    "OTEL_SDK_DISABLED": "false",
    "OTEL_SERVICE_NAME": None,
    "OTEL_RESOURCE_ATTRIBUTES": None,
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_TRACES_SAMPLER": "parentbased_always_on",
    "OTEL_TRACES_SAMPLER_ARG": None,
    f"{_OTLP}_PROTOCOL": "http/protobuf",
    f"{_OTLP}_ENDPOINT": None,
    f"{_OTLP}_TIMEOUT": "10",
    **{
        f"{_OTLP}{signal}_{part}": None
        for signal in ("", "_TRACES", "_LOGS", "_METRICS")
        for part in _PARTS
        if signal or part not in ("PROTOCOL", "ENDPOINT", "TIMEOUT")
    },
    f"{_OTLP}_METRICS_TEMPORALITY_PREFERENCE": None,
    f"{_OTLP}_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": None,
    **{
        f"OTEL_{kind}_{part}": None
        for kind in ("BSP", "BLRP")
        for part in ("SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE")
    },
    "OTEL_METRIC_EXPORT_INTERVAL": None,
    "OTEL_METRIC_EXPORT_TIMEOUT": None,
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": None,
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": None,
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": None,
    "OTEL_PYTHON_ID_GENERATOR": None,
}
_AROUND: Final = (  # not OpenTelemetry's, but the exporters read them
    "TRACEPARENT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    *(f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL", "NO")),
    *(f"{name}_proxy" for name in ("http", "https", "all", "no", "grpc")),
)


@frozen
class Variable:
    """A setting as it counts.

    Args:
        name: Its variable.
        value: What may be shown of its value.
        origin: ``environment``, ``file`` (the settings file), ``default``, or the name of the variable that decides it.
    """

    name: str
    value: str
    origin: str

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return asdict(self)


def effective_variables(environ: Mapping[str, str], policy: ContentPolicy) -> list[Variable]:
    """Give our own settings, those of OpenTelemetry that matter for delivery, and what else the exporters read.

    Args:
        environ: Environment variables.
        policy: What was made of them for content, where one setting stands above another. Its scrubbing is applied to
            values: nobody meant to put a credential there.

    Raises:
        SettingsError: If the settings file cannot be used.
    """
    return [
        Variable(name, _presentable(name, value, policy.scrubbing, is_secret=is_secret), origin)
        for name, value, origin, is_secret in _stated(environ, policy)
    ]


def unlisted_variables(environ: Mapping[str, str]) -> list[str]:
    """Give the names of the ``OTEL_*`` variables that are set and not shown: what they hold is not known here."""
    return sorted(name for name in environ if name.startswith("OTEL_") and name not in _SDK and environ[name].strip())


def _stated(environ: Mapping[str, str], policy: ContentPolicy) -> Iterator[tuple[str, str, str, bool]]:
    stated = stated_settings(environ)
    says_all = any(one.setting.name == _CONTENT and one.origin != "default" for one in stated)
    captures_none = environ.get(CAPTURE_VARIABLE, "").strip() and set(policy.modes.values()) <= {CaptureMode.OFF}
    decider = _CONTENT if says_all and not captures_none else CAPTURE_VARIABLE
    decided = _decided(policy)
    for setting, text, origin in stated:
        counts = decided.get(setting.name, text)
        overruled = counts != text.lower() and (origin == "default" or counts == CaptureMode.OFF.value)
        yield setting.name, counts if overruled else text, decider if overruled else origin, setting.is_secret
    for name, default in _SDK.items():
        if text := environ.get(name, "").strip():
            yield name, text, "environment", False
        elif default is not None:
            yield name, default, "default", False
    for name in _AROUND:
        if text := environ.get(name, "").strip():
            yield name, text, "environment", False


def _decided(policy: ContentPolicy) -> dict[str, str]:
    """Give what counts for each kind of content, on spans or log records, and for its limits."""
    decided = {}
    for kind in ContentKind:
        modes = {policies.get(kind, CaptureMode.OFF) for policies in (policy.modes, policy.event_modes)}
        mode = next(iter(modes - {CaptureMode.OFF}), CaptureMode.OFF)
        decided[f"{_CONTENT}_{kind.name}"] = mode.value
    limits = policy.limits
    for name, limit in (
        ("MAX_CHARS", limits.chars),
        ("VALUE_BYTES", limits.value_bytes),
        ("SPAN_BYTES", limits.span_bytes),
    ):
        decided[f"{_CONTENT}_{name}"] = "none" if limit is None else str(limit)
    return decided


def _presentable(name: str, value: str, scrubbing: ScrubOptions, *, is_secret: bool) -> str:
    if not value:
        return ""
    if is_secret:
        return _SET
    if name.endswith("_HEADERS"):
        return f"{_SET} {', '.join(header_names(value))}"
    if name.endswith(("_ENDPOINT", "_PROXY", "_proxy")):
        value = ",".join(map(without_credentials, value.split(",")))
    shown = str(scrub(value, options=scrubbing).value)
    shown = "".join(character if character.isprintable() else " " for character in shown)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
