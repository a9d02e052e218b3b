from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from agent_otel.conventions.messages import as_conventional
from agent_otel.testing.content_schema import breaks_content_schema

KEYS = {
    "input_messages": "gen_ai.input.messages",
    "output_messages": "gen_ai.output.messages",
    "system_instructions": "gen_ai.system_instructions",
}


def text(content):
    return {"type": "text", "content": content}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("hi", [{"role": "user", "parts": [text("hi")]}]),
        ([{"role": "user", "parts": [text("hi")]}], [{"role": "user", "parts": [text("hi")]}]),
        ({"role": "system", "content": "be kind"}, [{"role": "system", "parts": [text("be kind")]}]),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": None, "name": "x"}],
         [{"role": "user", "parts": [text("a")]}, {"role": "assistant", "parts": [], "name": "x"}]),
        ([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "b"}]}],
         [{"role": "user", "parts": [text("a"), {"type": "reasoning", "content": "b"}]}]),
        ([{"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "ls", "input": {"a": 1}}]}],
         [{"role": "assistant", "parts": [{"type": "tool_call", "id": "t1", "name": "ls", "arguments": {"a": 1}}]}]),
        ([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]}],
         [{"role": "user", "parts": [{"type": "tool_call_response", "id": "t1", "response": "x"}]}]),
        ([{"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]}],
         [{"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "f", "arguments": "{}"}]}]),
        ([{"role": "tool", "tool_call_id": "c", "content": "done"}],
         [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "done"}]}]),
        ([text("a"), "b"], [{"role": "user", "parts": [text("a"), text("b")]}]),
        (7, [{"role": "user", "parts": [{"type": "generic", "value": 7}]}]),
        ({"odd": 1}, [{"role": "user", "parts": [{"type": "generic", "value": {"odd": 1}}]}]),
    ],
)  # fmt: skip
def test_forms_of_messages(value, expected):
    assert as_conventional("input_messages", value) == expected


def test_roles_and_instructions():
    assert as_conventional("output_messages", "x") == [{"role": "assistant", "parts": [text("x")]}]
    assert as_conventional("system_instructions", ["a", text("b")]) == [text("a"), text("b")]
    assert as_conventional("tool_arguments", "x") == "x"


words = st.sampled_from(
    ["role", "parts", "content", "type", "text", "tool_use", "tool_result", "tool_calls", "tool_call", "function",
     "name", "thinking", "reasoning", "blob", "response", "tool", "tool_call_id", "uri", "modality", "id", "input_text"]
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=25,
)


@given(st.sampled_from(sorted(KEYS)), values)
def test_whatever_comes_it_has_the_form_of_the_conventions_and_keeps_it(kind, value):
    done = as_conventional(kind, value)
    assert not breaks_content_schema({KEYS[kind]: done})
    assert as_conventional(kind, done) == done
