"""A bridge that sends to a receiver of its own, and whose books are checked at the end of every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from agent_otel.bridge import Bridge
from agent_otel.testing import OtlpReceiver


@pytest.fixture
def make_bridge(monkeypatch: pytest.MonkeyPatch, receiver: OtlpReceiver) -> Iterator[Callable[..., Bridge]]:
    made: list[Bridge] = []

    def make(**variables: str) -> Bridge:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http_endpoint)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        made.append(Bridge.from_env())
        return made[-1]

    yield make
    for bridge in made:
        bridge.shutdown()
        assert bridge.health().balanced


@pytest.fixture
def bridge(make_bridge: Callable[..., Bridge]) -> Bridge:
    return make_bridge()
