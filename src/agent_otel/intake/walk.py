"""Paths in, input files out: files as named, directories searched, streams opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import stat

from attrs import frozen

from agent_otel.intake.inputs import FileInput, StreamInput
from agent_otel.model import IntakeError

__all__ = ["SUFFIXES", "OnSkip", "Skipped", "walk_directory", "walk_path"]

_PLAIN = (".jsonl", ".ndjson", ".json", ".sse")
SUFFIXES = (*_PLAIN, *(f"{suffix}.gz" for suffix in _PLAIN))
_SIDECAR_SUFFIX = ".meta.json"


@frozen
class Skipped:
    """A file or directory that was found and left out, and why."""

    path: str
    reason: str


OnSkip = Callable[[Skipped], None]


def walk_path(path: Path, on_skip: OnSkip) -> list[FileInput | StreamInput]:
    """Give the inputs at a path.

    Args:
        path: A file, a pipe, or a directory.
        on_skip: Told what is left out of a directory.

    Raises:
        IntakeError: If there is nothing, or nothing that can be read.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _inputs_in(path, on_skip)
        # Opened here so that a missing permission is told before anything is sent.
        stream = path.open("rb", buffering=0)
        if not stat.S_ISREG(mode):
            return [StreamInput(str(path), stream)]
        stream.close()
        return [FileInput.at(path)]
    except FileNotFoundError:
        raise IntakeError(f"{path}: no such file or directory; check the path, or give - for standard input") from None
    except PermissionError:
        raise IntakeError(f"{path}: permission denied; make it readable for this user") from None
    except OSError as error:
        raise IntakeError(f"{path}: cannot be read ({error.strerror or type(error).__name__})") from None


def _inputs_in(directory: Path, on_skip: OnSkip) -> list[FileInput | StreamInput]:
    next(directory.iterdir(), None)  # raises for the directory that was named; those below it are told and left out
    found = [file for file in (_look_at(path, on_skip) for path in walk_directory(directory, on_skip)) if file]
    if not found:
        raise IntakeError(f"{directory}: no file in it can be read; looked for *{', *'.join(_PLAIN)}")
    return list(found)


def _look_at(path: Path, on_skip: OnSkip) -> FileInput | None:
    try:
        with path.open("rb", buffering=0):
            return FileInput.at(path)
    except OSError as error:
        on_skip(Skipped(str(path), error.strerror or type(error).__name__))
        return None


def walk_directory(directory: Path, on_skip: OnSkip) -> Iterator[Path]:
    """Find the files of a directory that may hold records, ordered by path.

    Hidden files and directories and sidecars are passed over. Symbolic links are followed; no directory is entered
    twice, so that links in a circle end.
    """
    entered: set[str] = set()

    def tell(error: OSError) -> None:
        on_skip(Skipped(str(error.filename), error.strerror or type(error).__name__))

    for root, below, names in os.walk(directory, followlinks=True, onerror=tell):
        real = os.path.realpath(root)
        if real in entered:
            below.clear()
            continue
        entered.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if _may_hold_records(name) and path.is_file():
                yield path


def _may_hold_records(name: str) -> bool:
    lowered = name.lower()
    return not name.startswith(".") and lowered.endswith(SUFFIXES) and not lowered.endswith(_SIDECAR_SUFFIX)
