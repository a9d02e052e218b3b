"""Files that are moved to another name when they are full, and begun anew: read oldest first, and told once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
import re
from typing import Any

from attrs import define, field
import pytest

from agent_otel.bridge import Reading, ReadingOptions, ReadingSummary
from agent_otel.intake import Group, Replay, ResumeStore, discover, groups
from agent_otel.model import AgentEvent, EventIds, EventKind, Names, Origin, Outcome, Phase, SourceError
from agent_otel.project import SpanData
from agent_otel.sources import Context, Decoded, Document
from agent_otel.sources.guarded import GuardedSource
from agent_otel.sources.protocol import RotatingSource

SECOND = 1_000_000_000
MAIN = "trace.jsonl"
OLD, OLDER = "trace.20260102-000000.jsonl", "trace.20260101-000000.jsonl"
ARCHIVE = re.compile(r"trace\.[0-9]{8}-[0-9]{6}(\.[0-9]+)?\.jsonl")


@define
class TraceDecoder:
    """Runs and their tool calls; holds the start of a call back until its end has come."""

    closed: list[tuple[str, bool]] = field(factory=list)
    _name: str = ""
    _begun: dict[str, int] = field(factory=dict)

    def open(self, document: Document) -> None:
        self._name = Path(document.name).name

    def decode(self, record: Any, context: Context) -> Decoded:
        when = record["at"] * SECOND
        ids = EventIds(run=record["run"], tool_call=record.get("call"))
        if "call" not in record:
            phase = Phase.START if record["did"] == "start" else Phase.END
            return Decoded([event(EventKind.AGENT, phase, when, ids, final=phase is Phase.END)])
        if record["did"] == "start":
            self._begun[record["call"]] = when
            return Decoded()
        took = when - self._begun.pop(record["call"])
        return Decoded([event(EventKind.TOOL, Phase.END, when, ids, duration_ns=took)])

    def close(self, *, complete: bool) -> Sequence[AgentEvent]:
        self.closed.append((self._name, complete))
        if complete:
            self._begun.clear()
        return ()


def event(kind: EventKind, phase: Phase, when: int, ids: EventIds, **more: Any) -> AgentEvent:
    names = Names(tool="shell") if kind is EventKind.TOOL else Names(agent="main")
    outcome = Outcome.OK if phase is Phase.END else Outcome.UNSET
    return AgentEvent(
        kind=kind, phase=phase, origin=Origin("trace"), time_ns=when, ids=ids, names=names, outcome=outcome, **more
    )


class PlainSource:
    name = "trace"

    def __init__(self) -> None:
        self.made: list[TraceDecoder] = []

    def detect(self, records: Sequence[Any]) -> float:
        return 1.0 if any("run" in record for record in records) else 0.0

    def decoder(self) -> TraceDecoder:
        self.made.append(TraceDecoder())
        return self.made[-1]

    def record_key(self, record: Any) -> str | None:
        return None

    def companions(self, path: PurePath) -> Sequence[str]:
        return ("trace.*.jsonl", "beside.jsonl") if path.name == MAIN else ()

    def belongs(self, first: Any, main_first: Sequence[Any]) -> bool:
        return "run" in first

    def is_companion(self, path: PurePath) -> bool:
        return path.name != MAIN

    def sidecar(self, path: PurePath) -> str | None:
        return None


class TraceSource(PlainSource):
    def precedes(self, path: PurePath) -> bool:
        return ARCHIVE.fullmatch(path.name) is not None


@pytest.fixture(autouse=True)
def source(monkeypatch: pytest.MonkeyPatch) -> TraceSource:
    made = TraceSource()
    monkeypatch.setattr(groups, "detect_source", lambda records: made if made.detect(records) else None)
    return made


def run(number: int) -> list[dict[str, object]]:
    """Give what a run with one tool call says."""
    base = number * 100
    of = {"run": f"r{number}"}
    return [
        {**of, "did": "start", "at": base},
        {**of, "did": "start", "at": base + 1, "call": f"c{number}"},
        {**of, "did": "end", "at": base + 3, "call": f"c{number}"},
        {**of, "did": "end", "at": base + 9},
    ]


def names(group: Group) -> list[str]:
    return [Path(document.name).name for document, _ in group.documents()]


def read(*paths: Path, store: ResumeStore | None = None) -> tuple[list[tuple[str, int, int]], ReadingSummary]:
    """Replay; give the spans by name, start and end in seconds, and the books."""
    spans: list[SpanData] = []
    options = ReadingOptions(send=False, resume=store is not None)
    replay = Replay(Reading.from_env(options, {}, spans.append), store)
    for group in discover([str(path) for path in paths]):
        replay.read(group)
    summary = replay.finish()
    assert not summary.problems
    return sorted((span.name, span.start_ns // SECOND, span.end_ns // SECOND) for span in spans), summary


def whole(number: int) -> list[tuple[str, int, int]]:
    base = number * 100
    return [("execute_tool shell", base + 1, base + 3), ("invoke_agent main", base, base + 9)]


@pytest.fixture
def rotated(write: Any) -> Path:
    """Three files, each begun in the middle of a tool call of a run that the one before it has begun."""
    first, second, third = run(1), run(2), run(3)
    write(OLDER, *first[:2])
    write(OLD, *first[2:], *second[:2])
    main: Path = write(MAIN, *second[2:], *third)
    return main


@pytest.mark.parametrize("given", ["main", "directory", "archive and main"])
def test_archives_are_read_before_their_main_file(rotated: Path, source: TraceSource, given: str) -> None:
    paths = {
        "main": [rotated],
        "directory": [rotated.parent],
        "archive and main": [rotated.parent / OLD, rotated],
    }[given]
    (group,) = discover([str(path) for path in paths])
    assert names(group) == [OLDER, OLD, MAIN]
    assert group.name == str(rotated)
    assert group.total_bytes == sum(path.stat().st_size for path in rotated.parent.iterdir())
    spans, summary = read(*paths)
    assert spans == sorted(whole(1) + whole(2) + whole(3))
    assert summary.correlation.get("orphans", 0) == 0
    assert source.made[-1].closed == [(OLDER, False), (OLD, False), (MAIN, True)]


def test_archives_are_ordered_by_the_numbers_in_their_names(write: Any) -> None:
    first = "trace.20260102-000000"
    main = write(MAIN, *run(1))
    for count in ("", ".10", ".9", ".1"):
        write(f"{first}{count}.jsonl", *run(2))
    write("trace.20260101-235959.3.jsonl", *run(3))
    write("beside.jsonl", *run(4))
    (group,) = discover([str(main)])
    assert names(group) == [
        "trace.20260101-235959.3.jsonl",
        *[f"{first}{count}.jsonl" for count in ("", ".1", ".9", ".10")],
        MAIN,
        "beside.jsonl",
    ]


def test_an_archive_alone_is_read(rotated: Path, source: TraceSource) -> None:
    (group,) = discover([str(rotated.parent / OLDER)])
    assert names(group) == [OLDER]
    spans, summary = read(rotated.parent / OLDER)
    assert spans == [("invoke_agent main", 100, 100)]
    assert summary.books.received == 2
    assert source.made[-1].closed == [(OLDER, True)]


def test_archives_whose_main_file_is_gone_are_read_as_one(rotated: Path, source: TraceSource) -> None:
    rotated.unlink()
    (group,) = discover([str(rotated.parent)])
    assert names(group) == [OLDER, OLD]
    spans, _ = read(rotated.parent)
    assert set(whole(1)) <= set(spans)
    assert source.made[-1].closed == [(OLDER, False), (OLD, True)]


def test_archives_of_two_directories_are_two_groups(write: Any, tmp_path: Path) -> None:
    for place in ("a", "b"):
        write(f"{place}/{OLDER}", *run(1))
        write(f"{place}/{OLD}", *run(2))
    assert [names(group) for group in discover([str(tmp_path)])] == [[OLDER, OLD]] * 2


def test_an_archive_that_comes_twice_is_a_repeat(rotated: Path) -> None:
    old = str(rotated.parent / OLD)
    found = discover([str(rotated), old, old])
    assert [(names(group), group.repeat) for group in found] == [([OLDER, OLD, MAIN], False), ([OLD], True)]


def test_resume_tells_nothing_twice_when_the_main_file_is_rotated(write: Any, tmp_path: Path) -> None:
    store = ResumeStore(tmp_path / "state")
    logs = tmp_path / "logs"
    first, second, third = run(1), run(2), run(3)
    main = write(f"logs/{MAIN}", *first, *second[:2])
    assert read(main, store=store)[0] == whole(1)
    assert read(logs, store=store)[0] == []
    main.rename(logs / OLDER)
    assert read(logs, store=store)[0] == []
    write(f"logs/{MAIN}", *second[2:], *third[:3])
    spans, summary = read(main, store=store)
    assert spans == sorted([*whole(2), ("execute_tool shell", 301, 303)])
    assert summary.books.notes["told_before"] == 2
    assert read(main, store=store)[0] == []
    store.close()


def test_resume_tells_nothing_twice_when_the_oldest_archive_is_deleted(write: Any, tmp_path: Path) -> None:
    store = ResumeStore(tmp_path / "state")
    logs = tmp_path / "logs"
    write(f"logs/{OLDER}", *run(1))
    write(f"logs/{OLD}", *run(2))
    main = write(f"logs/{MAIN}", *run(3))
    assert read(logs, store=store)[0] == sorted(whole(1) + whole(2) + whole(3))
    (logs / OLDER).unlink()
    assert read(logs, store=store)[0] == []
    main.rename(logs / "trace.20260103-000000.jsonl")
    (logs / OLD).unlink()
    write(f"logs/{MAIN}", *run(4))
    assert read(logs, store=store)[0] == whole(4)
    store.close()


def test_a_source_that_tells_of_no_archives_has_none(rotated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = PlainSource()
    assert (isinstance(plain, RotatingSource), isinstance(TraceSource(), RotatingSource)) == (False, True)
    monkeypatch.setattr(groups, "detect_source", lambda records: plain if plain.detect(records) else None)
    (group,) = discover([str(rotated)])
    assert names(group) == [MAIN, OLDER, OLD]
    assert GuardedSource("trace", plain).precedes(rotated) is False


def test_a_third_partys_source_is_asked_and_its_faults_are_ours() -> None:
    guarded = GuardedSource("trace", TraceSource())
    assert [guarded.precedes(PurePath(name)) for name in (OLD, MAIN)] == [True, False]

    def fails(path: PurePath) -> bool:
        raise RuntimeError("private words")

    broken: Any = TraceSource()
    broken.precedes = fails
    with pytest.raises(SourceError, match=r"^source 'trace': source fault \(RuntimeError in precedes\(\)\)$"):
        GuardedSource("trace", broken).precedes(PurePath(OLD))
