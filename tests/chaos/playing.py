"""Plays a row: the agent works while the fault is on, the fault ends, and everything is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack

from attrs import frozen

from chaos.agent_process import agent_process, flush_spool, until
from chaos.plan import GIANT_RUN, RUNS, spans_of, terminals_of
from chaos.rows import Row, Way, settled
from chaos.scene import Scene

_BOOKS = ("exported", "rejected", "evicted", "queued", "spooled")


@frozen(kw_only=True)
class Counted:
    """What a play came to.

    Args:
        accepted: Spans that were made.
        books: Of the sink, at the end of the process.
        arrived: Spans that the collector has, those that the next process delivered included.
        repeated: Spans that came again.
        left: Spans that are in the spool at the end.
        damaged: Rows of the spool that were counted as unreadable.
    """

    accepted: int
    books: Mapping[str, int]
    arrived: int
    repeated: int
    left: int
    damaged: int


def play(row: Row, way: Way, scene: Scene) -> Counted | None:
    """Play a row and check what holds in each; None if the agent rightly refused to start."""
    scene.more |= row.environ
    wanted = spans_of(RUNS) | row.extra
    with ExitStack() as fault, ExitStack() as living:
        fault.enter_context(row.stage(scene))
        agent = living.enter_context(agent_process(way, scene.environ()))
        if not row.starts:
            assert "AGENT_OTEL_SPOOL" in agent.said
            return None
        assert agent.said == "ready"
        row.does(scene, agent)
        until(lambda: row.felt(scene, agent), "the fault", seconds=row.patience_s)
        until(lambda: _is_done(agent.books()["other/traces"], len(wanted)), "all at the other sink")
        if not row.lasts:
            fault.close()
            until(lambda: settled(scene, agent), "the end of what waits", seconds=row.patience_s)
        agent.do("end")
        books = agent.books()
    if row.afterwards is not None:
        row.afterwards(scene)
    _check_other(scene, books["other/traces"], wanted)
    return _counted(row, scene, books["otlp/traces"], wanted)


def _is_done(books: Mapping[str, int], accepted: int) -> bool:
    return books["accepted"] == accepted and books["queued"] == books["spooled"] == 0


def _check_other(scene: Scene, books: Mapping[str, int], wanted: set[str]) -> None:
    """The sink without the fault got everything, once, and kept nothing."""
    told = {name: count for name, count in books.items() if count}
    assert told == {"accepted": len(wanted), "exported": len(wanted)}
    assert Counter(span.name for span in scene.other.spans()) == Counter(dict.fromkeys(wanted, 1))


def _counted(row: Row, scene: Scene, books: Mapping[str, int], wanted: set[str]) -> Counted:
    assert books["accepted"] == len(wanted)
    assert {name: books[name] for name in _BOOKS if books[name]} == dict(row.expected)
    at_end = _names(row, scene)
    spooled, damaged = scene.spooled()
    assert len(at_end) == books["exported"]
    assert len(spooled) + damaged == books["spooled"]
    assert bool(damaged) is row.damages
    assert not at_end & set(spooled)
    _check_terminals(row, at_end | set(spooled), books["rejected"] + damaged)
    if spooled and row.heals:
        told = flush_spool(scene.environ())
        assert (told["delivered"], told["refused"], told["left"]) == (len(spooled), 0, 0)
        assert _names(row, scene) == at_end | set(spooled)
        spooled, _ = scene.spooled()
    arrived = scene.arrived()
    names = {name for _, name, _ in arrived}
    assert names <= wanted
    for span in scene.receiver.spans():
        assert span.start_ns <= span.end_ns
        assert "agent_otel.orphan.reason" not in span.attributes
    return Counted(
        accepted=books["accepted"],
        books=row.expected,
        arrived=len(names),
        repeated=len(arrived) - len(names),
        left=len(spooled),
        damaged=damaged,
    )


def _names(row: Row, scene: Scene) -> set[str]:
    """What has arrived; whatever came twice is the same span, and comes only where an acknowledgement was lost."""
    arrived = scene.arrived()
    contents = {(span_id, raw) for span_id, _, raw in arrived}
    names = {name for _, name, _ in arrived}
    assert len(contents) == len({span_id for span_id, _, _ in arrived}) == len(names)
    assert row.repeats or len(arrived) == len(names)
    return names


def _check_terminals(row: Row, found: set[str], told: int) -> None:
    """No end of a run, error or usage is missing, unless it was refused and told."""
    missing = (terminals_of(RUNS) | (row.extra & {GIANT_RUN})) - found
    assert len(missing) <= told
    assert not row.refused & found
    if row.refused:
        assert missing <= row.refused
