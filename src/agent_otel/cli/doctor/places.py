"""The sinks of all signals as a user knows them: name, address, headers by name, and what content each may see."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
import re
from typing import Final

from attrs import frozen
from opentelemetry.sdk.metrics.export import MetricReader

from agent_otel.cli.doctor.address import Address, address_of
from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import ContentPolicy, Decider, SinkPolicy
from agent_otel.setup import Settings
from agent_otel.setup.config_file import FileSink
from agent_otel.setup.exporters import Signal
from agent_otel.setup.sinks import SIGNALS, Sink, sinks_of

__all__ = ["Place", "header_names", "places_of"]

_CONSOLE: Final = "console"
# A word, or several with hyphens between them. One with digits or capitals within is rather a piece of a value:
# one that has a comma in it and is not percent-encoded goes on as if a header began there.
_NAME: Final = re.compile(r"[A-Z]?[a-z]{1,40}|[A-Z]{1,40}|(?=.{3,64}$)[A-Za-z0-9]+([-_.][A-Za-z0-9]+)+")


@frozen(kw_only=True)
class Place:
    """One sink of one signal.

    Args:
        signal: Which signal.
        sink: As setup has it.
        address: Where it sends; None if only its exporter knows.
        headers: Names of what is sent with each request.
        content: Mode by kind of content, at the most; empty for metrics, which carry none.
        silent: Why there is nothing to send to; empty if there is.
    """

    signal: Signal
    sink: Sink
    address: Address | None
    headers: tuple[str, ...] = ()
    content: Mapping[str, str]
    silent: str = ""

    @property
    def protocol(self) -> str:
        """OTLP's protocol, or the exporter's name where it is no OTLP."""
        return self.address.protocol if self.address is not None else self.sink.name


def places_of(environ: Mapping[str, str], settings: Settings) -> list[Place]:
    """Give the sinks: those of traces, then of log records, then of metrics.

    Args:
        environ: Environment variables.
        settings: Our own settings.

    Raises:
        SettingsError: If a protocol is set that does not exist.
    """
    found = []
    for signal in sorted(SIGNALS, key=("traces", "logs", "metrics").index):
        for sink in sinks_of(signal, environ, settings.sinks):
            own = settings.sinks.get(sink.name)
            address = address_of(sink.name, signal, environ, own)
            found.append(
                Place(
                    signal=signal,
                    sink=sink,
                    address=address,
                    headers=_headers(signal, environ, own) if address is not None else (),
                    content=_content(settings.content, sink.policy, signal),
                    silent=_silence(sink.name, signal),
                )
            )
    return found


def header_names(listed: str) -> tuple[str, ...]:
    """Give the names of ``name=value,name=value``; what does not look like a name may be a piece of a value."""
    names = [pair.partition("=")[0].strip() for pair in listed.split(",") if pair.strip()]
    return tuple(map(_name, names))


def _headers(signal: Signal, environ: Mapping[str, str], own: FileSink | None) -> tuple[str, ...]:
    """A sink with an endpoint of its own has its own; those of the variables are for another endpoint."""
    if own is not None and own.endpoint is not None:
        return tuple(map(_name, own.headers))
    names = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
    return header_names(next((text for name in names if (text := environ.get(name, "").strip())), ""))


def _name(name: str) -> str:
    return name.lower() if _NAME.fullmatch(name) else "…"


def _content(policy: ContentPolicy, sink: SinkPolicy, signal: Signal) -> dict[str, str]:
    if signal == "metrics":
        return {}
    on_events = signal == "logs"
    asked = policy.event_modes if on_events else policy.modes
    decider = Decider(policy, sink, on_events=on_events)
    modes = {}
    for kind in ContentKind:
        mode = asked.get(kind, CaptureMode.OFF).least(sink.modes.get(kind, CaptureMode.REDACTED_SUMMARY))
        if mode is CaptureMode.REDACTED_SUMMARY and not decider.may_tell(kind):  # limits of 0 mean off
            mode = CaptureMode.OFF
        modes[kind.value] = mode.value
    return modes


def _silence(name: str, signal: Signal) -> str:
    if name == _CONSOLE:
        return "it writes to the standard output of the agent"
    if signal == "metrics" and _is_scraped(name):
        return "it is scraped: the agent opens the port while it runs"
    return ""


def _is_scraped(name: str) -> bool:
    """Whether an exporter is a reader that waits for who asks; it is not made, for that would open its port."""
    entry = next(iter(metadata.entry_points(group="opentelemetry_metrics_exporter", name=name)), None)
    if entry is None:
        return False
    try:
        made_of = entry.load()
    except Exception:  # noqa: BLE001  it is made later, and its error told then
        return False
    return isinstance(made_of, type) and issubclass(made_of, MetricReader)
