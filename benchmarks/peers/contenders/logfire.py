"""Logfire, with the receiver for its server: its own processors and exporters; the token is made up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from typing import Any

import logfire  # type: ignore[import-not-found]

from peers.work import Tool


class Contender:
    """The library keeps one set of everything for the process."""

    def __init__(self) -> None:
        endpoint = os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT")  # else it sends everything there as well
        logfire.configure(
            token="pylf_v1_local_benchbenchbench",
            service_name="bench",
            console=False,
            inspect_arguments=False,
            advanced=logfire.AdvancedOptions(base_url=endpoint),
        )

    @contextmanager
    def run(self) -> Iterator[Tool]:
        with logfire.span("invoke_agent coder"):

            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                given = {
                    "gen_ai.tool.name": name,
                    "gen_ai.tool.call.id": call_id,
                    "gen_ai.tool.call.arguments": arguments,
                }
                with logfire.span(f"execute_tool {name}", **given) as span:
                    span.set_attribute("gen_ai.tool.call.result", result)

            yield call

    def finish(self) -> None:
        logfire.force_flush(60_000)
        logfire.shutdown()

    def leave(self) -> None:
        logfire.shutdown()
