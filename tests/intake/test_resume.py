from __future__ import annotations

import os
from pathlib import Path
import stat
import subprocess
import sys
from typing import Any

import pytest

from agent_otel.intake import ResumeStore, default_state_directory
from agent_otel.model import IntakeError


def test_keys_are_remembered_per_sink_and_input(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    store.add("otlp a", "one", [0, 1, 2**63, 2**64 - 1])
    store.add("otlp a", "one", [1, 5])
    store.add("otlp b", "one", [7])
    store.close()
    again = ResumeStore(tmp_path)
    assert again.load("otlp a", "one") == {0, 1, 5, 2**63, 2**64 - 1}
    assert again.load("otlp b", "one") == {7}
    assert again.load("otlp a", "two") == set()
    again.close()
    again.close()


def test_an_addition_is_whole_or_not_at_all(tmp_path: Path) -> None:
    def breaking() -> Any:
        yield 1
        raise KeyboardInterrupt

    store = ResumeStore(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.add("s", "i", breaking())
    assert store.load("s", "i") == set()
    store.add("s", "i", [2])
    assert store.load("s", "i") == {2}
    store.close()


def test_directory_and_files_are_private(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path / "state" / "here")
    store.add("s", "i", [1])
    assert stat.S_IMODE((tmp_path / "state" / "here").stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state" / "here").iterdir()}
    assert modes == {0o600}
    store.close()


ADD_MANY = """
from pathlib import Path
import sys
from agent_otel.intake import ResumeStore

store = ResumeStore(Path(sys.argv[1]))
for key in range(int(sys.argv[2]), int(sys.argv[2]) + 40):
    store.add("s", "i", [key])
"""


def test_two_processes_at_once(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    commands = [[sys.executable, "-c", ADD_MANY, str(tmp_path), str(start)] for start in (0, 1000)]
    processes = [subprocess.Popen(command, env=environ) for command in commands]
    assert [process.wait(60) for process in processes] == [0, 0]
    store = ResumeStore(tmp_path)
    assert store.load("s", "i") == {*range(40), *range(1000, 1040)}
    store.close()


def test_corrupt_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "resume.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(
        IntakeError, match=r"resume\.db.*delete it to start over: spans are sent again with the same ids"
    ):
        ResumeStore(tmp_path)


def test_directory_that_is_a_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(IntakeError, match="set AGENT_OTEL_STATE"):
        ResumeStore(tmp_path / "state")


def test_default_directory_follows_xdg() -> None:
    assert default_state_directory({"XDG_STATE_HOME": "/x", "HOME": "/h"}) == Path("/x/agent-otel")
    assert default_state_directory({"HOME": "/h"}) == Path("/h/.local/state/agent-otel")
    assert default_state_directory({"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/state/agent-otel")
