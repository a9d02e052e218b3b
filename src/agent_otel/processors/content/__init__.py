"""The content policy on spans, log records and metrics: in front of any processor, or around any exporter."""

from agent_otel.processors.content.beside import BESIDE, Beside, Carried, travelling
from agent_otel.processors.content.counts import ContentCounts
from agent_otel.processors.content.exporters import GuardedLogExporter, GuardedMetricExporter, GuardedSpanExporter
from agent_otel.processors.content.processors import ContentPolicyLogProcessor, ContentPolicyProcessor

__all__ = [
    "BESIDE",
    "Beside",
    "Carried",
    "ContentCounts",
    "ContentPolicyLogProcessor",
    "ContentPolicyProcessor",
    "GuardedLogExporter",
    "GuardedMetricExporter",
    "GuardedSpanExporter",
    "travelling",
]
