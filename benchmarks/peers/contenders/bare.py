"""The OpenTelemetry SDK by hand: batch processor, OTLP exporter, and the attributes that the GenAI conventions name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from peers.work import Tool


class Contender:
    """A provider and its tracer."""

    def __init__(self) -> None:
        self._provider = TracerProvider()
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("coder")

    @contextmanager
    def run(self) -> Iterator[Tool]:
        tracer = self._tracer
        attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "coder"}
        with tracer.start_as_current_span("invoke_agent coder", attributes=attributes):

            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                with tracer.start_as_current_span(
                    f"execute_tool {name}",
                    attributes={
                        "gen_ai.operation.name": "execute_tool",
                        "gen_ai.tool.name": name,
                        "gen_ai.tool.call.id": call_id,
                        "gen_ai.tool.call.arguments": json.dumps(arguments),
                    },
                ) as span:
                    span.set_attribute("gen_ai.tool.call.result", json.dumps(result))

            yield call

    def finish(self) -> None:
        self._provider.force_flush()
        self._provider.shutdown()

    def leave(self) -> None:
        self._provider.shutdown()
