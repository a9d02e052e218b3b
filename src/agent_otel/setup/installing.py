"""Puts telemetry in place for the whole process: on the global provider, on a host's own, and after one another.

One provider of ours at most is global, for OpenTelemetry lets it be set once. What stands on it, and on the providers
of hosts, looks up the telemetry that is current: that which was put in place last and was not shut down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import logging
import os
import threading
from typing import Final
import weakref

from opentelemetry import trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.trace import TracerProvider

from agent_otel.emit import MergingProvider
from agent_otel.model import UsageError
from agent_otel.processors import in_forked_child
from agent_otel.setup.at_exit import at_exit
from agent_otel.setup.building import build_telemetry, is_disabled
from agent_otel.setup.host_provider import limits_of, processors_of
from agent_otel.setup.settings import Settings, read_settings, settings_warnings
from agent_otel.setup.switching import ForwardingProcessor, SwitchingProcessor, destinations_of, warn_of_raw
from agent_otel.setup.telemetry import SharedTelemetry, Telemetry
from agent_otel.setup.ways_out import same_destination, ways_out

__all__ = ["install", "install_globally", "telemetry_of_process"]

_log = logging.getLogger("agent_otel")
_EXIT_TIMEOUT_S: Final = 5.0


def install(provider: TracerProvider) -> None:
    """Add our processors to a provider, and give its other processors the bridge's spans too, scrubbed.

    Before or after ``Bridge.from_env()``, once or several times. Nothing is sent twice: where another exporter of the
    provider sends to the same endpoint, it keeps the spans of the provider, it does not get those of the bridge, and a
    warning says what to do. Does nothing if ``OTEL_SDK_DISABLED`` is true.

    Args:
        provider: The SDK's, or one that is derived from it.

    Raises:
        UsageError: If it is no such provider.
        SettingsError: If a setting has a value that cannot be used, and no bridge was made before.
    """
    if not isinstance(provider, TracerProvider):
        raise UsageError(f"install() needs a TracerProvider of the SDK, not {type(provider).__name__}")
    if is_disabled(os.environ):
        return
    with _PROCESS.lock:
        telemetry = _PROCESS.current()
        if telemetry is None:
            telemetry = _PROCESS.own(build_telemetry(os.environ, _read_settings(os.environ), host=provider))
        _PROCESS.installed.add(provider)
        _forward(telemetry, provider)
        _switch(provider)
        warn_of_raw(ways_out(processors_of(provider)), destinations_of(telemetry))


def install_globally(environ: Mapping[str, str], extra: Mapping[str, str] | None = None) -> None:
    """Build telemetry that ends with the process, and put it in place for traces, metrics and logs.

    Args:
        environ: Environment variables.
        extra: More attributes of the resource.

    Raises:
        SettingsError: If a variable has a value that cannot be used.
    """
    with _PROCESS.lock:
        if _PROCESS.owned() is not None:
            return
        host = _host()
        telemetry = build_telemetry(environ, _read_settings(environ), host=host, extra=extra)
        _PROCESS.own(telemetry)
        _put_in_place(telemetry, host)
        if telemetry.meter_provider is not None and telemetry.metrics_aside is not None:
            set_meter_provider(telemetry.meter_provider)
        if telemetry.logger_provider is not None and len(telemetry.outboxes) > len(telemetry.span_processors):
            set_logger_provider(telemetry.logger_provider)


def telemetry_of_process(environ: Mapping[str, str], settings: Settings) -> Telemetry:
    """Give a bridge its telemetry: that which the whole process shares, or else one of its own, put in place.

    Args:
        environ: Environment variables.
        settings: Our own settings.

    Raises:
        SettingsError: If a variable has a value that cannot be used.
    """
    with _PROCESS.lock:
        owned = _PROCESS.owned()
        if owned is not None:
            return SharedTelemetry.of(owned)
        host = _host()
        telemetry = build_telemetry(environ, settings, host=host)
        _put_in_place(telemetry, host)
        return telemetry


class _Process:
    """What this process has in place."""

    def __init__(self) -> None:
        self._in_place: tuple[Telemetry, ...] = ()
        self._owned: Telemetry | None = None
        self.lock = threading.RLock()
        self.installed: weakref.WeakSet[TracerProvider] = weakref.WeakSet()  # those given to install()
        self.switched: weakref.WeakKeyDictionary[TracerProvider, SwitchingProcessor] = weakref.WeakKeyDictionary()
        self.made: TracerProvider | None = None  # the global provider, if it is ours
        self._at_exit = at_exit(self.end, _EXIT_TIMEOUT_S)
        in_forked_child(self._after_fork)

    def _after_fork(self) -> None:
        self.lock = threading.RLock()
        self._at_exit.in_forked_child()

    def current(self) -> Telemetry | None:
        """Give the telemetry that was put in place last, of those that still run."""
        in_place = self._in_place
        return in_place[-1] if in_place else None

    def add(self, telemetry: Telemetry) -> None:
        """Make telemetry the current one."""
        telemetry.when_shut = self._forget
        self._in_place = (*self._in_place, telemetry)

    def _forget(self, telemetry: Telemetry) -> None:
        self._in_place = tuple(each for each in self._in_place if each is not telemetry)
        if self._owned is telemetry:
            self._owned = None
        for switching in list(self.switched.values()):
            switching.forget(telemetry)

    def own(self, telemetry: Telemetry) -> Telemetry:
        """Take over telemetry that ends with the process, and that bridges share."""
        telemetry.warn_in_log()
        self._owned = telemetry
        self.add(telemetry)
        return telemetry

    def owned(self) -> Telemetry | None:
        """Give the telemetry that ends with the process."""
        return self._owned

    def end(self, timeout_s: float) -> None:
        """End the telemetry that ends with the process."""
        telemetry = self.owned()
        if telemetry is not None:
            telemetry.end(timeout_s)


_PROCESS = _Process()


def _read_settings(environ: Mapping[str, str]) -> Settings:
    for warning in settings_warnings(environ):
        _log.warning("%s", warning)
    return read_settings(environ)


def _host() -> TracerProvider | None:
    """Give the SDK provider that the host made global; None if there is none, or only ours."""
    try:
        provider = trace.get_tracer_provider()
    except Exception:  # noqa: BLE001  OTEL_PYTHON_TRACER_PROVIDER names what cannot be loaded
        return None
    return provider if isinstance(provider, TracerProvider) and provider is not _PROCESS.made else None


def _put_in_place(telemetry: Telemetry, host: TracerProvider | None) -> None:
    """Have the spans of other libraries go through telemetry. Never raises: the bridge works without."""
    _PROCESS.add(telemetry)
    try:
        for installed in list(_PROCESS.installed):
            _forward(telemetry, installed)
        if not telemetry.span_processors:
            return
        if host is not None:
            _add_to(host, telemetry)
        elif _PROCESS.made is None:
            _make_global(telemetry)
    except Exception as error:  # noqa: BLE001
        _log.warning("spans of other libraries are not sent (%s)", type(error).__name__)


def _add_to(host: TracerProvider, telemetry: Telemetry) -> None:
    """Add our processors to the host's provider, unless it sends all of its spans to our endpoints already."""
    if host in _PROCESS.switched:
        return
    ways, ours = ways_out(processors_of(host)), destinations_of(telemetry)
    warn_of_raw(ways, ours)
    if all(_is_among(destination, (way.destination for way in ways)) for destination in ours):
        return
    _switch(host)
    _log.info("added to the tracer provider of this process: spans of other libraries are filtered and delivered")


def _is_among(destination: str, others: Iterable[str]) -> bool:
    return any(same_destination(destination, other) for other in others)


def _make_global(telemetry: Telemetry) -> None:
    """Make a provider global that has our processors, where there is none."""
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        _log.info("the tracer provider of this process is not the SDK's: spans of other libraries are not sent")
        return
    private = telemetry.tracer_provider
    assert private is not None  # noqa: S101  build_telemetry makes one
    made = MergingProvider(
        sampler=telemetry.sampling.sampler,
        resource=private.resource,
        shutdown_on_exit=False,  # its processors send nothing of their own
        id_generator=private.id_generator,
        span_limits=limits_of(private),
    )
    trace.set_tracer_provider(made)
    if trace.get_tracer_provider() is made:  # else somebody was faster
        _PROCESS.made = made
        _switch(made)


def _switch(provider: TracerProvider) -> None:
    if provider not in _PROCESS.switched:
        switching = _PROCESS.switched[provider] = SwitchingProcessor(provider, _PROCESS.current)
        provider.add_span_processor(switching)


def _forward(telemetry: Telemetry, host: TracerProvider) -> None:
    """Give the host's processors the spans of the bridge that uses this telemetry."""
    private = telemetry.tracer_provider
    if private is None:
        return
    there = processors_of(private)
    if not any(isinstance(each, ForwardingProcessor) and each.host is host for each in there):
        private.add_span_processor(ForwardingProcessor(host, telemetry))
