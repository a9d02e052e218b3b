"""Rounds: every contender in turn, under one condition after another, and what came of it as plain records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
import os
from pathlib import Path
import platform
import time

from peers.environments import NotInstalled, packages, python
from peers.measures import Job
from peers.receiving import Receiver
from peers.table import Row
from peers.workers import Failed

__all__ = ["Record", "machine", "play", "versions"]

Progress = Callable[[int, int, "Record"], None]


@dataclass(frozen=True)
class Record:
    """One measurement: figures, or why there are none."""

    measure: str
    condition: str
    contender: str
    round: int
    figures: dict[str, float] = field(default_factory=dict)
    error: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def play(jobs: Sequence[Job], rows: Sequence[Row], rounds: int, progress: Progress) -> Iterator[Record]:
    """Measure; in each round the contenders begin with another one, so that none is always the first.

    Args:
        jobs: What to measure.
        rows: Whom.
        rounds: How often.
        progress: Told after each measurement how many are done, of how many, and the last one.
    """
    planned = [
        (number, job, row)
        for number in range(rounds)
        for job in jobs
        for row in _turned(rows, number)
        if job.is_for(row)
    ]
    with Receiver() as receiver:
        for done, (number, job, row) in enumerate(planned, start=1):
            record = _measured(job, row, number, receiver)
            progress(done, len(planned), record)
            yield record


def _turned(rows: Sequence[Row], number: int) -> Iterable[Row]:
    at = number * 5 % len(rows)
    return [*rows[at:], *rows[:at]]


def _measured(job: Job, row: Row, number: int, receiver: Receiver) -> Record:
    began = time.perf_counter()
    try:
        figures = job.run(row, receiver)
    except Failed as error:
        return Record(job.measure, job.condition, row.name, number, error=str(error))
    took = {"took_s": time.perf_counter() - began}
    return Record(job.measure, job.condition, row.name, number, figures | took)


def versions(rows: Iterable[Row], progress: Callable[[str], None]) -> dict[str, dict[str, str]]:
    """Install what is missing; give each contender's versions of its own package and of the SDK, or why it has none."""
    told = {}
    for row in rows:
        progress(row.name)
        try:
            python(row.requirements)
        except NotInstalled as error:
            told[row.name] = {"error": str(error)}
            continue
        installed = packages(row.requirements)
        told[row.name] = {
            "package": row.package,
            "version": installed.get(row.package, "?"),
            "sdk": installed.get("opentelemetry-sdk", ""),
            "packages": str(len(installed)),
        }
    return told


def machine() -> dict[str, str]:
    """Describe the machine."""
    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": cpu,
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }
