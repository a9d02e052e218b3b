from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _ids_begin_at_one(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In tests of spool files, which name rows by their ids; elsewhere a new file begins anywhere."""
    if request.module.__name__.rpartition(".")[2].startswith("test_spool"):
        monkeypatch.setattr("agent_otel.delivery.spool.rows._START_BYTES", 0)
