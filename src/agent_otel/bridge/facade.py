"""``Bridge``: the one object that an agent runtime holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
import functools
import logging
import math
import os
from threading import get_ident
import time
from typing import Any, TypeVar
from uuid import uuid4

from opentelemetry.context import Context, get_current
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import get_current_span

from agent_otel.bridge.ambient import ambient_context
from agent_otel.bridge.calls import Call, current_call
from agent_otel.bridge.children import ModelCall, Retrieval
from agent_otel.bridge.decorating import traced
from agent_otel.bridge.disabled import NO_OP
from agent_otel.bridge.health import Health, observe_health
from agent_otel.bridge.health_telling import HealthTeller
from agent_otel.bridge.in_process import Run, current_run
from agent_otel.bridge.live import LiveRecords
from agent_otel.bridge.pipeline import Pipeline
from agent_otel.bridge.propagation import context_in, subprocess_variables, w3c_fields
from agent_otel.bridge.raised import RaisedByTools
from agent_otel.bridge.recorded import Recorded, is_precious, owned
from agent_otel.bridge.told import Told
from agent_otel.bridge.tool_calls import ToolCall
from agent_otel.bridge.will_writing import WillWriter
from agent_otel.correlate import Correlator, OrphanReason, SpanRef, Surroundings
from agent_otel.emit import HandOver, Sampling, snapshot, text_of
from agent_otel.model import AgentEvent, Phase
from agent_otel.processors import Losses, in_forked_child
from agent_otel.processors.interruption import of_signal_handler
from agent_otel.setup import Settings, Telemetry, is_disabled, read_settings, settings_warnings, telemetry_of_process
from agent_otel.setup.at_exit import at_exit

__all__ = ["Bridge"]

_log = logging.getLogger("agent_otel")
_EVENT_COST = 512  # bytes that an event without content is reckoned at
_EXIT_TIMEOUT_S = 5.0
_TIMEOUT_S = 10.0
_LONGEST_S = 3600.0  # what "as long as it takes" means


class Bridge:
    """Takes what an agent does and sends it as OpenTelemetry.

    Make one per process with ``Bridge.from_env()``. ``record()``, ``run()`` and all they give out never raise into the
    agent, never block on I/O, and never change what the agent does.

    Args:
        telemetry: Where to send; None for a disabled bridge, which has no thread, no socket and no file.
        settings: Bounds and names.
        ambient: Context from outside the process: runs that open without a current span join its trace.
    """

    def __init__(self, telemetry: Telemetry | None, settings: Settings, ambient: Context | None = None) -> None:
        self._telemetry = telemetry
        self._settings = settings
        self._faults = 0
        self._warned: set[str] = set()
        self._open_calls: OrderedDict[Call, None] = OrderedDict()  # in the order in which they began
        self._max_open_calls = settings.limits.max_open_runs + settings.limits.max_open_operations
        self._forgotten_calls = 0
        self._stopped_by = 0  # the thread; no threading.Event: a signal handler may stop while its own thread sets it
        self._is_shut = False
        self._stop_by = math.inf  # in seconds of time.monotonic, once it stops
        self.ambient = ambient
        self.raised = RaisedByTools()
        self.content_bytes = settings.event_bytes
        self.namespace = telemetry.namespace if telemetry is not None else ""
        self.sampling = telemetry.sampling if telemetry is not None else Sampling(ALWAYS_OFF)
        if telemetry is None:
            return
        self._clock_ns = time.time_ns() - time.monotonic_ns()  # a clock that is set must not make runs old
        now_ns = self._clock_ns + time.monotonic_ns()
        correlator = Correlator(telemetry.namespace, settings.limits, nonce=uuid4().hex, now_ns=now_ns)
        self._pipeline = Pipeline(
            correlator,
            telemetry,
            duplicate_window=settings.duplicate_window,
            metric_names=settings.metric_names,
            names=settings.names,
            wait_for_room=self._wait_for_room,
            batch=_TOGETHER,
        )
        self._live = LiveRecords(self._pipeline, self._warn)
        self._outboxes = tuple(telemetry.outboxes)
        self._dropped = Losses("bridge/handover")
        self._pipeline.teller.dropped_before = self._dropped
        self._health_teller = HealthTeller(telemetry.outboxes, telemetry.logs)
        self._handover = HandOver(
            self._handle, self._tick, settings.handover_bytes, self._note_dropped, self._pipeline.settle
        )
        self._will_writer: WillWriter | None = None
        if telemetry.spooling is not None and telemetry.wills is not None:
            self._will_writer = WillWriter(telemetry.spooling.wills, telemetry.wills, self.namespace, self.fault)
            telemetry.spooling.will_makers.append(self._will_writer.make)
        if telemetry.meter_provider is not None:
            observe_health(telemetry.meter_provider, self.health, telemetry.observed)
        in_forked_child(self._after_fork)
        self._at_exit = at_exit(self.shutdown, _EXIT_TIMEOUT_S)

    @classmethod
    def from_env(cls) -> Bridge:
        """Build a bridge from the environment: ``OTEL_*`` as the SDK reads them, and ``AGENT_OTEL_*``.

        Unset exporter variables mean OTLP over http/protobuf to ``localhost:4318``. Spans of other libraries are
        filtered and delivered too: through a provider that is made global here, or through the host's.

        Raises:
            SettingsError: If a variable has a value that cannot be used; it names variable, value and what is expected.
        """
        settings = read_settings(os.environ)
        for warning in settings_warnings(os.environ):
            _log.warning("%s", warning)
        if is_disabled(os.environ):
            return cls(None, settings)
        return cls(telemetry_of_process(os.environ, settings), settings, ambient_context())

    # -- what the agent calls -----------------------------------------------------------------------------------------

    def run(self, *, agent: str | None = None, conversation_id: str | None = None, parent: Any = None) -> Run:
        """Give the context manager of one invocation of an agent; ``with`` and ``async with`` both work.

        Args:
            agent: Name of the agent.
            conversation_id: What ties this run to others of the same conversation.
            parent: The caller's context where it is not current: W3C headers or ``params._meta`` of MCP, as a mapping.
        """
        if self._telemetry is None or self._is_stopped:
            return NO_OP  # type: ignore[return-value]  # the same methods, doing nothing
        caller = self._attempt(lambda: context_in(parent)) if parent is not None else None
        return Run(self, agent=agent, conversation_id=conversation_id, parent=caller)

    def current_run(self) -> Run | None:
        """Give the run inside which this is called; None outside any, and of a bridge that is disabled."""
        return current_run(self) if self._telemetry is not None else None

    def current_tool_call(self) -> ToolCall | None:
        """Give the tool call whose work this is; None outside any, and in a run or model call that is inside one."""
        call = current_call(self) if self._telemetry is not None else None
        return call if isinstance(call, ToolCall) else None

    def model_call(self, *, provider: str, model: str, operation: str | None = None) -> ModelCall:
        """Give the context manager of a model call in the current run, or outside any; see ``Run.model_call``."""
        if self._telemetry is None or self._is_stopped:
            return NO_OP  # type: ignore[return-value]  # as above
        return ModelCall(self, current_run(self), provider=provider, model=model, operation=operation)

    def tool_call(self, name: str, *, call_id: str | None = None, arguments: Any = None) -> ToolCall:
        """Give the context manager of a tool call in the current run, or outside any; see ``Run.tool_call``."""
        if self._telemetry is None or self._is_stopped:
            return NO_OP  # type: ignore[return-value]  # as above
        return ToolCall(self, current_run(self), name, call_id, arguments)

    def retrieval(self, data_source: str | None = None, *, query: Any = None) -> Retrieval:
        """Give the context manager of a search in the current run, or outside any; see ``Run.retrieval``."""
        if self._telemetry is None or self._is_stopped:
            return NO_OP  # type: ignore[return-value]  # as above
        return Retrieval(self, current_run(self), data_source=data_source, query=query)

    def tool(self, function: Callable[..., Any] | None = None, *, name: str | None = None) -> Any:
        """Tell each call of a function as a tool call, with its arguments and its result.

        ``@bridge.tool`` and ``@bridge.tool(name="...")``, on functions, coroutines and generators of either kind; of
        generators the results are not kept.

        Args:
            function: What is decorated.
            name: Name of the tool; None: that of the function.
        """
        if function is None:
            return functools.partial(self.tool, name=name)
        known_as = name if name is not None else getattr(function, "__name__", None) or "function"
        return traced(function, lambda arguments: self.tool_call(known_as, arguments=arguments), _keep_result)

    def agent(self, function: Callable[..., Any] | None = None, *, name: str | None = None) -> Any:
        """Tell each call of a function as a run of an agent, inside another run as that of a sub-agent.

        Args:
            function: What is decorated, as for ``tool``.
            name: Name of the agent; None: that of the function.
        """
        if function is None:
            return functools.partial(self.agent, name=name)
        known_as = name if name is not None else getattr(function, "__name__", None) or "function"
        return traced(function, lambda _: self._inner_run(known_as), lambda *_: None)

    def _inner_run(self, agent: str) -> Run:
        outer = self.current_run()
        return outer.sub_agent(agent=agent) if outer is not None else self.run(agent=agent)

    def headers(self) -> dict[str, str]:
        """Give ``traceparent``, ``tracestate`` and ``baggage`` of what is current, for requests and for MCP."""
        return self._attempt(w3c_fields) or {}

    def subprocess_env(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the environment in which a subprocess joins the current trace.

        Args:
            env: What else it holds; None: that of this process.
        """
        made = self._attempt(lambda: subprocess_variables(env))
        return made if made is not None else dict(env if env is not None else os.environ)

    def record(self, record: Any, *, source: str = "auto") -> None:
        """Take one thing that an agent runtime said.

        Args:
            record: An ``AgentEvent``, or a record of a source system: a JSON value, or JSON as text or bytes.
            source: Name of the source system, where ``record`` is no ``AgentEvent``.
        """
        if self._telemetry is None:
            return
        try:
            receipt_ns = time.time_ns()
            context = get_current()
            around = Surroundings(self._caller(context), context)
            if issubclass(type(record), AgentEvent):
                event, size = owned(record, self.content_bytes)
                self.take((event, None, 0, around), size + _EVENT_COST, precious=is_precious(event))
                return
            copy, size = snapshot(record, self.content_bytes)
            if issubclass(type(record), (bytes, bytearray)):
                copy, size = bytes(record[: self.content_bytes]), min(len(record), self.content_bytes)
            name = (text_of(source) or _AUTO)[:_MAX_SOURCE]
            self.take((copy, name, receipt_ns, around), size + _EVENT_COST, precious=False)
        except Exception as error:  # telemetry must not stop the agent
            if of_signal_handler(error):
                raise
            self.fault()

    def health(self) -> Health:
        """Give the books of the moment."""
        if self._telemetry is None:
            return Health(enabled=False, faults=self._faults)
        handover, correlator = self._handover, self._pipeline.correlator
        return Health(
            enabled=True,
            records=self._pipeline.books.as_dict(),
            handover=handover.as_dict(),
            sinks=self._telemetry.sinks,
            delivery=self._telemetry.delivery,
            spool=self._telemetry.spooled,
            correlation=dict(correlator.counts),
            notes=dict(self._pipeline.books.notes),
            content={name: counts.as_dict() for name, counts in self._telemetry.content_counts.items()},
            open_runs=correlator.open_runs,
            open_operations=correlator.open_operations,
            forgotten_calls=self._forgotten_calls,
            faults=self._faults + handover.faults + self._pipeline.books.faults,
            last_fault=handover.last_fault or self._pipeline.teller.last_fault,
        )

    def flush(self, timeout: float | None = _TIMEOUT_S) -> bool:
        """Push out everything that was recorded before this call.

        Args:
            timeout: Seconds to wait at most; None means as long as it takes, up to an hour.

        Returns:
            Whether all of it was acknowledged in time.
        """
        if self._telemetry is None:
            return True
        try:
            deadline = time.monotonic() + _seconds(timeout)
            lost = self._lost()
            handled = self._handover.drain(deadline)
            return self._telemetry.flush(deadline) and handled and self._lost() == lost
        except Exception as error:  # as above
            if of_signal_handler(error):
                raise
            self.fault()
            return False

    def shutdown(self, timeout: float | None = _TIMEOUT_S) -> None:
        """End what is open as interrupted, send what is queued, and stop. Called at exit if nobody did before.

        Args:
            timeout: Seconds to take at most; None means as long as it takes, up to an hour.
        """
        telemetry = self._telemetry
        if telemetry is None:
            return
        deadline = time.monotonic() + _seconds(timeout)
        if self._stopped_by:
            self._await_shutdown(deadline)
            return
        self._stopped_by = get_ident()
        self._stop_by = deadline
        for call in reversed(list(self._open_calls)):
            self._attempt(call.interrupt)
        if self._attempt(lambda: self._handover.stop(deadline)):  # else the worker is stuck: the pipeline is its own
            self._attempt(self._live.close)
            self._attempt(lambda: self._pipeline.finish(OrphanReason.SHUTDOWN, time.time_ns()))
        self._attempt(self._tell_health)
        spooling, writer = telemetry.spooling, self._will_writer
        if spooling is not None and writer is not None and writer.make in spooling.will_makers:
            spooling.will_makers.remove(writer.make)
        if telemetry.spooling is None:  # else what cannot be delivered at once stays on disk
            self._attempt(lambda: telemetry.flush(deadline))
        self._attempt(lambda: telemetry.shutdown(deadline))
        self._is_shut = True

    def _await_shutdown(self, deadline: float) -> None:
        """Wait for the shutdown that another thread has begun; not for that which a signal handler interrupted."""
        while not self._is_shut and self._stopped_by != get_ident() and time.monotonic() < deadline:
            time.sleep(_POLL_S / 10)

    @property
    def _is_stopped(self) -> bool:
        return self._stopped_by != 0

    # -- what runs and calls need -------------------------------------------------------------------------------------

    def take(self, payload: Told | Recorded, size: int, *, precious: bool) -> None:
        """Hand over what the worker makes an event of. Never raises, never blocks."""
        if not self._handover.put(payload, size, precious=precious):
            self._warn(_TOO_LATE)

    def opened(self, call: Call) -> None:
        """Remember a call that is open; beyond the bound the oldest is forgotten, and will not be interrupted."""
        self._open_calls[call] = None
        if self._will_writer is not None:
            self._will_writer.begun(call)
        if len(self._open_calls) > self._max_open_calls:
            self._open_calls.popitem(last=False)
            self._forgotten_calls += 1

    def closed(self, call: Call) -> None:
        """Forget a call that has ended."""
        self._open_calls.pop(call, None)

    def fault(self) -> None:
        """Count a fault of our own."""
        self._faults += 1

    def _attempt(self, step: Callable[[], _T]) -> _T | None:
        """Take one step of a shutdown; that it fails must not cost the next ones."""
        try:
            return step()
        except Exception as error:  # as above
            if of_signal_handler(error):
                raise
            self.fault()
            return None

    def _lost(self) -> int:
        return self._handover.evicted + (self._telemetry.lost if self._telemetry is not None else 0)

    def _after_fork(self) -> None:
        """In a forked child: what is open belongs to the parent, which will tell its end."""
        try:
            self._pipeline.books.reset_after_fork()
            if self._will_writer is not None:
                self._will_writer.forget()
            self._dropped = self._pipeline.teller.dropped_before = Losses("bridge/handover")
            self._at_exit.in_forked_child()
            openings = [call.disown() for call in self._open_calls]
            self._open_calls.clear()
            self._pipeline.disown([event for event in openings if event is not None])
        except Exception:  # noqa: BLE001  the parent's worker may have been in the middle of something
            self.fault()

    def _caller(self, context: Context) -> SpanRef | None:
        span = get_current_span(context).get_span_context()
        if not span.is_valid and self.ambient is not None:
            span = get_current_span(self.ambient).get_span_context()
        return SpanRef(span.trace_id, span.span_id) if span.is_valid else None

    # -- on the worker ------------------------------------------------------------------------------------------------

    def _handle(self, payload: Told | Recorded) -> None:
        if isinstance(payload, Told):
            self._pipeline.take_event(payload.event(), payload.around())
            return
        record, source, receipt_ns, around = payload
        if source is None:
            self._pipeline.take_event(record, around)
        else:
            self._live.take(record, source, receipt_ns, around)

    def _tick(self) -> None:
        self._pipeline.advance(self._clock_ns + time.monotonic_ns())
        self._tell_health()

    def _tell_health(self) -> None:
        self._health_teller.tell()
        for loss in self._dropped.take_late():
            self._health_teller.tell_loss(loss)

    def _note_dropped(self, payload: Told | Recorded) -> None:
        """Note which run an event belonged to that had no room in the hand-over queue, if it says so."""
        if isinstance(payload, Told):
            if payload.run_key is not None:
                self._dropped.add(*payload.run_key, payload.kind.value, "handover_full")
            return
        event, source, _, _ = payload
        if source is None and event.phase is not Phase.START and event.ids.trace and event.ids.run:
            self._dropped.add(int(event.ids.trace, 16), event.ids.run, event.kind.value, "handover_full")

    def _wait_for_room(self) -> None:
        """Hold the worker back while a sink that is well catches up; one that is stuck overflows by its own rules."""
        for outbox in self._outboxes:
            if outbox.is_full and not outbox.is_on_disk:
                until = time.monotonic() + _HELD_BACK_S
                while outbox.is_well and not outbox.wait_for_room(_POLL_S):
                    if time.monotonic() >= min(until, self._stop_by):
                        outbox.mark_stuck()

    def _warn(self, text: str) -> None:
        """Write one line into the log, once per text."""
        if text not in self._warned and len(self._warned) < _MAX_WARNINGS:
            self._warned.add(text)
            _log.warning("%s", text)


_T = TypeVar("_T")
_AUTO = "auto"
_TOGETHER = 64  # what came at once is taken through each step together; nothing waits for more
_MAX_SOURCE = 64  # characters of a source's name, which is told in warnings
_HELD_BACK_S = 5.0
_POLL_S = 0.1  # how soon a shutdown is noticed
_MAX_WARNINGS = 100
_TOO_LATE = "recorded after shutdown(): not sent"


def _keep_result(call: Any, value: Any) -> None:
    call.result(value)


def _seconds(timeout: Any) -> float:
    """Give a time that can be waited for: an hour at most, and the default for what is no number."""
    if timeout is None:
        return _LONGEST_S
    if not issubclass(type(timeout), (int, float)):
        return _TIMEOUT_S
    return float(max(0.0, timeout)) if timeout <= _LONGEST_S else _LONGEST_S  # the latter for nan too
