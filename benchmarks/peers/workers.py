"""Workers as the driver sees them: started with the Python and the environment of a contender, talked to in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import subprocess
import tempfile
import threading
import time
from typing import Any

from peers.environments import NotInstalled, python
from peers.table import Row

__all__ = ["Failed", "Worker", "worker"]

BENCHMARKS = Path(__file__).parents[1]
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")


class Failed(Exception):
    """A measurement that did not come about; the message says why."""


class Worker:
    """One measurement under way."""

    def __init__(self, process: subprocess.Popen[str], log: Path, seconds: float) -> None:
        self._process = process
        self._log = log
        self._is_late = False
        self._timer = threading.Timer(seconds, self._too_late)
        self._timer.start()
        self._seconds = seconds

    def _too_late(self) -> None:
        self._is_late = True
        self._process.kill()

    def line(self) -> dict[str, Any]:
        """Give what it tells next.

        Raises:
            Failed: If it ends, or is ended, without telling anything.
        """
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        if not told:
            self._process.wait()
            raise Failed(f"not done after {self._seconds:g} s" if self._is_late else self._last_words())
        figures: dict[str, Any] = json.loads(told)
        return figures

    def go_on(self) -> None:
        """Let one that pauses go on."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)

    def ended(self) -> float:
        """Wait until the process is gone, and give the time, as `time.perf_counter` has it.

        Raises:
            Failed: If it had to be ended.
        """
        self._process.wait()
        at = time.perf_counter()
        if self._is_late:
            raise Failed(f"not gone after {self._seconds:g} s")
        return at

    def close(self) -> None:
        """End what is left of it."""
        self._timer.cancel()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else f"ended with status {self._process.returncode}, without a word"


@contextmanager
def worker(
    row: Row,
    measure: str,
    given: dict[str, Any],
    *,
    endpoint: str,
    lossless: bool = False,
    spool: str | None = None,
    seconds: float = 180,
) -> Iterator[Worker]:
    """Start one measurement of a contender, and see that nothing is left of it.

    Args:
        row: The contender.
        measure: A function of `measured`, or `imports`.
        given: What it is given by name.
        endpoint: Where to send.
        lossless: Whether its queue is to be large enough for everything.
        spool: Directory for those that have one; one that vanishes afterwards, if None.
        seconds: After which it is killed.

    Raises:
        Failed: If its packages cannot be installed.
    """
    try:
        interpreter = python(row.requirements)
    except NotInstalled as error:
        raise Failed(f"cannot be installed: {error}") from error
    with tempfile.TemporaryDirectory(prefix="agent-otel-bench-", ignore_cleanup_errors=True) as home:
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ |= {"HOME": home, "PYTHONPATH": str(BENCHMARKS), "PYTHONUNBUFFERED": "1"}
        environ |= {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_SERVICE_NAME": "bench"}
        environ |= row.environ | (row.lossless if lossless else {})
        if row.has_spool:
            environ["AGENT_OTEL_SPOOL"] = spool or str(Path(home) / "spool")
        log = Path(home) / "log"
        with log.open("w") as words:
            process = subprocess.Popen(
                [str(interpreter), "-m", "peers.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
                env=environ,
                cwd=home,
            )
        assert process.stdin is not None
        process.stdin.write(json.dumps({"contender": row.module, "measure": measure, "with": given}) + "\n")
        process.stdin.flush()
        running = Worker(process, log, seconds)
        try:
            yield running
        finally:
            running.close()
