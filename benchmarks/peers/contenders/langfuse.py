"""Langfuse: its client, with the receiver for its server; keys are made up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from typing import Any

from langfuse import Langfuse  # type: ignore[import-not-found]

from peers.work import Tool


class Contender:
    """A client."""

    def __init__(self) -> None:
        self._client = Langfuse(
            public_key="pk-lf-bench", secret_key="sk-lf-bench", base_url=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
        )

    @contextmanager
    def run(self) -> Iterator[Tool]:
        client = self._client
        with client.start_as_current_observation(as_type="agent", name="coder"):

            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                with client.start_as_current_observation(
                    as_type="tool", name=name, input=arguments, metadata={"call_id": call_id}
                ) as tool:
                    tool.update(output=result)

            yield call

    def finish(self) -> None:
        self._client.flush()
        self._client.shutdown()

    def leave(self) -> None:
        self._client.shutdown()
