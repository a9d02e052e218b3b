"""The command line: arguments in, exit status out. The work is done elsewhere."""

# ruff: noqa: FBT002  the parser builds its options from these signatures

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
import gc
from importlib import resources
import logging
import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from agent_otel._version import __version__
from agent_otel.cli.reach import Sending, decide_sending
from agent_otel.cli.replaying import Request, replay_paths
from agent_otel.cli.status import CommandEnd, Status
from agent_otel.model import AgentOtelError, UsageError

__all__ = ["app", "main"]

_PARSER_USAGE = 2  # what the argument parser exits with for bad usage; ours means "not delivered"

app = typer.Typer(
    name="agent-otel",
    help="OpenTelemetry for AI agents: recorded runs become traces and metrics.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class TracePer(str, Enum):
    """What one trace holds."""

    RUN = "run"
    CONVERSATION = "conversation"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output; a tree goes to stderr.")]


def _show_version(value: bool) -> None:  # noqa: FBT001  the signature that the parser calls
    if value:
        typer.echo(f"agent-otel {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def replay(
    paths: Annotated[list[str], typer.Argument(metavar="FILE|DIR|-...", help="What to read; - is standard input.")],
    source: Annotated[str, typer.Option(help="Name of the source; auto tells it by content.")] = "auto",
    console: Annotated[bool, typer.Option("--console", help="Draw each run as a tree.")] = False,
    as_json: Json = False,
    trace_per: Annotated[TracePer, typer.Option(help="What one trace holds.")] = TracePer.RUN,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last call ended.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 if a record is malformed.")] = False,
) -> None:
    """Send recorded agent runs as traces, logs and metrics over OTLP.

    Exit status: 0 all delivered, 1 bad usage or settings, 2 something not delivered, 3 malformed records (--strict).
    """
    request = Request(
        paths=paths,
        source=source,
        trace_per="run" if trace_per is TracePer.RUN else "conversation",
        resume=resume,
        strict=strict,
        shows=console,
        as_json=as_json,
    )
    _run(request, decide_sending(os.environ, shows=console))


@app.command()
def demo(as_json: Json = False) -> None:
    """Show a recorded session; send it as well if an OTLP endpoint is set, or a collector listens at the usual one."""
    session = resources.files("agent_otel.cli") / "demo_session"
    with resources.as_file(session) as directory:
        request = Request(paths=[str(directory)], source="claude-code", shows=True, as_json=as_json)
        _run(request, decide_sending(os.environ, shows=True))


@app.command()
def scan(
    paths: Annotated[list[str], typer.Argument(metavar="FILE|DIR|-...", help="What to read; - is standard input.")],
    source: Annotated[str, typer.Option(help="Name of the source; auto tells it by content.")] = "auto",
    as_json: Json = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 if a record is malformed, or a secret would leave.")
    ] = False,
) -> None:
    """Show what would leave under the current policy, by rule and place; send nothing.

    Recorded runs are read as replay reads them, and what each sink's policy would let through is counted: content by
    kind and mode, what was hidden by detector and place, and per tool. Everything that would leave is then scrubbed a
    second time: "0 left" says that nothing more was found. Shown are counts and names, never content.

    Exit status: 0 done, 1 bad usage or settings, 2 something of the input was lost to a fault, 3 malformed records, or
    secrets that would leave (--strict).
    """
    from agent_otel.cli.scanning import ScanRequest, scan_paths  # noqa: PLC0415  other commands need none of it

    request = ScanRequest(paths=paths, source=source, strict=strict, as_json=as_json)
    raise CommandEnd(scan_paths(request, os.environ))


@app.command()
def flush(
    timeout: Annotated[float, typer.Option(help="Seconds to try at most.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Deliver what dead processes left in the directory of AGENT_OTEL_SPOOL.

    It goes where it was meant for: only what was filtered for the endpoint and the policy that are set now is sent.
    What belongs to processes that live is left to them.

    Exit status: 0 nothing is left, 1 bad usage or settings, 2 something is.
    """
    from agent_otel.cli.spooled import flush_spool  # noqa: PLC0415  other commands need none of it

    raise CommandEnd(flush_spool(os.environ, timeout_s=timeout, as_json=as_json))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    no_send: Annotated[bool, typer.Option("--no-send", help="Check without sending anything.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds for each endpoint, to connect and to answer.")] = 5.0,
) -> None:
    """Find out why nothing arrives: settings, endpoints, one test span acknowledged or the reason why not.

    Shown are the effective settings and where they come from, without secrets; for each sink whether it can be reached,
    and what it makes of a test span, log record or metric named agent_otel.doctor; and what waits in the spool.

    Exit status: 0 all acknowledged, 1 bad usage or settings, 2 something was not acknowledged, or with --no-send cannot
    be reached.
    """
    from agent_otel.cli.doctor import DoctorRequest, examine  # noqa: PLC0415  other commands need none of it

    raise CommandEnd(examine(DoctorRequest(send=not no_send, timeout_s=timeout, as_json=as_json), os.environ))


spool = typer.Typer(help="Look at what AGENT_OTEL_SPOOL holds.", no_args_is_help=True)
app.add_typer(spool, name="spool")


@spool.command("ls")
def spool_ls(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")] = False) -> None:
    """List its files: whose they are, how much they hold, how old it is."""
    from agent_otel.cli.spooled import show_spools  # noqa: PLC0415  as above

    raise CommandEnd(show_spools(os.environ, as_json=as_json))


@spool.command("show")
def spool_show(
    name: Annotated[str, typer.Argument(metavar="FILE", help="As `spool ls` lists it.")],
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per row.")] = False,
) -> None:
    """List what a file holds, oldest first: ids, class, size and age of each span and log record; no content."""
    from agent_otel.cli.spooled import show_file  # noqa: PLC0415  as above

    raise CommandEnd(show_file(os.environ, name, limit=limit, as_json=as_json))


@spool.command("drop")
def spool_drop(name: Annotated[str, typer.Argument(metavar="FILE", help="As `spool ls` lists it.")]) -> None:
    """Delete a file that a dead process left, undelivered."""
    from agent_otel.cli.spooled import drop_file  # noqa: PLC0415  as above

    raise CommandEnd(drop_file(os.environ, name))


@app.command()
def scrub(
    as_json: Annotated[bool, typer.Option("--json", help="Tell on stderr as a JSON object what was hidden.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 if there was anything to hide.")] = False,
) -> None:
    """Hide secrets: standard input to standard output, by the detectors of the content policy.

    JSON documents and JSON lines are scrubbed by their structure, all else as text. Nothing is cut off, and what holds
    no secret comes out byte for byte. What was hidden is counted on standard error, without any text.

    Memory is bounded: output comes in blocks of about a megabyte, so it is not for following a stream that pauses. A
    secret that runs over several lines is found up to 128 Ki characters (key blocks: 1 Mi). Up to 16 Mi characters a
    line or JSON document is scrubbed as one. A longer document is scrubbed in parts, between elements of its arrays;
    any other longer line passes only as long as nothing in it is suspicious, and from there on a marker stands for
    the rest of it.

    Exit status: 0 done, 1 bad usage or settings, or input or output that fails, 3 something was hidden (--strict).
    """
    from agent_otel.cli.scrubbing import scrub_stream  # noqa: PLC0415  other commands need none of it

    raise CommandEnd(scrub_stream(os.environ, as_json=as_json, strict=strict))


def _run(request: Request, sending: Sending) -> NoReturn:
    raise CommandEnd(replay_paths(request, sending, os.environ))


def _interrupt(*_: object) -> NoReturn:
    """Treat SIGTERM as Ctrl-C: what is complete is sent, nothing that is open is closed."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit.

    Args:
        arguments: Command line without the program's name; None takes that of the process.
    """
    if sys.stderr is None:  # closed by whoever started the process: what would be said there is lost
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  as long as the process
    # The exporters warn at each attempt; what became of the data is told once, in the summary.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, _interrupt)
    # Reading makes much garbage and almost no cycles: looking for them less often takes 6 % off a replay.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        _call(arguments)
    except CommandEnd:
        raise
    except OSError as error:
        _forget_output()
        sys.stderr.write(f"agent-otel: cannot read or write ({error.strerror or type(error).__name__})\n")
        raise CommandEnd(Status.USAGE) from None
    except AgentOtelError as error:
        sys.stderr.write(f"agent-otel: {error}\n")
        raise CommandEnd(Status.USAGE) from None
    except KeyboardInterrupt:
        raise CommandEnd(Status.INTERRUPTED) from None
    except SystemExit as end:
        raise SystemExit(Status.USAGE.value if end.code == _PARSER_USAGE else end.code) from None
    raise CommandEnd(Status.OK)


def _call(arguments: Sequence[str] | None) -> None:
    """Run the parser and what it calls; what was printed is written before the exit status is settled.

    Raises:
        OSError: If standard output cannot be written.
        UsageError: If it is closed.
    """
    if sys.stdout is None:
        raise UsageError("standard output is closed: the summary goes there; redirect it to /dev/null to drop it")
    try:
        app(args=arguments if arguments is None else list(arguments), prog_name="agent-otel")
    except SystemExit:
        sys.stdout.flush()
        raise


def _forget_output() -> None:
    """Let the interpreter's own flush at exit succeed: what is still buffered cannot be written."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except (OSError, ValueError):  # no file behind it
        return
