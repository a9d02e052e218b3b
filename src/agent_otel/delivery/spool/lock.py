"""``HeldLock``: which process owns a spool file, said by a kernel lock that dies with it.

``flock`` and not POSIX record locks: those would be lost as soon as anything in the process closed any descriptor of
the file, and two spools of one process would not exclude each other. What speaks against ``flock`` is that a forked
child shares the lock and would keep it after its parent's death: so the child closes the descriptor when it is forked.
A child that executes another program loses it by the close-on-exec flag.
"""

from __future__ import annotations

from contextlib import suppress
import os
from pathlib import Path
from typing import Final

from agent_otel.delivery.spool.forking import watch_forks

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["LOCKS_WORK_HERE", "HeldLock", "is_held"]

LOCKS_WORK_HERE: Final = fcntl is not None
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class HeldLock:
    """The lock of one spool file. Made by ``take``."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        watch_forks(self)

    @classmethod
    def take(cls, path: Path) -> HeldLock | None:
        """Take the lock if nobody holds it; gives None if somebody does.

        Args:
            path: The lock file, made with mode 0600 if it is missing.

        Raises:
            OSError: If the file cannot be made, or its file system knows no locks.
        """
        lock = cls(path, os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600))
        try:
            os.fchmod(lock._descriptor, 0o600)  # whatever the umask made of it
            fcntl.flock(lock._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.release()
            return None
        except BaseException:
            lock.release()
            raise
        if not lock.is_in_place():  # the former owner has just removed the file that we opened
            lock.release()
            return None
        return lock

    def is_in_place(self) -> bool:
        """Whether the lock is still the one that another process would find."""
        try:
            ours, found = os.fstat(self._descriptor), os.lstat(self.path)
        except OSError:
            return False
        return (ours.st_dev, ours.st_ino) == (found.st_dev, found.st_ino)

    def remove(self) -> None:
        """Remove the file and let go of the lock, in this order: nobody can take it in between."""
        if self.is_in_place():
            self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let go of the lock. Twice does no harm."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):  # something closed all descriptors
                os.close(descriptor)

    def in_forked_child(self) -> None:
        """Close the child's share, without which the lock would outlive the parent."""
        self.release()


def is_held(path: Path) -> bool:
    """Tell whether some process, this one included, holds a lock. Keeps others from taking it for an instant.

    Args:
        path: The lock file; one that is missing is not held.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
