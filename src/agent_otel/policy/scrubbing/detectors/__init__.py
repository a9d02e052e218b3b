"""The table of detectors, by family."""

from agent_otel.policy.scrubbing.detector import Detector
from agent_otel.policy.scrubbing.detectors import ai, cloud, hosts, operations, personal, places, services

__all__ = ["TABLE"]

TABLE: tuple[Detector, ...] = (
    *places.DETECTORS,
    *cloud.DETECTORS,
    *hosts.DETECTORS,
    *ai.DETECTORS,
    *services.DETECTORS,
    *operations.DETECTORS,
    *personal.DETECTORS,
)
