"""What a scan found, for machines and for people. Holds counts and names, no content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import asdict, frozen
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent_otel.bridge import ReadingSummary
from agent_otel.cli.rows import ASCII, UNICODE, Marks, plain
from agent_otel.cli.scanning.accounts import SinkAccount
from agent_otel.cli.scanning.verdict import number_of, sink_verdict, verdict
from agent_otel.cli.summary import summary_lines
from agent_otel.model import CaptureMode, ContentKind
from agent_otel.setup import Settings

__all__ = ["Report", "print_report"]

_SHOWN = 20
_MAX_PLACE = 70


@frozen(eq=False)
class Report:
    """What a scan found.

    Args:
        settings: The policy, and what sinks may see.
        summary: The books of the reading.
        accounts: By name of the sink.
    """

    settings: Settings
    summary: ReadingSummary
    accounts: Mapping[str, SinkAccount]

    @property
    def left(self) -> int:
        """Secrets that would leave, raw content included."""
        return sum(sum((account.left + account.left_raw).values()) for account in self.accounts.values())

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON.

        ``verdict``, a sentence; ``rules``, the policy by kind of content; ``records``, the books of the reading;
        ``sinks``, by name what ``SinkAccount`` holds: ``content`` by kind with ``modes`` in pieces, ``hidden`` by
        detector, ``markers`` by place and detector, ``left`` after a second look, ``tools``.
        """
        return {
            "verdict": verdict(list(self.accounts.values())),
            "rules": self._rules(),
            "records": {**self.summary.books.as_dict(), "faults": self.summary.books.faults},
            "sinks": {
                name: {"verdict": sink_verdict(account), **account.as_dict()} for name, account in self.accounts.items()
            },
        }

    def _rules(self) -> dict[str, Any]:
        policy, scrubbing = self.settings.content, self.settings.content.scrubbing
        return {
            "spans": _words(policy.modes),
            "log_records": _words(policy.event_modes),
            "sinks": {name: _words(sink.modes) for name, sink in self.settings.sinks.items()},
            "denied_tools": list(policy.denied_tools),
            "limits": asdict(policy.limits),
            "detectors": {
                "opt_in": sorted(scrubbing.opt_in),
                "disabled": sorted(scrubbing.disabled),
                "own": sorted(detector.id for detector in scrubbing.detectors),
            },
        }


def _words(modes: Mapping[ContentKind, CaptureMode]) -> dict[str, str]:
    return {kind.value: modes[kind].value for kind in ContentKind if kind in modes}


def print_report(report: Report, console: Console) -> None:
    """Print a report for people: the verdict last, where the eye is."""
    marks = ASCII if console.options.ascii_only else UNICODE
    for account in report.accounts.values():
        _print(console, f"{account.name}: {_many(account)}", style="bold")
        if account.kinds:
            console.print(_content_table(account), highlight=False)
        for line in _lines(account, marks):
            _print(console, line)
    for line in summary_lines(report.summary):
        _print(console, line)
    _print(console, verdict(list(report.accounts.values())), style="bold yellow" if report.left else "bold")


def _print(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), highlight=False, soft_wrap=True)


def _many(account: SinkAccount) -> str:
    stubs = f", {account.stubs} as stubs" if account.stubs else ""
    counts = ((account.spans, "span"), (account.log_records, "log record"), (account.metric_points, "metric point"))
    return ", ".join(number_of(*count) for count in counts) + stubs


def _content_table(account: SinkAccount) -> Table:
    used = [mode for mode in CaptureMode if any(kind.modes[mode] for kind in account.kinds.values())]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("content", overflow="fold")
    for heading in (*(mode.value for mode in used), "bytes of text", "truncated"):
        table.add_column(heading, justify="right", overflow="fold")
    for kind in ContentKind:
        if (counted := account.kinds.get(kind)) is not None:
            numbers = (*(counted.modes[mode] for mode in used), counted.text_bytes, counted.truncated)
            table.add_row(kind.value, *(f"{number:,}" for number in numbers))
    return table


def _lines(account: SinkAccount, marks: Marks) -> Iterator[str]:
    if account.denied_by:
        yield f"denied by: {_counted(account.denied_by)}"
    if account.hidden:
        yield f"hidden: {_counted(account.hidden)}"
    for word, counts in (
        ("marked", account.markers),
        ("LEFT", account.left),
        ("LEFT in raw content", account.left_raw),
    ):
        for (place, detector), count in counts.most_common(_SHOWN):
            yield f"{word}: {plain(place, marks, _MAX_PLACE)}: {detector} {count}"
        if len(counts) > _SHOWN:
            yield f"{word}: {len(counts) - _SHOWN} more places"
    tools = sorted(account.tools.items(), key=lambda item: (-item[1].text_bytes, item[0]))
    for name, tool in tools[:_SHOWN]:
        calls = number_of(tool.calls, "call")
        yield f"tool {plain(name, marks)}: {calls}, {tool.text_bytes:,} bytes of text, {tool.hidden} hidden"
    if len(tools) > _SHOWN:
        yield f"and {len(tools) - _SHOWN} more tools"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
