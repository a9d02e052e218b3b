"""Runs a command of the build: its lines go by as they come, and a failure tells the last of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
import re
import subprocess

from .errors import BackendError, BuildFailed, ProxyMissing

__all__ = ["Say", "run"]

Say = Callable[[str], None]

_SHOWN_LINES = 25
_UNREACHABLE = re.compile(r"dial tcp|no such host|proxyconnect|i/o timeout|connection refused|TLS handshake timeout")
_NOT_THERE = re.compile(r"40[34] (?:Forbidden|Not Found)|410 Gone|module lookup disabled")


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    directory: Path,
    each_line: Say | None = None,
) -> str:
    """Run a command to its end.

    Args:
        command: program and arguments
        environment: all variables of the command
        directory: where it runs
        each_line: called with each line of what it prints, errors included

    Returns:
        What it printed on standard output; nothing if `each_line` took it.

    Raises:
        ProxyMissing: the output says that the Go module proxy could not be used
        BuildFailed: it failed for another reason
    """
    if each_line is None:
        done = subprocess.run(  # noqa: S603 the commands are this package's own
            command, env=environment, cwd=directory, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise _failure(command, done.returncode, (done.stdout + done.stderr).splitlines(), environment)
        return done.stdout
    last: deque[str] = deque(maxlen=_SHOWN_LINES)
    with subprocess.Popen(  # noqa: S603
        command, env=environment, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                last.append(line.rstrip())
                each_line(line.rstrip())
        except BaseException:
            process.kill()  # interrupted: `with` waits for its end
            raise
    if process.returncode:
        raise _failure(command, process.returncode, list(last), environment)
    return ""


def _failure(
    command: Sequence[str | Path], status: int, lines: Sequence[str], environment: Mapping[str, str]
) -> BackendError:
    text = "\n".join(lines[-_SHOWN_LINES:])
    proxy = environment.get("GOPROXY", "")
    if _UNREACHABLE.search(text):
        return ProxyMissing(f"cannot reach the Go module proxy {proxy}: set GOPROXY to one that you can reach\n{text}")
    if _NOT_THERE.search(text):
        return ProxyMissing(f"the Go module proxy {proxy} lacks a module: set GOPROXY to one that has it\n{text}")
    return BuildFailed(f"{' '.join(map(str, command))}: exit status {status}\n{text}")
