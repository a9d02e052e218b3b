"""Metrics and exemplars of a replay, read back through a real Prometheus."""

from __future__ import annotations

from pathlib import Path
import time

import pytest

from agent_otel.testing import OtlpReceiver
from backend.asking import prometheus_exemplars, prometheus_series, until
from backend.running import Backends
from end_to_end.recordings import RECORDINGS
from end_to_end.replaying import environment, replay

pytestmark = pytest.mark.backend
_WIDE = 3600.0


def test_series_of_a_replay_have_the_expected_values(
    backends: Backends, receiver: OtlpReceiver, tmp_path: Path
) -> None:
    service = f"measured-{tmp_path.name}"
    environ = {
        **environment(receiver, tmp_path / "state"),
        **backends.addresses.environment(),
        "OTEL_SERVICE_NAME": service,
    }
    (tmp_path / "in").mkdir()
    recording = RECORDINGS["bamboo-wrapped"](tmp_path / "in" / "recorded.jsonl")
    replay(environ, recording)
    prometheus = backends.addresses.prometheus

    def values(promql: str) -> dict[str, float]:
        series = prometheus_series(prometheus, promql.replace("$job", f'job="{service}"'))
        return {",".join(map(str, one["metric"].values())): float(one["value"][1]) for one in series}

    tools = "sum by (gen_ai_tool_name) (gen_ai_execute_tool_duration_seconds_count{$job})"
    assert until(lambda: values(tools)) == {"Bash": 2.0, "Read": 2.0}
    assert values("sum by (error_type) (gen_ai_execute_tool_duration_seconds_count{$job, error_type!=''})") == {
        "tool_error": 2.0
    }
    assert values("sum by (agent_otel_outcome) (agent_otel_runs_total{$job})") == {"ok": 2.0}
    tokens = "sum by (gen_ai_token_type) (gen_ai_client_token_usage_sum{$job})"
    assert values(tokens) == {"input": 20.0, "output": 10.0}
    assert values("sum (gen_ai_invoke_agent_tool_calls_sum{$job})") == {"": 4.0}


def test_exemplars_lead_from_a_measurement_to_its_trace(
    backends: Backends, receiver: OtlpReceiver, tmp_path: Path
) -> None:
    service = f"exemplary-{tmp_path.name}"
    environ = {**environment(receiver, tmp_path / "state"), "OTEL_SERVICE_NAME": service}
    (tmp_path / "in").mkdir()
    recording = RECORDINGS["bamboo-wrapped"](tmp_path / "in" / "recorded.jsonl")
    replay(environ, recording)
    traces = {span.trace_id for span in receiver.spans()}
    replay({**environ, **backends.addresses.environment()}, recording)
    selector = f'gen_ai_execute_tool_duration_seconds_bucket{{job="{service}"}}'

    def found() -> set[str]:
        now = time.time()
        exemplars = prometheus_exemplars(backends.addresses.prometheus, selector, start=now - _WIDE, end=now + _WIDE)
        return {exemplar["labels"]["trace_id"] for exemplar in exemplars}

    assert until(found) <= traces
