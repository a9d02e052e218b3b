"""The bridge's telemetry as it would be built for sending, with watchers in the place of the exporters.

No exporter is made, no socket opened, no thread started.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData

from agent_otel.cli.scanning.accounts import SinkAccount
from agent_otel.cli.scanning.places import told_by_metrics
from agent_otel.cli.scanning.second_look import SecondLook
from agent_otel.cli.scanning.watching import LogWatcher, SpanWatcher, WatchedWriter
from agent_otel.emit import LogEmitter, MetricEmitter, SpanEmitter
from agent_otel.processors.content import ContentPolicyLogProcessor, ContentPolicyProcessor
from agent_otel.processors.content.measurements import MetricGuard
from agent_otel.setup import Settings, Telemetry, build_telemetry, is_disabled
from agent_otel.setup.sinks import SIGNALS, Sink, sinks_of

__all__ = ["Watched", "build_watched"]


@frozen(eq=False)
class Watched:
    """Telemetry whose sinks are watched.

    Attributes:
        telemetry: For a reading.
        accounts: By name of the sink.
    """

    telemetry: Telemetry
    accounts: dict[str, SinkAccount]
    _reader: InMemoryMetricReader = field(repr=False)
    _metric_guards: list[tuple[SinkAccount, MetricGuard]] = field(repr=False)
    _look: SecondLook = field(repr=False)

    def look_over_metrics(self) -> None:
        """Count the metrics, which are complete when everything was read."""
        data = self._reader.get_metrics_data()
        for account, guard in self._metric_guards:
            for told in told_by_metrics(guard.filtered(data) if data is not None else MetricsData([])):
                account.metric_points += 1
                self._look.over(told, account)


def build_watched(environ: Mapping[str, str], settings: Settings) -> Watched:
    """Build it.

    Args:
        environ: Environment variables.
        settings: Our own settings.

    Raises:
        SettingsError: If a variable has a value that cannot be used.
    """
    telemetry = build_telemetry(environ, settings, send=False, recorded=True)
    sinks: dict[str, list[Sink]] = {
        signal: [] if is_disabled(environ) else sinks_of(signal, environ, settings.sinks) for signal in SIGNALS
    }
    policy = settings.content
    writer = WatchedWriter(policy, [sink.policy for group in sinks.values() for sink in group])
    look = SecondLook(policy.scrubbing)
    accounts = {sink.name: SinkAccount(sink.name) for group in sinks.values() for sink in group}
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader] if sinks["metrics"] else [], shutdown_on_exit=False)
    tracers, loggers = telemetry.tracer_provider, telemetry.logger_provider
    assert tracers is not None  # noqa: S101  built above
    assert loggers is not None  # noqa: S101  the same
    telemetry.spans = SpanEmitter(tracers, telemetry.sampling, writer)
    telemetry.logs = LogEmitter(loggers, telemetry.sampling, writer)
    telemetry.metrics = MetricEmitter(meters, telemetry.sampling, writer)
    for sink in sinks["traces"]:
        watcher = SpanWatcher(accounts[sink.name], writer, look)
        tracers.add_span_processor(ContentPolicyProcessor(watcher, policy, sink.policy))
    for sink in sinks["logs"]:
        log_watcher = LogWatcher(accounts[sink.name], writer, look)
        loggers.add_log_record_processor(ContentPolicyLogProcessor(log_watcher, policy, sink.policy))
    guards = [(accounts[sink.name], MetricGuard(policy, sink.policy)) for sink in sinks["metrics"]]
    return Watched(telemetry, accounts, reader, guards, look)
