"""What each module of `contenders` offers: a class `Contender` that sets one library up and does the work with it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol, cast

from peers.work import Tool

__all__ = ["Contender", "set_up"]


class Contender(Protocol):
    """One library, set up as its documentation has it, sending to the endpoint in `OTEL_EXPORTER_OTLP_ENDPOINT`."""

    def run(self) -> AbstractContextManager[Tool]:
        """Open an agent's run; what it gives makes one tool call: name, id, arguments, result."""

    def finish(self) -> None:
        """Have everything delivered, whatever it takes; then stop."""

    def leave(self) -> None:
        """Stop, as a program does that ends."""


def set_up(module: str) -> Contender:
    """Import a contender's module by its name, and set it up."""
    return cast("Contender", import_module(f"peers.contenders.{module}").Contender())
