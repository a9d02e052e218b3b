"""The fault matrix of a ``TerminalPreservingProcessor`` on a plain provider, which has no spool."""

from __future__ import annotations

import pytest

from chaos.playing import play
from chaos.rows import cases
from chaos.scene import Scene

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("row", cases("http", "processor"))
def test_over_http(row, tmp_path, record_property):
    with Scene("http", tmp_path, spool=False) as scene:
        record_property("counted", str(play(row, "processor", scene)))


@pytest.mark.parametrize("row", cases("grpc", "processor"))
def test_over_grpc(row, tmp_path, record_property):
    with Scene("grpc", tmp_path, spool=False) as scene:
        record_property("counted", str(play(row, "processor", scene)))
