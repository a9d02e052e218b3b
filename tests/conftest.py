"""What all tests share: a clean environment, hypothesis profiles, and an OTLP receiver."""

from __future__ import annotations

from collections.abc import Iterator
import os

from hypothesis import HealthCheck, settings
import pytest

from agent_otel.conventions.names import SCOPE_NAME
from agent_otel.testing import OtlpReceiver, check_span

_NAMES = ("OTEL_", "AGENT_OTEL_", "TRACEPARENT", "TRACESTATE", "BAGGAGE")

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_NAMES):
            monkeypatch.delenv(name)


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as listening:
        yield listening


@pytest.fixture(autouse=True)
def _everything_exported_conforms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Judge every span of ours that any receiver got in a test, whichever process sent it."""
    receivers: list[OtlpReceiver] = []
    start = OtlpReceiver.start

    def noted(self: OtlpReceiver) -> None:
        receivers.append(self)
        start(self)

    monkeypatch.setattr(OtlpReceiver, "start", noted)
    yield
    if request.node.get_closest_marker("incomplete_spans"):
        return
    ours = [span for receiver in receivers for span in receiver.spans() if span.scope == SCOPE_NAME]
    assert [(span.name, check_span(span)) for span in ours if check_span(span)] == []
