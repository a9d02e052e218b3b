"""NeMo Relay: its manual tool spans and its OpenTelemetry subscriber (`gen_ai`), which is written in Rust."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from typing import Any

import nemo_relay  # type: ignore[import-not-found]
from nemo_relay import ToolExecutionResult, scope, tools

from peers.work import Tool


class Contender:
    """A subscriber."""

    def __init__(self) -> None:
        endpoint = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
        config = nemo_relay.OpenTelemetryConfig("gen_ai", endpoint)
        config.service_name = "bench"
        self._subscriber = nemo_relay.OpenTelemetrySubscriber(config)
        self._subscriber.register("bench")

    @contextmanager
    def run(self) -> Iterator[Tool]:
        with scope.scope("coder", nemo_relay.ScopeType.Agent):

            def call(name: str, call_id: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
                handle = tools.call(name, arguments, tool_call_id=call_id)
                tools.call_end(handle, ToolExecutionResult(result))

            yield call

    def finish(self) -> None:
        nemo_relay.subscribers.flush()
        self._subscriber.force_flush()
        self._subscriber.deregister("bench")
        self._subscriber.shutdown()

    def leave(self) -> None:
        nemo_relay.subscribers.flush()
        self._subscriber.shutdown()
