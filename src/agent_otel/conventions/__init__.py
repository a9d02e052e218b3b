"""Every attribute, span, event and metric name, unit and bucket, and which keys carry content."""

from agent_otel.conventions import attributes, content, metrics, names
from agent_otel.conventions.attributes import SCHEMA_URL, SEMCONV_REVISION
from agent_otel.conventions.content import CONTENT_KEYS
from agent_otel.conventions.metrics import INSTRUMENTS, Instrument

__all__ = [
    "CONTENT_KEYS",
    "INSTRUMENTS",
    "SCHEMA_URL",
    "SEMCONV_REVISION",
    "Instrument",
    "attributes",
    "content",
    "metrics",
    "names",
]
