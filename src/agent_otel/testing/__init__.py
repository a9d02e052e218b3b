"""The test kit: a real OTLP receiver, span trees to compare by eye, and the conformance rules."""

from agent_otel.testing.conformance import RULES, check_span
from agent_otel.testing.exchange import ReceivedRequest, Reply, Respond, Signal
from agent_otel.testing.received import (
    ReceivedEvent,
    ReceivedExemplar,
    ReceivedLink,
    ReceivedLog,
    ReceivedPoint,
    ReceivedSpan,
)
from agent_otel.testing.receiver import OtlpReceiver
from agent_otel.testing.trees import assert_tree, span_tree

__all__ = [
    "RULES",
    "OtlpReceiver",
    "ReceivedEvent",
    "ReceivedExemplar",
    "ReceivedLink",
    "ReceivedLog",
    "ReceivedPoint",
    "ReceivedRequest",
    "ReceivedSpan",
    "Reply",
    "Respond",
    "Signal",
    "assert_tree",
    "check_span",
    "span_tree",
]
