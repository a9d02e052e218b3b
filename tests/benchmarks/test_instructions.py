"""The guard over instructions: what fails, what is remarked on, and that counters are read rightly."""

from __future__ import annotations

import json
import subprocess

import pytest

from counted import PATHS
import instructions

RECORDED = {"worker": 1_000_000, "scrub_1_kb": 75_000}


def test_a_path_that_takes_more_than_a_tenth_more_fails_and_is_named_with_both_counts():
    failures, remarks = instructions.judged(RECORDED, {"worker": 1_110_000, "scrub_1_kb": 75_000})
    (line,) = failures
    assert "worker" in line
    assert "1,000,000" in line
    assert "1,110,000" in line
    assert remarks == []


@pytest.mark.parametrize("found", [1_100_000, 1_000_000, 900_000])
def test_within_the_margin_nothing_is_said(found):
    assert instructions.judged(RECORDED, {"worker": found}) == ([], [])


def test_a_path_that_takes_less_than_nine_tenths_passes_and_is_to_be_recorded_anew():
    failures, remarks = instructions.judged(RECORDED, {"worker": 899_000})
    assert failures == []
    (line,) = remarks
    assert line.startswith("worker")
    assert "--record" in line


def test_a_path_without_a_record_is_told_of_and_passes():
    failures, (line,) = instructions.judged(RECORDED, {"new": 7})
    assert failures == []
    assert "new: not recorded" in line


@pytest.fixture
def found(monkeypatch, tmp_path):
    """What is found, by path; the record is a file of the test's own."""
    counts = {}
    monkeypatch.setattr(instructions, "RECORD", tmp_path / "record.json")
    monkeypatch.setattr(instructions, "counter_here", lambda: ("valgrind", None))
    monkeypatch.setattr(instructions, "counted", lambda *_: counts)
    return counts


def test_the_guard_fails_above_the_record_and_passes_once_it_is_recorded(found, capsys):
    found["worker"] = 1_000
    assert instructions.guard(["worker"], record=False) == 0
    assert "no record for Python" in capsys.readouterr().out
    assert instructions.guard(["worker"], record=True) == 0
    found["worker"] = 1_110
    assert instructions.guard(["worker"], record=False) == 1
    assert "FAILED worker: recorded 1,000, found 1,110 (+11.0%)" in capsys.readouterr().out
    assert instructions.guard(["worker"], record=True) == 0
    assert instructions.guard(["worker"], record=False) == 0


def test_what_is_recorded_of_other_paths_and_other_versions_stays(found):
    other = {"with": {}, "instructions": {"worker": 5}}
    mine = {"with": {}, "instructions": {"worker": 6, "scrub_1_kb": 8}}
    version = ".".join(map(str, instructions.sys.version_info[:2]))
    instructions.RECORD.write_text(json.dumps({"2.7": other, version: mine}), encoding="utf-8")
    found["worker"] = 7
    instructions.guard(["worker"], record=True)
    written = json.loads(instructions.RECORD.read_text(encoding="utf-8"))
    assert written["2.7"] == other
    assert written[version]["instructions"] == {"worker": 7, "scrub_1_kb": 8}


def test_where_what_counts_depend_on_has_changed_nothing_fails_and_that_is_said(found, capsys):
    found["worker"] = 100
    instructions.guard(["worker"], record=True)
    record = json.loads(instructions.RECORD.read_text(encoding="utf-8"))
    for of_version in record.values():
        of_version["with"]["attrs"] = "1.0"
    instructions.RECORD.write_text(json.dumps(record), encoding="utf-8")
    found["worker"] = 200
    assert instructions.guard(["worker"], record=False) == 0
    told = capsys.readouterr().out
    assert "differs worker" in told
    assert "attrs 1.0 then" in told


def test_without_a_counter_nothing_is_guarded_and_that_is_said(monkeypatch, capsys):
    monkeypatch.setattr(instructions.shutil, "which", lambda _: None)
    assert instructions.guard(["worker"], record=False) == 0
    assert "not guarded" in capsys.readouterr().out


def test_the_count_is_the_difference_of_two_processes_by_times_and_units(monkeypatch):
    monkeypatch.setattr(instructions, "_run", lambda *_: "")
    path = PATHS["replay_event"]

    def counter(command, environ):
        assert environ["PYTHONHASHSEED"] == "0"
        return 5_000_000 + int(command[-1]) * path.units * 321  # the start, and the work

    assert instructions.counted(["replay_event"], counter) == {"replay_event": 321}


def test_the_count_that_valgrind_tells_is_read(monkeypatch):
    told = "==7== \n==7== I   refs:      1,751,004,691\n"
    monkeypatch.setattr(instructions, "_run", lambda *_: told)
    assert instructions.by_valgrind(["true"], {}) == 1_751_004_691


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ("1234;;instructions:u;9;100.00;;\n", 1234),
        ("5;;cpu_atom/instructions:u/;9;50;;\n7;;cpu_core/instructions:u/;9;50;;\n", 12),
        ("<not supported>;;instructions:u;0;100.00;;\n", None),
    ],
)
def test_what_perf_tells_is_read(monkeypatch, lines, count):
    def run(command, _):
        with open(command[command.index("-o") + 1], "w", encoding="utf-8") as told:  # noqa: PTH123  as perf does
            told.write(lines)

    monkeypatch.setattr(instructions, "_run", run)
    if count is None:
        with pytest.raises(RuntimeError, match="no instructions"):
            instructions.by_perf(["true"], {})
    else:
        assert instructions.by_perf(["true"], {}) == count


def test_a_path_that_cannot_be_run_is_no_pass(monkeypatch, capsys):
    def fails(*_):
        raise subprocess.CalledProcessError(1, ["python"], stderr="why")

    monkeypatch.setattr(instructions, "counter_here", lambda: ("valgrind", None))
    monkeypatch.setattr(instructions, "counted", fails)
    assert instructions.guard(["worker"], record=False) == 2
    assert "why" in capsys.readouterr().err
