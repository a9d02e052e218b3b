"""The command where its standard streams are closed or full: one line and a status, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")


def command(arguments: str, redirection: str) -> tuple[int, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_OTEL_"))}
    variables.update({f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")})
    line = f'"{sys.executable}" -m agent_otel.cli {arguments} {redirection}'
    ended = subprocess.run(
        ["/bin/sh", "-c", line], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(
    ("arguments", "redirection", "said"),
    [
        ("replay -", "<&-", "standard input is closed"),
        ("replay -", "0>/dev/null 1>&2", "cannot be read"),
        ("demo", ">&-", "standard output is closed"),
        ("demo", ">/dev/full", "No space left on device"),
        ("--help", ">/dev/full", "No space left on device"),
    ],
)
def test_stream_that_cannot_be_used_is_one_line(arguments: str, redirection: str, said: str) -> None:
    status, err = command(arguments, redirection)
    assert (status, len(err.splitlines())) == (1, 1)
    assert err.startswith("agent-otel: ")
    assert said in err


@pytest.mark.parametrize("redirection", ["2>&- >/dev/null", "2>/dev/full >/dev/null"])
def test_lost_messages_cost_nothing_else(redirection: str) -> None:
    assert command("demo", redirection) == (0, "")
