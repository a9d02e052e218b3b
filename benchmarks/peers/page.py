"""docs/performance.md and its plot, made from one run's figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from peers.driver import Record
from peers.plot import Panel, plot
from peers.summary import Summary, verdicts
from peers.table import CONTENDERS, OURS, REFERENCE
from peers.work import planted

__all__ = ["page", "picture"]

Cell = Callable[[str], str]
_OF_OURS = [row.name for row in CONTENDERS if not row.is_peer and row.module.startswith("ours")]
_BARE = ["bare", REFERENCE]
_NONE = "-"

_INTRO = """\
# Performance

What telemetry costs an agent, beside the bare SDK and every library that does the same work. `make bench` measures all
of it and makes this page anew, which takes hours; `make bench ARGS=--quick` shows one round of fewer calls.

Every figure is the median of {rounds} round{s}, in which all contenders took turns, each in a process and a virtual
environment of its own. **Ratios (in brackets) are to `bare-lossless` in the same round**: only they mean something
beyond this machine ({cpu}, {cores} cores, {memory}, {system}, Python {python}; load {load} at the start; {date}). The
receiver runs in a process of its own, keeps what arrives and decodes it afterwards.

The work: one run of tool calls with seven names, arguments and result given as dicts of 300 bytes each as JSON; larger
payloads have larger results.

![CPU of the agent's thread and of the process, by contender](performance.svg)
"""

_NOTES = """\
## How to read it

- **Queues.** With default settings the SDK's batch processor keeps 2,048 spans and drops what comes beyond; what is
  dropped costs nothing to encode. So all measures of cost give every peer a queue that holds everything, and the
  ratios are to the SDK with such a queue, `bare-lossless`. `bare` is the SDK as it comes. Delivery, memory, secrets,
  import and exit are measured with every contender as it comes.
- **What differs.** Contenders do different work: this project scrubs, cuts texts at 4,000 characters, records metrics
  and log records and derives ids; the bare SDK does none of it. `agent-otel-raw` and `agent-otel-stock` show what
  policy and terminal preservation cost. Bytes on the wire are as sent: Langfuse and Logfire compress, on payloads that
  repeat and so compress better than real ones. The wire of openai-agents is JSON.
- **Threads** share one run, their context copied from it; calls a second are of all of them together. CPU is
  `time.thread_time` around the call; wall time flat out with threads is mostly waiting for the interpreter's lock.
- **Whole process** is CPU of user and system, from the first call until all is delivered. Up to 5,600 calls in turn
  differ, so that nobody is spared work by what it remembers. Calls of 256 KB are made at 20 a second: flat out they
  are more than the queues hold, or than one request may carry.
- **A stalled sink** reads requests and answers none until all calls are made; then it hangs up and is well.
- **After kill -9** the next process with the same settings runs for two seconds, making 20 calls more.
- **The spool's write-ahead** is the time within SQLite of transactions that insert, seen from outside; what the agent's
  thread writes to files is what the kernel counts for that thread.
"""


def page(records: Sequence[Record], machine: dict[str, str], versions: dict[str, dict[str, str]]) -> str:
    """Write the page."""
    summary = Summary(records)
    rounds = len({record.round for record in records})
    parts = [
        _INTRO.format(rounds=rounds, s="s" * (rounds != 1), **machine),
        _targets(summary),
        _contenders(versions),
        *_thread(summary),
        _process(summary),
        _delivery(summary),
        _secrets(summary),
        _start_and_end(summary),
        _NOTES,
        _missing(summary),
    ]
    return "\n".join(part for part in parts if part) + "\n<!-- made by benchmarks/bench.py -->\n"


def picture(records: Sequence[Record]) -> str:
    """Draw the plot."""
    summary = Summary(records)
    panels = [
        _panel(summary, "CPU of the agent's thread, µs per tool call", "thread", "flat out, 1 thread", "cpu_us"),
        _panel(summary, "CPU of the whole process, s per 100,000 tool calls", "process", "0.6 KB", "cpu_s_per_100k"),
    ]
    return plot(panels, _OF_OURS, _BARE)


def _panel(summary: Summary, title: str, measure: str, condition: str, figure: str) -> Panel:
    values = {row.name: summary.median(measure, condition, row.name, figure) for row in CONTENDERS}
    known = sorted((value, name) for name, value in values.items() if value is not None)
    return title, [
        (name, value, f"{_number(value)} ({_number(summary.ratio(measure, condition, name, figure))})")
        for value, name in known
    ]


def _number(value: float | None) -> str:
    """Write a number with about three digits."""
    if value is None:
        return _NONE
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def _table(title: str, columns: dict[str, Cell], rows: Sequence[str], text: str = "") -> str:
    """Write a table with a row for each contender; nothing, if all of its cells are empty."""
    lines = []
    for name in rows:
        cells = [cell(name) for cell in columns.values()]
        if any(cell != _NONE for cell in cells):
            shown = f"**{name}**" if name == OURS else name
            lines.append(f"| {shown} | {' | '.join(cells)} |")
    if not lines:
        return ""
    head = [f"| | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    return "\n".join([f"## {title}\n", *([text + "\n"] if text else []), *head, *lines, ""])


def _cell(summary: Summary, measure: str, condition: str, figure: str, *, ratio: bool = False) -> Cell:
    def cell(name: str) -> str:
        value = summary.median(measure, condition, name, figure)
        if value is None:
            return "failed" if summary.error(measure, condition, name) else _NONE
        of = summary.ratio(measure, condition, name, figure) if ratio else None
        return _number(value) if of is None else f"{_number(value)} ({of:.2f})"

    return cell


def _targets(summary: Summary) -> str:
    words = {True: "met", False: "**missed**", None: "-"}
    lines = [f"| {each.what} | {each.target} | {each.measured} | {words[each.is_met]} |" for each in verdicts(summary)]
    return "\n".join(
        ["## Targets\n", "| agent-otel as it comes | target | measured | |", "|---|---|---|---|", *lines, ""]
    )


def _contenders(versions: dict[str, dict[str, str]]) -> str:
    lines = []
    for row in CONTENDERS:
        told = versions.get(row.name, {})
        version = f"not installed: {told['error']}" if "error" in told else told.get("version", _NONE)
        lines.append(f"| {row.name} | {row.package} {version} | {told.get('sdk') or _NONE} | {row.about} |")
    head = ["| name | package | SDK | as measured |", "|---|---|---|---|"]
    return "\n".join(["## Contenders\n", *head, *lines, ""])


def _thread(summary: Summary) -> list[str]:
    names = [row.name for row in CONTENDERS]
    conditions = summary.conditions("thread")
    cpu = {_short(each): _cell(summary, "thread", each, "cpu_us", ratio=True) for each in conditions}
    wall = {_short(each): _percentiles(summary, each) for each in conditions}
    return [
        _table("CPU of the agent's thread", cpu, names, "µs per tool call."),
        _table("Wall time on the agent's thread", wall, names, "µs per tool call: median / 99th percentile."),
    ]


def _short(condition: str) -> str:
    return condition.replace("asyncio, 16 tasks", "asyncio")


def _percentiles(summary: Summary, condition: str) -> Cell:
    half, most = (_cell(summary, "thread", condition, figure) for figure in ("wall_p50_us", "wall_p99_us"))
    return lambda name: _NONE if half(name) == _NONE else f"{half(name)} / {most(name)}"


def _process(summary: Summary) -> str:
    columns: dict[str, Cell] = {}
    for size in summary.conditions("process"):
        columns[f"{size}: CPU s"] = _cell(summary, "process", size, "cpu_s_per_100k", ratio=True)
        columns[f"{size}: bytes"] = _cell(summary, "process", size, "wire_bytes_per_call")
    columns["peak MiB, 0.6 KB"] = _cell(summary, "process", "0.6 KB", "peak_mib")
    columns["arrived, 0.6 KB"] = _share(summary, "process", "0.6 KB")
    text = "CPU seconds per 100,000 tool calls, and bytes on the wire per tool call, by size of the payload."
    return _table("The whole process", columns, [row.name for row in CONTENDERS], text)


def _share(summary: Summary, measure: str, condition: str) -> Cell:
    def cell(name: str) -> str:
        arrived, made = (summary.median(measure, condition, name, figure) for figure in ("arrived", "made"))
        return _NONE if arrived is None or not made else f"{arrived / made:.1%}".replace("100.0%", "all")

    return cell


def _delivery(summary: Summary) -> str:
    columns = {f"{each}: lost": _of_made(summary, each) for each in summary.conditions("delivery")}
    columns["sent twice, any"] = lambda name: _any_twice(summary, name)
    columns["stalled: memory grown, MiB"] = _cell(summary, "delivery", "stalled sink", "grown_mib")
    return _table("Delivered, lost, sent twice", columns, [row.name for row in CONTENDERS], "Tool calls.")


def _of_made(summary: Summary, condition: str) -> Cell:
    def cell(name: str) -> str:
        lost, made = (summary.most("delivery", condition, name, figure) for figure in ("lost", "made"))
        if lost is None or made is None:
            return summary.error("delivery", condition, name) or _NONE
        return f"{lost:,.0f} of {made:,.0f}"

    return cell


def _any_twice(summary: Summary, name: str) -> str:
    values = [summary.most("delivery", each, name, "duplicated") for each in summary.conditions("delivery")]
    known = [value for value in values if value is not None]
    return f"{max(known):,.0f}" if known else _NONE


def _secrets(summary: Summary) -> str:
    places = list(planted())
    columns: dict[str, Cell] = {place: _arrived(summary, place) for place in places}
    columns["arrived"] = lambda name: _number(summary.most("secrets", "planted", name, "secrets")).split(".")[0]
    text = "Five made-up secrets, planted in arguments and results."
    return _table("Secrets that arrived", columns, [row.name for row in CONTENDERS], text)


def _arrived(summary: Summary, place: str) -> Cell:
    words = {None: _NONE, 0.0: "hidden", 1.0: "arrived"}
    return lambda name: words[summary.most("secrets", "planted", name, place)]


def _start_and_end(summary: Summary) -> str:
    columns = {
        "import, ms": _cell(summary, "import", "from nothing", "import_ms"),
        "beyond the SDK's, ms": _cell(summary, "import", "beyond the SDK", "import_ms"),
        "exit with a dead collector, s": _cell(summary, "exit", "dead collector", "exit_s"),
    }
    return _table("Start and end", columns, [row.name for row in CONTENDERS])


def _missing(summary: Summary) -> str:
    lines = [f"- {who}, {measure}, {condition}: {why}" for measure, condition, who, why in summary.errors()]
    return "\n".join(["## What could not be measured\n", *dict.fromkeys(lines), ""]) if lines else ""
