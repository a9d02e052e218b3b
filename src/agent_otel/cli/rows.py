"""``SpanData`` in, one line of text out: name, duration, tokens, status. Keeps no content and no other attributes."""

from __future__ import annotations

from attrs import frozen
from rich.text import Text

from agent_otel.conventions import attributes as a
from agent_otel.model import NANOS_PER_MILLI, NANOS_PER_SECOND, Outcome
from agent_otel.project import SpanData

__all__ = ["ASCII", "UNICODE", "Marks", "Row", "Tokens", "human_duration", "plain", "row_of", "row_text", "tokens_text"]

Tokens = tuple[int, int]

_MAX_NAME = 60
_SECOND_MS = 1000
_MINUTE_S = 60
_HOUR_S = 3600
_QUIET = frozenset({None, Outcome.UNSET.value, Outcome.OK.value})
# Not failed, but not done either: somebody or something stopped it.
_STOPPED = frozenset(
    outcome.value for outcome in (Outcome.DENIED, Outcome.CANCELLED, Outcome.INTERRUPTED, Outcome.PAUSED)
)


@frozen
class Marks:
    """The signs that a terminal can show."""

    done: str
    failed: str
    arrow: str
    total: str
    more: str
    is_ascii: bool = False


UNICODE = Marks("✓", "✗", "→", "Σ ", "…")
ASCII = Marks("ok", "x", "->", "sum ", "...", is_ascii=True)


@frozen(kw_only=True)
class Row:
    """What the tree shows of a span.

    Args:
        trace_id: Trace id.
        span_id: Span id.
        parent: Span id of the parent, or None.
        name: Span name as it came.
        start_ns: Unix time in nanoseconds.
        duration_ns: Nanoseconds.
        tokens: Input and output tokens of the span itself, or None.
        is_error: Whether the status is ERROR.
        error_type: ``error.type``, if any.
        outcome: ``agent_otel.outcome``, if any.
        conversation: Conversation id, if known.
    """

    trace_id: int
    span_id: int
    parent: int | None
    name: str
    start_ns: int
    duration_ns: int
    tokens: Tokens | None
    is_error: bool
    error_type: str | None
    outcome: str | None
    conversation: str | None


def row_of(span: SpanData) -> Row:
    """Take from a span what the tree shows, so that its content is not held."""
    return Row(
        trace_id=span.identity.trace_id,
        span_id=span.identity.span_id,
        parent=span.identity.parent_span_id,
        name=span.name,
        start_ns=span.start_ns,
        duration_ns=span.end_ns - span.start_ns,
        tokens=_tokens(span),
        is_error=span.is_error,
        error_type=_text(span, a.ERROR_TYPE),
        outcome=_text(span, a.OUTCOME),
        conversation=span.conversation,
    )


def _text(span: SpanData, key: str) -> str | None:
    value = span.attributes.get(key)
    return None if value is None else str(value)


def _tokens(span: SpanData) -> Tokens | None:
    counts = [span.attributes.get(key) for key in (a.USAGE_INPUT_TOKENS, a.USAGE_OUTPUT_TOKENS)]
    return None if counts == [None, None] else (int(counts[0] or 0), int(counts[1] or 0))


def plain(text: str, marks: Marks, limit: int = _MAX_NAME) -> str:
    """Make foreign text fit for a terminal: no control or direction characters, one line, not endless."""
    shown = "".join(char if char.isprintable() else " " for char in text[: limit + 1])
    if len(shown) > limit:
        shown = shown[: limit - len(marks.more)] + marks.more
    return shown.encode("ascii", "replace").decode() if marks.is_ascii else shown


def human_duration(duration_ns: int) -> str:
    """Write a duration as people say it: ``350 ms``, ``1.2 s``, ``2 m 03 s``, ``1 h 05 m``.

    Args:
        duration_ns: Nanoseconds.
    """
    # Compared after rounding, so that 999.6 ms does not read "1000 ms", nor 59.96 s "60.0 s".
    if (milliseconds := round(duration_ns / NANOS_PER_MILLI)) < _SECOND_MS:
        return f"{milliseconds} ms"
    if (tenths := round(duration_ns * 10 / NANOS_PER_SECOND)) < _MINUTE_S * 10:
        return f"{tenths / 10:.1f} s"
    if (seconds := round(duration_ns / NANOS_PER_SECOND)) < _HOUR_S:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    minutes = round(duration_ns / NANOS_PER_SECOND / 60)
    return f"{minutes // 60} h {minutes % 60:02d} m"


def tokens_text(tokens: Tokens, marks: Marks) -> str:
    """Write input and output tokens."""
    return f"{tokens[0]}{marks.arrow}{tokens[1]}"


def row_text(row: Row, below: Tokens | None, marks: Marks) -> Text:
    """Write a row.

    Args:
        row: The row.
        below: Tokens of the spans below it; shown as a sum where the span has none of its own.
        marks: Signs.
    """
    text = Text(plain(row.name, marks), style="bold")
    text.append(f"  {human_duration(row.duration_ns)}", style="not bold cyan")
    if row.tokens is not None:
        text.append(f"  {tokens_text(row.tokens, marks)}", style="not bold magenta")
    elif below is not None:
        text.append(f"  {marks.total}{tokens_text(below, marks)}", style="not bold dim magenta")
    text.append("  ")
    text.append_text(_status(row, marks))
    return text


def _status(row: Row, marks: Marks) -> Text:
    stopped = row.outcome in _STOPPED
    if row.is_error:
        words = [row.outcome] if stopped and row.outcome else []
        words += [row.error_type] if row.error_type and row.error_type not in words else []
        shown = [plain(word, marks) for word in words]
        return Text(" ".join([marks.failed, *shown]), style="not bold yellow" if stopped else "not bold red")
    if row.outcome in _QUIET:
        return Text(marks.done, style="not bold green")
    shown = [plain(row.outcome or "", marks)]
    return Text(" ".join([marks.done, *shown]), style="not bold yellow" if stopped else "not bold green")
