"""``AgentOtlpSpanExporter``: our policy and delivery where only an exporter can be chosen, as ``agent_otlp``.

Named in ``OTEL_TRACES_EXPORTER`` or in the file of ``OTEL_CONFIG_FILE``. Under a ``simple`` processor every span is
filtered and queued in the moment in which it ends: the whole protection. A ``batch`` processor has a queue of its own
in front, which drops its oldest spans whatever they are: there only the content is protected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import logging
import os
import time
from typing import Any, Final

from attrs import evolve
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from agent_otel.model import SettingsError
from agent_otel.setup.building import build_telemetry, is_disabled
from agent_otel.setup.config_file import FileSink, sink_of_table
from agent_otel.setup.settings import Settings, read_settings, settings_warnings
from agent_otel.setup.telemetry import Telemetry

__all__ = ["AgentOtlpSpanExporter"]

_log = logging.getLogger("agent_otel")
_SINK: Final = "agent-otlp"
_ONLY_TRACES: Final = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
_EXIT_TIMEOUT_S: Final = 5.0


class AgentOtlpSpanExporter(SpanExporter):
    """Sends spans by OTLP under the content policy, from an outbox that keeps what ends before progress.

    Policy, spool and further sinks come from ``AGENT_OTEL_*``, the endpoint from ``OTEL_EXPORTER_OTLP_*`` unless it is
    given here. A setting that cannot be used is one line in the log, and nothing is sent.

    Args:
        endpoint: Base URL, as ``OTEL_EXPORTER_OTLP_ENDPOINT``; None: what variables say.
        protocol: ``http/protobuf`` or ``grpc``, for an endpoint that is given here.
        headers: Sent with each request to an endpoint that is given here.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        protocol: str = "http/protobuf",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._telemetry: Telemetry | None = None
        self._has_warned = False
        if is_disabled(os.environ):
            return
        given = None if endpoint is None else {"endpoint": endpoint, "protocol": protocol, "headers": headers or {}}
        try:
            for warning in settings_warnings(os.environ):
                _log.warning("%s", warning)
            self._telemetry = _telemetry_of_traces(given)
        except SettingsError as error:
            _log.error("telemetry is off: %s", error)
            return
        self._telemetry.warn_in_log()

    @property
    def destinations(self) -> list[str]:
        """Where it sends, as ``endpoint_identity`` of sinks."""
        outboxes = self._telemetry.outboxes if self._telemetry is not None else []
        return [outbox.endpoint_identity for outbox in outboxes if outbox.endpoint_identity]

    @property
    def sinks(self) -> dict[str, dict[str, int]]:
        """The books of every sink, by its name; empty where telemetry is off."""
        return self._telemetry.sinks if self._telemetry is not None else {}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Filter and queue spans. Never raises and never waits for the endpoint."""
        if self._telemetry is None or self._telemetry.is_shut:
            return SpanExportResult.FAILURE
        if not isinstance(spans, tuple) and not self._has_warned:  # the simple processor gives a tuple, batch a list
            self._has_warned = True
            _log.warning(
                "agent_otlp stands behind a batch processor, whose queue drops its oldest spans, ends of runs and "
                "errors among them: only the content is protected; use a simple processor, agent_otlp has its own queue"
            )
        for span in spans:
            for processor in self._telemetry.span_processors:
                processor.on_end(span)
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Deliver what waits within ``timeout_millis``; gives whether all of it was."""
        return self._telemetry is None or self._telemetry.flush(time.monotonic() + timeout_millis / 1000)

    def shutdown(self) -> None:
        """Send what waits for five seconds at most and stop; with a spool, what is left stays on disk."""
        telemetry = self._telemetry
        if telemetry is not None and not telemetry.is_shut:
            telemetry.end(_EXIT_TIMEOUT_S)


def _telemetry_of_traces(given: dict[str, Any] | None) -> Telemetry:
    """Build what spans need, and nothing for other signals: their exporters are somebody else's.

    Raises:
        SettingsError: If a setting cannot be used.
    """
    settings = read_settings(os.environ)
    environ = {**os.environ, **_ONLY_TRACES, "OTEL_TRACES_EXPORTER": "otlp" if given is None else "none"}
    sinks = {name: _without_other_signals(sink) for name, sink in settings.sinks.items()}
    if given is not None:
        sinks[_SINK] = evolve(sink_of_table(_SINK, given), modes=_modes_of_otlp(settings), signals=("traces",))
    return build_telemetry(environ, evolve(settings, sinks=sinks))


def _without_other_signals(sink: FileSink) -> FileSink:
    return evolve(sink, signals=tuple(signal for signal in sink.signals if signal == "traces"))


def _modes_of_otlp(settings: Settings) -> Mapping[Any, Any]:
    """Give what settings say of the exporter, whose endpoint is only told elsewhere."""
    said = settings.sinks.get("otlp")
    return said.modes if said is not None else {}
