"""The tracing of openai-agents: its own batch processor and exporter, which posts JSON, here to the receiver.

What a result is on its spans is as its own runner has it: the value itself, which the exporter turns into a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from typing import Any

from agents.tracing import (
    agent_span,
    function_span,
    set_trace_processors,
    trace,
)
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor

from peers.work import Tool


class Contender:
    """A processor with its exporter."""

    def __init__(self) -> None:
        endpoint = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces/ingest"
        exporter = BackendSpanExporter(api_key="bench", endpoint=endpoint)
        queue = {"max_queue_size": int(size)} if (size := os.environ.get("BENCH_QUEUE")) else {}
        self._processor = BatchTraceProcessor(exporter, **queue)
        set_trace_processors([self._processor])

    @contextmanager
    def run(self) -> Iterator[Tool]:
        with trace("run"), agent_span("coder"):

            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                del call_id  # there is no place for it
                with function_span(name, json.dumps(arguments)) as span:
                    span.span_data.output = result

            yield call

    def finish(self) -> None:
        self._processor.force_flush()
        self._processor.shutdown()

    def leave(self) -> None:
        self._processor.shutdown()
