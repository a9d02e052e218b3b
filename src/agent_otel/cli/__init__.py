"""The ``agent-otel`` command."""

from agent_otel.cli.app import main

__all__ = ["main"]
