"""The fault matrix: one row is one thing that goes wrong, and where the spans are then. docs/fault-matrix.md shows it.

An agent makes its runs while a fault is on. Of its two sinks one has the fault, the other has none and gets everything,
in every row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Final, Literal

from attrs import field, frozen

from agent_otel.testing import faults
from chaos import stages
from chaos.agent_process import AgentProcess, until
from chaos.plan import GIANT_RUN, GIANT_SPAN, POISON, RUNS, SPANS
from chaos.scene import Scene

ALL: Final = SPANS
Felt = Callable[[Scene, AgentProcess], bool]
Way = Literal["bridge", "processor"]

# -- when the fault was felt, so that it may end ----------------------------------------------------------------------


def failed(times: int) -> Felt:
    """The sink has failed so many times in a row."""
    return lambda _, agent: agent.do("failures") >= times


def settled(_scene: Scene, agent: AgentProcess) -> bool:
    """Nothing waits any more, fault or no fault."""
    books = agent.books()["otlp/traces"]
    return books["accepted"] > 0 and books["queued"] == books["spooled"] == 0


def overflowed(scene: Scene, agent: AgentProcess) -> bool:
    """Memory had no room for all, and some of it is on disk alone."""
    return agent.books()["otlp/traces"]["spooled"] > 0 and failed(2)(scene, agent)


def not_written(scene: Scene, agent: AgentProcess) -> bool:
    """The disk did not take something."""
    return agent.do("not_written") > 0 and failed(2)(scene, agent)


def held(scene: Scene, agent: AgentProcess) -> bool:
    """A request hangs, and one before it was given up."""
    return scene.receiver.held > 0 and failed(1)(scene, agent)


# -- what happens beside the runs -------------------------------------------------------------------------------------


def work(scene: Scene, agent: AgentProcess) -> None:
    """Make the runs."""
    agent.do("work", RUNS)


def work_around(step: Callable[[Scene, AgentProcess], object]) -> Callable[[Scene, AgentProcess], None]:
    """Have something happen after half of the runs, once all of that half is on disk."""

    def doing(scene: Scene, agent: AgentProcess) -> None:
        agent.do("work", RUNS // 2)
        until(lambda: agent.books() and agent.do("is_durable"), "all on disk")
        step(scene, agent)
        agent.do("work", RUNS - RUNS // 2, RUNS // 2)

    return doing


def clock_steps_amid_a_run(hours: int) -> Callable[[Scene, AgentProcess], None]:
    """Set the clock while a run is open, and give the bridge the time to notice."""

    def doing(_scene: Scene, agent: AgentProcess) -> None:
        agent.do("work", RUNS - 1, 1)
        agent.do("run_amid_a_step", 0, hours * 3600)

    return doing


def with_giant(size: int, *, is_error: bool = False) -> Callable[[Scene, AgentProcess], None]:
    """Make one span of so many bytes among the small ones."""

    def doing(scene: Scene, agent: AgentProcess) -> None:
        agent.do("work", RUNS // 2)
        agent.do("giant", size, is_error)
        agent.do("work", RUNS - RUNS // 2, RUNS // 2)

    return doing


def clock_steps(hours: int) -> Callable[[Scene, AgentProcess], None]:
    """Set the clock."""
    return work_around(lambda _, agent: agent.do("step_clock", hours * 3600))


# -- the rows ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Row:
    """One row.

    Args:
        name: What goes wrong.
        happens: What the sink makes of it.
        ends: Where the spans end up.
        stage: The fault; it lasts as long as its block.
        does: What the agent does meanwhile.
        felt: When the fault may end.
        lasts: Whether it lasts until the process has ended, which then leaves a spool.
        heals: Of one that lasts: whether the next process delivers.
        afterwards: Of one that lasts: what happens to what the process left.
        expected: The books of the sink at the end of the process, without what is 0.
        extra: Names of spans beside those of the runs.
        refused: Names of spans that must not arrive, and are counted as rejected.
        repeats: Whether an acknowledgement was lost, so that spans may come twice.
        damages: Whether rows of the spool are destroyed, and counted.
        starts: Whether a bridge can be made at all.
        patience_s: How long to wait for the fault to be felt, and for its end, at most.
        protocols: Where there is such a fault.
        ways: What is tested: a bridge, a processor on a plain provider.
        spool: Whether the bridge keeps a spool.
        environ: Further variables.
    """

    name: str
    happens: str
    ends: str
    stage: stages.Stage
    does: Callable[[Scene, AgentProcess], None] = work
    felt: Felt = settled
    lasts: bool = False
    heals: bool = True
    afterwards: Callable[[Scene], object] | None = None
    expected: Mapping[str, int] = field(factory=lambda: {"exported": ALL})
    extra: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    repeats: bool = False
    damages: bool = False
    starts: bool = True
    patience_s: float = 120.0
    protocols: tuple[str, ...] = ("http", "grpc")
    ways: tuple[Way, ...] = ("bridge", "processor")
    spool: bool = True
    environ: Mapping[str, str] = field(factory=dict)


BRIDGE: Final[tuple[Way, ...]] = ("bridge",)
NO_LIMITS: Final = {
    "AGENT_OTEL_CONTENT": "full",
    "AGENT_OTEL_EVENT_BYTES": str(32 * 1024 * 1024),
    "AGENT_OTEL_HANDOVER_BYTES": str(64 * 1024 * 1024),
}
SMALL_QUEUE: Final = {"OTEL_BSP_MAX_QUEUE_SIZE": "128", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "32"}
FOUR_MIB: Final = 4 * 1024 * 1024
GIANTS: Final = frozenset({GIANT_RUN, GIANT_SPAN})
SPOOLED: Final = {"spooled": ALL}

NOTHING_WRONG: Final = Row(name="nothing wrong", happens="", ends="delivered", stage=lambda _: nullcontext())
ROWS: Final[tuple[Row, ...]] = (
    Row(
        name="down for a while",
        happens="tried again with growing delays",
        ends="delivered when it is up",
        stage=stages.down,
        felt=failed(3),
    ),
    Row(
        name="down, and the queue is full",
        happens="ends of runs, errors and usage stay; the oldest progress makes way",
        ends="delivered when it is up, but for the progress that is counted as evicted",
        stage=stages.down,
        felt=failed(2),
        expected={"exported": 128, "evicted": ALL - 128},
        environ=SMALL_QUEUE,
        ways=BRIDGE,
        spool=False,
    ),
    Row(
        name="down, and the queue is full, with a spool",
        happens="what memory has no room for stays on disk",
        ends="delivered when it is up",
        stage=stages.down,
        felt=overflowed,
        environ=SMALL_QUEUE,
        ways=BRIDGE,
    ),
    Row(
        name="down until the process ends",
        happens="the process does not wait for it",
        ends="in the spool; the next process delivers",
        stage=stages.down,
        felt=failed(1),
        lasts=True,
        expected=SPOOLED,
        ways=BRIDGE,
    ),
    Row(
        name="stalled",
        happens="a request is given up after `OTEL_EXPORTER_OTLP_TIMEOUT`, and tried again",
        ends="delivered when it goes on; what it had taken without a word comes twice, with the same ids",
        stage=stages.stalled,
        felt=held,
        repeats=True,
    ),
    Row(
        name="slow",
        happens="nothing, as long as it answers in time",
        ends="delivered",
        stage=stages.answering(lambda _: faults.delay(0.2)),
    ),
    Row(
        name="429 with Retry-After",
        happens="tried again when it says",
        ends="delivered",
        stage=stages.busy,
    ),
    Row(
        name="500",
        happens="the sink is in trouble: one span now and then asks how it is",
        ends="delivered when it is well",
        stage=stages.status(500),
        felt=failed(1),
    ),
    Row(
        name="401",
        happens="as for 500",
        ends="delivered when it is let in",
        stage=stages.status(401),
        felt=failed(1),
        ways=BRIDGE,
    ),
    Row(
        name="302",
        happens="not followed; as for 500",
        ends="delivered when it is well; nothing goes where it points",
        stage=stages.redirecting,
        felt=failed(1),
        protocols=("http",),
        ways=BRIDGE,
    ),
    Row(
        name="413",
        happens="the batch is split until it fits",
        ends="delivered",
        stage=stages.answering(lambda _: faults.size_limit(8192)),
    ),
    Row(
        name="partial success",
        happens="OTLP says how many were refused, not which, and forbids sending them again",
        ends="delivered, but for what the collector refused, which is counted as rejected",
        stage=stages.answering(lambda _: faults.first(1, faults.partial_success(rejected=5, message="too old"))),
        expected={"exported": ALL - 5, "rejected": 5},
    ),
    Row(
        name="a poison span",
        happens="400 for whatever holds it: the batch is split until it stands alone",
        ends="that one is rejected and counted, the others are delivered",
        stage=stages.poisoned,
        expected={"exported": ALL - 1, "rejected": 1},
        refused=frozenset({POISON}),
    ),
    Row(
        name="a span of 16 MB among 500 small ones",
        happens="a text of more than 8 million characters is not scrubbed, and becomes a marker",
        ends="delivered, that one with the marker",
        stage=stages.answering(lambda _: faults.size_limit(FOUR_MIB)),
        does=with_giant(16_000_000),
        expected={"exported": ALL + 2},
        extra=GIANTS,
        environ=NO_LIMITS,
    ),
    Row(
        name="a span of 6 MB among 500 small ones",
        happens="requests stay below the 4 MiB of gRPC, over HTTP too",
        ends="delivered, that one as a stub: its long texts go",
        stage=stages.answering(lambda _: faults.size_limit(FOUR_MIB)),
        does=with_giant(6_000_000),
        expected={"exported": ALL + 2},
        extra=GIANTS,
        environ=NO_LIMITS,
    ),
    Row(
        name="an error of 6 MB",
        happens="as before; what goes in its place says what it was",
        ends="delivered, that one as a stub",
        stage=stages.answering(lambda _: faults.size_limit(FOUR_MIB)),
        does=with_giant(6_000_000, is_error=True),
        expected={"exported": ALL + 2},
        extra=GIANTS,
        environ=NO_LIMITS,
    ),
    Row(
        name="reset amid a request",
        happens="tried again over a new connection",
        ends="delivered",
        stage=stages.cut_off,
    ),
    Row(
        name="reset instead of an answer",
        happens="tried again: whether it was taken nobody knows",
        ends="delivered; what had been taken comes twice, with the same ids",
        stage=stages.answering(lambda _: faults.first(2, faults.reset(keeps=True))),
        repeats=True,
    ),
    Row(
        name="a certificate that is not trusted",
        happens="as for 500; nothing is sent",
        ends="in the spool; a process that trusts it delivers",
        stage=stages.untrusted,
        felt=failed(1),
        lasts=True,
        expected=SPOOLED,
        ways=BRIDGE,
    ),
    Row(
        name="a name that is not known",
        happens="as for 500",
        ends="in the spool, for 72 hours",
        stage=stages.unresolved,
        felt=failed(1),
        lasts=True,
        heals=False,
        expected=SPOOLED,
        ways=BRIDGE,
    ),
    Row(
        name="two sinks, one dead",
        happens="each has its own queue and thread",
        ends="delivered to the one, in the spool for the other",
        stage=stages.nobody_there,
        felt=failed(2),
        lasts=True,
        heals=False,
        expected=SPOOLED,
        ways=BRIDGE,
    ),
    Row(
        name="down, and the disk full",
        happens="the spool takes no more; memory keeps what waits",
        ends="delivered when the collector is up",
        stage=stages.down_and_file_limit,
        felt=not_written,
        ways=BRIDGE,
    ),
    Row(
        name="down until the process ends, and the disk full for a while",
        happens="what the disk did not take is written when there is room",
        ends="in the spool; the next process delivers",
        stage=stages.down_and_file_limit,
        does=work_around(lambda _, agent: agent.do("lift_file_limit")),
        felt=not_written,
        lasts=True,
        expected=SPOOLED,
        ways=BRIDGE,
    ),
    Row(
        name="down, and others fill the disk",
        happens="as before, in a file system of 512 KiB",
        ends="delivered when the collector is up",
        stage=stages.down_and_small_disk,
        does=work_around(lambda scene, _: stages.fill(scene.spool)),
        felt=not_written,
        ways=BRIDGE,
    ),
    Row(
        name="a spool directory that is read-only",
        happens="`Bridge.from_env()` raises `SettingsError` and names `AGENT_OTEL_SPOOL`",
        ends="nowhere: there is no bridge to make any",
        stage=stages.read_only,
        starts=False,
        ways=BRIDGE,
    ),
    Row(
        name="a spool directory that becomes read-only",
        happens="the files that the process has open go on",
        ends="in the spool; delivered once it can be written to",
        stage=stages.down_and_protected,
        does=work_around(lambda scene, _: scene.spool.chmod(0o500)),
        felt=failed(1),
        lasts=True,
        expected=SPOOLED,
        ways=BRIDGE,
    ),
    Row(
        name="pages of the spool break",
        happens="what is intact goes to a new file; memory has all of it",
        ends="delivered when the collector is up",
        stage=stages.down,
        does=work_around(lambda scene, _: stages.break_pages(scene.files())),
        felt=failed(2),
        ways=BRIDGE,
    ),
    Row(
        name="pages of a spool that was left break",
        happens="a row with a wrong checksum is not sent, and counted",
        ends="delivered by the next process, but for what stood on those pages",
        stage=stages.down,
        felt=failed(1),
        lasts=True,
        afterwards=lambda scene: stages.break_rows(scene.files()),
        expected=SPOOLED,
        damages=True,
        ways=BRIDGE,
    ),
    Row(
        name="the clock jumps 100 hours ahead",
        happens="delays go by another clock",
        ends="delivered when the collector is up",
        stage=stages.down,
        does=clock_steps(100),
        felt=failed(2),
    ),
    Row(
        name="the clock jumps 100 hours back",
        happens="as before",
        ends="delivered when the collector is up",
        stage=stages.down,
        does=clock_steps(-100),
        felt=failed(2),
    ),
    Row(
        name="the clock jumps 100 hours ahead amid a run",
        happens="a run is not silent for a day because the clock says so",
        ends="delivered; the run ends when it does",
        stage=stages.down,
        does=clock_steps_amid_a_run(100),
        felt=failed(2),
        ways=BRIDGE,
    ),
    Row(
        name="the clock jumps 100 hours back amid a run",
        happens="a span does not end before it began",
        ends="delivered",
        stage=stages.down,
        does=clock_steps_amid_a_run(-100),
        felt=failed(2),
        ways=BRIDGE,
    ),
    Row(
        name="the clock jumps 100 hours ahead, and down until the process ends",
        happens="what is on disk does not grow old by a clock that is set",
        ends="in the spool; the next process delivers",
        stage=stages.down,
        does=clock_steps(100),
        felt=failed(1),
        lasts=True,
        expected=SPOOLED,
        ways=BRIDGE,
    ),
)


def cases(protocol: str, way: Way) -> list[Any]:
    """The rows of a protocol and a way, as parameters of a test."""
    import pytest

    return [pytest.param(row, id=row.name) for row in ROWS if protocol in row.protocols and way in row.ways]
