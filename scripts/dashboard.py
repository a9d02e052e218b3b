"""Write the Grafana dashboard from the table of instruments; with --check, fail if the committed one is out of date.

Metric and label names come from ``agent_otel.conventions``, by the rules of OpenTelemetry's Prometheus compatibility
page, so that a renamed instrument cannot leave an empty panel behind. The tests run every query against a Prometheus.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
import sys
from typing import Any, NamedTuple

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from agent_otel.conventions import INSTRUMENTS
from agent_otel.conventions import attributes as a
from agent_otel.conventions import metrics as m

PAGE = Path(__file__).parent.parent / "collector-config" / "grafana" / "dashboards" / "agent-otel.json"
DATASOURCE = DataSourceRef(type_val="prometheus", uid="${metrics}")
_JOB = 'job=~"$job"'
_UNITS = {"s": "_seconds", "By": "_bytes"}
_PERCENTILES = (50, 95, 99)


class Query(NamedTuple):
    """A query and the legend of its series."""

    expr: str
    legend: str = ""
    exemplars: bool = False


class Panel(NamedTuple):
    """A panel: one number over the range, or lines over time."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    is_number: bool = False
    description: str = ""


def metric(instrument: str, suffix: str = "") -> str:
    """Give an instrument's name in Prometheus."""
    known = INSTRUMENTS[instrument]
    total = "_total" if known.kind == "counter" else ""
    return instrument.replace(".", "_") + _UNITS.get(known.unit, "") + total + suffix


def label(attribute: str) -> str:
    """Give an attribute's name as a label."""
    return attribute.replace(".", "_")


def _select(name: str, *matchers: str) -> str:
    return f"{name}{{{', '.join((_JOB, *matchers))}}}"


def _rate(name: str, by: str = "", *matchers: str, window: str = "$__rate_interval") -> str:
    grouped = f" by ({label(by)})" if by else ""
    return f"sum{grouped} (rate({_select(name, *matchers)}[{window}]))"


def _increase(name: str, by: str = "", *matchers: str) -> str:
    grouped = f" by ({label(by)})" if by else ""
    return f"sum{grouped} (increase({_select(name, *matchers)}[$__range]))"


def _percentile(percent: int, instrument: str, by: str = "") -> str:
    groups = f"le, {label(by)}" if by else "le"
    buckets = f"rate({_select(metric(instrument, '_bucket'))}[$__rate_interval])"
    return f"histogram_quantile({percent / 100:g}, sum by ({groups}) ({buckets}))"


def _percentiles(instrument: str) -> tuple[Query, ...]:
    return tuple(Query(_percentile(p, instrument), f"p{p}", exemplars=True) for p in _PERCENTILES)


def _failed(instrument: str, by: str) -> Query:
    return Query(_rate(metric(instrument, "_count"), by, f'{label(a.ERROR_TYPE)}!=""'), f"{{{{{label(by)}}}}}")


def _legend(attribute: str) -> str:
    return f"{{{{{label(attribute)}}}}}"


RUNS = metric(m.RUNS)
_OK = f'{label(a.OUTCOME)}=~"ok|unset|paused"'
_COST = metric(m.COST)

ROWS: dict[str, tuple[Panel, ...]] = {
    "Runs": (
        Panel("Runs", "short", (Query(_increase(RUNS)),), is_number=True),
        Panel(
            "Runs that did not end well",
            "percentunit",
            (Query(f"1 - ({_increase(RUNS, '', _OK)} or vector(0)) / {_increase(RUNS)}"),),
            is_number=True,
            description="Failed, cancelled, timed out, denied or interrupted runs, as a share of all.",
        ),
        Panel("Tokens", "short", (Query(_increase(metric(m.CLIENT_TOKEN_USAGE, "_sum"))),), is_number=True),
        Panel("Cost in millionths", "short", (Query(_increase(_COST)),), is_number=True),
        Panel("Runs by outcome", "ops", (Query(_rate(RUNS, a.OUTCOME), _legend(a.OUTCOME)),)),
        Panel(
            "Runs by agent",
            "ops",
            (Query(_rate(metric(m.INVOKE_AGENT_DURATION, "_count"), a.AGENT_NAME), _legend(a.AGENT_NAME)),),
        ),
    ),
    "Latency": (
        Panel("Runs", "s", _percentiles(m.INVOKE_AGENT_DURATION)),
        Panel("Model calls", "s", _percentiles(m.CLIENT_OPERATION_DURATION)),
        Panel("Tool calls", "s", _percentiles(m.EXECUTE_TOOL_DURATION)),
        Panel("Time to the first chunk", "s", _percentiles(m.CLIENT_TIME_TO_FIRST_CHUNK)),
    ),
    "Tokens and cost": (
        Panel(
            "Tokens by kind",
            "short",
            (Query(_rate(metric(m.CLIENT_TOKEN_USAGE, "_sum"), a.TOKEN_TYPE), _legend(a.TOKEN_TYPE)),),
        ),
        Panel(
            "Tokens by model",
            "short",
            (Query(_rate(metric(m.CLIENT_TOKEN_USAGE, "_sum"), a.REQUEST_MODEL), _legend(a.REQUEST_MODEL)),),
        ),
        Panel(
            "Cost by currency", "short", (Query(f"{_rate(_COST, a.COST_CURRENCY)} / 1e6", _legend(a.COST_CURRENCY)),)
        ),
        Panel("Cost by status", "short", (Query(f"{_rate(_COST, a.COST_STATUS)} / 1e6", _legend(a.COST_STATUS)),)),
    ),
    "Tools": (
        Panel(
            "Calls by tool",
            "ops",
            (Query(_rate(metric(m.EXECUTE_TOOL_DURATION, "_count"), a.TOOL_NAME), _legend(a.TOOL_NAME)),),
        ),
        Panel("Failures by tool", "ops", (_failed(m.EXECUTE_TOOL_DURATION, a.TOOL_NAME),)),
        Panel(
            "Slowest tools",
            "s",
            (
                Query(
                    f"topk(10, {_percentile(95, m.EXECUTE_TOOL_DURATION, a.TOOL_NAME)})",
                    _legend(a.TOOL_NAME),
                    exemplars=True,
                ),
            ),
            description="95th percentile of each tool.",
        ),
        Panel(
            "Tool calls per run",
            "short",
            (
                Query(
                    f"{_rate(metric(m.INVOKE_AGENT_TOOL_CALLS, '_sum'))}"
                    f" / {_rate(metric(m.INVOKE_AGENT_TOOL_CALLS, '_count'))}"
                ),
            ),
        ),
    ),
    "Models": (
        Panel(
            "Calls by model",
            "ops",
            (Query(_rate(metric(m.CLIENT_OPERATION_DURATION, "_count"), a.REQUEST_MODEL), _legend(a.REQUEST_MODEL)),),
        ),
        Panel(
            "Calls by provider",
            "ops",
            (Query(_rate(metric(m.CLIENT_OPERATION_DURATION, "_count"), a.PROVIDER_NAME), _legend(a.PROVIDER_NAME)),),
        ),
        Panel(
            "Latency by model",
            "s",
            (
                Query(
                    _percentile(95, m.CLIENT_OPERATION_DURATION, a.REQUEST_MODEL),
                    _legend(a.REQUEST_MODEL),
                    exemplars=True,
                ),
            ),
            description="95th percentile of each model.",
        ),
        Panel("Failures by model", "ops", (_failed(m.CLIENT_OPERATION_DURATION, a.REQUEST_MODEL),)),
    ),
    "Errors": (
        Panel("Runs by error type", "ops", (_failed(m.INVOKE_AGENT_DURATION, a.ERROR_TYPE),)),
        Panel("Tool calls by error type", "ops", (_failed(m.EXECUTE_TOOL_DURATION, a.ERROR_TYPE),)),
        Panel("Model calls by error type", "ops", (_failed(m.CLIENT_OPERATION_DURATION, a.ERROR_TYPE),)),
        Panel(
            "Work without an end", "ops", (Query(_rate(metric(m.ORPHANS), a.ORPHAN_REASON), _legend(a.ORPHAN_REASON)),)
        ),
    ),
    "Telemetry's own health": (
        Panel(
            "Records",
            "short",
            (Query(f"sum by ({label(a.STATE)}) ({_select(metric(m.BRIDGE_RECORDS))})", _legend(a.STATE)),),
            description="What became of the records that running processes have read.",
        ),
        Panel(
            "Spans and log records by sink",
            "short",
            (
                Query(
                    f"sum by ({label(a.SINK)}, {label(a.STATE)}) ({_select(metric(m.SINK_ITEMS))})",
                    f"{_legend(a.SINK)} {_legend(a.STATE)}",
                ),
            ),
        ),
        Panel(
            "Queue to the worker",
            "short",
            (Query(f"sum by ({label(a.STATE)}) ({_select(metric(m.BRIDGE_HANDOVER))})", _legend(a.STATE)),),
        ),
        Panel(
            "Losses that sources tell",
            "ops",
            (Query(_rate(metric(m.SOURCE_LOSSES), a.LOSS_REASON), _legend(a.LOSS_REASON)),),
        ),
        Panel(
            "Errors that sources tell",
            "ops",
            (Query(_rate(metric(m.SOURCE_ERRORS), a.COMPONENT), _legend(a.COMPONENT)),),
        ),
    ),
}


def panels() -> Iterator[Panel]:
    """Give all panels."""
    for row in ROWS.values():
        yield from row


def _target(query: Query, number: int, *, is_number: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + number)).legend_format(query.legend)
    return target.instant() if is_number else target.range().exemplar(query.exemplars)


def _built(panel: Panel) -> Any:
    made: Any
    if panel.is_number:
        made = stat.Panel().reduce_options(ReduceDataOptions().calcs(["lastNotNull"])).span(6).height(4)
    else:
        made = timeseries.Panel().span(12).height(8).fill_opacity(8)
    made = made.title(panel.title).unit(panel.unit).datasource(DATASOURCE).description(panel.description)
    for number, query in enumerate(panel.queries):
        made = made.with_target(_target(query, number, is_number=panel.is_number))
    return made


def page() -> str:
    """Give the dashboard's JSON as it should be."""
    made = (
        dashboard.Dashboard("Agents")
        .uid("agent-otel")
        .tags(["agent-otel", "genai"])
        .description("Runs, models, tools, tokens and cost of AI agents, and whether their telemetry is well.")
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("browser")
        .with_variable(dashboard.DatasourceVariable("metrics").label("Metrics").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("job")
            .label("Service")
            .datasource(DATASOURCE)
            .query(f"label_values({RUNS}, job)")
            .multi(True)  # noqa: FBT003  the builder's own signature
            .include_all(True)  # noqa: FBT003  as above
            .all_value(".*")
        )
    )
    ids = count(1)
    for title, row in ROWS.items():
        made = made.with_row(dashboard.Row(title).id(next(ids)))
        for panel in row:
            made = made.with_panel(_built(panel).id(next(ids)))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def main() -> None:
    """Write the dashboard, or check it."""
    if "--check" in sys.argv[1:]:
        is_right = PAGE.exists() and PAGE.read_text() == page()
        sys.exit(0 if is_right else f"{PAGE.name} is out of date: run scripts/dashboard.py")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
