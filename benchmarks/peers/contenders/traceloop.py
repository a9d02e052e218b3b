"""traceloop-sdk (OpenLLMetry): `Traceloop.init` without instrumentations of other libraries, and its decorators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
import threading
from typing import Any

from opentelemetry import trace
from traceloop.sdk import Traceloop  # type: ignore[import-not-found]
from traceloop.sdk.decorators import agent, tool  # type: ignore[import-not-found]

from peers.work import NAMES, Tool


class Contender:
    """The library keeps one set of everything for the process."""

    def __init__(self) -> None:
        Traceloop.init(app_name="bench", api_endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"], instruments=set())
        self._given = threading.local()
        self._tools: dict[str, Callable[..., Any]] = {name: self._tool(name) for name in NAMES}

    def _tool(self, name: str) -> Callable[..., Any]:
        @tool(name=name)  # type: ignore[untyped-decorator]
        def body(**_: Any) -> Any:
            return self._given.result

        made: Callable[..., Any] = body
        return made

    @contextmanager
    def run(self) -> Iterator[Tool]:
        given, tools = self._given, self._tools

        @agent(name="coder")  # type: ignore[untyped-decorator]
        def opened() -> Iterator[Tool]:
            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                del call_id  # there is no place for it
                given.result = result
                tools[name](**arguments)

            yield call

        yield from opened()

    def finish(self) -> None:
        provider: Any = trace.get_tracer_provider()
        provider.force_flush()
        provider.shutdown()

    def leave(self) -> None:
        provider: Any = trace.get_tracer_provider()
        provider.shutdown()
