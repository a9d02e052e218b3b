"""An agent in a process of its own that does as it is told, one line of JSON at a time; it answers each with one.

``BridgeAgent`` tells its work to a ``Bridge`` that the environment describes, ``ProcessorAgent`` makes the same spans
on a plain ``TracerProvider`` with a ``TerminalPreservingProcessor`` for each of two exporters.
"""

from __future__ import annotations

from contextlib import suppress
import ctypes
import json
import os
import resource
import sys
import threading
import time

from agent_otel import Bridge
from agent_otel.model import SettingsError
from chaos.plan import CALLS, GIANT, agent_name, fails, model_name, tool_name

FAULTY, OTHER = "otlp/traces", "other/traces"


class ToolFailed(Exception):
    """What a call of the plan ends with."""


class Agent:
    """What both have."""

    between_calls = staticmethod(lambda: None)

    def work(self, runs, first=0):
        """Make some runs: tool calls of which one in ten fails, and a model call with its usage."""
        for number in range(first, first + runs):
            self.run(number)

    def step_clock(self, seconds):
        """Set the clock of this process, as an administrator would that of the machine."""
        real, offset = time.time_ns, int(seconds * 10**9)
        time.time_ns = lambda: real() + offset

    def failures(self):
        """How often the sink in question has failed in a row."""
        return self.outbox.failed_in_a_row

    def is_durable(self):
        """Whether all that waits is on disk."""
        return True


class BridgeAgent(Agent):
    def __init__(self):
        self.bridge = Bridge.from_env()
        self.outbox = next(each for each in self.bridge._telemetry.outboxes if each.sink_id == FAULTY)

    def run(self, number):
        with self.bridge.run(agent=agent_name(number)) as run:
            for call in range(CALLS):
                with suppress(ToolFailed), run.tool_call(tool_name(number, call), arguments={"call": call}) as tool:
                    self.between_calls()
                    if fails(call):
                        raise ToolFailed("as planned")
                    tool.result("done")
            with run.model_call(provider="provider", model=model_name(number)) as model:
                model.usage(input_tokens=100, output_tokens=20)

    def run_amid_a_step(self, number, seconds):
        """Make a run; in its first call the clock steps, and the bridge looks at it."""
        looked, look = threading.Event(), self.bridge._handover._tick

        def tick():
            look()
            looked.set()

        def step():
            self.between_calls = lambda: None
            self.step_clock(seconds)
            looked.clear()
            assert looked.wait(20)

        self.bridge._handover._tick = tick
        self.between_calls = step
        self.run(number)

    def giant(self, size, is_error):
        """Make one span of so many bytes."""
        with (
            self.bridge.run(agent=agent_name(GIANT)) as run,
            suppress(ToolFailed),
            run.tool_call(tool_name(GIANT, 0), arguments={"text": "word " * (size // 5)}),
        ):
            if is_error:
                raise ToolFailed("as planned")

    def books(self):
        health = self.bridge.health()
        assert health.balanced, health
        assert not health.faults, health
        assert not health.handover["evicted"], health
        return {**health.sinks, "waits": health.handover["queued"] + health.open_runs}

    def is_durable(self):
        spooling = self.bridge._telemetry.spooling
        return spooling is None or not any(backing.is_behind for _, backing in spooling._kept)

    def not_written(self):
        """How many items the spool was asked to store and did not."""
        return sum(self.bridge._telemetry.spooling.spool.stats(time.time_ns()).refused.values())

    def end(self):
        self.bridge.shutdown()


class ProcessorAgent(Agent):
    def __init__(self):
        from opentelemetry.sdk.trace import TracerProvider

        from agent_otel.processors import OutboxLimits, TerminalPreservingProcessor
        from agent_otel.setup import read_settings

        limits = OutboxLimits(
            batch=int(os.environ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"]),
            delay_s=int(os.environ["OTEL_BSP_SCHEDULE_DELAY"]) / 1000,
        )
        policy = read_settings(os.environ).content
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.processors = [
            TerminalPreservingProcessor(exporter, policy, limits=limits, sink_id=sink_id)
            for sink_id, exporter in _exporters()
        ]
        for processor in self.processors:
            self.provider.add_span_processor(processor)
        self.outbox = self.processors[0].outbox
        self.tracer = self.provider.get_tracer("chaos")

    def run(self, number):
        from opentelemetry.trace import Status, StatusCode

        with self.tracer.start_as_current_span(f"invoke_agent {agent_name(number)}"):
            for call in range(CALLS):
                with self.tracer.start_as_current_span(f"execute_tool {tool_name(number, call)}") as span:
                    if fails(call):
                        span.set_status(Status(StatusCode.ERROR))
            with self.tracer.start_as_current_span(f"chat {model_name(number)}") as span:
                span.set_attribute("gen_ai.usage.input_tokens", 100)

    def giant(self, size, is_error):
        from opentelemetry.trace import Status, StatusCode

        with (
            self.tracer.start_as_current_span(f"invoke_agent {agent_name(GIANT)}"),
            self.tracer.start_as_current_span(f"execute_tool {tool_name(GIANT, 0)}") as span,
        ):
            span.set_attribute("text", "word " * (size // 5))
            if is_error:
                span.set_status(Status(StatusCode.ERROR))

    def books(self):
        books = {processor.outbox.sink_id: processor.outbox.as_dict() for processor in self.processors}
        for told in books.values():
            assert told["accepted"] == sum(count for name, count in told.items() if name != "accepted"), books
        return {**books, "waits": 0}

    def end(self):
        self.provider.shutdown()


def _exporters():
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    other = OTLPSpanExporter(endpoint=f"{os.environ['CHAOS_OTHER']}/v1/traces")
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    return [(FAULTY, OTLPSpanExporter()), (OTHER, other)]


def begin(kind):
    """Take on the limits that the environment names, and begin."""
    if limit := os.environ.get("CHAOS_FILE_BYTES"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    return {"bridge": BridgeAgent, "processor": ProcessorAgent}[kind]()


def obey_permissions():
    """Begin anew without what makes root exempt from permissions."""
    if os.environ.pop("CHAOS_BOUND", None) and os.geteuid() == 0:
        drop_from_bounding_set, dac_override = 24, 1  # linux/prctl.h, linux/capability.h
        ctypes.CDLL(None).prctl(drop_from_bounding_set, dac_override, 0, 0, 0)
        os.execv(sys.executable, sys.orig_argv)


def lift_file_limit(_agent):
    """Let files grow again."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def main() -> None:
    def say(answer):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    obey_permissions()
    try:
        agent = begin(sys.argv[1])
    except SettingsError as error:
        say(str(error))
        return
    say("ready")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        doing = lift_file_limit if name == "lift_file_limit" else getattr(type(agent), name)
        say(doing(agent, *arguments))


if __name__ == "__main__":
    main()
