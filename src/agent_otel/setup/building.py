"""Builds what the bridge sends through: private providers with the host's resource, sampler, limits; and outboxes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import fnmatch
from importlib import metadata
import os
import time

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Sampler

from agent_otel.delivery.spool import SpoolError, SpoolLimits
from agent_otel.emit import (
    ContentWriter,
    DerivedIdGenerator,
    DerivedSampler,
    LogEmitter,
    MetricEmitter,
    PrivateTracerProvider,
    Sampling,
    SpanEmitter,
)
from agent_otel.model import SettingsError
from agent_otel.policy import ContentPolicy
from agent_otel.policy.narrowing import fingerprint_of, narrowest_of
from agent_otel.processors import (
    Aside,
    Outbox,
    OutboxLimits,
    TerminalPreservingLogProcessor,
    TerminalPreservingProcessor,
)
from agent_otel.processors.content import (
    ContentCounts,
    GuardedMetricExporter,
)
from agent_otel.processors.last_wills import WillProcessor
from agent_otel.processors.spooling import Spooling
from agent_otel.setup.checks import check_otel_variables
from agent_otel.setup.exporters import Signal
from agent_otel.setup.host_provider import limits_of
from agent_otel.setup.own_resource import own_resource, service_namespace, without_instance
from agent_otel.setup.settings import Settings, read_settings
from agent_otel.setup.sinks import SIGNALS, Sink, check_sink_names, sinks_of
from agent_otel.setup.telemetry import Telemetry

__all__ = ["build_telemetry", "is_disabled"]

_STOP_S = 0.2


def build_telemetry(
    environ: Mapping[str, str],
    settings: Settings | None = None,
    *,
    send: bool = True,
    recorded: bool = False,
    host: TracerProvider | None = None,
    extra: Mapping[str, str] | None = None,
) -> Telemetry:
    """Build providers and outboxes from the environment.

    Args:
        environ: Environment variables (``os.environ``: the SDK reads it too).
        settings: Our own settings; None: those of the environment.
        send: False builds everything but the exporters, for commands that only show.
        recorded: Whether what comes happened in other processes: its spans do not name this one as their instance.
        host: Provider of the host, whose resource, sampler and limits hold; None: those of the environment.
        extra: More attributes of the resource.

    Raises:
        SettingsError: If a variable has a value that cannot be used.
    """
    settings = settings if settings is not None else read_settings(environ)
    check_otel_variables(environ)
    check_sink_names(environ, settings.sinks)
    sinks = {signal: sinks_of(signal, environ, settings.sinks) if send else [] for signal in SIGNALS}
    policy = settings.content
    sink_policies = [sink.policy for group in sinks.values() for sink in group]
    content = ContentWriter(policy, sink_policies, limits_of(host))
    counts: dict[str, ContentCounts] = {"bridge": content.counts}
    resource = own_resource(content, host, extra)
    told = without_instance(resource, environ) if recorded else resource
    processors: list[TerminalPreservingProcessor] = []
    log_processors: list[TerminalPreservingLogProcessor] = []
    readers: list[MetricReader] = []
    try:
        sampler, provider = _tracing(told, environ, host)
        _add_span_processors(processors, sinks["traces"], policy, environ)
        _add_log_processors(log_processors, sinks["logs"], policy, environ)
        exporters = _add_metric_readers(readers, sinks["metrics"], policy, environ)
        with _accepted("OTEL_METRIC*", environ=environ):
            meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        spooling, wills = _spooling(settings, processors, log_processors, sinks)
    except Exception:
        _stop(_outboxes(processors, log_processors), readers)
        raise
    for processor in processors:
        counts[processor.outbox.sink_id] = processor.counts
        provider.add_span_processor(processor)
    loggers = LoggerProvider(resource=told, shutdown_on_exit=False)
    for log_processor in log_processors:
        counts[log_processor.outbox.sink_id] = log_processor.counts
        loggers.add_log_record_processor(log_processor)
    counts.update((sink_id, exporter.counts) for sink_id, exporter in exporters.items())
    for outbox in _outboxes(processors, log_processors):
        outbox.warning = None  # the bridge warns of all of them in one line, and commands tell in their own words
    sampling = Sampling(sampler)
    return Telemetry(
        spans=SpanEmitter(provider, sampling, content),
        metrics=MetricEmitter(meters, sampling, content),
        logs=LogEmitter(loggers, sampling, content),
        sampling=sampling,
        namespace=settings.id_namespace or service_namespace(resource),
        outboxes=_outboxes(processors, log_processors),
        spooling=spooling,
        wills=_will_emitter(wills, provider, sampling, ContentWriter(policy, sink_policies)),  # which counts apart
        tracer_provider=provider,
        meter_provider=meters,
        logger_provider=loggers,
        metric_exporters=exporters,
        metrics_aside=Aside("agent-otel-metrics") if readers else None,
        content_counts=counts,
        span_processors=processors,
        policy=policy,
        narrowest=narrowest_of(sink_policies),
    )


def _tracing(
    resource: Resource, environ: Mapping[str, str], host: TracerProvider | None
) -> tuple[Sampler, PrivateTracerProvider]:
    generator = DerivedIdGenerator(_id_generator(environ))
    with _accepted("OTEL_TRACES_SAMPLER", "OTEL_SPAN_*", "OTEL_ATTRIBUTE_*", environ=environ):
        asked = host if host is not None else TracerProvider(shutdown_on_exit=False, resource=resource)
        sampler = asked.sampler  # as OTEL_TRACES_SAMPLER says, where no host does
        provider = PrivateTracerProvider(
            sampler=DerivedSampler(sampler),
            resource=resource,
            shutdown_on_exit=False,
            id_generator=generator,
            span_limits=limits_of(host),
        )
    return sampler, provider


def _outboxes(
    processors: list[TerminalPreservingProcessor], log_processors: list[TerminalPreservingLogProcessor]
) -> list[Outbox]:
    return [*(each.outbox for each in processors), *(each.outbox for each in log_processors)]


def _spooling(
    settings: Settings,
    processors: list[TerminalPreservingProcessor],
    log_processors: list[TerminalPreservingLogProcessor],
    sinks: Mapping[Signal, list[Sink]],
) -> tuple[Spooling | None, list[WillProcessor]]:
    """Keep what waits on disk, if that is set; gives what makes the last wills of spans, too.

    Raises:
        SettingsError: If the directory cannot be used.
    """
    if settings.spool is None or not (processors or log_processors):
        return None, []
    try:
        spooling = Spooling(settings.spool, SpoolLimits(max_bytes=settings.spool_bytes))
    except SpoolError as error:
        raise SettingsError("AGENT_OTEL_SPOOL", str(settings.spool), str(error)) from None
    policies = {f"{sink.name}/{signal}": sink.policy for signal, group in sinks.items() for sink in group}
    retain_raw = settings.content.raw.retention_active

    def fingerprint(outbox: Outbox) -> str:
        return fingerprint_of(settings.content, policies[outbox.sink_id])

    wills = [spooling.keep_spans(each, fingerprint(each.outbox), retain_raw=retain_raw) for each in processors]
    for log_processor in log_processors:
        spooling.keep(log_processor.outbox, fingerprint(log_processor.outbox), retain_raw=retain_raw)
    spooling.start()
    return spooling, wills


def _will_emitter(
    wills: list[WillProcessor],
    provider: TracerProvider,
    sampling: Sampling,
    content: ContentWriter,
) -> SpanEmitter | None:
    """Give what makes last wills as the provider's spans are made, for nobody but the spool; None without one."""
    if not wills:
        return None
    own = PrivateTracerProvider(
        sampler=provider.sampler,
        resource=provider.resource,
        shutdown_on_exit=False,
        id_generator=provider.id_generator,
        span_limits=limits_of(provider),
    )
    for processor in wills:
        own.add_span_processor(processor)
    return SpanEmitter(own, sampling, content)


def _add_span_processors(
    processors: list[TerminalPreservingProcessor],
    sinks: list[Sink],
    policy: ContentPolicy,
    environ: Mapping[str, str],
) -> None:
    limits = OutboxLimits.from_env("BSP", environ)
    for sink in sinks:
        sink_id = f"{sink.name}/traces"
        processors.append(TerminalPreservingProcessor(sink.make(), policy, sink.policy, limits, sink_id=sink_id))


def _add_log_processors(
    processors: list[TerminalPreservingLogProcessor],
    sinks: list[Sink],
    policy: ContentPolicy,
    environ: Mapping[str, str],
) -> None:
    limits = OutboxLimits.from_env("BLRP", environ)
    for sink in sinks:
        sink_id = f"{sink.name}/logs"
        processors.append(TerminalPreservingLogProcessor(sink.make(), policy, sink.policy, limits, sink_id=sink_id))


def _add_metric_readers(
    readers: list[MetricReader],
    sinks: list[Sink],
    policy: ContentPolicy,
    environ: Mapping[str, str],
) -> dict[str, GuardedMetricExporter]:
    """Add a reader for each sink; gives the exporters of those that push, by sink id."""
    exporters: dict[str, GuardedMetricExporter] = {}
    for sink in sinks:
        made = sink.make()
        if not isinstance(made, MetricReader):  # a reader that is scraped gets labels that were scrubbed before
            made = exporters[f"{sink.name}/metrics"] = GuardedMetricExporter(made, policy, sink.policy)
        with _accepted("OTEL_METRIC_EXPORT_*", environ=environ):
            readers.append(made if isinstance(made, MetricReader) else PeriodicExportingMetricReader(made))
    return exporters


@contextmanager
def _accepted(*patterns: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Turn what the SDK says of a variable into one clear error that names those that are set."""
    try:
        yield
    except ValueError as error:
        names = sorted({name for pattern in patterns for name in fnmatch.filter(environ, pattern)})
        name = next((name for name in names if name in str(error)), ", ".join(names))
        raise SettingsError(name or patterns[0], environ.get(name, ""), f"what the SDK accepts ({error})") from None


def _stop(outboxes: list[Outbox], readers: list[MetricReader]) -> None:
    """Leave no thread behind when a later part cannot be built."""
    for outbox in outboxes:
        outbox.shutdown_by(time.monotonic() + _STOP_S)
    for reader in readers:
        reader.shutdown()


def _id_generator(environ: Mapping[str, str]) -> IdGenerator:
    name = environ.get("OTEL_PYTHON_ID_GENERATOR", "").strip() or "random"
    if name == "random":
        return RandomIdGenerator()
    entry = next(iter(metadata.entry_points(group="opentelemetry_id_generator", name=name)), None)
    if entry is None:
        raise SettingsError("OTEL_PYTHON_ID_GENERATOR", name, "the name of an installed id generator, or random")
    try:
        made: IdGenerator = entry.load()()
    except Exception as error:
        expected = f"an id generator that can be made ({type(error).__name__})"
        raise SettingsError("OTEL_PYTHON_ID_GENERATOR", name, expected) from error
    return made


def is_disabled(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether ``OTEL_SDK_DISABLED`` is true."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
