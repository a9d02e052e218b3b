"""The work behind ``scan``: groups in, through the bridge, what would leave out. Nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
import sys

from attrs import frozen
from rich.console import Console

from agent_otel.bridge import Reading, ReadingOptions
from agent_otel.cli.replaying import find_groups, progress, say, tell_problems
from agent_otel.cli.scanning.building import build_watched
from agent_otel.cli.scanning.report import Report, print_report
from agent_otel.cli.status import Status
from agent_otel.cli.summary import status_of
from agent_otel.intake import Replay
from agent_otel.setup import read_settings, settings_warnings

__all__ = ["ScanRequest", "scan_paths"]


@frozen(kw_only=True)
class ScanRequest:
    """What the command line asks for.

    Args:
        paths: Files, directories, ``-``.
        source: Name of a source, or ``auto``.
        strict: Whether malformed records, and secrets that would leave, are a failure.
        as_json: Whether standard output gets one JSON object.
    """

    paths: Sequence[str]
    source: str = "auto"
    strict: bool = False
    as_json: bool = False


def scan_paths(request: ScanRequest, environ: Mapping[str, str]) -> Status:
    """Read everything as ``replay`` does, and tell what would leave.

    Args:
        request: What to do.
        environ: Environment variables.

    Returns:
        The exit status.

    Raises:
        AgentOtelError: If an input cannot be read at all, or a setting cannot be used.
    """
    settings = read_settings(environ)
    for warning in settings_warnings(environ):
        say(warning)
    groups = find_groups(request.paths, request.source)
    watched = build_watched(environ, settings)
    reading = Reading(watched.telemetry, settings, ReadingOptions(send=False), environ)
    replay = Replay(reading)
    interrupted = False
    try:
        with reading.interruption.of_signals(), progress(sum(group.total_bytes for group in groups)) as told:
            for group in groups:
                replay.read(group, told)
        summary = replay.finish()
    except KeyboardInterrupt:
        summary, interrupted = replay.abort(), True
        say("interrupted: this is of what was complete")
    watched.look_over_metrics()
    tell_problems(summary, request.source)
    if summary.books.faults:
        say(f"{summary.books.faults} events, spans or log records were lost to a fault: they are not counted here")
    report = Report(settings, summary, watched.accounts)
    if request.as_json:
        sys.stdout.write(json.dumps(report.as_dict()) + "\n")
    else:
        print_report(report, Console())
    if interrupted:
        return Status.INTERRUPTED
    status = status_of(summary, strict=request.strict)
    return Status.MALFORMED if status is Status.OK and request.strict and report.left else status
