"""The table of event kinds: whole, without strangers, and consistent with the contract's own lists."""

from __future__ import annotations

import pytest

from agent_otel.conventions.names import MARK_WORDS
from agent_otel.model import EventKind, Outcome, Phase
from agent_otel.model import agent_sdk as sdk
from agent_otel.sources import Verdict
from agent_otel.sources.agent_sdk.kinds import KINDS
from sources.agent_sdk_records import event, tell

WORDS = sorted(KINDS)
WORK = (EventKind.AGENT, EventKind.MODEL, EventKind.TOOL)


def test_there_are_119_kinds_of_20_families_and_none_is_missing() -> None:
    assert len(KINDS) == len(sdk.EventKind) == 119
    assert {kind.value for kind in sdk.EventKind} == set(KINDS)
    families = {family.value for family in sdk.EventFamily}
    assert len(families) == 20
    # Nothing is filed under "output": output that is delivered has a family of its own.
    assert families - {row.family for row in KINDS.values()} == {"output"}
    assert {row.family for row in KINDS.values()} <= families


def test_work_has_ends_and_points_have_names() -> None:
    for word, row in KINDS.items():
        if row.kind in WORK:
            assert row.phase is not Phase.POINT, word
            assert (row.outcome is Outcome.UNSET) == (row.phase is Phase.START), word
        else:
            assert row.phase is Phase.POINT, word
            assert row.subject, word
            assert row.state, word
        assert (row.error_type is None) == (row.outcome in {Outcome.UNSET, Outcome.OK}), word


def test_every_end_of_work_is_terminal_in_the_contract() -> None:
    ends = {word for word, row in KINDS.items() if row.phase is Phase.END}
    terminal = {kind.value for kind in sdk.EventKind if kind.is_terminal()}
    assert len(terminal) == 49
    assert ends <= terminal


def test_the_name_of_every_mark_is_one_that_span_events_have() -> None:
    marks = {row.subject for row in KINDS.values() if row.kind in (EventKind.PROGRESS, EventKind.TURN)}
    assert marks <= MARK_WORDS


@pytest.mark.parametrize("word", WORDS)
def test_every_kind_is_mapped_to_what_the_table_says(word: str) -> None:
    row = KINDS[word]
    told = tell(event(word, 1.0, attempt_id="attempt.1", turn_id="turn.1"))
    assert told.verdicts == [Verdict.MAPPED]
    made = [one for one in told.events if one.kind is row.kind and one.phase is row.phase]
    assert len(made) == 1
    assert made[0].outcome is row.outcome
    assert made[0].error_type == row.error_type
    assert made[0].ids.run is not None
    if word != "model_stream_delta":
        assert told.events[-1].lineage.get("event.kind", word) == word


def test_a_kind_that_is_not_in_the_table_is_counted_and_skipped() -> None:
    told = tell(event("run_teleported", 1.0))
    assert told.verdicts == [Verdict.SKIPPED]
    assert told.notes == ["unknown_variant"]
    assert not told.events
