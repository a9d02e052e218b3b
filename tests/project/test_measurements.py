from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.conventions import INSTRUMENTS
from agent_otel.conventions import attributes as a
from agent_otel.conventions import metrics as m
from agent_otel.correlate import OperationKind, OrphanReason
from agent_otel.model import Cost, EventIds, EventKind, Fact, Names, Origin, Outcome, Phase, Usage
from agent_otel.project import Measurements, record_of
from project.operations import IDENTITY, ORIGIN, occurrence, operation

NAMES = Names(agent="coder", tool="shell", tool_type="function", provider="anthropic", request_model="model-x")


def measured(one, measurements=None):
    told = measurements or Measurements()
    return told.of_operation(one) if hasattr(one, "start_ns") else told.of_occurrence(one)


def by_name(points):
    return {point.instrument: point for point in points}


def test_a_tool_call():
    (point,) = measured(operation(OperationKind.TOOL, names=NAMES, outcome=Outcome.ERROR, error_type="exit_1"))
    assert (point.instrument, point.value, point.span) == ("gen_ai.execute_tool.duration", 2.5, IDENTITY.ref)
    assert point.attributes == {
        "gen_ai.tool.name": "shell",
        "gen_ai.tool.type": "function",
        "gen_ai.agent.name": "coder",
        "error.type": "exit_1",
    }


def test_a_model_call():
    usage = Usage(input_tokens=812, output_tokens=64)
    points = measured(operation(OperationKind.MODEL, names=NAMES, usage=usage, facts={Fact.TIME_TO_FIRST_CHUNK: 0.5}))
    labels = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "model-x",
    }
    assert [(point.instrument, point.value, point.attributes) for point in points] == [
        ("gen_ai.client.token.usage", 812, {**labels, "gen_ai.token.type": "input"}),
        ("gen_ai.client.token.usage", 64, {**labels, "gen_ai.token.type": "output"}),
        ("gen_ai.client.operation.time_to_first_chunk", 0.5, labels),
        ("gen_ai.client.operation.duration", 2.5, labels),
    ]


def test_a_run():
    run = operation(OperationKind.RUN, names=NAMES, outcome=Outcome.OK, model_calls=3, tool_calls=2)
    points = by_name(measured(run))
    assert points["gen_ai.invoke_agent.duration"].value == 2.5
    assert points["gen_ai.invoke_agent.inference_calls"].value == 3
    assert points["gen_ai.invoke_agent.tool_calls"].value == 2
    assert points["agent_otel.runs"].attributes == {"agent_otel.source": ORIGIN.system, "agent_otel.outcome": "ok"}


@pytest.mark.parametrize(("child_usage", "expected"), [(False, [7]), (True, [])])
def test_tokens_of_a_run_are_not_measured_twice(child_usage, expected):
    run = operation(OperationKind.RUN, usage=Usage(input_tokens=7), child_usage=child_usage)
    tokens = [point.value for point in measured(run) if point.instrument == "gen_ai.client.token.usage"]
    assert tokens == expected


def test_a_forwarded_request_is_counted_by_outcome():
    points = by_name(measured(operation(OperationKind.FORWARD, names=NAMES, outcome=Outcome.ERROR)))
    assert points["agent_otel.forward.requests"].attributes["agent_otel.outcome"] == "error"
    assert points["gen_ai.client.operation.duration"].attributes["error.type"] == "error"


def test_orphans_and_cost():
    cost = Cost(amount_micros=12, currency="USD")
    tool = operation(OperationKind.TOOL, cost=cost, orphan=OrphanReason.RUN_END, outcome=Outcome.INTERRUPTED)
    points = by_name(measured(tool))
    assert points["agent_otel.cost"].value == 12
    assert points["agent_otel.orphans"].attributes == {
        "agent_otel.source": ORIGIN.system,
        "agent_otel.subject": "tool",
        "agent_otel.orphan.reason": "run_end",
    }


@pytest.mark.parametrize(
    ("happened", "instrument", "value", "labels"),
    [
        (occurrence(EventKind.SESSION, Phase.START), "agent_otel.sessions", 1, {"agent_otel.state": "started"}),
        (
            occurrence(EventKind.SESSION, Phase.END, facts={Fact.STATE: "expired"}),
            "agent_otel.sessions",
            1,
            {"agent_otel.state": "expired"},
        ),
        (
            occurrence(EventKind.MESSAGE, names=Names(subject="inbox")),
            "agent_otel.messages",
            1,
            {"agent_otel.subject": "inbox"},
        ),
        (
            occurrence(EventKind.HEALTH, facts={Fact.LOST_COUNT: 4, Fact.LOSS_REASON: "queue_full"}),
            "agent_otel.source.losses",
            4,
            {"agent_otel.lost.reason": "queue_full"},
        ),
        (
            occurrence(EventKind.ERROR, facts={Fact.COMPONENT: "storage"}),
            "agent_otel.source.errors",
            1,
            {"agent_otel.component": "storage"},
        ),
    ],
)
def test_occurrences(happened, instrument, value, labels):
    (point,) = measured(happened)
    assert (point.instrument, point.value) == (instrument, value)
    assert point.attributes == {"agent_otel.source": ORIGIN.system, **labels}


def test_a_cache_hit_and_what_it_saved():
    facts = {Fact.CACHE_TYPE: "prompt", Fact.CACHE_HIT: True, Fact.TOKENS_SAVED: 90}
    lookup, saved = measured(occurrence(EventKind.CACHE, facts=facts))
    assert (lookup.value, lookup.attributes["agent_otel.cache.hit"]) == (1, True)
    assert (saved.instrument, saved.value) == ("agent_otel.cache.tokens_saved", 90)


def test_a_message_count_is_no_message():
    assert measured(occurrence(EventKind.MESSAGE, facts={Fact.MESSAGE_COUNT: 9})) == []


def test_each_label_overflows_on_its_own():
    measurements = Measurements(max_names=3)
    for number in range(10):
        names = Names(tool=f"tool-{number}", tool_type="function", agent="coder")
        points = measurements.of_operation(operation(OperationKind.TOOL, names=names))
    assert points[0].attributes == {
        "gen_ai.tool.name": "_OTHER",
        "gen_ai.tool.type": "function",
        "gen_ai.agent.name": "coder",
    }


ID_KEYS = ("id", "run", "trace", "span", "call")
texts = st.text(max_size=300)


@given(
    st.lists(
        st.tuples(st.sampled_from(list(OperationKind)), texts, st.sampled_from(list(Outcome)), st.text(max_size=80)),
        max_size=30,
    )
)
def test_labels_are_bounded_and_never_ids(told):
    measurements = Measurements(max_names=4)
    series: dict[tuple[str, str], set[object]] = {}
    for number, (kind, text, outcome, error_type) in enumerate(told):
        names = Names(agent=text, tool=text, tool_type=text, provider=text, request_model=text, response_model=text)
        unique = f"unique-{number}"
        one = operation(
            kind,
            origin=Origin(text or "s"),
            names=names,
            run=unique,
            conversation=unique,
            ids=EventIds(tool_call=unique, request=unique, turn=unique, agent=unique),
            outcome=outcome,
            error_type=error_type,
            usage=Usage(input_tokens=1),
            cost=Cost(amount_micros=1, currency=text),
        )
        for point in measurements.of_operation(one):
            assert point.instrument in INSTRUMENTS
            for key, value in point.attributes.items():
                assert not key.endswith(tuple(f".{word}" for word in ID_KEYS))
                assert "unique-" not in str(value)
                assert len(str(value)) <= 128
                series.setdefault((point.instrument, key), set()).add(value)
    closed = ("agent_otel.outcome", "agent_otel.subject", "gen_ai.operation.name")
    for (_, key), values in series.items():
        assert key in closed or len(values) <= 5  # four names and _OTHER


@pytest.mark.parametrize(
    ("subject", "instrument"),
    [
        ("request_latency", m.SOURCE_REQUEST_DURATION),
        ("tokens_used", m.SOURCE_TOKENS),
        ("active_sessions", m.SOURCE_SESSIONS_ACTIVE),
        ("queue_depth", m.SOURCE_QUEUE_DEPTH),
        ("deployment_lead_time", m.DEPLOYMENT_LEAD_TIME),
        ("recovery_time", m.DEPLOYMENT_RECOVERY),
    ],
)
def test_what_the_source_measured_is_a_metric_and_no_record(subject, instrument):
    happened = occurrence(EventKind.MEASUREMENT, names=Names(subject=subject), facts={Fact.VALUE: 2.5})
    (point,) = Measurements().of_occurrence(happened)
    assert (point.instrument, point.value, point.attributes) == (instrument, 2.5, {a.SOURCE: "sample-source"})
    assert record_of(happened) is None


def test_an_unknown_measurement_is_a_record_and_no_metric():
    happened = occurrence(EventKind.MEASUREMENT, names=Names(subject="mood"), facts={Fact.VALUE: 2.5})
    assert Measurements().of_occurrence(happened) == []
    record = record_of(happened)
    assert record is not None
    assert record.attributes[a.VALUE] == 2.5


def test_usage_of_its_own_is_measured_and_told():
    told = Usage(input_tokens=3, output_tokens=4)
    happened = occurrence(EventKind.USAGE, usage=told, names=Names(provider="fake", response_model="m"))
    points = Measurements().of_occurrence(happened)
    assert [(p.instrument, p.value, p.attributes[a.TOKEN_TYPE]) for p in points] == [
        (m.CLIENT_TOKEN_USAGE, 3, "input"),
        (m.CLIENT_TOKEN_USAGE, 4, "output"),
    ]
    record = record_of(happened)
    assert record is not None
    assert (record.attributes[a.USAGE_INPUT_TOKENS], record.attributes[a.PROVIDER_NAME]) == (3, "fake")


@pytest.mark.parametrize(
    ("kind", "names", "operation_name"),
    [
        (OperationKind.MEMORY, Names(operation="create_memory"), "create_memory"),
        (OperationKind.MEMORY, Names(operation="ask_the_oracle"), "search_memory"),
        (OperationKind.RETRIEVAL, Names(subject="docs"), "retrieval"),
    ],
)
def test_memory_and_retrieval_are_timed_by_backend(kind, names, operation_name):
    facts = {Fact.BACKEND: "sqlite", Fact.CATEGORY: "core", Fact.ITEM_COUNT: 3}
    (point,) = Measurements().of_operation(operation(kind, names=names, facts=facts))
    assert (point.instrument, point.value) == (m.CLIENT_OPERATION_DURATION, 2.5)
    assert point.attributes == {a.OPERATION_NAME: operation_name, a.BACKEND: "sqlite", a.CATEGORY: "core"}


def test_a_deployment_is_counted_and_timed_by_outcome():
    count, duration = Measurements().of_operation(operation(OperationKind.DEPLOYMENT, outcome=Outcome.ERROR))
    assert (count.instrument, count.value) == (m.DEPLOYMENTS, 1)
    assert (duration.instrument, duration.value) == (m.DEPLOYMENT_DURATION, 2.5)
    assert count.attributes == duration.attributes == {a.SOURCE: "sample-source", a.OUTCOME: "error"}


def test_cost_that_was_told_inside_a_run_is_not_counted_again_at_its_end():
    cost = Cost(amount_micros=5, currency="USD")
    told = [
        point.value
        for child_cost in (False, True)
        for point in Measurements().of_operation(operation(OperationKind.RUN, cost=cost, child_cost=child_cost))
        if point.instrument == m.COST
    ]
    assert told == [5]


def test_channel_messages_are_counted_by_channel_and_direction():
    facts = {Fact.CHANNEL: "discord", Fact.DIRECTION: "inbound"}
    (point,) = Measurements().of_occurrence(occurrence(EventKind.MESSAGE, facts=facts))
    assert point.attributes[a.CHANNEL] == "discord"
    assert point.attributes[a.DIRECTION] == "inbound"


def test_heartbeats_are_counted():
    (point,) = Measurements().of_occurrence(occurrence(EventKind.HEALTH, names=Names(subject="heartbeat")))
    assert point.instrument == m.HEARTBEATS
