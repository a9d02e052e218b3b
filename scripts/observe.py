"""Run Collector, Jaeger, Tempo and Prometheus on this machine, until Ctrl-C or for one command.

python scripts/observe.py                               # ports that everybody expects; 4318 takes OTLP over HTTP
python scripts/observe.py --exec agent-otel demo        # runs the command against them, ends with its status
python scripts/observe.py --ports auto --json           # free ports; the addresses as one line of JSON
python scripts/observe.py --state DIRECTORY             # keeps what is stored, where the next start finds it
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
from types import FrameType
from typing import NoReturn

from backends import PORT_TAKEN, Addresses, BackendError, Backends, Ports, cache_directory, ensure, present

_END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NOT_FOUND = 127  # as shells have it
_COMMAND_END_SECONDS = 15.0


class _Ended(BaseException):
    """Somebody asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 0 if number == signal.SIGINT else 128 + number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end; give the exit status."""
    options = _options(arguments)
    for number in _END_SIGNALS:
        signal.signal(number, _end)
    try:
        return _observe(options)
    except _Ended as ended:
        return ended.status
    except BackendError as problem:
        hint = "\nIs another one running? --ports auto takes free ports." if PORT_TAKEN in str(problem) else ""
        _say(f"observe: {problem}{hint}")
        return 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="observe", description=description, allow_abbrev=False)
    parser.add_argument("--ports", choices=("usual", "auto"), default="usual", help="auto: whichever are free")
    parser.add_argument("--state", type=Path, metavar="DIRECTORY", help="keep what is stored in this folder")
    parser.add_argument("--config", type=Path, metavar="FILE", help="of the collector; local.yaml unless told")
    parser.add_argument("--json", action="store_true", help="print the addresses as JSON on standard output")
    parser.add_argument(
        "--exec", nargs=argparse.REMAINDER, metavar="COMMAND", dest="command", help="run this, then stop; comes last"
    )
    options = parser.parse_args(arguments)
    if options.command == []:
        parser.error("--exec needs a command")
    return options


def _observe(options: argparse.Namespace) -> int:
    programs = present(cache_directory()) or ensure(cache_directory(), _say)
    backends = Backends(
        programs,
        ports=None if options.ports == "auto" else Ports(),
        data=options.state,
        **({"collector_config": options.config} if options.config else {}),
    )
    with backends:
        _tell(backends.addresses, as_json=options.json)
        if options.command:
            return _run(options.command, backends)
        _say("\nrunning until Ctrl-C")
        died = backends.wait()
        _say(f"observe: {died.death()}")
        return 1


def _run(command: Sequence[str], backends: Backends) -> int:
    """Run the command; end it if a backend dies under it."""
    environment = os.environ | backends.addresses.environment()
    try:
        process = subprocess.Popen(command, env=environment)  # noqa: S603 what the user asked for
    except OSError as problem:
        _say(f"observe: cannot run {command[0]}: {problem.strerror}")
        return _NOT_FOUND
    threading.Thread(target=_end_with_backends, args=(process, backends), daemon=True).start()
    try:
        status = process.wait()
    except _Ended as ended:
        # From a terminal it got the signal itself; from elsewhere it did not.
        process.send_signal(signal.SIGINT if ended.status == 0 else ended.status - 128)
        _wait_or_kill(process)
        raise
    return status if status >= 0 else 128 - status


def _end_with_backends(process: subprocess.Popen[bytes], backends: Backends) -> None:
    _say(f"observe: {backends.wait().death()}")
    process.terminate()


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_COMMAND_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tell(addresses: Addresses, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(addresses.as_dict()), flush=True)  # noqa: T201
        return
    _say(f"""\
traces      {addresses.jaeger}  (Jaeger)
            {addresses.tempo}  (Tempo)
metrics     {addresses.prometheus}  (Prometheus)
log records {addresses.logs_file}
collector   {addresses.otlp_http} (OTLP over HTTP), {addresses.otlp_grpc} (gRPC), {addresses.collector_metrics}
""")
    for name, value in addresses.environment().items():
        _say(f"export {name}={value}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    for each in _END_SIGNALS:  # once is enough: a second one must not interrupt the stopping
        signal.signal(each, signal.SIG_IGN)
    raise _Ended(number)


if __name__ == "__main__":
    sys.exit(main())
