"""``WholeSpan``: a span of ours that was made at its end, for those who only read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status

__all__ = ["WholeSpan"]


class WholeSpan(ReadableSpan):
    """What ``ReadableSpan`` tells, without the copies that it makes for each question.

    It has no events and no links, and nothing of it was dropped. Nobody writes to its attributes any more.
    """

    # In the place of properties of the same names.
    name: Any = ""
    context: Any = None
    parent: Any = None
    kind: Any = SpanKind.INTERNAL
    start_time: Any = None
    end_time: Any = None
    attributes: Any = None
    status: Any = None
    resource: Any = None
    instrumentation_scope: Any = None
    events: Any = ()
    links: Any = ()
    dropped_attributes: Any = 0
    dropped_events: Any = 0
    dropped_links: Any = 0

    def __init__(
        self,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        times: tuple[int, int],
        attributes: Mapping[str, Any],
        status: Status,
        resource: Resource,
        scope: InstrumentationScope,
    ) -> None:
        self.name = name
        self.context = context
        self.parent = parent
        self.kind = kind
        self.start_time, self.end_time = times
        self.attributes = attributes
        self.status = status
        self.resource = resource
        self.instrumentation_scope = scope

    def get_span_context(self) -> SpanContext:
        """Give the ids."""
        context: SpanContext = self.context
        return context

    def __getattr__(self, name: str) -> Any:
        """Give what the base class keeps under private names."""
        if not name.startswith("_") or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self, name[1:], None)
