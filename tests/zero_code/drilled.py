"""What programs of the drills have in common: they say when they are ready and when they have done their work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import sys

__all__ = ["drilled"]


@contextmanager
def drilled() -> Iterator[None]:
    """Say ``ready``, and let the block work after a line of standard input; then ``ended``, until a second line."""
    _say("ready")
    sys.stdin.readline()
    yield
    _say("ended")
    sys.stdin.readline()


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()
