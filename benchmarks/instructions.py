"""A guard against slipping back: counts the machine instructions of the hot paths, and compares them with the record.

Instructions, unlike seconds, are the same on a busy machine and on an idle one: two counts differ by less than a
hundredth. Each path runs in two processes, a few times and many times; the difference is what the times between them
took. `perf` counts where the machine lets it, `valgrind` elsewhere; where there is neither, nothing is guarded.

The record, instructions.json, holds counts for each minor version of Python. A path fails when it takes a tenth more
than its record. A version of Python that has no record passes, and so does one that was built in another way, or that
has other versions of what we depend on: those counts cannot be compared. `--record` writes a record; whoever changes
what a path costs on purpose, or for the better, does so.

    python benchmarks/instructions.py [--only worker] [--record]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
import json
import os
from pathlib import Path
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from counted import PATHS, SETTINGS

RECORD = Path(__file__).with_suffix(".json")
MARGIN = 0.1  # of the recorded count
_AT_ONCE = 2  # processes
_PATIENCE_S = 600
_PACKAGES = ("attrs", "google-re2", "opentelemetry-sdk", "orjson", "protobuf")
_KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_REFS = re.compile(r"I\s+refs:\s+([\d,]+)")

Counter = Callable[[Sequence[str], Mapping[str, str]], int]


class Verdict(NamedTuple):
    """What became of a comparison.

    Attributes:
        failures: Paths that take too much.
        remarks: What else is worth a line.
    """

    failures: list[str]
    remarks: list[str]


def judged(recorded: Mapping[str, int], found: Mapping[str, int], margin: float = MARGIN) -> Verdict:
    """Compare counts with the record.

    Args:
        recorded: Instructions by path.
        found: The same, counted now; of some paths or of all.
        margin: The share of the recorded count by which a path may differ.
    """
    verdict = Verdict([], [])
    for path, count in found.items():
        before = recorded.get(path)
        if before is None:
            verdict.remarks.append(f"{path}: not recorded yet, found {count:,}; record it with --record")
            continue
        told = f"{path}: recorded {before:,}, found {count:,} ({count / before - 1:+.1%})"
        if count > before * (1 + margin):
            verdict.failures.append(f"{told}: more than {margin:.0%} above")
        elif count < before * (1 - margin):
            verdict.remarks.append(f"{told}: it takes less now; record it anew with --record")
    return verdict


def by_perf(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Count the instructions of a process by the processor's own counters.

    Raises:
        RuntimeError: If they cannot be had.
        subprocess.CalledProcessError: If the process fails.
    """
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as told:
        perf = ["perf", "stat", "-x", ";", "-e", "instructions:u", "-o", told.name, "--"]
        _run([*perf, *command], environ)
        fields = [line.split(";") for line in told.read().splitlines() if "instructions" in line]
    counts = [int(field[0]) for field in fields if field[0].isdecimal()]  # one for each kind of core
    if not counts:
        raise RuntimeError("perf counts no instructions here")
    return sum(counts)


def by_valgrind(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Count the instructions of a process by simulating it, fifty times as slowly; errors as above."""
    valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    found = _REFS.search(_run([*valgrind, *command], environ))
    if found is None:
        raise RuntimeError("valgrind tells no count")
    return int(found[1].replace(",", ""))


def _run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True, timeout=_PATIENCE_S)
    return done.stderr


def counter_here() -> tuple[str, Counter] | None:
    """Give the name of the counter that works on this machine, and the counter; None if there is none."""
    for name, counter in (("perf", by_perf), ("valgrind", by_valgrind)):
        if shutil.which(name) is None:
            continue
        try:
            counter([shutil.which("true") or "true"], os.environ)
        except (RuntimeError, subprocess.SubprocessError, OSError):
            continue
        return name, counter
    return None


def counted(paths: Sequence[str], counter: Counter) -> dict[str, int]:
    """Count the instructions of paths, each taken once.

    Raises:
        subprocess.CalledProcessError: If a path fails.
    """
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(_AT_ONCE) as pool:
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ |= SETTINGS | {"PYTHONHASHSEED": "0", "TMPDIR": folder}

        def command(name: str, count: int) -> list[str]:
            return [sys.executable, str(Path(__file__).with_name("counted.py")), name, str(count)]

        # Uncounted: what is compiled on the way is compiled once.
        list(pool.map(lambda name: _run(command(name, 1), environ), paths))
        asked = [(name, count) for name in paths for count in (PATHS[name].many, PATHS[name].few)]
        totals = dict(zip(asked, pool.map(lambda each: counter(command(*each), environ), asked), strict=True))
    return {
        name: round((totals[name, path.many] - totals[name, path.few]) / (path.many - path.few) / path.units)
        for name, path in ((name, PATHS[name]) for name in paths)
    }


def made_with(counter: str) -> dict[str, str]:
    """Tell what counts depend on, beside the code."""
    told = {"counter": counter, "python": platform.python_version(), "compiler": platform.python_compiler()}
    return told | {"machine": platform.machine()} | {name: metadata.version(name) for name in _PACKAGES}


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _write(record: dict[str, Any], found: Mapping[str, int], made: Mapping[str, str]) -> None:
    known = record.get(_version(), {}).get("instructions", {})
    record[_version()] = {"with": dict(made), "instructions": {**known, **found}}
    RECORD.write_text(json.dumps(dict(sorted(record.items())), indent=2) + "\n", encoding="utf-8")


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    changed = [f"{name} {before.get(name, 'none')} then, {value} now" for name, value in now.items()]
    return "; ".join(line for line, name in zip(changed, now, strict=True) if before.get(name) != now[name])


def guard(only: Sequence[str], *, record: bool) -> int:
    """Count, print, and compare or record; gives the exit status."""
    counter = counter_here()
    if counter is None:
        print("neither perf nor valgrind counts instructions on this machine: the cost of the hot paths is not guarded")
        return 0
    try:
        found = counted(only, counter[1])
    except subprocess.CalledProcessError as error:
        print(f"cannot be run: {error}\n{error.stderr}", file=sys.stderr)
        return 2
    told = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    of_version = told.get(_version(), {})
    recorded, made = of_version.get("instructions", {}), made_with(counter[0])
    print(f"instructions, counted by {counter[0]}, Python {_version()}")
    for name, count in found.items():
        change = f"{count / recorded[name] - 1:+8.1%}" if name in recorded else ""
        print(f"  {name:<14}{count:>12,} {change:>8}  {PATHS[name].about}")
    if record:
        _write(told, found, made)
        print(f"recorded in {RECORD.name}")
        return 0
    if not recorded:
        print(f"there is no record for Python {_version()}: nothing to compare with")
        return 0
    verdict = judged(recorded, found)
    changed = _differences(of_version.get("with", {}), made)
    failed = "differs" if changed else "FAILED"
    print("\n".join([*verdict.remarks, *(f"{failed} {line}" for line in verdict.failures)]))
    if changed:
        print(f"what counts depend on is not what it was when they were recorded, so nothing fails: {changed}")
    return 1 if verdict.failures and not changed else 0


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(PATHS), default=list(PATHS), metavar="PATH")
    parser.add_argument("--record", action="store_true", help="write the counts down for this version of Python")
    options = parser.parse_args()
    sys.exit(guard(options.only, record=options.record))


if __name__ == "__main__":
    main()
