"""How time and memory grow: with the length of a run, open runs, sinks, detectors, and the size of a payload.

Each value is measured in a process of its own, with sinks that take everything at once, so that nothing but this
project is measured. Linear or better means that an event (for payloads a byte, for sinks an event at one sink) costs at
the largest value at most twice what it costs at the middle ones. A full run makes docs/growth.md.

    python benchmarks/growth.py                                  # everything, and the page: half an hour
    python benchmarks/growth.py --quick --only sinks payload     # without what takes more than a minute
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
import statistics
import subprocess
import sys
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers.driver import machine
from peers.plot import Panel, plot

PAGE = Path(__file__).parents[1] / "docs" / "growth.md"
MOST = 2.0  # times what the middle values cost
_PATIENCE_S = 3600

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Dimension:
    """Something that grows.

    Attributes:
        title: For people.
        values: At which it is measured, in order.
        long: Those that take more than a minute.
        unit: What the cost is divided by, in words.
        is_divided: Whether that is the value itself.
        text: How it is measured.
    """

    title: str
    values: tuple[int, ...]
    text: str
    unit: str = "event"
    is_divided: bool = False
    long: tuple[int, ...] = ()

    def cost(self, value: int, figures: Figures) -> float:
        """Give what is to stay the same: nanoseconds of CPU per unit where the value divides, else microseconds."""
        return figures["cpu_us"] * 1e3 / value if self.is_divided else figures["cpu_us"]

    @property
    def cost_unit(self) -> str:
        """The unit of that, in words."""
        return f"{'ns' if self.is_divided else 'µs'} per {self.unit}"


DIMENSIONS = {
    "events": Dimension(
        "Length of a run",
        (10, 100, 1_000, 10_000, 100_000, 1_000_000),
        "Runs of so many events, all but the last of them tool calls; short ones are repeated.",
        long=(1_000_000,),
    ),
    "open_runs": Dimension(
        "Open runs",
        (1, 10, 100, 1_000, 10_000, 100_000),
        "So many runs open at once. When one begins, the oldest makes a tool call and ends; all are opened and ended.",
        long=(100_000,),
    ),
    "sinks": Dimension(
        "Sinks",
        (1, 2, 4, 8),
        "So many sinks, each with a queue and books of its own, and each of which gets all spans, records and metrics.",
        "event and sink",
        is_divided=True,
    ),
    "detectors": Dimension(
        "Detectors",
        (10, 50, 100, 250, 500),
        "The first so many rows of the scrubber's table; beyond its end, detectors of the user's own.",
    ),
    "payload": Dimension(
        "Size of a payload",
        (100, 1_000, 10_000, 100_000, 1_000_000),
        "Bytes of a result, beside arguments of 300 bytes; up to 20 MB of them lie ready. By default, texts are cut "
        "at 4,000 characters.",
        "byte",
        is_divided=True,
    ),
    "whole_payload": Dimension(
        "Size of a payload, nothing cut",
        (100, 1_000, 10_000, 100_000, 1_000_000),
        "The same with `AGENT_OTEL_CONTENT=full`: every byte is scrubbed, encoded and queued.",
        "byte",
        is_divided=True,
    ),
}


@dataclass(frozen=True)
class Verdict:
    """How the largest value compares with the middle ones.

    Attributes:
        largest: Cost at the largest value.
        middle: The median of those at the middle values.
    """

    largest: float
    middle: float

    @property
    def ratio(self) -> float:
        """Of the two."""
        return self.largest / self.middle

    @property
    def is_linear(self) -> bool:
        """Whether it grows linearly or more slowly."""
        return self.ratio <= MOST


def judged(dimension: Dimension, measured: Mapping[int, Figures]) -> Verdict | None:
    """Judge a dimension by what was measured; None if that is fewer than three values."""
    values = sorted(measured)
    if len(values) < 3:
        return None
    costs = [dimension.cost(value, measured[value]) for value in values]
    between = costs[1:-1]
    in_the_middle = between[(len(between) - 1) // 2 : len(between) // 2 + 1]  # one, or two
    return Verdict(costs[-1], statistics.mean(in_the_middle))


def measure(name: str, value: int) -> Figures:
    """Measure one value in a process of its own.

    Raises:
        SystemExit: If that fails.
    """
    command = [sys.executable, str(Path(__file__).with_name("growth_work.py")), name, str(value)]
    environ = {key: text for key, text in os.environ.items() if not key.startswith(("OTEL_", "AGENT_OTEL_"))}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        raise SystemExit(f"{name} {value:,}: {done.stderr}")
    figures: Figures = json.loads(done.stdout)
    return figures


def played(only: Sequence[str], *, quick: bool) -> dict[str, dict[int, Figures]]:
    """Measure dimensions; tells each value as it is done."""
    told: dict[str, dict[int, Figures]] = {}
    for name in only:
        dimension = DIMENSIONS[name]
        told[name] = {}
        for value in dimension.values:
            if not (quick and value in dimension.long):
                told[name][value] = measure(name, value)
                print(f"{name} {value:,}: {told[name][value]['cpu_us']:,.1f} µs", file=sys.stderr, flush=True)
    return told


def _words(verdict: Verdict | None) -> str:
    if verdict is None:
        return "too few values to judge"
    word = "linear or better" if verdict.is_linear else "**worse than linear**"
    return f"{word}: {verdict.ratio:.2f} times the middle ones at the largest, {MOST:.0f} are allowed"


def section(dimension: Dimension, measured: Mapping[int, Figures]) -> str:
    """Write what was measured of a dimension as a table, and the verdict."""
    head = [dimension.title.lower(), "CPU, µs per event", "peak memory, MiB"]
    rows = [
        [f"{value:,}", f"{figures['cpu_us']:,.1f}", f"{figures['peak_mib']:,.0f}"]
        for value, figures in sorted(measured.items())
    ]
    if dimension.is_divided:
        head.insert(2, f"CPU, {dimension.cost_unit}")
        for row, (value, figures) in zip(rows, sorted(measured.items()), strict=True):
            row.insert(2, f"{dimension.cost(value, figures):,.1f}")
    lines = [f"| {' | '.join(cells)} |" for cells in [head, *rows]]
    table = [lines[0], "|" + "---:|" * len(head), *lines[1:]]
    return "\n".join(
        [f"## {dimension.title}\n", dimension.text, "", *table, "", f"{_words(judged(dimension, measured))}."]
    )


_INTRO = """\
# Growth

How time and memory grow. `python benchmarks/growth.py` measures it and makes this page anew; each value is measured in
a process of its own ({cpu}, {cores} cores, {memory}, {system}, Python {python}; load {load}; {date}). CPU is that of
the whole process: the agent's thread, the worker, and the sinks' threads. The sinks take everything at once, so that
there is no network and no receiver in it. Tool calls have arguments and results of 300 bytes, each as a dict, and all
are different: the scrubber remembers what it found innocent.

Linear or better means that the cost at the largest value is at most twice what it is at the middle ones: per event, for
payloads per byte, for sinks per event at one sink.

![Cost by length of a run, open runs, sinks, detectors and size of a payload](growth.svg)
"""


def page(measured: Mapping[str, Mapping[int, Figures]], of_machine: Mapping[str, str]) -> str:
    """Write the page."""
    sections = [section(DIMENSIONS[name], values) for name, values in measured.items()]
    return "\n\n".join([_INTRO.format(**of_machine).rstrip("\n"), *sections, "<!-- made by benchmarks/growth.py -->\n"])


def picture(measured: Mapping[str, Mapping[int, Figures]]) -> str:
    """Draw the plot: what is to stay the same, by dimension."""
    panels: list[Panel] = []
    for name, values in measured.items():
        dimension = DIMENSIONS[name]
        costs = [(value, dimension.cost(value, figures)) for value, figures in sorted(values.items())]
        bars = [(f"{value:,}", cost, f"{cost:,.1f}") for value, cost in costs]
        panels.append((f"{dimension.title}: CPU, {dimension.cost_unit}", bars))
    return plot(panels, [label for _, bars in panels for label, _, _ in bars], [])


def _read(path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    by_value = {name: {int(value): row for value, row in rows.items()} for name, rows in told["measured"].items()}
    return told | {"measured": by_value}


def main() -> None:
    """Measure, judge, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(DIMENSIONS), default=list(DIMENSIONS), metavar="DIMENSION")
    parser.add_argument("--quick", action="store_true", help="leave out what takes more than a minute; no page")
    parser.add_argument("--json", action="store_true", help="what was measured, on standard output")
    parser.add_argument("--page", type=Path, help="where the page goes; docs/, if all was measured")
    parser.add_argument("--from", dest="source", type=Path, help="judge what --json gave, measure nothing")
    options = parser.parse_args()
    if options.source:
        told = _read(options.source)
    else:
        told = {"machine": machine(), "measured": played(options.only, quick=options.quick)}
    measured = told["measured"]
    if options.json:
        print(json.dumps(told, indent=1))
    else:
        print("\n\n".join(section(DIMENSIONS[name], values) for name, values in measured.items()))
    is_whole = all(set(each.values) <= set(measured.get(name, ())) for name, each in DIMENSIONS.items())
    path = options.page or (PAGE if is_whole else None)
    if path is not None:
        path.write_text(page(measured, told["machine"]), encoding="utf-8")
        path.with_name("growth.svg").write_text(picture(measured), encoding="utf-8")
        print(f"written: {path}", file=sys.stderr)
    verdicts = [judged(DIMENSIONS[name], values) for name, values in measured.items()]
    sys.exit(any(verdict is not None and not verdict.is_linear for verdict in verdicts))


if __name__ == "__main__":
    main()
