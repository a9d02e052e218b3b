"""This project: `Bridge`, as the environment says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent_otel import Bridge
from peers.work import Tool


class Contender:
    """A bridge."""

    def __init__(self) -> None:
        self._bridge = Bridge.from_env()

    @contextmanager
    def run(self) -> Iterator[Tool]:
        with self._bridge.run(agent="coder", conversation_id="c-1") as run:

            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                with run.tool_call(name, call_id=call_id, arguments=arguments) as tool:
                    tool.result(result)

            yield call

    def finish(self) -> None:
        self._bridge.flush(None)
        self._bridge.shutdown(None)

    def leave(self) -> None:
        self._bridge.shutdown()
