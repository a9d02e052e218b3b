"""What is sent to the real collector is found in every real backend."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import subprocess
import sys
import time

from backends import Addresses, Backends
import pytest

from backend.asking import (
    get,
    get_text,
    jaeger_spans,
    prometheus_exemplars,
    prometheus_series,
    tempo_search,
    tempo_spans,
    until,
)
from backend.running import real_backends, real_programs

pytestmark = [pytest.mark.backend, pytest.mark.slow]

DEMO_TRACE = "b1b00056cf6ffe1f5c763c308babe1aa"
DEMO_SPANS = 19
DEMO_WEEK = (1_777_593_600, 1_778_198_400)  # 1 to 8 May 2026, in seconds


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    with real_backends() as running:
        yield running


@pytest.fixture(scope="module")
def after_demo(backends: Backends) -> Addresses:
    send_demo(backends.addresses)
    return backends.addresses


def send_demo(addresses: Addresses) -> None:
    environment = {name: value for name, value in os.environ.items() if "OTEL_" not in name}
    subprocess.run(
        [sys.executable, "-m", "agent_otel.cli", "demo"],
        env=environment | addresses.environment(),
        check=True,
        capture_output=True,
        timeout=60,
    )


def test_jaeger_has_the_trace(after_demo: Addresses) -> None:
    spans = until(lambda: jaeger_spans(after_demo.jaeger, DEMO_TRACE))

    assert len(spans) == DEMO_SPANS
    assert sum(not span["references"] for span in spans) == 1


def test_jaeger_finds_the_trace_by_a_tool_at_its_own_time(after_demo: Addresses) -> None:
    (service,) = until(lambda: get(f"{after_demo.jaeger}/api/services")["data"])
    start, end = (second * 10**6 for second in DEMO_WEEK)
    found = get(
        f"{after_demo.jaeger}/api/traces", service=service, start=start, end=end, tags='{"gen_ai.tool.name":"Bash"}'
    )

    assert [trace["traceID"] for trace in found["data"]] == [DEMO_TRACE]


def test_tempo_has_the_trace(after_demo: Addresses) -> None:
    assert len(until(lambda: tempo_spans(after_demo.tempo, DEMO_TRACE))) == DEMO_SPANS


def test_tempo_finds_the_trace_by_what_failed_at_its_own_time(after_demo: Addresses) -> None:
    start, end = DEMO_WEEK
    query = '{ span.gen_ai.tool.name = "Bash" && status = error }'

    (found,) = until(lambda: tempo_search(after_demo.tempo, query, start=start, end=end))

    assert found["traceID"] == DEMO_TRACE


def test_prometheus_has_the_metrics_and_their_exemplars_name_the_trace(after_demo: Addresses) -> None:
    name = "gen_ai_execute_tool_duration_seconds"
    series = until(lambda: prometheus_series(after_demo.prometheus, f"{name}_count"))
    exemplars = prometheus_exemplars(
        after_demo.prometheus, f"{name}_bucket", start=time.time() - 3600, end=time.time() + 60
    )

    assert {each["metric"]["gen_ai_tool_name"] for each in series} >= {"Bash", "Read"}
    assert {exemplar["labels"]["trace_id"] for exemplar in exemplars} == {DEMO_TRACE}


def test_log_records_are_in_the_file(after_demo: Addresses) -> None:
    written = until(lambda: after_demo.logs_file.exists() and after_demo.logs_file.read_text())

    assert "agent_otel.session.start" in written


def test_the_collector_counts_what_it_passes_on(after_demo: Addresses) -> None:
    until(lambda: tempo_spans(after_demo.tempo, DEMO_TRACE))

    assert "otelcol_exporter_sent_spans" in get_text(after_demo.collector_metrics)


def test_a_backend_that_is_down_holds_up_no_other_and_gets_its_part_later() -> None:
    with real_backends() as backends:
        addresses = backends.addresses
        backends.services["jaeger"].stop()

        send_demo(addresses)
        assert len(until(lambda: tempo_spans(addresses.tempo, DEMO_TRACE))) == DEMO_SPANS
        backends.services["jaeger"].start()
        backends.services["jaeger"].wait_ready()

        assert len(until(lambda: jaeger_spans(addresses.jaeger, DEMO_TRACE))) == DEMO_SPANS


def test_a_state_folder_keeps_traces_and_metrics(tmp_path: Path) -> None:
    programs = real_programs()
    with Backends(programs, data=tmp_path) as first:
        send_demo(first.addresses)
        until(lambda: tempo_spans(first.addresses.tempo, DEMO_TRACE))
        until(lambda: prometheus_series(first.addresses.prometheus, "agent_otel_runs_total"))

    with Backends(programs, data=tmp_path) as second:
        assert len(until(lambda: tempo_spans(second.addresses.tempo, DEMO_TRACE))) == DEMO_SPANS
        assert until(lambda: prometheus_series(second.addresses.prometheus, "agent_otel_runs_total[1h]"))
