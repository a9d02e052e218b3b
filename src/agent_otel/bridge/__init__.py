"""The facade: ``Bridge`` for live use, ``Reading`` for recorded runs."""

from agent_otel.bridge.books import BridgeBooks, Problem
from agent_otel.bridge.children import ModelCall, Retrieval
from agent_otel.bridge.facade import Bridge
from agent_otel.bridge.health import Health
from agent_otel.bridge.in_process import Run
from agent_otel.bridge.reading import Reading, ReadingOptions, ReadingSummary
from agent_otel.bridge.tool_calls import ToolCall

__all__ = [
    "Bridge",
    "BridgeBooks",
    "Health",
    "ModelCall",
    "Problem",
    "Reading",
    "ReadingOptions",
    "ReadingSummary",
    "Retrieval",
    "Run",
    "ToolCall",
]
