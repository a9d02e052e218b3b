from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
import subprocess

import pytest

from agent_otel.testing import OtlpReceiver
from zero_code.programs import INSTRUMENT, program, run, variables


@pytest.fixture
def instrumented(receiver: OtlpReceiver, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program under ``opentelemetry-instrument`` with our configurator."""

    def go(body: str | Path, *arguments: str, expect: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        path = str(body) if isinstance(body, Path) else program(tmp_path / "app.py", body)
        environ = variables(receiver, OTEL_PYTHON_CONFIGURATOR="agent_otel", **more)
        return run([*INSTRUMENT, path, *arguments], environ, expect=expect)

    return go


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a program under ``opentelemetry-instrument``; it is killed at the end if it still runs."""
    running: list[subprocess.Popen[str]] = []

    def go(environ: dict[str, str], path: Path, *arguments: str) -> subprocess.Popen[str]:
        command = [*INSTRUMENT, str(path), *arguments]
        environ = {**environ, "OTEL_PYTHON_CONFIGURATOR": "agent_otel"}
        pipe = subprocess.PIPE
        running.append(subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
        return running[-1]

    yield go
    for process in running:
        process.kill()
        process.communicate()
