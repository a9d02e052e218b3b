"""One sink in, what became of it out: reached or not, acknowledged or why not."""

from __future__ import annotations

from collections.abc import Mapping
import time
from typing import Any, Final

from attrs import asdict, frozen
from opentelemetry.sdk.metrics.export import MetricReader

from agent_otel.cli.doctor.explaining import Finding, Symptoms, explain
from agent_otel.cli.doctor.overhearing import Overheard
from agent_otel.cli.doctor.pending import Pending, in_background
from agent_otel.cli.doctor.places import Place
from agent_otel.cli.doctor.reaching import Reached, reach, trust_of
from agent_otel.cli.doctor.sending import Delivery, send_item, send_metrics
from agent_otel.cli.doctor.speaking import Spoken, spoken_at
from agent_otel.cli.doctor.trial import Trial
from agent_otel.policy import ContentPolicy
from agent_otel.processors.content import GuardedMetricExporter
from agent_otel.processors.preserving import sink_for

__all__ = ["Checked", "Checker"]

_NOT_CHECKED: Final = Reached(state="not_checked", detail="only the exporter knows where it sends")
_MOMENT_S: Final = 0.2  # for connecting, which began before a test item was sent
_MARGIN_S: Final = 6.0  # for asking what is spoken there, three seconds at most, and for closing connections


@frozen(kw_only=True)
class Checked:
    """A sink, and how it did.

    Args:
        place: The sink.
        reached: How far one got.
        delivery: What became of the test item.
        finding: Why it was not acknowledged, or cannot be; None if all is well.
    """

    place: Place
    reached: Reached
    delivery: Delivery
    finding: Finding | None = None

    @property
    def failed(self) -> bool:
        """Whether the sink did not acknowledge, or with nothing sent, cannot be reached."""
        return self.finding is not None

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        place = self.place
        return {
            "signal": place.signal,
            "name": place.sink.name,
            "protocol": place.protocol,
            "endpoint": place.address.url if place.address is not None else None,
            "headers": list(place.headers),
            "content": dict(place.content),
            "reached": self.reached.as_dict(),
            "delivery": {
                **self.delivery.as_dict(),
                **(asdict(self.finding) if self.finding is not None else {"why": "", "fix": ""}),
            },
        }


@frozen(kw_only=True, eq=False)
class Checker:
    """Checks sinks.

    Args:
        environ: Environment variables.
        policy: What may leave.
        trial: What to send; None sends nothing.
        heard: What the exporters log.
        timeout_s: Seconds for connecting, and for an answer.
    """

    environ: Mapping[str, str]
    policy: ContentPolicy
    trial: Trial | None
    heard: Overheard
    timeout_s: float

    def check_all(self, places: list[Place]) -> list[Checked]:
        """Check sinks, all at the same time.

        Raises:
            SettingsError: If an exporter cannot be made, before anything is sent.
        """
        made = [None if place.silent else place.sink.make() for place in places]
        under_way = [(place, self._begin(place, exporter)) for place, exporter in zip(places, made, strict=True)]
        return [pending.wait(self.timeout_s + _MARGIN_S) or _broken(place, "timeout") for place, pending in under_way]

    def _begin(self, place: Place, exporter: Any) -> Pending[Checked]:
        name = f"agent-otel-doctor-{place.sink.name}-{place.signal}"
        return in_background(name, lambda _: self._check(place, exporter))

    def _check(self, place: Place, exporter: Any) -> Checked:
        try:
            return self._checked(place, exporter)
        except Exception as error:  # noqa: BLE001  a fault of ours, or of a sink that somebody else wrote
            return _broken(place, type(error).__name__)

    def _checked(self, place: Place, exporter: Any) -> Checked:
        if place.silent or isinstance(exporter, MetricReader):
            return Checked(place=place, reached=_NOT_CHECKED, delivery=_not_sent(place.silent or "it is scraped"))
        end = time.monotonic() + self.timeout_s
        reaching = in_background("agent-otel-doctor-reach", lambda _: self._reach(place))
        delivery = self._send(place, exporter)
        reached = reaching.wait(max(_MOMENT_S, end - time.monotonic())) or Reached(
            state="timeout", detail="resolving its name"
        )
        if delivery.state == "acknowledged" or (delivery.state == "not_sent" and not reached.failed):
            return Checked(place=place, reached=reached, delivery=delivery)
        symptoms = Symptoms(
            reason=delivery.reason,
            message=delivery.message,
            reached=reached,
            spoken=_spoken(place, reached, delivery),
            signal=place.signal,
            headers=place.headers,
        )
        return Checked(place=place, reached=reached, delivery=delivery, finding=explain(place.address, symptoms))

    def _reach(self, place: Place) -> Reached:
        if place.address is None:
            return _NOT_CHECKED
        trust = trust_of(place.signal, place.address.protocol, self.environ)
        return reach(place.address, trust, self.environ, self.timeout_s)

    def _send(self, place: Place, exporter: Any) -> Delivery:
        if self.trial is None:
            return _not_sent("--no-send")
        policy, cap = self.policy, place.sink.policy
        if place.signal == "metrics":
            guarded = GuardedMetricExporter(exporter, policy, cap)
            return send_metrics(guarded, self.trial.metrics, self.heard, self.timeout_s)
        item = self.trial.span_item(policy, cap) if place.signal == "traces" else self.trial.log_item(policy, cap)
        sink = sink_for(exporter, place.signal, f"{place.sink.name}/{place.signal}")
        return send_item(sink, item, self.timeout_s)


def _not_sent(reason: str) -> Delivery:
    return Delivery(state="not_sent", reason=reason)


def _spoken(place: Place, reached: Reached, delivery: Delivery) -> Spoken:
    """Ask what is spoken there, where connecting works and the answer was no proper one."""
    status = delivery.reason.startswith("status ") and delivery.reason != "status 400"
    if place.address is None or reached.through_proxy or reached.state not in ("connected", "tls") or status:
        return ""
    return spoken_at(place.address)


def _broken(place: Place, reason: str) -> Checked:
    """What is told of a sink whose check failed itself, or did not end: an exporter that cannot be interrupted."""
    return Checked(
        place=place,
        reached=_NOT_CHECKED,
        delivery=Delivery(state="not_acknowledged", reason=reason),
        finding=Finding(f"the exporter failed: {reason}", "see its documentation"),
    )
