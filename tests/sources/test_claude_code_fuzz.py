"""Any JSON, and damaged sessions: nothing but results and rejections, and events that make sense."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_otel.model import MAX_TIME_NS, EventKind, Outcome, Phase
from agent_otel.sources.claude_code import ClaudeCodeSource
from sources.claude_code_records import SESSION, Told, assistant, call, decode, record, result, system, text, user

FAILED = {Outcome.ERROR, Outcome.CANCELLED, Outcome.DENIED, Outcome.INTERRUPTED}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(["", "t1", "msg_1", "user", "a1", SESSION, "1969-12-31T23:59:59Z", "\ud800", "x" * 1000]),
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
SIDE = {"isSidechain": True}
SEED = [
    user("go", 1),
    assistant(text("a"), call("t1", "Task", prompt="look"), at=2, usage={"input_tokens": 3, "output_tokens": 4}),
    user("look", 3, **SIDE),
    assistant(call("t2"), at=4, msg="msg_2", **SIDE),
    result("t2", 5, **SIDE),
    result("t1", 6, toolUseResult={"agentId": "a1", "durationMs": 5}),
    system("api_error", 7, cause={"code": "ECONNRESET"}, retryAttempt=1),
    system("compact_boundary", 8, compactMetadata={"trigger": "auto", "preTokens": 1}),
    record("attachment", 9, attachment={"type": "hook_blocking_error", "toolUseID": "t1"}),
    user("[Request interrupted by user]", 10),
    user("<command-name>/x</command-name>", 11),
    assistant(text("b"), at=12, msg="msg_3", isApiErrorMessage=True, error="rate_limit"),
    system("turn_duration", 13, durationMs=900),
    user("<task-notification>", 14, agentId="a1"),
]


def places(value: Any, path: Any = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


PLACES = [path for path in places(SEED) if path]


@st.composite
def mutated(draw: Any) -> list[Any]:
    session = deepcopy(SEED)
    for path in draw(st.lists(st.sampled_from(PLACES), max_size=4)):
        holder = session
        try:
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = draw(JSON)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier replacement took the place away
    order = draw(st.permutations(range(len(session))) | st.just(range(len(session))))
    return [session[index] for index in order]


def check(told: Told) -> None:
    open_runs = set()
    calls = [start.ids.tool_call for start in told.calls]
    assert len(calls) == len(set(calls))
    assert {end.ids.tool_call for end in told.results} <= set(calls)
    for event in told.events:
        assert 0 <= event.time_ns <= MAX_TIME_NS
        assert event.duration_ns is None or 0 <= event.duration_ns <= MAX_TIME_NS
        assert (event.error_type is not None) == (event.outcome in FAILED)
        if event.kind is EventKind.AGENT and event.phase is Phase.START:
            open_runs.add(event.ids.run)
        elif event.kind is EventKind.AGENT:
            open_runs.remove(event.ids.run)
    assert not open_runs


@given(st.lists(JSON, max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_json(values: Any) -> None:
    source = ClaudeCodeSource()
    assert 0.0 <= source.detect(values) <= 1.0
    for value in values:
        source.record_key(value)
        source.belongs(value, values)
    check(decode(values))


@given(mutated())
@settings(max_examples=400, deadline=None)
def test_damaged_sessions(records: Any) -> None:
    source = ClaudeCodeSource()
    source.detect(records)
    for value in records:
        source.record_key(value)
    check(decode(records))


@given(mutated(), mutated())
@settings(max_examples=100, deadline=None)
def test_damaged_groups(main: Any, agent: Any) -> None:
    check(decode(main, ("agent-a1.jsonl", agent)))


@given(st.permutations(SEED), st.integers(0, len(SEED)))
@settings(max_examples=60, deadline=None)
def test_a_longer_input_only_adds(records: Any, cut: Any) -> None:
    part = decode(records[:cut], complete=False)
    assert decode(records, complete=False).events[: len(part.events)] == part.events
