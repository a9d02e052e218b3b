from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from agent_otel.cli.rows import UNICODE, human_duration, plain
from agent_otel.cli.tree import TreeCollector
from agent_otel.conventions import attributes as a
from agent_otel.correlate import SpanIdentity
from agent_otel.model import Content, ContentKind
from agent_otel.project import SpanData, SpanKind

MS = 1_000_000


def span(number: Any, parent: Any = None, *, start: Any = 0, ms: Any = 1, trace: Any = 1, **told: Any) -> Any:
    direct = {key: told.pop(key) for key in ("name", "is_error", "conversation") if key in told}
    return SpanData(
        kind=SpanKind.INTERNAL,
        identity=SpanIdentity(trace, number, parent),
        start_ns=start * MS,
        end_ns=(start + ms) * MS,
        attributes={getattr(a, key): value for key, value in told.items()},
        contents={ContentKind.TOOL_ARGUMENTS: Content("secret")},
        **{"name": f"span {number}", **direct},
    )


def drawn(
    *spans: Any, encoding: Any = "utf-8", width: Any = 80, colour: Any = False, environ: Any = None, **options: Any
) -> Any:
    collector = TreeCollector(**options)
    for one in spans:
        collector.add(one)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=width, force_terminal=colour, _environ=environ or {})
    collector.render(console)
    stream.seek(0)
    return stream.read()


def test_tree_of_a_run() -> None:
    assert drawn(
        span(
            3, 1, name="execute_tool Bash", start=350, ms=1200, is_error=True, ERROR_TYPE="exit_code", OUTCOME="error"
        ),
        span(2, 1, name="chat model-x", start=0, ms=350, USAGE_INPUT_TOKENS=812, USAGE_OUTPUT_TOKENS=64, OUTCOME="ok"),
        span(4, 1, name="execute_tool Task", start=400, ms=3000),
        span(5, 4, name="invoke_agent explorer", start=410, ms=2000, conversation="c-1"),
        span(6, 5, name="chat model-x", start=420, ms=1000, USAGE_INPUT_TOKENS=100, USAGE_OUTPUT_TOKENS=6),
        span(1, name="invoke_agent claude-code", ms=123_000, conversation="c-1"),
    ).splitlines() == [
        "conversation c-1",
        "trace 00000000000000000000000000000001  6 spans  912→70 tokens",
        "└── invoke_agent claude-code  2 m 03 s  Σ 912→70  ✓",
        "    ├── chat model-x  350 ms  812→64  ✓",
        "    ├── execute_tool Bash  1.2 s  ✗ exit_code",
        "    └── execute_tool Task  3.0 s  Σ 100→6  ✓",
        "        └── invoke_agent explorer  2.0 s  Σ 100→6  ✓",
        "            └── chat model-x  1.0 s  100→6  ✓",
    ]


def test_one_tree_per_trace_the_oldest_first() -> None:
    lines = drawn(span(1, trace=2, start=5), span(1, trace=1, start=9), span(2, 1, trace=2, start=7)).splitlines()
    assert [line.split("trace ")[1].split()[0][-1] for line in lines if "trace " in line] == ["2", "1"]


def test_span_without_its_parent_hangs_at_the_top() -> None:
    assert drawn(span(7, 99)).splitlines()[1] == "└── span 7  1 ms  ✓"


def test_parents_in_a_circle_and_ids_that_come_twice_are_each_drawn_once() -> None:
    text = drawn(span(1, 2), span(2, 1), span(3, 3), span(4), span(4), span(5, 4))
    assert [text.count(f"span {number} ") for number in (1, 2, 3, 4, 5)] == [1, 1, 1, 2, 1]


def test_tokens_that_a_span_tells_itself_stand_for_those_below() -> None:
    spans = span(1, USAGE_INPUT_TOKENS=10, USAGE_OUTPUT_TOKENS=0), span(2, 1, USAGE_INPUT_TOKENS=4)
    assert "2 spans  10→0 tokens" in drawn(*spans)
    assert "4→0" in drawn(*spans)


@pytest.mark.parametrize(
    ("attributes", "is_error", "mark", "colour"),
    [
        ({}, False, "✓", 32),
        ({"OUTCOME": "ok"}, False, "✓", 32),
        ({"OUTCOME": "paused"}, False, "✓ paused", 33),
        ({"OUTCOME": "unknown"}, False, "✓ unknown", 32),
        ({"OUTCOME": "error", "ERROR_TYPE": "exit_code"}, True, "✗ exit_code", 31),
        ({"OUTCOME": "timed_out", "ERROR_TYPE": "timeout"}, True, "✗ timeout", 31),
        ({"OUTCOME": "denied", "ERROR_TYPE": "denied_by_user"}, True, "✗ denied denied_by_user", 33),
        ({"OUTCOME": "interrupted", "ERROR_TYPE": "interrupted"}, True, "✗ interrupted", 33),
        ({"OUTCOME": "cancelled"}, True, "✗ cancelled", 33),
        ({}, True, "✗", 31),
    ],
)
def test_status_marks(attributes: Any, is_error: Any, mark: Any, colour: Any) -> None:
    one = span(1, is_error=is_error, **attributes)
    assert drawn(one).splitlines()[1] == f"└── span 1  1 ms  {mark}"
    assert f"\x1b[{colour}m{mark}\x1b[0m" in drawn(one, colour=True, environ={"TERM": "xterm"})


def test_no_color_is_honoured() -> None:
    assert "\x1b[3" not in drawn(span(1), colour=True, environ={"TERM": "xterm", "NO_COLOR": "1"})


def test_foreign_text_cannot_steer_the_terminal() -> None:
    name = "a\x1b[31m\r\nb [red]c[/red] \u202ed " + "x" * 500
    text = drawn(
        span(1, name=name, is_error=True, ERROR_TYPE="e\x07\x1b]", conversation="[bold]\x1b" + "y" * 500), width=300
    )
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "[red]c[/red]" in text
    assert "[bold]" in text
    assert len(text.splitlines()) == 3
    assert max(map(len, text.splitlines())) < 200


def test_terminal_without_unicode() -> None:
    text = drawn(span(1, name="invoke_agent \u00e9", USAGE_INPUT_TOKENS=1), span(2, 1, is_error=True), encoding="ascii")
    assert text.isascii()
    assert "invoke_agent ?  1 ms  1->0  ok" in text
    assert "span 2  1 ms  x" in text


def test_deep_nesting_stays_inside_80_columns() -> None:
    spans = [span(number, number - 1 or None, start=number) for number in range(1, 3000)]
    lines = drawn(*spans).splitlines()
    assert len(lines) == 3000
    assert max(map(len, lines)) <= 80


def test_what_is_beyond_the_limit_is_counted() -> None:
    collector = TreeCollector(max_spans=2)
    for number in range(1, 6):
        collector.add(span(number))
    stream = io.StringIO()
    collector.render(Console(file=stream, width=80))
    assert stream.getvalue().splitlines()[-1] == "… and 3 more spans"
    assert len(stream.getvalue().splitlines()) == 4


def test_no_content_is_held_or_drawn() -> None:
    collector = TreeCollector()
    collector.add(span(1))
    assert "secret" not in repr(collector._rows)
    assert "secret" not in drawn(span(1))


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0 ms"),
        (499_999, "0 ms"),
        (350 * MS, "350 ms"),
        (999_600_000, "1.0 s"),
        (1_234 * MS, "1.2 s"),
        (59_940 * MS, "59.9 s"),
        (59_960 * MS, "1 m 00 s"),
        (123_000 * MS, "2 m 03 s"),
        (3_599_600 * MS, "1 h 00 m"),
        (3_900_000 * MS, "1 h 05 m"),
        (360_000_000 * MS, "100 h 00 m"),
    ],
)
def test_durations_as_people_say_them(nanoseconds: Any, text: Any) -> None:
    assert human_duration(nanoseconds) == text


def test_name_of_just_the_limit_is_whole() -> None:
    assert plain("x" * 10, UNICODE, 10) == "x" * 10
    assert plain("x" * 11, UNICODE, 10) == "x" * 9 + "…"
