"""Sources: foreign records in, ``AgentEvent`` out. One package per source system, loaded on first use."""

from agent_otel.sources.protocol import Context, Decoded, Decoder, Document, RotatingSource, Source, Verdict
from agent_otel.sources.registry import ENTRY_POINT_GROUP, detect_source, load_source, source_names

__all__ = [
    "ENTRY_POINT_GROUP",
    "Context",
    "Decoded",
    "Decoder",
    "Document",
    "RotatingSource",
    "Source",
    "Verdict",
    "detect_source",
    "load_source",
    "source_names",
]
