"""A source of our own for these tests: records say whether they are its own, side files which session they are of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_otel.intake import groups
from agent_otel.model import UnknownSource


class ToySource:
    name = "toy"

    def detect(self, records: Any) -> Any:
        return 1.0 if any(isinstance(record, dict) and record.get("toy") for record in records) else 0.0

    def decoder(self) -> None:
        raise NotImplementedError

    def record_key(self, record: Any) -> Any:
        return record.get("id")

    def companions(self, path: Any) -> Any:
        return [f"{path.stem}/side-*.jsonl", f"{path.stem}/journal.jsonl", "side-*.jsonl"]

    def belongs(self, first: Any, main_first: Any) -> Any:
        return first.get("session") in [record.get("session") for record in main_first]

    def is_companion(self, path: Any) -> Any:
        return path.name.startswith("side-")

    def sidecar(self, path: Any) -> Any:
        return f"{path.stem}.meta.json"


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> Any:
    source = ToySource()

    def load(name: Any) -> Any:
        if name != "toy":
            raise UnknownSource(name)
        return source

    monkeypatch.setattr(groups, "detect_source", lambda records: source if source.detect(records) else None)
    monkeypatch.setattr(groups, "load_source", load)
    monkeypatch.setattr(groups, "source_names", lambda: ["toy"])
    return source


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_records(name: str, *records: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return path

    return write_records
