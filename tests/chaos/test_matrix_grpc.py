"""The fault matrix over gRPC."""

from __future__ import annotations

import pytest

from chaos.playing import play
from chaos.rows import cases
from chaos.scene import Scene

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("row", cases("grpc", "bridge"))
def test_a_bridge(row, tmp_path, record_property):
    with Scene("grpc", tmp_path, spool=row.spool) as scene:
        record_property("counted", str(play(row, "bridge", scene)))
