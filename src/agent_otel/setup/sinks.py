"""The sinks of each signal: the exporters that variables name, and those that the settings file gives an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import metadata
from typing import Any

from attrs import frozen

from agent_otel.model import CaptureMode, SettingsError
from agent_otel.policy import SinkPolicy
from agent_otel.policy.content_policy import every_kind
from agent_otel.setup.config_file import FileSink
from agent_otel.setup.exporters import OWN_EXPORTER, Signal, exporter_names, make_exporter, make_otlp_exporter

__all__ = ["SIGNALS", "Sink", "check_sink_names", "sinks_of"]

SIGNALS: tuple[Signal, ...] = ("traces", "metrics", "logs")


@frozen
class Sink:
    """One sink of one signal.

    Attributes:
        name: Of its exporter, or as the settings file names it.
        policy: The most that it may see.
        make: Makes its exporter; raises ``SettingsError``.
    """

    name: str
    policy: SinkPolicy
    make: Callable[[], Any]


def sinks_of(signal: Signal, environ: Mapping[str, str], sinks: Mapping[str, FileSink]) -> list[Sink]:
    """Give the sinks of a signal: first those that variables name, then those of the settings file.

    Args:
        signal: Which signal.
        environ: Environment variables.
        sinks: What settings say of sinks, by name.
    """
    found = [
        Sink(name, _policy(name, _said_of(name, sinks)), partial(make_exporter, name, signal, environ))
        for name in exporter_names(signal, environ)
    ]
    for sink in sinks.values():
        if sink.endpoint is not None and signal in sink.signals:
            make = partial(make_otlp_exporter, signal, sink.name, sink.endpoint, sink.protocol, dict(sink.headers))
            found.append(Sink(sink.name, _policy(sink.name, sink), make))
    return found


def _policy(name: str, sink: FileSink | None) -> SinkPolicy:
    modes = every_kind(CaptureMode.REDACTED_SUMMARY)
    return SinkPolicy(name, {**modes, **sink.modes} if sink is not None else modes)


def _said_of(name: str, sinks: Mapping[str, FileSink]) -> FileSink | None:
    """Give what settings say of an exporter; ``otlp`` stands for those that it chooses between."""
    return sinks.get(name) or (sinks.get("otlp") if name.startswith("otlp_proto_") else None)


def check_sink_names(environ: Mapping[str, str], sinks: Mapping[str, FileSink]) -> None:
    """Refuse what settings say of a sink that cannot exist: its content would go out as if nothing had been said.

    Raises:
        SettingsError: If a name is neither an exporter's nor has an endpoint, or an exporter's name has one.
    """
    known = {"otlp"}
    for signal in SIGNALS:
        known.update(exporter_names(signal, environ))
        known.update(entry.name for entry in metadata.entry_points(group=f"opentelemetry_{signal}_exporter"))
    known.discard(OWN_EXPORTER)  # its sink is called otlp
    for name, sink in sinks.items():
        if sink.endpoint is None and name not in known:
            raise SettingsError("AGENT_OTEL_CONTENT_SINKS", name, f"one of {', '.join(sorted(known))}")
        if sink.endpoint is not None and name in known:
            raise SettingsError(f"sinks.{name}", name, "a name that is no exporter's, for a sink with an endpoint")
