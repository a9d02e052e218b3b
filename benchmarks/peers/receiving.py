"""The receiver as the driver sees it: a process to start, to order about and to ask."""

from __future__ import annotations

from collections.abc import Sequence
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any
from urllib.request import Request, urlopen

__all__ = ["Receiver"]

BENCHMARKS = Path(__file__).parents[1]


class Receiver:
    """The receiver's process, for as long as the block."""

    def __enter__(self) -> Receiver:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "peers.receiver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(BENCHMARKS)},
        )
        assert self._process.stdout is not None
        self.endpoint = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)  # closes its standard input, at which it ends

    def _order(self, **order: Any) -> Any:
        with urlopen(Request(self.endpoint + "/control", json.dumps(order).encode())) as answer:
            return json.load(answer)

    def reset(self) -> None:
        """Forget what arrived, and be well."""
        self._order(reset=True, stalled=False)

    def stall(self) -> None:
        """Read requests and answer none, until `recover`."""
        self._order(stalled=True)

    def held(self, requests: int) -> bool:
        """Wait until so many requests are held by a stall; False if they do not come."""
        return bool(self._order(held=requests))

    def recover(self) -> None:
        """Hang up on what is held, and answer again."""
        self._order(stalled=False)

    def told(self) -> dict[str, int]:
        """Say what arrived since the last reset; `receiver` has the names."""
        with urlopen(self.endpoint) as answer:
            counts: dict[str, int] = json.load(answer)
        return counts

    def found(self, markers: Sequence[str]) -> list[str]:
        """Say which of these texts arrived."""
        found: list[str] = self._order(markers=list(markers))
        return found
