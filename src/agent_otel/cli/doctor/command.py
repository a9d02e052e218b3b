"""The work behind ``doctor``: settings in, a report of what stands between an agent and its backend out."""

from __future__ import annotations

from collections.abc import Mapping
import json
import math
import os
import sys

from attrs import evolve, frozen
from rich.console import Console

from agent_otel.cli.doctor.checking import Checker
from agent_otel.cli.doctor.notes import notes_on
from agent_otel.cli.doctor.overhearing import overhearing
from agent_otel.cli.doctor.places import places_of
from agent_otel.cli.doctor.report import Report, print_report
from agent_otel.cli.doctor.spools import look_at_spool
from agent_otel.cli.doctor.trial import make_trial
from agent_otel.cli.doctor.variables import effective_variables, unlisted_variables
from agent_otel.cli.status import Status
from agent_otel.model import UsageError
from agent_otel.setup import Settings, is_disabled, read_settings, settings_warnings

__all__ = ["DoctorRequest", "examine"]

_LONGEST_S = 600.0


@frozen(kw_only=True)
class DoctorRequest:
    """What the command line asks for.

    Args:
        send: Whether test telemetry is sent.
        timeout_s: Seconds for connecting to an endpoint, and for its answer.
        as_json: Whether standard output gets one JSON object.
    """

    send: bool = True
    timeout_s: float = 5.0
    as_json: bool = False


def examine(request: DoctorRequest, environ: Mapping[str, str]) -> Status:
    """Check everything, and tell.

    Args:
        request: What to do.
        environ: Environment variables (``os.environ``: the exporters read it too).

    Returns:
        The exit status.

    Raises:
        AgentOtelError: If a setting cannot be used: an agent would not start either.
    """
    if not 0 < request.timeout_s <= _LONGEST_S or math.isnan(request.timeout_s):
        raise UsageError(f"--timeout: a number of seconds above 0, at most {_LONGEST_S:g}")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its core writes to standard error on its own
    settings = read_settings(environ)
    report = Report(variables=effective_variables(environ, settings.content), unlisted=unlisted_variables(environ))
    if is_disabled(environ):
        report = evolve(report, is_disabled=True, notes=settings_warnings(environ))
    else:
        report = _checked(report, request, environ, settings)
    if request.as_json:
        sys.stdout.write(json.dumps(report.as_dict()) + "\n")
    else:
        print_report(report, Console())
    return report.status


def _checked(report: Report, request: DoctorRequest, environ: Mapping[str, str], settings: Settings) -> Report:
    trial = make_trial(environ, settings)
    places = places_of(environ, settings)
    with overhearing() as heard:
        checker = Checker(
            environ=environ,
            policy=settings.content,
            trial=trial if request.send else None,
            heard=heard,
            timeout_s=request.timeout_s,
        )
        checked = checker.check_all(places)
    return evolve(
        report,
        notes=notes_on(environ, places),
        checked=checked,
        spool=look_at_spool(settings),
        trace_id=trial.trace_id if request.send and any(place.signal == "traces" for place in places) else "",
    )
