"""The table of detectors, by family."""

from agent_otel.policy.scrubbing.detector import Detector
from agent_otel.policy.scrubbing.detectors import (
    ai,
    cloud,
    commands,
    hosts,
    operations,
    personal,
    places,
    services,
    statements,
)

__all__ = ["TABLE"]

TABLE: tuple[Detector, ...] = (
    *places.DETECTORS,
    *commands.DETECTORS,
    *statements.DETECTORS,
    *cloud.DETECTORS,
    *hosts.DETECTORS,
    *ai.DETECTORS,
    *services.DETECTORS,
    *operations.DETECTORS,
    *personal.DETECTORS,
)
