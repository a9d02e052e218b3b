"""From records to figures: medians over rounds, ratios within rounds, and whether the targets are met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import statistics

from peers.driver import Record
from peers.table import CONTENDERS, OURS, REFERENCE

__all__ = ["Summary", "Verdict", "verdicts"]

PEERS = tuple(row.name for row in CONTENDERS if row.is_peer)
SPOOL = "agent-otel-spool"
BOUND_MIB = 64.0  # 32 for the hand-over, 32 for the sink: the defaults of AGENT_OTEL_HANDOVER_BYTES and of a sink
EXTRA_MIB = 20e6 / 2**20
Key = tuple[str, str]


class Summary:
    """What some records say.

    Args:
        records: Of one run of the benchmark: ratios are between measurements of the same round.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._figures: dict[Key, dict[str, dict[int, dict[str, float]]]] = {}
        self._errors: dict[Key, dict[str, str]] = {}
        for record in records:
            key = record.measure, record.condition
            if record.error:
                self._errors.setdefault(key, {})[record.contender] = record.error
            else:
                self._figures.setdefault(key, {}).setdefault(record.contender, {})[record.round] = record.figures

    def conditions(self, measure: str) -> list[str]:
        """Give the conditions under which a measure was taken, in order."""
        return list(dict.fromkeys(condition for name, condition in [*self._figures, *self._errors] if name == measure))

    def values(self, measure: str, condition: str, contender: str, figure: str) -> dict[int, float]:
        """Give a figure by round."""
        rounds = self._figures.get((measure, condition), {}).get(contender, {})
        return {number: figures[figure] for number, figures in rounds.items() if figure in figures}

    def median(self, measure: str, condition: str, contender: str, figure: str) -> float | None:
        """Give the median over the rounds, None if there is no figure."""
        values = self.values(measure, condition, contender, figure).values()
        return statistics.median(values) if values else None

    def most(self, measure: str, condition: str, contender: str, figure: str) -> float | None:
        """Give the most of any round: for what must never happen."""
        return max(self.values(measure, condition, contender, figure).values(), default=None)

    def ratio(self, measure: str, condition: str, contender: str, figure: str, to: str = REFERENCE) -> float | None:
        """Give the median of the ratios to another contender in the same round."""
        theirs = self.values(measure, condition, to, figure)
        ours = self.values(measure, condition, contender, figure)
        ratios = [value / theirs[number] for number, value in ours.items() if theirs.get(number)]
        return statistics.median(ratios) if ratios else None

    def error(self, measure: str, condition: str, contender: str) -> str:
        """Say why a contender has no figure, or nothing."""
        return self._errors.get((measure, condition), {}).get(contender, "")

    def errors(self) -> list[tuple[str, str, str, str]]:
        """Give all that went wrong: measure, condition, contender, reason."""
        return [(*key, who, why) for key, each in self._errors.items() for who, why in each.items()]

    def as_dict(self) -> dict[str, dict[str, dict[str, float]]]:
        """Give all medians, by "measure, condition", contender and figure."""
        told: dict[str, dict[str, dict[str, float]]] = {}
        for (measure, condition), contenders in self._figures.items():
            for who, rounds in contenders.items():
                names = dict.fromkeys(name for figures in rounds.values() for name in figures)
                medians = {name: self.median(measure, condition, who, name) for name in names}
                told.setdefault(f"{measure}, {condition}", {})[who] = {
                    k: v for k, v in medians.items() if v is not None
                }
        return told


@dataclass(frozen=True)
class Verdict:
    """One target.

    Attributes:
        what: What is to be kept.
        target: The limit, in words.
        measured: The figure, in words.
        is_met: Whether it is; None if it was not measured.
    """

    what: str
    target: str
    measured: str
    is_met: bool | None


def _at_most(what: str, limit: float, value: float | None, unit: str = "", digits: int = 2) -> Verdict:
    target = f"≤ {limit:g}{unit}"
    if value is None:
        return Verdict(what, target, "not measured", None)
    return Verdict(what, target, f"{value:.{digits}f}{unit}", value <= limit)


def _below_peers(summary: Summary, what: str, measure: str, condition: str, figure: str) -> Verdict:
    ours = summary.median(measure, condition, OURS, figure)
    peers = {name: summary.median(measure, condition, name, figure) for name in PEERS}
    known = {name: value for name, value in peers.items() if value is not None}
    if ours is None or not known:
        return Verdict(what, "below every peer", "not measured", None)
    cheaper = sorted((name for name, value in known.items() if value <= ours), key=lambda name: known[name])
    missing = f"; without {', '.join(sorted(set(PEERS) - set(known)))}" if len(known) < len(PEERS) else ""
    return Verdict(
        what, "below every peer", (f"not below {', '.join(cheaper)}" if cheaper else "below all") + missing, not cheaper
    )


def verdicts(summary: Summary) -> list[Verdict]:
    """Hold the figures of this project against its targets."""
    thread, process = "CPU of the agent's thread per tool call, 1 thread", "CPU of the process per tool call"
    flat = "flat out, 1 thread"
    made = [
        _at_most(f"{thread}, to the bare SDK", 0.35, summary.ratio("thread", flat, OURS, "cpu_us")),
        _below_peers(summary, thread, "thread", flat, "cpu_us"),
    ]
    for condition in summary.conditions("thread"):
        if condition.startswith("flat out") and condition != flat:
            what = f"the same to the bare SDK, {condition.removeprefix('flat out, ')}"
            made.append(_at_most(what, 1.0, summary.ratio("thread", condition, OURS, "cpu_us")))
    paced = "200 calls/s, 16 threads"
    made += [
        _at_most(f"wall time, 99th percentile, {paced}", 0.5, summary.ratio("thread", paced, OURS, "wall_p99_us")),
        _at_most("lost of 20,000 calls flat out", 0, summary.most("delivery", "healthy sink", OURS, "lost"), digits=0),
        _at_most(f"{process}, 0.6 KB", 0.8, summary.ratio("process", "0.6 KB", OURS, "cpu_s_per_100k")),
        _below_peers(summary, f"{process}, 0.6 KB", "process", "0.6 KB", "cpu_s_per_100k"),
        _at_most(f"{process}, 8 KB", 1.2, summary.ratio("process", "8 KB", OURS, "cpu_s_per_100k")),
        _at_most(f"{process}, 256 KB", 1.2, summary.ratio("process", "256 KB", OURS, "cpu_s_per_100k")),
        _at_most("secrets that arrived", 0, summary.most("secrets", "planted", OURS, "secrets"), digits=0),
        _at_most(
            "a run's end written ahead to the spool",
            60,
            summary.median("spool", "runs", SPOOL, "write_ahead_us_per_run"),
            " µs",
            0,
        ),
        _at_most(
            "of it on the agent's thread",
            0,
            summary.most("spool", "runs", SPOOL, "agent_thread_bytes"),
            " bytes",
            0,
        ),
        _at_most(
            "memory with a stalled sink, 100,000 calls: bounds (64 MiB) and 20 MB",
            round(BOUND_MIB + EXTRA_MIB),
            summary.most("delivery", "stalled sink", OURS, "grown_mib"),
            " MiB",
            0,
        ),
        _at_most(
            "import beyond that of the SDK", 50, summary.median("import", "beyond the SDK", OURS, "import_ms"), " ms", 0
        ),
        _at_most(
            "exit with a dead collector and a spool",
            0.5,
            summary.median("exit", "dead collector", SPOOL, "exit_s"),
            " s",
        ),
        _replay(summary),
    ]
    return made


def _replay(summary: Summary) -> Verdict:
    rate = summary.median("replay", "recorded events", OURS, "events_per_s")
    share = summary.median("replay", "recorded events", OURS, "parse_share")
    what, target = "replay", "≥ 25,000 events/s, or half of the time is the JSON parser's"
    if rate is None or share is None:
        return Verdict(what, target, "not measured", None)
    return Verdict(what, target, f"{rate:,.0f} events/s, parser {share:.0%}", rate >= 25_000 or share > 0.5)
