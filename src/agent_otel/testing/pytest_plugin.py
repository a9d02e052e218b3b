"""The pytest plugin ``agent_otel``, registered by its entry point: ``otlp_receiver`` and ``agent_otel_capture``.

Every pytest run of an environment that has agent-otel installed loads this module: it imports nothing of the kit, and
nothing of OpenTelemetry, before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from agent_otel.testing import Capture, OtlpReceiver

__all__ = ["agent_otel_capture", "otlp_receiver", "pytest_configure"]

_MARK = "agent_otel"
_OPTIONS: dict[str, Any] = {"grpc": False, "environ": None, "conformance": True}


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARK}(grpc=False, environ=None, conformance=True): how otlp_receiver and agent_otel_capture work for this "
        "test: over gRPC too; with these variables; judging what was received at the end.",
    )


def _option(request: pytest.FixtureRequest, name: str) -> Any:
    """Give an option of the nearest marker that has it."""
    for marker in request.node.iter_markers(_MARK):
        unknown = marker.kwargs.keys() - _OPTIONS.keys()
        if unknown or marker.args:
            raise pytest.UsageError(f"the marker {_MARK} takes {', '.join(_OPTIONS)} by name, and nothing else")
        if name in marker.kwargs:
            return marker.kwargs[name]
    return _OPTIONS[name]


@pytest.fixture
def otlp_receiver(request: pytest.FixtureRequest) -> Iterator[OtlpReceiver]:
    """Give a receiver that listens on loopback: HTTP, and gRPC with ``@pytest.mark.agent_otel(grpc=True)``."""
    from agent_otel.testing import OtlpReceiver  # noqa: PLC0415  see the module

    with OtlpReceiver(grpc=_option(request, "grpc")) as receiver:
        yield receiver


@pytest.fixture
def agent_otel_capture(request: pytest.FixtureRequest, otlp_receiver: OtlpReceiver) -> Iterator[Capture]:
    """Give a bridge that sends to ``otlp_receiver``, and all that was received; judge its spans at the end."""
    from agent_otel.conventions.names import SCOPE_NAME  # noqa: PLC0415  see the module
    from agent_otel.testing import assert_conforms, capture  # noqa: PLC0415  see the module

    with capture(_option(request, "environ"), receiver=otlp_receiver, grpc=_option(request, "grpc")) as captured:
        yield captured
    if _option(request, "conformance"):
        # Only ours: what a program under test makes of its own spans is its own affair.
        assert_conforms(span for span in otlp_receiver.spans() if span.scope == SCOPE_NAME)
