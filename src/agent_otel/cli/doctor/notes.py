"""Why nothing may arrive although every sink is well: what a user should know of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import re
from typing import Final

from agent_otel.cli.doctor.places import Place
from agent_otel.setup import settings_warnings

__all__ = ["notes_on"]

_UNSAMPLED_PARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f][02468ace]")
_EXPORTERS: Final = {"traces": "spans", "logs": "log records", "metrics": "metrics"}


def notes_on(environ: Mapping[str, str], places: Sequence[Place]) -> list[str]:
    """Give warnings, the settings' own first.

    Args:
        environ: Environment variables.
        places: The sinks of all signals.
    """
    return [*settings_warnings(environ), *_of_sampling(environ), *_of_names(environ), *_of_silence(places)]


def _of_sampling(environ: Mapping[str, str]) -> Iterator[str]:
    sampler = environ.get("OTEL_TRACES_SAMPLER", "").strip() or "parentbased_always_on"
    share = environ.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
    ours = "the test span is sent all the same"
    if sampler.endswith("always_off"):
        yield f"OTEL_TRACES_SAMPLER={sampler}: no trace of an agent is sent; {ours}"
    elif sampler.endswith("traceidratio") and share:
        yield f"OTEL_TRACES_SAMPLER_ARG={share}: that share of the traces of agents is sent; {ours}"
    if sampler.startswith("parentbased") and _UNSAMPLED_PARENT.fullmatch(environ.get("TRACEPARENT", "").strip()):
        yield f"TRACEPARENT says that its trace is not sampled: no span of an agent below it is sent; {ours}"


def _of_names(environ: Mapping[str, str]) -> Iterator[str]:
    named = environ.get("OTEL_SERVICE_NAME", "").strip() or "service.name=" in environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    if not named:
        yield "OTEL_SERVICE_NAME is not set: backends list these traces under unknown_service"


def _of_silence(places: Sequence[Place]) -> Iterator[str]:
    told = {place.signal for place in places}
    for signal, what in _EXPORTERS.items():
        if signal not in told:
            yield f"OTEL_{signal.upper()}_EXPORTER=none: {what} are sent nowhere"
