"""Hand-over and worker, derived ids, the current span; calls Tracer, Meter and Logger."""

from agent_otel.emit.additions import Additions
from agent_otel.emit.content import ContentWriter
from agent_otel.emit.current import CurrentSpan
from agent_otel.emit.derived import DerivedIdGenerator, DerivedSampler
from agent_otel.emit.handover import HandOver
from agent_otel.emit.merging import MergingProvider
from agent_otel.emit.metrics import MetricEmitter
from agent_otel.emit.plain_json import json_text
from agent_otel.emit.private_provider import PrivateTracerProvider
from agent_otel.emit.records import LogEmitter
from agent_otel.emit.sampling import Sampling, TraceDecision
from agent_otel.emit.snapshot import error_text, snapshot, text_of, type_name, whole_number
from agent_otel.emit.spans import SpanEmitter, span_context

__all__ = [
    "Additions",
    "ContentWriter",
    "CurrentSpan",
    "DerivedIdGenerator",
    "DerivedSampler",
    "HandOver",
    "LogEmitter",
    "MergingProvider",
    "MetricEmitter",
    "PrivateTracerProvider",
    "Sampling",
    "SpanEmitter",
    "TraceDecision",
    "error_text",
    "json_text",
    "snapshot",
    "span_context",
    "text_of",
    "type_name",
    "whole_number",
]
