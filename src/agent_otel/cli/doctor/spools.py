"""The spool directory looked at from outside: whether it can be used, what waits there. Adopts and sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
import os
from pathlib import Path
import shutil
import stat
import time
from typing import Any

from attrs import asdict, field, frozen

from agent_otel.delivery.spool import SpoolError, SpoolFile, list_spools
from agent_otel.setup import Settings

__all__ = ["SpoolState", "look_at_spool"]

_NANOS = 1_000_000_000


@frozen(kw_only=True)
class SpoolState:
    """A spool directory.

    Args:
        directory: As it is set.
        exists: Whether it is there; the first agent makes it.
        problem: Why it cannot be used; empty if it can.
        fix: What to do about it.
        owner: User id.
        mode: Permissions, octal.
        free_bytes: Of the disk; None if that cannot be told.
        limit_bytes: Of one process's file.
        in_use: Files of live processes.
        items: Spans and log records in all files.
        bytes: What these take.
        oldest_age_s: Seconds since the oldest was handed over; None if there is none.
        left_files: Files that dead processes left.
        left_items: Spans and log records in these.
        damaged: Files that cannot be counted, by why.
    """

    directory: str
    exists: bool = False
    problem: str = ""
    fix: str = ""
    owner: int | None = None
    mode: str = ""
    free_bytes: int | None = None
    limit_bytes: int
    in_use: int = 0
    items: int = 0
    bytes: int = 0
    oldest_age_s: int | None = None
    left_files: int = 0
    left_items: int = 0
    damaged: Mapping[str, int] = field(factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return asdict(self)


def look_at_spool(settings: Settings) -> SpoolState | None:
    """Look at the directory of ``AGENT_OTEL_SPOOL``; None if it is not set. Never raises.

    Args:
        settings: Our own settings.
    """
    path = settings.spool
    if path is None:
        return None
    files: Sequence[SpoolFile] = []
    problem, fix = _not_expanded(path)
    try:
        if not problem:
            files = list_spools(path)
            problem, fix = _not_writable(path)
    except SpoolError as error:
        problem, fix = error.reason, error.fix
    except OSError as error:
        problem, fix = error.strerror or type(error).__name__, "give AGENT_OTEL_SPOOL a directory of your own"
    return SpoolState(
        directory=str(path),
        problem=problem,
        fix=fix,
        free_bytes=_free(path),
        limit_bytes=settings.spool_bytes,
        **_permissions(path),
        **_amounts(files),
    )


def _not_expanded(path: Path) -> tuple[str, str]:
    if str(path).startswith("~"):
        return "a ~ is expanded by shells, not here", "write the whole path"
    return "", ""


def _not_writable(path: Path) -> tuple[str, str]:
    there = _nearest(path)
    if os.access(there, os.W_OK | os.X_OK):
        return "", ""
    return f"this user cannot write to {there}", "give AGENT_OTEL_SPOOL a directory of your own"


def _nearest(path: Path) -> Path:
    """Give a path itself, or the nearest of its parents that exists."""
    path = path.absolute()
    return next((one for one in (path, *path.parents) if one.exists()), path)


def _free(path: Path) -> int | None:
    try:
        return shutil.disk_usage(_nearest(path)).free
    except OSError:
        return None


def _permissions(path: Path) -> dict[str, Any]:
    try:
        found = path.lstat()
    except OSError:
        return {}
    return {"exists": True, "owner": found.st_uid, "mode": f"{stat.S_IMODE(found.st_mode):04o}"}


def _amounts(files: Sequence[SpoolFile]) -> dict[str, Any]:
    oldest = min((file.oldest_ns for file in files if file.oldest_ns is not None), default=None)
    counted = [file for file in files if not file.problem]
    left = [file for file in counted if not file.owner_alive and file.amount.items]
    return {
        "in_use": sum(file.owner_alive for file in files),
        "items": sum(file.amount.items for file in counted),
        "bytes": sum(file.amount.bytes for file in counted),
        "oldest_age_s": None if oldest is None else max(0, (time.time_ns() - oldest) // _NANOS),
        "left_files": len(left),
        "left_items": sum(file.amount.items for file in left),
        "damaged": dict(Counter(file.problem for file in files if file.problem)),
    }
