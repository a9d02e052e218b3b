"""The real backends for tests: built if they can be, else the test is skipped and says why.

from backend.running import real_backends

@pytest.fixture(scope="session")
def backends():
    with real_backends() as running:
        yield running      # running.addresses.otlp_http, .jaeger, .tempo, .prometheus
"""

from __future__ import annotations

from pathlib import Path

from backends import Backends, GoMissing, ProxyMissing, cache_directory, ensure, present
import pytest

_CACHE = cache_directory()  # now: the environment of a test has no AGENT_OTEL_*


def real_programs() -> dict[str, Path]:
    """Give the path of each program; build what is missing, which takes minutes; skip the test if that cannot be."""
    try:
        return present(_CACHE) or ensure(_CACHE, print)
    except (GoMissing, ProxyMissing) as problem:
        pytest.skip(str(problem))


def real_backends() -> Backends:
    """Give the backends on free ports, to be entered; or skip the test."""
    return Backends(real_programs())
