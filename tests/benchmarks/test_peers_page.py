"""From records to medians, ratios, verdicts and the page."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

import bench
from peers.driver import Record, machine
from peers.page import page, picture
from peers.summary import PEERS, Summary, verdicts
from peers.table import CONTENDERS, OURS, REFERENCE

FLAT = ("thread", "flat out, 1 thread")


def records(figure="cpu_us", key=FLAT, **by_contender):
    return [
        Record(*key, who.replace("_", "-"), number, {figure: float(value)})
        for who, values in by_contender.items()
        for number, value in enumerate(values)
    ]


def verdict(summary, words):
    (found,) = [each for each in verdicts(summary) if each.what.startswith(words)]
    return found


def test_ratios_are_taken_within_rounds():
    summary = Summary(records(agent_otel=[1, 20, 3], bare_lossless=[2, 10, 30]))
    assert summary.median(*FLAT, OURS, "cpu_us") == 3
    assert summary.ratio(*FLAT, OURS, "cpu_us") == 0.5
    assert summary.most(*FLAT, OURS, "cpu_us") == 20
    assert summary.ratio(*FLAT, "util-genai", "cpu_us") is None


@pytest.mark.parametrize(("ours", "met"), [(35, True), (36, False)])
def test_a_target_is_met_at_its_limit_and_missed_above_it(ours, met):
    summary = Summary(records(agent_otel=[ours], bare_lossless=[100]))
    assert verdict(summary, "CPU of the agent's thread per tool call, 1 thread, to").is_met is met


def test_what_was_not_measured_is_neither_met_nor_missed():
    assert all(each.is_met is None for each in verdicts(Summary([])))


def test_below_every_peer_names_the_peers_that_are_cheaper_and_those_that_are_missing():
    key = ("process", "0.6 KB")
    made = records("cpu_s_per_100k", key, agent_otel=[5], langfuse=[9], nemo_relay=[4], logfire=[5])
    found = [each for each in verdicts(Summary(made)) if each.target == "below every peer"][1]
    assert found.is_met is False
    assert found.measured.startswith("not below nemo-relay, logfire; without ")
    assert "openinference" in found.measured
    everyone = records("cpu_s_per_100k", key, agent_otel=[3], **{name.replace("-", "_"): [4] for name in PEERS})
    found = [each for each in verdicts(Summary(everyone)) if each.target == "below every peer"][1]
    assert (found.is_met, found.measured) == (True, "below all")


def test_what_must_never_happen_is_judged_by_the_worst_round():
    made = [Record("secrets", "planted", OURS, number, {"secrets": float(number == 1)}) for number in range(3)]
    assert verdict(Summary(made), "secrets that arrived").is_met is False


def told():
    return [
        *records(agent_otel=[10, 12], bare_lossless=[40, 42], langfuse=[90, 94]),
        Record(*FLAT, "traceloop", 0, error="cannot be installed: no such version"),
        Record("delivery", "healthy sink", OURS, 0, {"made": 100.0, "lost": 0.0, "duplicated": 0.0, "grown_mib": 9.0}),
    ]


def test_the_page_holds_figures_ratios_versions_and_what_failed():
    versions = {OURS: {"package": "agent-otel", "version": "9.9", "sdk": "1.45.2"}, "traceloop": {"error": "no"}}
    made = page(told(), machine(), versions)
    assert f"| **{OURS}** | 11.0 (0.27) |" in made
    assert "| langfuse | 92.0 (2.24) |" in made
    assert "| traceloop | failed |" in made
    assert "- traceloop, thread, flat out, 1 thread: cannot be installed: no such version" in made
    assert "| agent-otel | agent-otel 9.9 | 1.45.2 |" in made
    assert "not installed: no" in made
    assert "0 of 100" in made
    assert "| CPU of the agent's thread per tool call, 1 thread, to the bare SDK | ≤ 0.35 | 0.27 | met |" in made
    for line in made.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_the_tables_of_the_page_are_as_wide_as_their_heads():
    made = page(told(), machine(), {})
    for table in made.split("\n\n"):
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in rows}) <= 1


def test_the_plot_is_well_formed_and_its_longest_bar_is_the_dearest():
    root = ET.fromstring(picture(told()))
    bars = [float(each.get("width")) for each in root.iter() if each.tag.endswith("rect") and each.get("rx")]
    labels = [each.text for each in root.iter() if each.tag.endswith("text")]
    assert bars == sorted(bars)
    assert labels.index(OURS) < labels.index(REFERENCE) < labels.index("langfuse")


def test_every_contender_is_told_apart_and_pinned():
    names = [row.name for row in CONTENDERS]
    assert len(set(names)) == len(names)
    assert {OURS, REFERENCE} <= set(names)
    for row in CONTENDERS:
        assert all(asked == "." or "==" in asked for asked in row.requirements)


def test_the_command_line_takes_contenders_and_measures_by_name():
    options = bench.arguments(["--only", "bare", "logfire", "--measures", "thread", "exit", "--rounds", "7"])
    assert (options.only, options.measures, options.rounds) == (["bare", "logfire"], ["thread", "exit"], 7)
    with pytest.raises(SystemExit):
        bench.arguments(["--only", "nobody"])
