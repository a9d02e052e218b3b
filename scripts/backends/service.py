"""One backend as a process: started, waited for by condition, watched, and ended by its process id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
import os
from pathlib import Path
import subprocess
import threading
import time
import urllib.error
import urllib.request

from .errors import ServiceFailed

__all__ = ["Service"]

_READY_SECONDS = 90.0
_ANSWER_SECONDS = 2.0
_POLL_SECONDS = 0.05
_TAIL_LINES = 20
_KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "USER")

# Loopback is never behind a proxy, whatever http_proxy says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Service:
    """A program that serves.

    Args:
        name: what it is called in messages
        command: program and arguments
        environment: its own variables; of ours it gets only a few, no OTEL_* among them: it would send its own traces
        ready_url: answers with status 200 once it can be used
        directory: where it runs and where its log goes
        end_seconds: how long it may take to end before it is killed
        on_end: called from another thread when the process ended without `stop()`
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        ready_url: str,
        directory: Path,
        end_seconds: float = 15.0,
        on_end: Callable[[Service], None],
    ) -> None:
        self.name = name
        self.log = directory / "log"
        self._command = command
        self._environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(environment)
        self._ready_url = ready_url
        self._directory = directory
        self._end_seconds = end_seconds
        self._on_end = on_end
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._ended = threading.Event()
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Give the process id, or nothing before the start and after the end."""
        return self._process.pid if self._process and not self._ended.is_set() else None

    @property
    def status(self) -> int | None:
        """Give the exit status, negative for a signal, or nothing while it runs."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the process; it need not be ready when this returns."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._ended.clear()
        self._stopping = False
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 a program that this package built
                self._command,
                env=self._environment,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we end it in our order
            )
        self._watcher = threading.Thread(target=self._watch, args=(self._process,), daemon=True)
        self._watcher.start()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._ended.set()
        if not self._stopping:
            self._on_end(self)

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Wait until it can be used.

        Raises:
            ServiceFailed: it ended, or did not get ready in time
        """
        deadline = time.monotonic() + seconds
        while self._ended.is_set() or not self._is_ready():
            if self._ended.wait(_POLL_SECONDS):
                raise ServiceFailed(self.death())
            if time.monotonic() > deadline:
                raise ServiceFailed(
                    f"{self.name} is not ready after {seconds:.0f} s: {self._ready_url} does not answer with 200\n"
                    f"{self.tail()}"
                )

    def _is_ready(self) -> bool:
        try:
            with _OPENER.open(self._ready_url, timeout=_ANSWER_SECONDS) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except urllib.error.HTTPError as problem:
            problem.close()
            return False
        except OSError:
            return False

    def signal_stop(self) -> None:
        """Ask it to end; return at once. Only the first time does anything: a second signal would be rude.

        Go programs take one as the wish to end in order, and a second one as the wish to end at once.
        """
        if self._process and not self._stopping and not self._ended.is_set():
            self._stopping = True
            self._process.terminate()

    def stop(self) -> None:
        """End it: asked first, killed if it does not in time."""
        self.signal_stop()
        if self._process is None:
            return
        if not self._ended.wait(self._end_seconds):
            self._process.kill()
        if self._watcher:
            self._watcher.join()

    def death(self) -> str:
        """Tell how it ended, with the end of its log."""
        return f"{self.name} ended on its own with status {self.status}; the end of its log:\n{self.tail()}"

    def tail(self) -> str:
        """Give the last lines of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])
