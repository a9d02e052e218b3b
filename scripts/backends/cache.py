"""Where built programs lie, and the lock that keeps two builds apart.

<cache>/jaeger-2.13.0-0f1e2d3c-go1.26.8/jaeger    one folder per program, version, pin and Go
<cache>/work-…                                     a build under way; gone after it
<cache>/lock
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import shutil
import tempfile

from .commands import Say
from .programs import Program

__all__ = ["cache_directory", "find", "installed", "locked", "work_directory"]

_WORK = "work-"


def cache_directory() -> Path:
    """Give the folder: AGENT_OTEL_BACKENDS, else where the user's caches are."""
    if own := os.environ.get("AGENT_OTEL_BACKENDS"):
        return Path(own).absolute()
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "agent-otel" / "backends"


def installed(cache: Path, program: Program, go_version: str) -> Path:
    """Give the path at which a program lies once it is built with that Go."""
    return cache / f"{program.key}-{go_version}" / program.name


def find(cache: Path, program: Program) -> Path | None:
    """Give a built program, whichever Go built it; the newest of several."""
    built = cache.glob(f"{program.key}-*/{program.name}")
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


@contextmanager
def locked(cache: Path, say: Say) -> Iterator[None]:
    """Hold the cache alone; wait while another process does. What ended builds left is removed."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another build holds {cache}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in cache.glob(f"{_WORK}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield  # the lock ends with the file, also when the process is killed


@contextmanager
def work_directory(cache: Path) -> Iterator[Path]:
    """Give an empty folder on the same disk as the cache, so that what is made in it can be renamed into place."""
    with tempfile.TemporaryDirectory(prefix=_WORK, dir=cache) as path:
        yield Path(path)
