"""What Bamboo's questions about stored metrics can be restricted to; None restricts nothing."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.sources.bamboo.members import NullableText
from agent_otel.sources.bamboo.stored.members import NullableDay
from agent_otel.sources.fields import optional, unsigned

__all__ = ["ForwardMetricsFilter", "MetricsDateFilter", "ModelMetricsDateFilter", "SessionMetricsFilter"]

_Limit = Annotated[int | None, optional(unsigned(32))]


@frozen(kw_only=True)
class MetricsDateFilter(LosslessRecord):
    """Days, both included."""

    start_date: NullableDay = None
    end_date: NullableDay = None

    @classmethod
    def default(cls) -> "MetricsDateFilter":
        """Give the filter that restricts nothing."""
        return cls()


@frozen(kw_only=True)
class ModelMetricsDateFilter(LosslessRecord):
    """Days, both included, and a model; a blank one restricts nothing."""

    start_date: NullableDay = None
    end_date: NullableDay = None
    model: NullableText = None

    @classmethod
    def default(cls) -> "ModelMetricsDateFilter":
        """Give the filter that restricts nothing."""
        return cls()

    @classmethod
    def from_(cls, filter: MetricsDateFilter) -> "ModelMetricsDateFilter":  # noqa: A002  Bamboo's own name
        """Give the filter of the same days and of all models (Rust's ``from``)."""
        return cls(start_date=filter.start_date, end_date=filter.end_date)


@frozen(kw_only=True)
class SessionMetricsFilter(LosslessRecord):
    """Which sessions, and how many at most."""

    start_date: NullableDay = None
    end_date: NullableDay = None
    model: NullableText = None
    limit: _Limit = None

    @classmethod
    def default(cls) -> "SessionMetricsFilter":
        """Give the filter that restricts nothing."""
        return cls()


@frozen(kw_only=True)
class ForwardMetricsFilter(LosslessRecord):
    """Which forwarded requests, and how many at most."""

    start_date: NullableDay = None
    end_date: NullableDay = None
    endpoint: NullableText = field(default=None, repr=False)
    model: NullableText = None
    limit: _Limit = None

    @classmethod
    def default(cls) -> "ForwardMetricsFilter":
        """Give the filter that restricts nothing."""
        return cls()
