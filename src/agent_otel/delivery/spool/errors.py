"""``SpoolError``, and in which word a failure of the disk or of SQLite is counted."""

from __future__ import annotations

import errno
from pathlib import Path
import sqlite3
from typing import Final

from agent_otel.model import AgentOtelError

__all__ = ["SpoolError", "reason_of"]

_BY_MESSAGE: Final = (  # Python 3.10 tells no error code; the first that occurs in the message counts
    ("disk is full", "disk_full"),
    ("readonly", "read_only"),
    ("locked", "busy"),
    ("malformed", "corrupt"),
    ("not a database", "corrupt"),
    ("unique constraint", "corrupt"),  # ids are ours alone: a row that stands in the way is none of ours
    ("unable to open", "unavailable"),
    ("disk i/o", "io_error"),
)
_BY_NUMBER: Final = {
    errno.ENOSPC: "disk_full",
    errno.EFBIG: "disk_full",
    getattr(errno, "EDQUOT", errno.ENOSPC): "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
}


class SpoolError(AgentOtelError):
    """Raised when a directory cannot be a spool, or a spool file is not to be touched.

    Args:
        path: The directory or file.
        reason: What is wrong with it.
        fix: What the user can do.
    """

    def __init__(self, path: Path, reason: str, fix: str) -> None:
        super().__init__(f"cannot use the spool {path}: {reason}; {fix}")
        self.path = path
        self.reason = reason
        self.fix = fix


def reason_of(error: Exception) -> str:
    """Give the one word under which a failure is counted.

    Args:
        error: Of SQLite or of the operating system; any other one is ``failed``.
    """
    if isinstance(error, OSError):
        return _BY_NUMBER.get(error.errno or 0, "io_error")
    if isinstance(error, sqlite3.Error):
        message = str(error).lower()
        return next((reason for part, reason in _BY_MESSAGE if part in message), "failed")
    return "failed"
