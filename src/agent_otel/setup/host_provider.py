"""What an SDK ``TracerProvider`` does not tell in public: its processors, and its limits.

Only here and in ``delivery.otlp.stock`` stand private names of the SDK. A test fails when a release moves one.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider

__all__ = ["limits_of", "processors_of"]


def processors_of(provider: TracerProvider) -> tuple[SpanProcessor, ...]:
    """Give the processors of a provider in their order; the very same tuple as long as none is added."""
    active: Any = provider._active_span_processor  # noqa: SLF001  there is no other way to know who else gets spans
    found = getattr(active, "_span_processors", None)
    return found if isinstance(found, tuple) else ()


def limits_of(provider: TracerProvider | None) -> SpanLimits | None:
    """Give the limits of a provider's spans; None for no provider."""
    limits = getattr(provider, "_span_limits", None)
    return limits if isinstance(limits, SpanLimits) else None
