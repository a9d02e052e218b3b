"""The outage of a minute."""

from __future__ import annotations

import time

from attrs import evolve
import pytest

from chaos.playing import play
from chaos.rows import ROWS, failed
from chaos.scene import Scene

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

OUTAGE_S = 60.0


def lasted(seconds):
    """The outage has lasted so long, and was felt."""
    begun = time.monotonic()
    return lambda scene, agent: time.monotonic() - begun >= seconds and failed(1)(scene, agent)


@pytest.mark.parametrize("way", ["bridge", "processor"])
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_minute_without_a_collector(way, protocol, tmp_path, record_property):
    row = evolve(ROWS[0], felt=lasted(OUTAGE_S), patience_s=2 * OUTAGE_S)
    assert row.name == "down for a while"
    with Scene(protocol, tmp_path, spool=way == "bridge") as scene:
        record_property("counted", str(play(row, way, scene)))
