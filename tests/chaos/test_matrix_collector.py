"""Rows of the fault matrix that a real Collector can play."""

from __future__ import annotations

from contextlib import nullcontext

from attrs import evolve
import pytest

from backend.running import real_programs
from chaos import stages
from chaos.collector import CollectorScene, halted, killed
from chaos.playing import play
from chaos.rows import ROWS, failed

pytestmark = [pytest.mark.chaos, pytest.mark.backend]

BY_NAME = {row.name: row for row in ROWS}
PLAYED = {
    "down for a while": {"stage": killed},
    "down, and the queue is full, with a spool": {"stage": killed},
    "down until the process ends": {"stage": killed},
    "stalled": {"stage": halted, "felt": failed(1)},
    "reset amid a request": {"stage": stages.cut_off},
    "a span of 16 MB among 500 small ones": {"stage": lambda _: nullcontext()},
    "a span of 6 MB among 500 small ones": {"stage": lambda _: nullcontext()},
}


@pytest.fixture(scope="module")
def program():
    return real_programs()["otelcol"]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("name", PLAYED)
def test_a_bridge_before_a_real_collector(program, name, protocol, tmp_path, record_property):
    row = evolve(BY_NAME[name], **PLAYED[name])
    with CollectorScene(program, protocol, tmp_path) as scene:
        record_property("counted", str(play(row, "bridge", scene)))
