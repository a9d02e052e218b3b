"""The exporters that ``OTEL_*_EXPORTER`` name; unset means OTLP over http/protobuf. gRPC is imported if chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import metadata
import os
import re
import threading
from typing import Any, Literal, TypeVar

from opentelemetry.sdk.metrics.export import MetricReader

from agent_otel.model import SettingsError
from agent_otel.setup.per_process import PerProcess

__all__ = [
    "OWN_EXPORTER",
    "Signal",
    "endpoint_is_set",
    "export_timeout_s",
    "exporter_names",
    "make_exporter",
    "make_otlp_exporter",
    "otlp_endpoint",
    "otlp_protocol",
]

Signal = Literal["traces", "metrics", "logs"]
_T = TypeVar("_T")

OWN_EXPORTER = "agent_otlp"  # what we are to other configurators; here it is what ``otlp`` is
_PROTOCOLS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_DEFAULT_ENDPOINTS = {"http/protobuf": "http://localhost:4318", "grpc": "http://localhost:4317"}


def otlp_protocol(signal: Signal, environ: Mapping[str, str]) -> str:
    """Give the OTLP protocol of a signal.

    Raises:
        SettingsError: If it is set to one that the Python exporters do not speak.
    """
    for name in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        value = environ.get(name, "").strip()
        if value:
            if value not in _PROTOCOLS:
                raise SettingsError(name, value, "http/protobuf or grpc")
            return value
    return "http/protobuf"


def otlp_endpoint(signal: Signal, environ: Mapping[str, str]) -> str:
    """Give the endpoint that a signal goes to, for messages and probes; credentials in it are left out."""
    for name in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        value = environ.get(name, "").strip()
        if value:
            scheme, _, rest = value.rpartition("://")
            host = rest.rpartition("@")[2].partition("?")[0]
            return f"{scheme}://{host}" if scheme else host
    return _DEFAULT_ENDPOINTS[otlp_protocol(signal, environ)]


def endpoint_is_set(environ: Mapping[str, str]) -> bool:
    """Whether any variable names an OTLP endpoint."""
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return any(environ.get(name, "").strip() for name in names)


def export_timeout_s(environ: Mapping[str, str]) -> float:
    """Give how long one export of spans may take, in seconds: 10 unless a variable says otherwise."""
    names = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
    return next((float(text) for name in names if (text := environ.get(name, "").strip())), 10.0)


def exporter_names(signal: Signal, environ: Mapping[str, str]) -> list[str]:
    """Give the exporters of a signal by name, in order and each once; ``otlp`` if none is set.

    Our own exporter means ``otlp`` here: what it does for others is done for every exporter.
    """
    value = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip() or "otlp"
    names = [name.strip() for name in value.split(",") if name.strip()]
    names = ["otlp" if (signal, name) == ("traces", OWN_EXPORTER) else name for name in names]
    if "none" in (name.lower() for name in names):
        return []
    return list(dict.fromkeys(names))


def make_exporter(name: str, signal: Signal, environ: Mapping[str, str]) -> Any:
    """Construct an exporter by its entry point.

    Args:
        name: As in ``OTEL_TRACES_EXPORTER``; ``otlp`` follows the protocol variables.
        signal: Which signal it is for.
        environ: Environment variables.

    Raises:
        SettingsError: If there is no such exporter, or it does not accept its own settings.
    """
    entry_name = _PROTOCOLS[otlp_protocol(signal, environ)] if name == "otlp" else name
    group = f"opentelemetry_{signal}_exporter"
    entry = next(iter(metadata.entry_points(group=group, name=entry_name)), None)
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    if entry is None:
        known = sorted({found.name for found in metadata.entry_points(group=group)} | {"otlp", "none"})
        raise SettingsError(variable, name, f"one of {', '.join(known)}")
    try:
        exporter = PerProcess(entry.load())
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(variable, name, f"an exporter that starts with the settings given ({reason})") from error
    return exporter.made if isinstance(exporter.made, MetricReader) else exporter


def make_otlp_exporter(signal: Signal, name: str, endpoint: str, protocol: str, headers: dict[str, str]) -> Any:
    """Construct an OTLP exporter for an endpoint of its own; what else it needs comes from ``OTEL_EXPORTER_OTLP_*``.

    Headers and credentials of the variables do not: they are for another endpoint.

    Args:
        signal: Which signal it is for.
        name: Name of the sink, for errors.
        endpoint: Base URL, as ``OTEL_EXPORTER_OTLP_ENDPOINT``.
        protocol: ``http/protobuf`` or ``grpc``.
        headers: Sent with each request.

    Raises:
        SettingsError: If the exporter does not accept them.
    """
    group = f"opentelemetry_{signal}_exporter"
    entry = next(iter(metadata.entry_points(group=group, name=_PROTOCOLS[protocol])), None)
    if entry is None:
        raise SettingsError(f"sinks.{name}.protocol", protocol, "a protocol whose exporter is installed")
    url = f"{endpoint.rstrip('/')}/v1/{signal}" if protocol == "http/protobuf" else endpoint
    make = entry.load()
    try:
        return PerProcess(lambda: _without_credentials(lambda: make(endpoint=url, headers=headers)))
    except Exception as error:
        raise SettingsError(f"sinks.{name}", "…", f"what the exporter accepts ({type(error).__name__})") from error


_ENVIRONMENT = threading.Lock()
_CREDENTIALS = re.compile(r"OTEL_EXPORTER_OTLP_(?:[A-Z]+_)?HEADERS|OTEL_PYTHON_EXPORTER_OTLP_\w*CREDENTIAL_PROVIDER")


def _without_credentials(make: Callable[[], _T]) -> _T:
    """Call a constructor that would read credentials out of the environment, and add them to what it is given."""
    with _ENVIRONMENT:
        hidden = {name: os.environ.pop(name) for name in list(os.environ) if _CREDENTIALS.fullmatch(name)}
        try:
            return make()
        finally:
            os.environ.update(hidden)
