"""What may leave. Knows nothing of OpenTelemetry."""

from agent_otel.policy.describe import METADATA_ONLY, content_facts

__all__ = ["METADATA_ONLY", "content_facts"]
