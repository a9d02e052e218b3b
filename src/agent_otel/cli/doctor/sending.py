"""A test span, log record or metric point in, what the sink said of it out, within a deadline."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import time
from typing import Any, Final, Literal

from attrs import asdict, frozen
from opentelemetry.sdk.metrics.export import MetricsData

from agent_otel.cli.doctor.overhearing import Overheard, root_of
from agent_otel.cli.doctor.pending import Pending, in_background
from agent_otel.delivery import Item, Sink, SinkVerdict
from agent_otel.policy import scrub

__all__ = ["Delivery", "send_item", "send_metrics"]

State = Literal["acknowledged", "not_acknowledged", "not_sent"]
_MILLIS: Final = 1000
_OF_ALL: Final = " for everything"  # what a sink adds where nothing but the refused was sent: here it is one item
_GOODBYE_S: Final = 0.5  # for closing connections; what takes longer ends with the process


@frozen(kw_only=True)
class Delivery:
    """What became of a test item.

    Args:
        state: ``not_sent`` if there is nothing to send to, or nothing was to be sent.
        ms: Milliseconds until it was acknowledged; else None.
        reason: Why it was not, short and free of content: a status, the class of an exception, or why it was not sent.
        message: What the endpoint said (OTLP partial success); a warning if it was acknowledged all the same.
    """

    state: State
    ms: int | None = None
    reason: str = ""
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return asdict(self)


def send_item(sink: Sink, item: Item, timeout_s: float) -> Delivery:
    """Send an item through a sink, and shut the sink down. Never raises.

    Args:
        sink: As delivery would use it.
        item: A span or log record.
        timeout_s: Seconds to wait at most, if the sink waits longer.
    """

    def call(_: Pending[Delivery]) -> Delivery:
        return _timed(lambda: _of_verdict(sink.export([item], None)))

    return _settled(in_background(f"agent-otel-doctor-{sink.spec.sink_id}", call), timeout_s, sink.shutdown)


def send_metrics(exporter: Any, metrics: MetricsData, heard: Overheard, timeout_s: float) -> Delivery:
    """Send metrics through a stock exporter, and shut it down. Never raises.

    Such an exporter tries again by itself for as long as its own timeout: the first reason that it logs is the answer.

    Args:
        exporter: A metric exporter.
        metrics: The points.
        heard: What the exporters log.
        timeout_s: Seconds to wait at most.
    """

    def call(pending: Pending[Delivery]) -> Delivery:
        with heard.here(lambda reason: pending.give(_failed(reason))):
            return _timed(lambda: _of_result(exporter.export(metrics, timeout_millis=timeout_s * _MILLIS)))

    return _settled(in_background("agent-otel-doctor-metrics", call), timeout_s, exporter.shutdown)


def _settled(pending: Pending[Delivery], timeout_s: float, shutdown: Callable[[], object]) -> Delivery:
    delivery = pending.wait(timeout_s) or _failed("timeout")

    def end(_: Pending[bool]) -> bool:
        with suppress(Exception):
            shutdown()
        return True

    in_background("agent-otel-doctor-end", end).wait(_GOODBYE_S)
    return delivery


def _timed(send: Callable[[], Delivery]) -> Delivery:
    begin = time.monotonic()
    try:
        delivery = send()
    except Exception as error:  # noqa: BLE001  whatever an exporter raises
        return _failed(type(root_of(error)).__name__)
    if delivery.state != "acknowledged":
        return delivery
    ms = round((time.monotonic() - begin) * _MILLIS)
    return Delivery(state="acknowledged", ms=ms, message=delivery.message)


def _of_verdict(verdict: SinkVerdict) -> Delivery:
    if verdict.failure is not None:
        return _failed(verdict.failure.reason.removesuffix(_OF_ALL))
    if verdict.refused:
        return _failed(verdict.refused[0][1])
    message = str(scrub(verdict.partial_message).value)  # nobody knows what an endpoint repeats there
    if verdict.partial_count:
        return Delivery(state="not_acknowledged", reason="partial success", message=message)
    return Delivery(state="acknowledged", message=message)


def _of_result(result: Any) -> Delivery:
    if getattr(result, "name", "") == "SUCCESS":
        return Delivery(state="acknowledged")
    return _failed("export failed")


def _failed(reason: str) -> Delivery:
    return Delivery(state="not_acknowledged", reason=reason)
