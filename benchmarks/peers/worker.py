"""One measurement of one contender, in a process of its own: `python -m peers.worker`, told on its standard input.

In: one line of JSON, {"contender": module, "measure": name, "with": {...}}. Out: lines of JSON, the last one holds the
figures. What libraries print goes to standard error. Before a line that ends with "wait", the worker waits for another
line on standard input.
"""

from __future__ import annotations

from importlib import import_module
import json
import os
import sys
from typing import Any

__all__ = ["Talk", "main"]


class Talk:
    """The way to the driver: standard output as it was at the start."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def say(self, **figures: Any) -> None:
        """Tell figures."""
        print(json.dumps(figures), file=self._out, flush=True)

    def pause(self, **figures: Any) -> None:
        """Tell figures, and wait until the driver says to go on."""
        self.say(**figures, wait=True)
        sys.stdin.readline()


def main() -> None:
    """Do what standard input says."""
    task = json.loads(sys.stdin.readline())
    talk = Talk()
    module = {"imports": "importing", "parsing": "replaying"}.get(task["measure"], "measured")
    measure = getattr(import_module(f"peers.{module}"), task["measure"])
    measure(talk, task["contender"], **task["with"])


if __name__ == "__main__":
    main()
