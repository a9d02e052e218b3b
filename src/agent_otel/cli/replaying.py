"""The work behind ``replay`` and ``demo``: groups in, through the bridge, tree and summary out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
import json
import sys
from typing import Literal

from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from agent_otel.bridge import Reading, ReadingOptions, ReadingSummary
from agent_otel.cli.reach import Sending
from agent_otel.cli.status import Status
from agent_otel.cli.summary import MAX_PROBLEMS, nothing_was_read, problem_lines, status_of, summary_lines
from agent_otel.cli.tree import TreeCollector
from agent_otel.intake import Group, Replay, ResumeStore, Skipped, default_state_directory, discover
from agent_otel.model import UsageError
from agent_otel.setup import read_settings, settings_warnings
from agent_otel.sources import source_names

__all__ = ["Request", "find_groups", "progress", "replay_paths", "say", "tell_problems"]

_PROGRESS_BYTES = 4 * 1024 * 1024


@frozen(kw_only=True)
class Request:
    """What the command line asks for.

    Args:
        paths: Files, directories, ``-``.
        source: Name of a source, or ``auto``.
        trace_per: ``run`` or ``conversation``.
        resume: Whether to go on where the last call ended.
        strict: Whether malformed records are a failure.
        shows: Whether to draw trees.
        as_json: Whether standard output gets one JSON object.
    """

    paths: Sequence[str]
    source: str = "auto"
    trace_per: Literal["run", "conversation"] = "run"
    resume: bool = False
    strict: bool = False
    shows: bool = False
    as_json: bool = False


def replay_paths(request: Request, sending: Sending, environ: Mapping[str, str]) -> Status:
    """Read, send, and tell.

    Args:
        request: What to do.
        sending: Whether to send, and what to say of it.
        environ: Environment variables.

    Returns:
        The exit status.

    Raises:
        AgentOtelError: If an input cannot be read at all, or a setting cannot be used.
    """
    if request.resume and request.trace_per == "conversation":
        raise UsageError("--trace-per conversation needs the whole input and cannot go on later: leave out --resume")
    for warning in settings_warnings(environ):
        say(warning)
    groups = find_groups(request.paths, request.source)
    collector = TreeCollector() if request.shows else None
    options = ReadingOptions(trace_per=request.trace_per, resume=request.resume, send=sending.send)
    with closing(_store(environ)) if request.resume else nullcontext() as store:
        if store is not None and store.notice is not None:
            say(store.notice)
        reading = Reading.from_env(options, environ, collector.add if collector else None)
        replay = Replay(reading, store)
        try:
            with reading.interruption.of_signals():
                with progress(sum(group.total_bytes for group in groups)) as told:
                    for group in groups:
                        replay.read(group, told)
                summary = replay.finish()
        except KeyboardInterrupt:
            summary = replay.abort()
            say("interrupted: of what was complete, this became; what was open is left for the next time")
            _tell(summary, request, sending)
            return Status.INTERRUPTED
    if collector is not None:
        collector.render(Console(stderr=request.as_json))
    _tell(summary, request, sending)
    return status_of(summary, strict=request.strict)


def _store(environ: Mapping[str, str]) -> ResumeStore:
    return ResumeStore(read_settings(environ).state or default_state_directory(environ))


def find_groups(paths: Sequence[str], source: str) -> list[Group]:
    """Find what to read, and tell which files of a directory are left out."""
    left_out: list[Skipped] = []
    try:
        return discover(paths, source, left_out.append)
    finally:
        for skipped in left_out[:MAX_PROBLEMS]:
            say(f"left out {skipped.path}: {skipped.reason}")
        if len(left_out) > MAX_PROBLEMS:
            say(f"left out {len(left_out) - MAX_PROBLEMS} more files")


def tell_problems(summary: ReadingSummary, source: str) -> None:
    """Tell what could not be read."""
    for line in problem_lines(summary):
        say(line)
    if nothing_was_read(summary):
        named = f"as {source}" if source != "auto" else "by any source"
        say(f"nothing of it can be read {named}: is it the right file? Read are {', '.join(source_names())}")


def _tell(summary: ReadingSummary, request: Request, sending: Sending) -> None:
    tell_problems(summary, request.source)
    for message in [sending.notice, *summary.messages]:
        if message is not None:
            say(message)
    if request.as_json:
        sys.stdout.write(json.dumps(summary.as_dict()) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in summary_lines(summary))


def say(line: str) -> None:
    """Tell the user a line beside the output."""
    sys.stderr.write(f"{line}\n")


@contextmanager
def progress(total_bytes: int) -> Iterator[Callable[[int], None] | None]:
    """Show a bar for long work on a terminal; give what to call with the bytes read."""
    if not sys.stderr.isatty() or total_bytes <= _PROGRESS_BYTES:
        yield None
        return
    columns = TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total_bytes)
        yield lambda count: bar.update(task, advance=count)
