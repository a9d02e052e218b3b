"""The agent's process as a test drives it, and the next process with the same spool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
import json
import os
from pathlib import Path
import subprocess
import sys
import threading
import time
from typing import Any

from end_to_end.replaying import COMMAND

PROGRAM = Path(__file__).with_name("agent.py")
_PATIENCE_S = 120.0
_PAUSE = threading.Event()


def until(ask, what="it", *, seconds=_PATIENCE_S):
    """Ask until the answer is true in the sense of ``if``, and give it; fail if it never is."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"{what} did not come to be in {seconds:g} s: {answer!r}"
        _PAUSE.wait(0.02)
    return answer


class AgentProcess:
    """An agent that does what it is told: ``agent.do("work", 10)``."""

    def __init__(self, kind: str, environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", str(PROGRAM), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            text=True,
        )
        self.said = self.answer()

    def answer(self) -> Any:
        line = self.process.stdout.readline()
        assert line, f"the agent has died with {self.process.wait()}"
        return json.loads(line)

    def do(self, name: str, *arguments: Any) -> Any:
        self.process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def books(self) -> dict[str, dict[str, int]]:
        """The books of every sink, once the bridge has handed on all that it was told."""
        told = until(lambda: (books := self.do("books"))["waits"] == 0 and books, "an empty hand-over")
        return {sink: books for sink, books in told.items() if sink != "waits"}

    def close(self) -> None:
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


@contextmanager
def agent_process(kind: str, environ: Mapping[str, str]) -> Iterator[AgentProcess]:
    agent = AgentProcess(kind, environ)
    try:
        yield agent
    finally:
        agent.close()


def flush_spool(environ: Mapping[str, str]) -> dict[str, Any]:
    """Have ``agent-otel flush`` deliver what an agent left; gives what it says."""
    done = subprocess.run([*COMMAND, "flush", "--json"], env=environ, capture_output=True, text=True, timeout=90)
    assert done.returncode in (0, 2), done.stderr[-2000:]
    return json.loads(done.stdout)


def python_path() -> str:
    return os.pathsep.join([str(Path(__file__).parents[1]), *(entry for entry in sys.path if entry)])
