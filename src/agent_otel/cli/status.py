"""Exit status of the command: what a script can rely on."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CommandEnd", "Status"]


class Status(IntEnum):
    """How a command ended."""

    OK = 0  # all delivered or spooled
    USAGE = 1  # bad usage or settings, or an input that cannot be read
    UNDELIVERED = 2  # something was neither delivered nor spooled
    MALFORMED = 3  # with --strict: malformed records
    INTERRUPTED = 130  # Ctrl-C, as shells have it


class CommandEnd(SystemExit):
    """Ends a command with a status of ours.

    Told apart from the exits of the argument parser by its type: the parser exits with 2 for bad usage.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(int(status))
