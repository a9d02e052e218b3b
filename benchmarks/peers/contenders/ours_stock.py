"""This project with its terminal preservation off: policy and bridge in front of the SDK's own batch processor."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from agent_otel.setup import install
from peers.contenders import ours


class Contender(ours.Contender):
    """A bridge that has no sink of its own (`OTEL_TRACES_EXPORTER=none`), beside a provider of the host's."""

    def __init__(self) -> None:
        self._provider = TracerProvider()
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(self._provider)
        install(self._provider)
        super().__init__()

    def finish(self) -> None:
        super().finish()
        self._provider.force_flush()
        self._provider.shutdown()

    def leave(self) -> None:
        super().leave()
        self._provider.shutdown()
