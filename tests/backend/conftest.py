"""One set of real backends for the tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.running import Backends, real_backends


@pytest.fixture(scope="session")
def backends() -> Iterator[Backends]:
    """Collector, Jaeger, Tempo and Prometheus on loopback."""
    with real_backends() as running:
        yield running
