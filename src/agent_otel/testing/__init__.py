"""The test kit: a real OTLP receiver that can fail on demand, span trees to compare by eye, conformance, a capture.

Nothing is loaded before it is asked for: pytest loads the plugin, and with it this package, in every run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from agent_otel.testing import faults
    from agent_otel.testing.capturing import Capture, capture
    from agent_otel.testing.certificates import ServerCertificate
    from agent_otel.testing.conformance import RULES, check_span
    from agent_otel.testing.exchange import ReceivedRequest, Reply, Signal
    from agent_otel.testing.expected import ExpectedSpan, expect
    from agent_otel.testing.fault import Respond
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
    from agent_otel.testing.verdicts import assert_conforms

__all__ = [
    "RULES",
    "Capture",
    "ExpectedSpan",
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
    "ServerCertificate",
    "Signal",
    "assert_conforms",
    "assert_tree",
    "capture",
    "check_span",
    "expect",
    "faults",
    "span_tree",
]

_NAMES: Final = {
    "capturing": ("Capture", "capture"),
    "certificates": ("ServerCertificate",),
    "conformance": ("RULES", "check_span"),
    "exchange": ("ReceivedRequest", "Reply", "Signal"),
    "expected": ("ExpectedSpan", "expect"),
    "fault": ("Respond",),
    "received": (
        "ReceivedEvent",
        "ReceivedExemplar",
        "ReceivedLink",
        "ReceivedLog",
        "ReceivedPoint",
        "ReceivedSpan",
    ),
    "receiver": ("OtlpReceiver",),
    "trees": ("assert_tree", "span_tree"),
    "verdicts": ("assert_conforms",),
}
_MODULES: Final = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "faults":
        return import_module(f"{__name__}.faults")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value
