"""Measurements with labels that were recorded before, without what the SDK does for each to find their aggregation.

To record with a known set of labels, the SDK copies, checks, sorts and hashes them, which is three quarters of what a
measurement costs. Here the aggregations of a set of labels are looked up once. Those names of the SDK are private:
where one is missing, or where aggregations do not last (delta temporality), the instrument itself records, as before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time_ns
from typing import Any, Final, NamedTuple

from opentelemetry.context import Context

__all__ = ["BoundLabels"]

_MOST: Final = 2048
_Record = Callable[[float, Mapping[str, Any], Context], None]


class _Measured(NamedTuple):
    """What an aggregation asks a measurement for."""

    value: float
    time_unix_nano: int
    attributes: Mapping[str, Any]
    context: Context


class BoundLabels:
    """Records measurements of one instrument.

    Args:
        instrument: A histogram or counter of the SDK, or of any other implementation of the API.
        record: Its own way to record.
    """

    def __init__(self, instrument: Any, record: _Record) -> None:
        self._instrument = instrument
        self._record = record
        self._aggregations: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._storages: Any = None
        consumer = getattr(instrument, "_measurement_consumer", None)
        self._consumer = consumer if hasattr(consumer, "_reader_storages") else None
        sampling = getattr(getattr(consumer, "_sdk_config", None), "exemplar_filter", None)
        self._is_exemplar: Any = getattr(sampling, "should_sample", None)

    def __call__(self, value: float, labels: Mapping[str, Any], context: Context) -> None:
        """Record a measurement; a value that the instrument would refuse is left to it.

        Args:
            value: In its unit.
            labels: Texts and flags; not written to any more.
            context: That of its span.
        """
        known = (*labels.values(), *labels)
        found = self._aggregations.get(known)
        if found is None or self._consumer is None or self._consumer._reader_storages is not self._storages:  # noqa: SLF001
            self._record(value, labels, context)
            self._learn(known, labels)
            return
        if not 0 <= value < _INFINITE or not self._instrument._is_enabled():  # noqa: SLF001
            self._record(value, labels, context)
            return
        measured = _Measured(value, time_ns(), labels, context)
        is_exemplar = self._is_exemplar(value, measured.time_unix_nano, labels, context)
        for aggregation in found:
            aggregation.aggregate(measured, is_exemplar)

    def _learn(self, known: tuple[Any, ...], labels: Mapping[str, Any]) -> None:
        """Look up the aggregations of labels that were just recorded."""
        if self._consumer is None or self._is_exemplar is None:
            return
        try:
            storages = self._consumer._reader_storages  # noqa: SLF001
            found = [
                _aggregation_of(match, labels)
                for storage in storages.values()
                for match in storage._instrument_view_instrument_matches[self._instrument]  # noqa: SLF001
            ]
        except (AttributeError, KeyError, TypeError):
            return
        if storages is not self._storages or len(self._aggregations) >= _MOST:
            self._aggregations.clear()
            self._storages = storages
        if all(aggregation is not None for aggregation in found) and hasattr(self._instrument, "_is_enabled"):
            self._aggregations[known] = tuple(found)


def _aggregation_of(match: Any, labels: Mapping[str, Any]) -> Any:
    """Give what a view aggregates labels in; None if it does not last, or is that of all labels beyond its limit."""
    if match._reset_on_collect:  # noqa: SLF001
        return None
    chosen = match._view._attribute_keys  # noqa: SLF001
    kept = {key: value for key, value in labels.items() if chosen is None or key in chosen}
    return next(
        (
            aggregation
            for aggregation in list(match._attributes_aggregation.values())  # noqa: SLF001
            if aggregation._attributes == kept  # noqa: SLF001
        ),
        None,
    )


_INFINITE: Final = float("inf")
