"""Trees with attributes: what is compared, and what a difference looks like."""

from __future__ import annotations

from unittest.mock import ANY

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.testing import ReceivedEvent, ReceivedSpan, assert_conforms, assert_tree, expect, span_tree

SECRET = "qzxmadeupqzx"


def span(name, span_id, parent="", start=0, *, status="unset", kind="internal", events=(), **attributes):
    return ReceivedSpan(
        name=name,
        kind=kind,
        trace_id="1" * 32,
        span_id=span_id,
        parent_span_id=parent,
        start_ns=start,
        end_ns=start + 1,
        status_code=status,
        status_message=SECRET,
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
        events=tuple(ReceivedEvent(event, 1, {"text": SECRET}) for event in events),
        links=(),
        resource={},
        scope="s",
        raw=b"",
    )


RUN = span("invoke_agent coder", "1", agent_otel__outcome="error")
CHAT = span("chat m", "2", "1", 1, kind="client", gen_ai__usage__input_tokens=3)
TOOL = span("execute_tool shell", "3", "1", 2, status="error", error__type="timeout", events=["approval", "hook"])
RUN_OF_THREE = [RUN, CHAT, TOOL]


def difference(spans, *arguments, **options):
    with pytest.raises(AssertionError) as caught:
        assert_tree(spans, *arguments, **options)
    return str(caught.value).splitlines()


def test_only_what_is_told_is_compared():
    assert_tree(RUN_OF_THREE, expect("invoke_agent coder", "chat m", "execute_tool shell"))
    assert_tree(
        RUN_OF_THREE,
        expect(
            "invoke_agent coder",
            expect("chat m", kind="client", attributes={"gen_ai.usage.input_tokens": pytest.approx(3.0)}),
            expect(
                "execute_tool shell",
                status="error",
                attributes={"error.type": ANY, "agent_otel.outcome": None},
                events=["approval", "hook"],
            ),
            status="unset",
        ),
    )


def test_several_trees_are_a_list():
    assert_tree([RUN, evolve(RUN, span_id="9", start_ns=5)], [expect("invoke_agent coder"), "invoke_agent coder"])
    assert_tree([], [])


def test_the_difference_shows_both_trees_and_the_attributes_that_differ():
    wanted = expect(
        "invoke_agent coder",
        expect("chat m", attributes={"gen_ai.usage.input_tokens": 3}),
        expect(
            "execute_tool shell",
            kind="client",
            status="error",
            attributes={"error.type": "denied", "gen_ai.tool.call.id": "t-1"},
            events=["approval"],
        ),
        "execute_tool grep",
    )
    assert difference(RUN_OF_THREE, wanted)[3:] == [
        " invoke_agent coder",
        "   chat m",
        "     | gen_ai.usage.input_tokens = 3",
        "   execute_tool shell",
        "-    | kind = client",
        "+    | kind = internal",
        "     | status = error",
        "-    | error.type = 'denied'",
        "-    | gen_ai.tool.call.id = 't-1'",
        "-    | events = approval",
        "-  execute_tool grep",
        "+    | error.type = 'timeout'",
        "+    | gen_ai.tool.call.id = (none)",
        "+    | events = approval, hook",
    ]


def test_an_attribute_that_must_not_be_there():
    assert difference([RUN], expect("invoke_agent coder", attributes={"agent_otel.outcome": None}))[3:] == [
        " invoke_agent coder",
        "-  | agent_otel.outcome = (none)",
        "+  | agent_otel.outcome = 'error'",
    ]


def test_what_was_not_expected_is_shown_with_all_below_it():
    assert difference(RUN_OF_THREE, expect("other", expect("below", status="ok")))[3:] == [
        "-other",
        "-  below",
        "-    | status = ok",
        "+invoke_agent coder",
        "+  chat m",
        "+  execute_tool shell",
    ]


@pytest.mark.parametrize(
    ("key", "expected", "received", "shown"),
    [
        ("gen_ai.tool.call.arguments", SECRET, f"{SECRET}2", ["[REDACTED expected]", "[REDACTED received]"]),
        ("GEN_AI.Input.Messages", [SECRET], None, ["[REDACTED expected]", "(none)"]),
        ("exception.message", None, SECRET, ["(none)", "[REDACTED received]"]),
        ("llm.input_messages.0.content", 1, SECRET, ["[REDACTED expected]", "[REDACTED received]"]),
        ("plain", "x" * 300, "y", ["'" + "x" * 199 + "...", "'y'"]),
    ],
)
def test_values_of_content_are_compared_and_never_shown(key, expected, received, shown):
    given = evolve(RUN, attributes={} if received is None else {key: received})
    told = difference([given], expect("invoke_agent coder", attributes={key: expected}))
    assert told[4:] == [f"-  | {key} = {shown[0]}", f"+  | {key} = {shown[1]}"]
    assert SECRET not in "\n".join(told)


def test_content_that_is_as_expected_is_not_shown_beside_what_is_not():
    given = evolve(RUN, attributes={"gen_ai.prompt": SECRET})
    wanted = expect("invoke_agent coder", "missing", attributes={"gen_ai.prompt": SECRET})
    told = difference([given], wanted)
    assert "   | gen_ai.prompt = [REDACTED expected]" in told
    assert SECRET not in "\n".join(told)


def test_order_matters_unless_it_is_said_not_to():
    swapped = expect("invoke_agent coder", "execute_tool shell", "chat m")
    difference(RUN_OF_THREE, swapped)
    assert_tree(RUN_OF_THREE, swapped, any_order=True)
    assert_tree(RUN_OF_THREE, "invoke_agent coder\n  execute_tool shell\n  chat m", any_order=True)
    assert_tree([RUN, evolve(CHAT, parent_span_id="")], ["chat m", "invoke_agent coder"], any_order=True)


def parallel_tools():
    return [RUN, *(span("execute_tool t", str(n), "1", n, x=n, y=n % 2) for n in (2, 3, 4))]


def test_calls_of_one_tool_are_told_apart_by_their_attributes():
    def tools(*expected):
        return expect("invoke_agent coder", *(expect("execute_tool t", attributes=given) for given in expected))

    assert_tree(parallel_tools(), tools({"x": 4}, {"x": 2}, {"x": 3}), any_order=True)
    # The first may be any; it must not take the only one that the others can have.
    assert_tree(parallel_tools(), tools({}, {"y": 0}, {"x": 2}), any_order=True)
    told = difference(parallel_tools(), tools({"x": 4}, {"x": 9}, {"x": 3}), any_order=True)
    assert [line for line in told if line.startswith(("+ ", "- "))] == ["-    | x = 9", "+    | x = 2"]


def test_in_any_order_there_must_still_be_as_many():
    told = difference(RUN_OF_THREE, expect("invoke_agent coder", "chat m", "chat m"), any_order=True)
    assert [line for line in told if line.startswith(("+ ", "- "))] == ["-  chat m", "+  execute_tool shell"]


def test_a_large_tree_is_shown_around_its_difference():
    spans = [RUN, *(span(f"execute_tool t{n}", str(n), "1", n) for n in range(2, 1000))]
    expected = span_tree(spans).replace("t500\n", "other\n")
    told = difference(spans, expected)
    assert len(told) < 20
    assert "-  execute_tool other" in told


names = st.sampled_from(["a", "b", "c"])
trees = st.recursive(
    names.map(expect),
    lambda below: st.builds(lambda n, c: expect(n, *c), names, st.lists(below, max_size=4)),
    max_leaves=12,
)


def planted(expected):
    spans = []

    def plant(tree, parent):
        span_id = str(len(spans) + 1)
        spans.append(span(tree.name, span_id, parent, len(spans)))
        for child in tree.children:
            plant(child, span_id)

    for tree in expected:
        plant(tree, "")
    return spans


@given(st.lists(trees, max_size=3))
def test_a_tree_equals_itself_as_data_and_as_text(expected):
    spans = planted(expected)
    for form in (expected, span_tree(spans)):
        for any_order in (False, True):
            assert_tree(spans, form, any_order=any_order)


@given(st.lists(trees, max_size=3), st.lists(trees, max_size=3))
def test_text_and_data_agree_on_what_is_equal(one, other):
    spans, text = planted(one), span_tree(planted(other))
    is_same = span_tree(spans) == text
    for form in (other, text):
        if is_same:
            assert_tree(spans, form)
        else:
            assert difference(spans, form)


@given(trees, st.randoms(use_true_random=False))
def test_any_order_is_any_order(tree, random):
    def shuffled(given):
        children = [shuffled(child) for child in given.children]
        random.shuffle(children)
        return expect(given.name, *children)

    assert_tree(planted([shuffled(tree)]), tree, any_order=True)


def test_conformance_as_an_assertion():
    assert_conforms([evolve(RUN, scope="theirs", status_code="unset", name="x")])
    with pytest.raises(AssertionError) as caught:
        assert_conforms([RUN, evolve(RUN, status_code="ok"), TOOL])
    assert str(caught.value).splitlines() == [
        "spans violate the semantic conventions:",
        "  invoke_agent coder (internal): span_status_ok_set_by_instrumentation",
    ]
    assert SECRET not in str(caught.value)
