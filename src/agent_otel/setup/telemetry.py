"""Builds what the bridge sends through: private providers with the host's resource, sampler and limits, and the lanes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
import os
import threading
import time
from uuid import uuid4

from attrs import define, field
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator

from agent_otel._version import __version__
from agent_otel.emit import DerivedIdGenerator, DerivedSampler, LogEmitter, MetricEmitter, Sampling, SpanEmitter
from agent_otel.model import SettingsError
from agent_otel.processors import Lane, LogLane, SpanLane, run_bounded
from agent_otel.setup.exporters import exporter_names, make_exporter

__all__ = ["Telemetry", "build_telemetry", "is_disabled", "service_namespace"]

_SHUTDOWN_MARGIN_S = 0.2


@define(eq=False)
class Telemetry:
    """Emitters, lanes and providers of one bridge."""

    spans: SpanEmitter
    metrics: MetricEmitter
    logs: LogEmitter
    sampling: Sampling
    namespace: str
    span_lanes: list[SpanLane] = field(factory=list)
    log_lanes: list[LogLane] = field(factory=list)
    tracer_provider: TracerProvider | None = None
    meter_provider: MeterProvider | None = None
    logger_provider: LoggerProvider | None = None

    @property
    def lanes(self) -> list[Lane]:
        """All lanes, spans first."""
        return [*(lane.lane for lane in self.span_lanes), *(lane.lane for lane in self.log_lanes)]

    @property
    def sinks(self) -> dict[str, dict[str, int]]:
        """The books of every sink, by its name."""
        return {lane.books.sink_id: lane.books.as_dict() for lane in self.lanes}

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until every sink has room, for at most ``timeout_s`` seconds each."""
        return all([lane.wait_for_room(timeout_s) for lane in self.lanes])

    def flush(self, deadline: float) -> bool:
        """Push out everything until ``deadline`` in seconds of ``time.monotonic``; gives whether all is acknowledged."""
        for lane in self.lanes:
            lane.begin_flush()
        meters = self.meter_provider
        metrics_done = threading.Event()
        if meters is not None:
            threading.Thread(target=_flush_metrics, args=(meters, metrics_done), daemon=True).start()
        done = [lane.books.wait_until_empty(deadline) for lane in self.lanes]
        return all(done) and (meters is None or metrics_done.wait(max(0.0, deadline - time.monotonic())))

    def shutdown(self, deadline: float) -> None:
        """Stop everything by ``deadline``; what is still queued then is written off and counted."""
        for lane in self.lanes:
            lane.shutdown_by(deadline)
        if self.meter_provider is not None:
            run_bounded(self.meter_provider.shutdown, max(deadline, time.monotonic() + _SHUTDOWN_MARGIN_S))


def _flush_metrics(meters: MeterProvider, done: threading.Event) -> None:
    """Metrics are best effort: a flush that fails ends the wait all the same."""
    try:
        meters.force_flush()
    finally:
        done.set()


def service_namespace(resource: Resource) -> str:
    """Give the default namespace of derived ids: the service's namespace and name."""
    attributes = resource.attributes
    return f"{attributes.get('service.namespace', '')}/{attributes.get('service.name', '')}"


def build_telemetry(
    environ: Mapping[str, str], *, id_namespace: str | None = None, send: bool = True
) -> Telemetry:
    """Build providers and lanes from the environment.

    Args:
        environ: Environment variables (``os.environ``: the SDK reads it too).
        id_namespace: Namespace of derived ids; None means that of the service.
        send: False builds everything but the exporters, for commands that only show.

    Raises:
        SettingsError: If a variable has a value that cannot be used.
    """
    resource = _resource()
    try:
        span_lanes = _span_lanes(environ) if send else []
        sampler = TracerProvider(shutdown_on_exit=False, resource=resource).sampler  # as OTEL_TRACES_SAMPLER says
        provider = TracerProvider(
            sampler=DerivedSampler(sampler),
            resource=resource,
            shutdown_on_exit=False,
            id_generator=DerivedIdGenerator(_id_generator(environ)),
        )
        log_lanes = _log_lanes(environ) if send else []
        readers = _metric_readers(environ) if send else []
    except ValueError as error:
        raise SettingsError("OTEL_*", "", str(error)) from error
    for lane in span_lanes:
        provider.add_span_processor(lane)
    meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
    loggers = LoggerProvider(resource=resource, shutdown_on_exit=False)
    for log_lane in log_lanes:
        loggers.add_log_record_processor(log_lane)
    sampling = Sampling(sampler)
    return Telemetry(
        spans=SpanEmitter(provider, sampling),
        metrics=MetricEmitter(meters, sampling),
        logs=LogEmitter(loggers, sampling),
        sampling=sampling,
        namespace=id_namespace or service_namespace(resource),
        span_lanes=span_lanes,
        log_lanes=log_lanes,
        tracer_provider=provider,
        meter_provider=meters,
        logger_provider=loggers,
    )


def _resource() -> Resource:
    """Give the host's resource; each process is an instance of its own, unless the user says which."""
    own = {
        "service.instance.id": str(uuid4()),
        "telemetry.distro.name": "agent-otel",
        "telemetry.distro.version": __version__,
    }
    return Resource(own).merge(Resource.create())


def _span_lanes(environ: Mapping[str, str]) -> list[SpanLane]:
    capacity = _capacity("OTEL_BSP_MAX_QUEUE_SIZE", environ)
    return [
        SpanLane(f"{name}/traces", make_exporter(name, "traces", environ), capacity)
        for name in exporter_names("traces", environ)
    ]


def _log_lanes(environ: Mapping[str, str]) -> list[LogLane]:
    capacity = _capacity("OTEL_BLRP_MAX_QUEUE_SIZE", environ)
    return [
        LogLane(f"{name}/logs", make_exporter(name, "logs", environ), capacity)
        for name in exporter_names("logs", environ)
    ]


def _metric_readers(environ: Mapping[str, str]) -> list[MetricReader]:
    readers: list[MetricReader] = []
    for name in exporter_names("metrics", environ):
        made = make_exporter(name, "metrics", environ)
        readers.append(made if isinstance(made, MetricReader) else PeriodicExportingMetricReader(made))
    return readers


def _capacity(variable: str, environ: Mapping[str, str]) -> int:
    text = environ.get(variable, "").strip() or "2048"
    if not text.isdecimal() or int(text) < 1:
        raise SettingsError(variable, text, "a whole number of at least 1")
    return int(text)


def _id_generator(environ: Mapping[str, str]) -> IdGenerator:
    name = environ.get("OTEL_PYTHON_ID_GENERATOR", "").strip() or "random"
    if name == "random":
        return RandomIdGenerator()
    entry = next(iter(metadata.entry_points(group="opentelemetry_id_generator", name=name)), None)
    if entry is None:
        raise SettingsError("OTEL_PYTHON_ID_GENERATOR", name, "the name of an installed id generator, or random")
    made: IdGenerator = entry.load()()
    return made


def is_disabled(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether ``OTEL_SDK_DISABLED`` is true."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
