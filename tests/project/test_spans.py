from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.conventions import attributes as a
from agent_otel.correlate import Mark, OperationKind, OrphanReason
from agent_otel.model import (
    Content,
    ContentKind,
    Cost,
    DeliveryClass,
    EventIds,
    Fact,
    Names,
    Origin,
    Outcome,
    Usage,
)
from agent_otel.project import SpanKind, span_of
from agent_otel.testing import check_span
from project.operations import ORIGIN, T0, as_received, operation

NAMES = Names(
    agent="coder",
    agent_description="writes code",
    tool="shell",
    tool_type="function",
    provider="bedrock",
    request_model="model-x",
    response_model="model-x-1",
)
EXPECTED = {
    OperationKind.RUN: ("invoke_agent coder", SpanKind.INTERNAL, "invoke_agent"),
    OperationKind.TOOL: ("execute_tool shell", SpanKind.INTERNAL, "execute_tool"),
    OperationKind.MODEL: ("chat model-x", SpanKind.CLIENT, "chat"),
    OperationKind.FORWARD: ("chat model-x", SpanKind.CLIENT, "chat"),
    OperationKind.RETRIEVAL: ("retrieval", SpanKind.CLIENT, "retrieval"),
    OperationKind.MEMORY: ("search_memory", SpanKind.INTERNAL, "search_memory"),
    OperationKind.CONVERSATION: ("conversation", SpanKind.INTERNAL, None),
    OperationKind.DEPLOYMENT: ("deployment", SpanKind.INTERNAL, None),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_name_kind_and_operation(kind):
    data = span_of(operation(kind, names=NAMES))
    name, span_kind, operation_name = EXPECTED[kind]
    assert (data.name, data.kind, data.attributes.get("gen_ai.operation.name")) == (name, span_kind, operation_name)
    assert check_span(as_received(data)) == []


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_span_of_nothing_but_its_kind_still_conforms(kind):
    assert check_span(as_received(span_of(operation(kind)))) == []


def test_a_tool_call_that_is_nothing_but_an_mcp_request():
    names = Names(tool="shell", operation="tools/call")
    facts = {Fact.MCP_METHOD: "tools/call", Fact.TRANSPORT: "pipe", Fact.RPC_STATUS_CODE: "-32602"}
    data = span_of(operation(OperationKind.TOOL, names=names, facts=facts))
    assert (data.name, data.kind, data.tool) == ("tools/call shell", SpanKind.CLIENT, "shell")
    assert data.attributes.items() >= {a.OPERATION_NAME: "execute_tool", a.TOOL_NAME: "shell"}.items()
    told = {a.MCP_METHOD_NAME: "tools/call", a.NETWORK_TRANSPORT: "pipe", a.RPC_RESPONSE_STATUS_CODE: "-32602"}
    assert data.attributes.items() >= told.items()
    assert check_span(as_received(data)) == []


def test_run_attributes():
    data = span_of(
        operation(
            OperationKind.RUN,
            names=NAMES,
            run="run-1",
            conversation="c-1",
            ids=EventIds(agent="a-1", parent_agent="a-0"),
            model_calls=3,
            tool_calls=2,
        )
    )
    assert data.attributes == {
        "agent_otel.source": "sample-source",
        "agent_otel.run.id": "run-1",
        "agent_otel.agent.id": "a-1",
        "agent_otel.parent_agent": "a-0",
        "gen_ai.conversation.id": "c-1",
        "gen_ai.agent.name": "coder",
        "agent_otel.model_calls": 3,
        "agent_otel.tool_calls": 2,
        "gen_ai.agent.description": "writes code",
        "gen_ai.request.model": "model-x",
        "gen_ai.operation.name": "invoke_agent",
    }
    assert (data.run, data.conversation, data.start_ns, data.end_ns) == ("run-1", "c-1", T0, T0 + 2_500_000_000)


def test_tool_attributes():
    ids = EventIds(tool_call="toolu_1", child_run="child-1")
    data = span_of(operation(OperationKind.TOOL, names=NAMES, ids=ids))
    assert data.attributes["gen_ai.tool.call.id"] == "toolu_1"
    assert data.attributes["gen_ai.tool.type"] == "function"
    assert data.attributes["agent_otel.child_run.id"] == "child-1"
    assert data.tool == "shell"


def test_a_synthetic_tool_call_id_is_not_exported():
    ids = EventIds(tool_call="made-up", tool_call_is_synthetic=True)
    assert "gen_ai.tool.call.id" not in span_of(operation(OperationKind.TOOL, ids=ids)).attributes


def test_model_attributes():
    usage = Usage(
        input_tokens=812,
        output_tokens=0,
        total_tokens=812,
        cache_read_tokens=700,
        cache_write_tokens=5,
        reasoning_tokens=4,
    )
    facts = {
        Fact.FINISH_REASON: "stop",
        Fact.RESPONSE_ID: "resp-1",
        Fact.TIME_TO_FIRST_CHUNK: 0.25,
        Fact.STREAM: True,
        Fact.HTTP_STATUS_CODE: 200,
    }
    attributes = span_of(operation(OperationKind.MODEL, names=NAMES, usage=usage, facts=facts)).attributes
    expected = {
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "model-x",
        "gen_ai.response.model": "model-x-1",
        "gen_ai.response.id": "resp-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.request.stream": True,
        "http.response.status_code": 200,
        "gen_ai.usage.input_tokens": 812,
        "gen_ai.usage.output_tokens": 0,
        "gen_ai.usage.cache_read.input_tokens": 700,
        "gen_ai.usage.cache_write.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 4,
        "agent_otel.usage.total_tokens": 812,
    }
    assert expected.items() <= attributes.items()


def test_a_count_that_was_not_told_is_absent_and_not_zero():
    attributes = span_of(operation(OperationKind.MODEL, usage=Usage(output_tokens=0))).attributes
    assert "gen_ai.usage.input_tokens" not in attributes
    assert attributes["gen_ai.usage.output_tokens"] == 0


@pytest.mark.parametrize(("child_usage", "told"), [(False, True), (True, False)])
def test_usage_of_a_run_is_not_told_twice(child_usage, told):
    run = operation(OperationKind.RUN, usage=Usage(input_tokens=5), child_usage=child_usage)
    assert ("gen_ai.usage.input_tokens" in span_of(run).attributes) is told


def test_cost():
    cost = Cost(amount_micros=1_250_000, currency="EUR", rate_table="2031-02")
    attributes = span_of(operation(OperationKind.RUN, cost=cost)).attributes
    assert attributes["agent_otel.cost.amount_micros"] == 1_250_000
    assert attributes["agent_otel.cost.currency"] == "EUR"
    assert attributes["agent_otel.cost.rate_table_version"] == "2031-02"
    assert attributes["agent_otel.cost.status"] == "estimated"


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("messages", "chat"),
        ("embeddings", "embeddings"),
        ("completions", "text_completion"),
        ("never heard of", "chat"),
    ],
)
def test_forwarded_requests_are_named_by_their_endpoint(named, expected):
    names = Names(operation=named, request_model="m")
    data = span_of(operation(OperationKind.FORWARD, names=names, ids=EventIds(request="q-1")))
    assert (data.name, data.attributes["agent_otel.request.id"]) == (f"{expected} m", "q-1")


STATUS = {
    Outcome.UNSET: None,
    Outcome.OK: None,
    Outcome.PAUSED: None,
    Outcome.UNKNOWN: None,
    Outcome.ERROR: "error",
    Outcome.CANCELLED: "cancelled",
    Outcome.TIMED_OUT: "timeout",
    Outcome.DENIED: "denied",
    Outcome.INTERRUPTED: "interrupted",
}


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("outcome", Outcome)
def test_status_and_error_type_come_together(outcome, kind):
    data = span_of(operation(kind, outcome=outcome, names=NAMES))
    assert data.attributes.get("error.type") == STATUS[outcome]
    assert data.is_error is (STATUS[outcome] is not None)
    assert data.attributes.get("agent_otel.outcome") == (None if outcome is Outcome.UNSET else outcome.value)
    assert check_span(as_received(data)) == []


@pytest.mark.parametrize("outcome", Outcome)
def test_error_type_of_the_source_counts_only_where_the_outcome_is_a_failure(outcome):
    data = span_of(operation(OperationKind.TOOL, outcome=outcome, error_type="exit_1"))
    fails = STATUS[outcome] is not None or outcome is Outcome.UNKNOWN
    assert data.attributes.get("error.type") == ("exit_1" if fails else None)
    assert data.is_error is fails


def test_orphans_tell_why_they_were_closed():
    data = span_of(operation(OperationKind.TOOL, outcome=Outcome.INTERRUPTED, orphan=OrphanReason.TIME_LIMIT))
    assert data.attributes["agent_otel.orphan.reason"] == "time_limit"


USAGE, COST = Usage(input_tokens=1), Cost(amount_micros=1, currency="USD")


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        (OperationKind.RUN, {}, DeliveryClass.RUN_END),
        (OperationKind.RUN, {"outcome": Outcome.ERROR}, DeliveryClass.RUN_END),
        (OperationKind.CONVERSATION, {}, DeliveryClass.RUN_END),
        (OperationKind.DEPLOYMENT, {}, DeliveryClass.RUN_END),
        (OperationKind.TOOL, {"outcome": Outcome.ERROR}, DeliveryClass.ERROR),
        (OperationKind.TOOL, {"outcome": Outcome.INTERRUPTED}, DeliveryClass.ERROR),
        (OperationKind.MODEL, {"outcome": Outcome.CANCELLED, "usage": USAGE}, DeliveryClass.ERROR),
        (OperationKind.MODEL, {"usage": USAGE}, DeliveryClass.USAGE),
        (OperationKind.FORWARD, {"cost": COST}, DeliveryClass.USAGE),
        (OperationKind.TOOL, {"outcome": Outcome.PAUSED}, DeliveryClass.PROGRESS),
        (OperationKind.TOOL, {}, DeliveryClass.PROGRESS),
        (OperationKind.MODEL, {}, DeliveryClass.PROGRESS),
    ],
)
def test_delivery_class(kind, more, expected):
    assert span_of(operation(kind, **more)).delivery_class is expected


def test_marks_become_span_events():
    marks = (
        Mark(name="compaction", time_ns=T0 + 1, facts={Fact.PRE_TOKENS: 9}),
        Mark(name="something of the source's own", time_ns=T0 + 2, lineage={"step": "one"}),
    )
    first, second = span_of(operation(OperationKind.RUN, marks=marks)).events
    assert (first.name, first.time_ns, list(first.attributes.values())) == ("agent_otel.compaction", T0 + 1, [9])
    assert (second.name, second.time_ns) == ("agent_otel.mark", T0 + 2)
    assert second.attributes == {a.SUBJECT: "something of the source's own", "sample_source.step": "one"}


def test_lineage_stands_under_the_namespace_of_its_source():
    data = span_of(operation(OperationKind.RUN, lineage={"mode": "fast", "depth": 2}))
    assert data.attributes["sample_source.mode"] == "fast"
    assert data.attributes["sample_source.depth"] == 2


def test_content_stands_beside_the_attributes():
    content = {ContentKind.TOOL_ARGUMENTS: Content("made-up secret")}
    data = span_of(operation(OperationKind.TOOL, contents=content))
    assert data.contents is content
    assert "made-up secret" not in repr(data)


def test_essential_attributes_come_last_because_a_full_span_throws_out_its_oldest():
    lineage = {f"key{number}": number for number in range(300)}
    data = span_of(operation(OperationKind.TOOL, names=NAMES, lineage=lineage, outcome=Outcome.ERROR))
    last = list(data.attributes)[-8:]
    assert {"gen_ai.operation.name", "gen_ai.tool.name", "error.type", "agent_otel.outcome"} <= set(last)


class Telltale:
    """An object of the host's that does not want to be asked."""

    def __repr__(self) -> str:
        raise AssertionError

    __str__ = __repr__


def test_values_that_otlp_cannot_carry_become_ones_that_it_can():
    lineage = {"big": 2**70, "small": -(2**70), "object": Telltale(), "list": ["made-up secret"]}
    attributes = span_of(operation(OperationKind.RUN, lineage=lineage)).attributes
    assert attributes["sample_source.big"] == 2**63 - 1
    assert attributes["sample_source.small"] == -(2**63 - 1)
    assert attributes["sample_source.object"] == "<Telltale>"
    assert attributes["sample_source.list"] == "<list>"


texts = st.text(max_size=400) | st.sampled_from(["\x00", "   ", "\ud800", "a\nb", "x" * 5000, "\u2028", "…" * 300])


@given(
    kind=st.sampled_from(list(EXPECTED)),
    text=texts,
    outcome=st.sampled_from(list(Outcome)),
    error_type=st.none() | texts,
)
def test_whatever_the_names_and_ids_are_the_span_conforms_and_is_bounded(kind, text, outcome, error_type):
    names = Names(
        agent=text, tool=text, tool_type=text, provider=text, request_model=text, response_model=text,
        operation=text, subject=text, agent_description=text,
    )  # fmt: skip
    ids = EventIds(turn=text, tool_call=text, agent=text, request=text, child_run=text)
    data = span_of(
        operation(
            kind,
            origin=Origin("s" * len(text) or "s"),
            names=names,
            ids=ids,
            run=text,
            conversation=text,
            lineage={"key": text},
            facts={Fact.COMPONENT: text, Fact.FINISH_REASON: text},
            outcome=outcome,
            error_type=error_type,
        )
    )
    assert check_span(as_received(data)) == []
    assert len(data.name) <= 160
    for value in [data.name, *data.attributes.values()]:
        if isinstance(value, str):
            assert len(value) <= 256
            assert not set(value) & {"\n", "\x00", "\u2028"}
            value.encode()


def test_ids_of_a_megabyte_become_digests_and_stay_apart():
    first, second = (
        span_of(operation(OperationKind.RUN, run="r" * 1_000_000 + end)).attributes["agent_otel.run.id"] for end in "ab"
    )
    assert first != second
    assert "r" * 8 not in first  # half of a secret would be no less a secret
    assert len(first) < 128


def test_the_source_of_the_span_is_named():
    assert span_of(operation(OperationKind.RUN)).attributes["agent_otel.source"] == ORIGIN.system
