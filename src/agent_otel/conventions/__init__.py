"""Every attribute, span, event and metric name, unit and bucket, and which keys carry content."""

from agent_otel.conventions import attributes, metrics, names
from agent_otel.conventions.attributes import CONTENT_KEYS, SCHEMA_URL, SEMCONV_REVISION
from agent_otel.conventions.metrics import INSTRUMENTS, Instrument

__all__ = [
    "CONTENT_KEYS",
    "INSTRUMENTS",
    "SCHEMA_URL",
    "SEMCONV_REVISION",
    "Instrument",
    "attributes",
    "metrics",
    "names",
]
