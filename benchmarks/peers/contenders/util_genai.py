"""opentelemetry-util-genai, with content on spans (`OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util.genai.handler import TelemetryHandler

from peers.work import Tool


class Contender:
    """A handler on a provider."""

    def __init__(self) -> None:
        self._provider = TracerProvider()
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._handler = TelemetryHandler(tracer_provider=self._provider)

    @contextmanager
    def run(self) -> Iterator[Tool]:
        handler = self._handler
        with handler.invoke_local_agent(agent_name="coder", conversation_id="c-1"):

            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                with handler.tool(name) as tool:
                    tool.tool_call_id = call_id
                    tool.arguments = arguments
                    tool.tool_result = result

            yield call

    def finish(self) -> None:
        self._provider.force_flush()
        self._provider.shutdown()

    def leave(self) -> None:
        self._provider.shutdown()
