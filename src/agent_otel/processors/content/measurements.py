"""Metrics as one sink may see them: labels, exemplars, resource and scope without secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from opentelemetry.sdk.metrics.export import Metric, MetricsData, ResourceMetrics, ScopeMetrics

from agent_otel.policy import Filtering
from agent_otel.processors.content.guard import SignalGuard
from agent_otel.processors.interruption import of_signal_handler

__all__ = ["MetricGuard"]

_T = TypeVar("_T", ResourceMetrics, ScopeMetrics, Metric)


class MetricGuard(SignalGuard):
    """Filters metrics for one sink. Never raises: metrics that it fails on are left out.

    Arguments are those of ``SignalGuard``.
    """

    def filtered(self, data: MetricsData) -> MetricsData:
        """Give metrics as the sink may see them."""
        return MetricsData(list(self._each(self._of_resource, data.resource_metrics)))

    def _each(self, clean: Callable[[_T], _T], parts: Iterable[_T]) -> Iterator[_T]:
        """Give what the policy makes of parts; one that it fails on is left out and counted."""
        for part in parts:
            try:
                yield clean(part)
            except Exception as error:  # noqa: PERF203  one part must not cost the others
                if of_signal_handler(error):
                    raise
                self.counts.add_stub()

    def _of_resource(self, part: ResourceMetrics) -> ResourceMetrics:
        scopes = list(self._each(self._of_scope, part.scope_metrics))
        url = self._guard.plain(part.schema_url).text(part.schema_url or "")
        return replace(part, resource=self._guard.resource(part.resource), scope_metrics=scopes, schema_url=url)

    def _of_scope(self, part: ScopeMetrics) -> ScopeMetrics:
        metrics = list(self._each(self._of_metric, part.metrics))
        url = self._guard.plain(part.schema_url).text(part.schema_url or "")
        return replace(part, scope=self._guard.scope(part.scope) or part.scope, metrics=metrics, schema_url=url)

    def _of_metric(self, metric: Metric) -> Metric:
        points: Sequence[Any] = metric.data.data_points
        everything = [metric.name, metric.description, metric.unit]
        labels = [dict(point.attributes or {}) for point in points]
        exemplars = [dict(exemplar.filtered_attributes or {}) for point in points for exemplar in point.exemplars]
        filtering = self._guard.plain([everything, labels, exemplars])
        kept = [self._of_point(filtering, point) for point in points]
        texts = {
            "name": filtering.text(metric.name),
            "description": filtering.text(metric.description or ""),
            "unit": filtering.text(metric.unit or ""),
        }
        self.counts.add_redacted(filtering.redacted)
        data: Any = metric.data
        return replace(metric, data=replace(data, data_points=kept), **texts)

    @staticmethod
    def _of_point(filtering: Filtering, point: Any) -> Any:
        exemplars = [
            replace(exemplar, filtered_attributes=filtering.attributes(dict(exemplar.filtered_attributes or {})))
            for exemplar in point.exemplars
        ]
        return replace(point, attributes=filtering.attributes(dict(point.attributes or {})), exemplars=exemplars)
