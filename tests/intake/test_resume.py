from __future__ import annotations

from contextlib import closing
import os
from pathlib import Path
import sqlite3
import stat
import subprocess
import sys
from typing import Any

import pytest

from agent_otel.intake import ResumeStore, default_state_directory, resume
from agent_otel.model import IntakeError

IDENTITIES = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]


def test_who_has_what_is_remembered(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    one, two = store.sink_bits(["otlp a", "otlp b"])
    store.acknowledge(dict.fromkeys(IDENTITIES, one))
    store.acknowledge({1: two, 7: two})
    store.close()
    again = ResumeStore(tmp_path)
    assert again.sink_bits(["otlp b", "otlp a"]) == [two, one]
    assert [again.holders(identity) for identity in IDENTITIES] == [one, one | two, one, one, one]
    assert (again.holders(7), again.holders(8)) == (two, 0)
    assert again.notice is None
    again.close()
    again.close()


def test_cursors_are_kept_by_sink_and_input_and_may_go_back(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    one, two = store.sink_bits(["a", "b"])
    store.acknowledge({}, [(one, "x", 7), (two, "x", 3), (one, "y", 0)])
    store.acknowledge({}, [(one, "x", 5)])
    assert [store.cursor(one, "x"), store.cursor(two, "x"), store.cursor(one, "y")] == [5, 3, 0]
    assert store.cursor(two, "y") is None
    store.close()


def test_an_addition_is_whole_or_not_at_all(tmp_path: Path) -> None:
    def breaking() -> Any:
        yield 1, "x", 1
        raise KeyboardInterrupt

    store = ResumeStore(tmp_path)
    (bit,) = store.sink_bits(["s"])
    with pytest.raises(KeyboardInterrupt):
        store.acknowledge({1: bit}, breaking())
    assert (store.holders(1), store.cursor(bit, "x")) == (0, None)
    store.acknowledge({2: bit})
    assert store.holders(2) == bit
    store.close()


def test_the_sink_that_was_not_seen_for_longest_makes_way(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path)
    bits = [store.sink_bits([f"sink {number}"])[0] for number in range(62)]
    assert len(set(bits)) == 62
    store.acknowledge({5: bits[0] | bits[1]}, [(bits[1], "x", 9)])
    assert store.sink_bits(["sink 0"]) == bits[:1]
    assert store.sink_bits(["new"]) == bits[1:2]
    assert (store.holders(5), store.cursor(bits[1], "x")) == (bits[0], None)
    with pytest.raises(IntakeError, match="at most 62 sinks"):
        store.sink_bits([f"other {number}" for number in range(63)])
    assert store.holders(5) == bits[0]
    store.close()


def test_directory_and_files_are_private(tmp_path: Path) -> None:
    store = ResumeStore(tmp_path / "state" / "here")
    store.acknowledge({1: 1})
    assert stat.S_IMODE((tmp_path / "state" / "here").stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state" / "here").iterdir()}
    assert modes == {0o600}
    store.close()


ADD_MANY = """
from pathlib import Path
import sys
from agent_otel.intake import ResumeStore

store = ResumeStore(Path(sys.argv[1]))
(bit,) = store.sink_bits([sys.argv[2]])
for key in range(40):
    store.acknowledge({key: bit})
"""


def test_two_processes_at_once(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    commands = [[sys.executable, "-c", ADD_MANY, str(tmp_path), name] for name in "ab"]
    processes = [subprocess.Popen(command, env=environ) for command in commands]
    assert [process.wait(60) for process in processes] == [0, 0]
    store = ResumeStore(tmp_path)
    one, two = store.sink_bits(["a", "b"])
    assert {store.holders(key) for key in range(40)} == {one | two}
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


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("attempt to write a readonly database", "set AGENT_OTEL_STATE"),
        ("database or disk is full", "make room on the disk"),
        ("database is locked", "another process holds it"),
        ("database disk image is malformed", "delete it to start over"),
    ],
)
def test_a_file_that_fails_later_says_what_to_do(tmp_path: Path, words: str, advice: str) -> None:
    class Failing:
        in_transaction = False

        def execute(self, *_: Any) -> Any:
            raise sqlite3.OperationalError(words)

        def close(self) -> None:
            pass

    store = ResumeStore(tmp_path)
    store.close()
    failing: Any = Failing()
    store._db = failing
    for ask in (
        lambda: store.holders(1),
        lambda: store.cursor(1, "x"),
        lambda: store.acknowledge({1: 1}),
        lambda: store.sink_bits(["a"]),
    ):
        with pytest.raises(IntakeError, match=advice):
            ask()


def test_a_file_that_another_process_holds_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ResumeStore(tmp_path).close()
    monkeypatch.setattr(resume, "_BUSY_SECONDS", 0.0)
    with closing(sqlite3.connect(tmp_path / "resume.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(IntakeError, match="another process holds it"):
            ResumeStore(tmp_path)


def test_a_file_that_may_only_be_read_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ResumeStore(tmp_path).close()
    connect = sqlite3.connect

    def only_to_read(path: Path, **how: Any) -> sqlite3.Connection:
        return connect(f"file:{path}?mode=ro", uri=True, **how)

    monkeypatch.setattr(sqlite3, "connect", only_to_read)
    with pytest.raises(IntakeError, match=r"readonly.*set AGENT_OTEL_STATE to a directory of your own"):
        ResumeStore(tmp_path)


def test_default_directory_follows_xdg() -> None:
    assert default_state_directory({"XDG_STATE_HOME": "/x", "HOME": "/h"}) == Path("/x/agent-otel")
    assert default_state_directory({"HOME": "/h"}) == Path("/h/.local/state/agent-otel")
    assert default_state_directory({"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/state/agent-otel")
