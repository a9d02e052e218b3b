"""Every panel's query, run against a real Prometheus that a scripted fleet has filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib import import_module
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

from attrs import frozen
import pytest

from agent_otel.conventions import INSTRUMENTS
from agent_otel.conventions import metrics as m
from agent_otel.testing import OtlpReceiver
from backend import fleet
from backend.asking import prometheus_series, until
from backend.running import Backends
from end_to_end.replaying import environment

pytest.importorskip("grafana_foundation_sdk", reason="grafana-foundation-sdk needs Python 3.11 or newer")
dashboard: Any = import_module("dashboard")  # of scripts/

pytestmark = pytest.mark.backend

_SERVICE = "fleet"
_STUCK = 0.0  # a tool call that never ends is closed with its run, at once


@frozen
class Filled:
    """A Prometheus with the fleet in it."""

    prometheus: str
    records: Mapping[str, int]

    def ask(self, expr: str) -> dict[str, float]:
        """Give the value of each series of a query, by its labels."""
        query = expr.replace("$job", _SERVICE).replace("$__rate_interval", "30m").replace("$__range", "30m")
        found = prometheus_series(self.prometheus, query)
        return {" ".join(series["metric"].values()): float(series["value"][1]) for series in found}


@pytest.fixture(scope="module")
def filled(backends: Backends, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    with OtlpReceiver() as receiver:
        environ = environment(receiver, tmp_path_factory.mktemp("state"))
    environ |= {**backends.addresses.environment(), "OTEL_SERVICE_NAME": _SERVICE}
    environ["PYTHONPATH"] += f":{Path(__file__).parents[1]}"
    done = subprocess.run(
        [sys.executable, fleet.__file__], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found = Filled(backends.addresses.prometheus, json.loads(done.stdout))
    told = f"sum ({dashboard.RUNS}{{job=~'$job'}})"
    until(lambda: found.ask(told) == {"": 2.0 * len(fleet.RUNS)})
    return found


def share(counts: Mapping[str, float]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items() if count}


def percentile(instrument: str, values: list[float], q: float) -> float:
    """What Prometheus makes of these values: linear within the bucket of the rank."""
    lower, seen, rank = 0.0, 0, q * len(values)
    for bound in INSTRUMENTS[instrument].buckets:
        inside = sum(lower < value <= bound or (lower == 0.0 and value <= 0.0) for value in values)
        if seen + inside >= rank and inside:
            return lower + (bound - lower) * (rank - seen) / inside
        seen, lower = seen + inside, bound
    raise AssertionError("beyond the last bucket")


def percentiles(instrument: str, values: list[float]) -> list[dict[str, float]]:
    return [{"": percentile(instrument, values, q)} for q in (0.5, 0.95, 0.99)]


_TOOL_SECONDS = [seconds for _, seconds, _ in fleet.TOOLS] + [_STUCK] * fleet.ORPHANS
_CALLS = Counter(tool for tool, _, _ in fleet.TOOLS) + Counter(stuck=fleet.ORPHANS)
_MODEL_CALLS = Counter(model for model, *_ in fleet.MODELS)
_READ = dict.fromkeys(_MODEL_CALLS, 0)
for _model, *_rest in fleet.MODELS:
    _READ[_model] += sum(_rest[-1])
_INPUT = sum(tokens[0] for *_, tokens in fleet.MODELS)
_OUTPUT = sum(tokens[1] for *_, tokens in fleet.MODELS)
_ENDED_WELL = sum(outcome is fleet.Outcome.OK for _, outcome, _ in fleet.RUNS)

# By row and title: the exact values of each query, or the shares of its series.
EXACT: dict[str, list[dict[str, float]]] = {
    "Runs/Runs that did not end well": [{"": 1 - _ENDED_WELL / len(fleet.RUNS)}],
    "Latency/Runs": percentiles(m.INVOKE_AGENT_DURATION, [seconds for *_, seconds in fleet.RUNS]),
    "Latency/Model calls": percentiles(m.CLIENT_OPERATION_DURATION, [each[2] for each in fleet.MODELS]),
    "Latency/Tool calls": percentiles(m.EXECUTE_TOOL_DURATION, _TOOL_SECONDS),
    "Latency/Time to the first chunk": percentiles(m.CLIENT_TIME_TO_FIRST_CHUNK, [each[4] for each in fleet.MODELS]),
    "Tools/Slowest tools": [
        {
            "shell": percentile(m.EXECUTE_TOOL_DURATION, [0.1], 0.95),
            "read": percentile(m.EXECUTE_TOOL_DURATION, [0.03], 0.95),
            "stuck": percentile(m.EXECUTE_TOOL_DURATION, [_STUCK], 0.95),
        }
    ],
    "Tools/Tool calls per run": [{"": len(_TOOL_SECONDS) / len(fleet.RUNS)}],
    "Models/Latency by model": [
        {
            "model-a": percentile(m.CLIENT_OPERATION_DURATION, [1.0], 0.95),
            "model-b": percentile(m.CLIENT_OPERATION_DURATION, [3.0], 0.95),
        }
    ],
}
SHARES: dict[str, dict[str, float]] = {
    "Runs/Runs by outcome": {"ok": 3, "error": 1, "cancelled": 1},
    "Runs/Runs by agent": {"coder": 4, "reviewer": 1},
    "Tokens and cost/Tokens by kind": {"input": _INPUT, "output": _OUTPUT},
    "Tokens and cost/Tokens by model": dict(_READ),
    "Tokens and cost/Cost by currency": {"USD": 3000, "EUR": 1000},
    "Tokens and cost/Cost by status": {"estimated": 3000, "corrected": 1000},
    "Tools/Calls by tool": dict(_CALLS),
    "Tools/Failures by tool": {"shell": 2, "stuck": fleet.ORPHANS},
    "Models/Calls by model": dict(_MODEL_CALLS),
    "Models/Calls by provider": {"anthropic": 4, "openai": 2},
    "Models/Failures by model": {"model-a": 1},
    "Errors/Runs by error type": {"error": 1, "cancelled": 1},
    "Errors/Tool calls by error type": {"exit_code": 2, "orphaned": fleet.ORPHANS},
    "Errors/Model calls by error type": {"timeout": 1},
    "Errors/Work without an end": {"run_end": fleet.ORPHANS},
    "Telemetry's own health/Losses that sources tell": {"channel_full": fleet.LOST},
    "Telemetry's own health/Errors that sources tell": {"gateway": fleet.ERRORS},
}
# Sums over the range, compared with the number of runs, because Prometheus extrapolates all of them alike.
PER_RUN: dict[str, float] = {
    "Runs/Tokens": (_INPUT + _OUTPUT) / len(fleet.RUNS),
    "Runs/Cost in millionths": sum(micros for *_, micros in fleet.COSTS) / len(fleet.RUNS),
}
BY_HAND = {
    "Runs/Runs",
    "Telemetry's own health/Records",
    "Telemetry's own health/Spans and log records by sink",
    "Telemetry's own health/Queue to the worker",
}
PANELS: dict[str, Any] = {f"{row}/{panel.title}": panel for row, panels in dashboard.ROWS.items() for panel in panels}


def test_every_panel_is_tested() -> None:
    assert {*EXACT, *SHARES, *PER_RUN, *BY_HAND} == set(PANELS)


@pytest.mark.parametrize("title", EXACT)
def test_a_panel_with_known_values_shows_them(filled: Filled, title: str) -> None:
    shown = [filled.ask(query.expr) for query in PANELS[title].queries]
    assert shown == [pytest.approx(wanted) for wanted in EXACT[title]]


@pytest.mark.parametrize("title", SHARES)
def test_a_panel_of_rates_shows_them_in_proportion(filled: Filled, title: str) -> None:
    (query,) = PANELS[title].queries
    shown = filled.ask(query.expr)
    assert all(value > 0 for value in shown.values())
    assert share(shown) == pytest.approx(share(SHARES[title]))


@pytest.mark.parametrize("title", PER_RUN)
def test_a_panel_of_sums_shows_them_in_proportion_to_the_runs(filled: Filled, title: str) -> None:
    (query,), (runs,) = PANELS[title].queries, PANELS["Runs/Runs"].queries
    (count,) = filled.ask(runs.expr).values()
    assert count >= len(fleet.RUNS)
    (value,) = filled.ask(query.expr).values()
    assert value / count == pytest.approx(PER_RUN[title])


def test_the_panels_of_our_own_health_show_the_books(filled: Filled) -> None:
    (records,) = PANELS["Telemetry's own health/Records"].queries
    assert filled.ask(records.expr) == filled.records
    (handover,) = PANELS["Telemetry's own health/Queue to the worker"].queries
    queue = filled.ask(handover.expr)
    assert queue["evicted"] == 0
    (items,) = PANELS["Telemetry's own health/Spans and log records by sink"].queries
    shown = filled.ask(items.expr)
    assert shown["otlp/traces exported"] > 0
    assert shown["otlp/traces rejected"] == shown["otlp/traces evicted"] == 0


def test_the_dashboard_is_what_the_table_says() -> None:
    assert dashboard.PAGE.read_text() == dashboard.page()


def test_the_dashboard_names_only_its_own_datasource() -> None:
    built = json.loads(dashboard.page())
    used = {panel["datasource"]["uid"] for panel in built["panels"] if "datasource" in panel}
    assert used == {"${metrics}"}
    ids = [panel["id"] for panel in built["panels"] if panel.get("id") is not None]
    assert len(ids) == len(set(ids))
