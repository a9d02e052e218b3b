"""OpenInference: its provider and tracer, `set_tool`, `set_input` and `set_output`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openinference.instrumentation import TracerProvider  # type: ignore[import-not-found]
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
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
        with tracer.start_as_current_span("coder", openinference_span_kind="agent"):

            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                with tracer.start_as_current_span(name, openinference_span_kind="tool") as span:
                    span.set_attribute("tool_call.id", call_id)
                    span.set_tool(name=name, parameters=arguments)
                    span.set_input(arguments)
                    span.set_output(result)

            yield call

    def finish(self) -> None:
        self._provider.force_flush()
        self._provider.shutdown()

    def leave(self) -> None:
        self._provider.shutdown()
