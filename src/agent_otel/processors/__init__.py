"""The OpenTelemetry processors through which everything leaves."""

from agent_otel.processors.aside import Aside
from agent_otel.processors.delivery_warning import DeliveryWarning
from agent_otel.processors.forking import in_forked_child
from agent_otel.processors.losses import LateLoss, Losses
from agent_otel.processors.outbox import Outbox
from agent_otel.processors.pacing import OutboxLimits
from agent_otel.processors.preserving import TerminalPreservingLogProcessor, TerminalPreservingProcessor

__all__ = [
    "Aside",
    "DeliveryWarning",
    "LateLoss",
    "Losses",
    "Outbox",
    "OutboxLimits",
    "TerminalPreservingLogProcessor",
    "TerminalPreservingProcessor",
    "in_forked_child",
]
