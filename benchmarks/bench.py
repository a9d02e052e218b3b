"""This project beside the bare SDK and its peers, all measures in one run; makes docs/performance.md.

Every contender runs in a virtual environment of its own, made once under the user's cache, and every measurement in a
fresh process; the contenders take turns. Figures of two runs are not comparable; ratios within one are. It needs
Linux (/proc) and, once, PyPI.

    python benchmarks/bench.py                                     # everything, and the page
    python benchmarks/bench.py --quick --only agent-otel bare-lossless --measures thread
    python benchmarks/bench.py --list
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
import sys
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers.driver import Record, machine, play, versions
from peers.measures import MEASURES, jobs
from peers.page import page, picture
from peers.summary import Summary, verdicts
from peers.table import CONTENDERS, REFERENCE

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_COSTS = ("cpu_us", "wall_p50_us", "wall_p99_us", "cpu_s_per_100k")
_SHOWN = {
    "thread": ("cpu_us", "wall_p50_us", "wall_p99_us", "arrived"),
    "process": ("cpu_s_per_100k", "wire_bytes_per_call", "peak_mib", "arrived"),
    "delivery": ("made", "lost", "duplicated", "grown_mib"),
    "secrets": ("secrets",),
    "import": ("import_ms",),
    "exit": ("exit_s",),
    "spool": ("write_ahead_us_per_run", "agent_thread_bytes", "thread_us_per_run"),
    "replay": ("events_per_s", "parse_share"),
}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [row.name for row in CONTENDERS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="CONTENDER")
    parser.add_argument("--measures", nargs="+", choices=MEASURES, default=MEASURES, metavar="MEASURE")
    parser.add_argument("--conditions", nargs="+", default=[], metavar="WORD", help="only those that hold one of these")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of fewer calls; no page")
    parser.add_argument("--json", action="store_true", help="everything that was measured, on standard output")
    parser.add_argument("--page", type=Path, help="where the page goes; docs/, if all was measured")
    parser.add_argument("--from", dest="source", type=Path, help="make the page from what --json gave, measure nothing")
    parser.add_argument("--list", action="store_true", help="contenders and measures")
    return parser.parse_args(given)


def progress(done: int, planned: int, record: Record) -> None:
    """Show one measurement as it is done."""
    shown = [f"{name} {record.figures[name]:,.1f}" for name in _SHOWN[record.measure] if name in record.figures]
    words = record.error or "  ".join(shown)
    print(
        f"[{done}/{planned}] {record.measure}, {record.condition:<24} {record.contender:<17} {words}",
        file=sys.stderr,
        flush=True,
    )


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Measure what the options say."""
    rows = [row for row in CONTENDERS if row.name in options.only]
    chosen = [
        job
        for job in jobs(quick=options.quick)
        if job.measure in options.measures
        and (not options.conditions or any(word in job.condition for word in options.conditions))
    ]
    told: dict[str, Any] = {"machine": machine()}
    told["versions"] = versions(rows, lambda name: print(f"environment of {name}", file=sys.stderr, flush=True))
    records: list[Record] = []
    told["is_whole"] = not options.quick and not options.conditions
    told["is_whole"] &= set(options.measures) == set(MEASURES) and len(rows) == len(CONTENDERS)
    try:
        records.extend(play(chosen, rows, 1 if options.quick else options.rounds, progress))
    except KeyboardInterrupt:
        told["is_whole"] = False  # what there is is shown all the same
    return told | {"records": [record.as_dict() for record in records]}


def show(summary: Summary) -> None:
    """Print the medians with ratios, and the verdicts."""
    for condition, contenders in summary.as_dict().items():
        measure, _, rest = condition.partition(", ")
        names = _SHOWN[measure]
        print(f"\n{condition}\n  {'':<18}" + "".join(f"{name:>24}" for name in names))
        for who, figures in contenders.items():
            cells = []
            for name in names:
                ratio = summary.ratio(measure, rest, who, name, REFERENCE)
                of = f" ({ratio:.2f})" if ratio is not None and name in _COSTS else ""
                cells.append(f"{figures[name]:,.2f}{of}" if name in figures else "-")
            print(f"  {who:<18}" + "".join(f"{cell:>24}" for cell in cells))
    print()
    for each in verdicts(summary):
        if each.is_met is not None:
            print(f"{'met   ' if each.is_met else 'MISSED'}  {each.what}: {each.measured} ({each.target})")
    for measure, condition, who, why in summary.errors():
        print(f"failed  {measure}, {condition}, {who}: {why}")


def main() -> None:
    """Measure, print, and write the page."""
    options = arguments()
    if options.list:
        print("\n".join(f"{row.name:<18} {row.about}" for row in CONTENDERS))
        print("\nmeasures:", *MEASURES)
        return
    told = json.loads(options.source.read_text(encoding="utf-8")) if options.source else measured(options)
    records = [Record(**record) for record in told["records"]]
    if options.json:
        print(json.dumps(told | {"medians": Summary(records).as_dict()}, indent=1))
    else:
        show(Summary(records))
    path = options.page or (PAGE if told["is_whole"] else None)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(records, told["machine"], told["versions"]), encoding="utf-8")
        path.with_name("performance.svg").write_text(picture(records), encoding="utf-8")
        print(f"written: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
