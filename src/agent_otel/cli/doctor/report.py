"""What the doctor found, for machines and for people. Holds settings, states and counts; no content, no secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import platform
from typing import Any, Final

from attrs import field, frozen
from opentelemetry.sdk.version import __version__ as sdk_version
from rich.console import Console
from rich.text import Text

from agent_otel._version import __version__
from agent_otel.cli.doctor.checking import Checked
from agent_otel.cli.doctor.spools import SpoolState
from agent_otel.cli.doctor.variables import Variable
from agent_otel.cli.rows import ASCII, UNICODE, Marks, plain
from agent_otel.cli.status import Status

__all__ = ["Report", "print_report"]

_LONGEST: Final = 400
_MEBIBYTE: Final = 1024 * 1024
_ORIGINS: Final = {"file": "settings file"}
_ITEMS: Final = {"traces": "test span", "logs": "test log record", "metrics": "test metric"}
_Line = tuple[str, str]  # text and style


@frozen(kw_only=True, eq=False)
class Report:
    """What the doctor found.

    Args:
        variables: Effective settings.
        unlisted: Names of further ``OTEL_*`` variables that are set.
        notes: What else a user should know.
        is_disabled: Whether ``OTEL_SDK_DISABLED`` is set, and nothing was checked.
        checked: The sinks.
        spool: The spool directory; None if there is none.
        trace_id: Of the test span, 32 hex digits; empty if none was sent.
    """

    variables: Sequence[Variable]
    unlisted: Sequence[str] = ()
    notes: Sequence[str] = ()
    is_disabled: bool = False
    checked: Sequence[Checked] = ()
    spool: SpoolState | None = None
    trace_id: str = ""
    versions: Mapping[str, str] = field(factory=lambda: _versions())  # noqa: PLW0108  it stands below

    @property
    def status(self) -> Status:
        """The exit status: a spool that agents cannot start with goes before a sink that does not acknowledge."""
        if self.spool is not None and self.spool.problem:
            return Status.USAGE
        return Status.UNDELIVERED if any(checked.failed for checked in self.checked) else Status.OK

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.is_disabled:
            return "OTEL_SDK_DISABLED is true: nothing is recorded and nothing is sent, as was asked"
        failed = [f"{one.place.signal} to {one.place.sink.name}" for one in self.checked if one.failed]
        acknowledged = sum(one.delivery.state == "acknowledged" for one in self.checked)
        sent = any(one.delivery.state != "not_sent" for one in self.checked)
        if failed:
            return f"NOT {'acknowledged' if sent else 'reached'}: {', '.join(failed)}"
        if self.spool is not None and self.spool.problem:
            return "the spool cannot be used: agents do not start with it"
        if sent:
            return f"all is well: {acknowledged} of {acknowledged} acknowledged"
        return "nothing was sent, and nothing stands in the way"

    def as_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON.

        ``verdict``, a sentence; ``status``, the exit status; ``settings`` with ``name``, ``value`` and ``origin``
        (see ``Variable``); ``also_set``, names; ``warnings``; ``sinks`` as ``Checked`` has them;
        ``spool`` as ``SpoolState`` has it, or null.
        """
        return {
            "verdict": self.verdict,
            "status": int(self.status),
            "versions": dict(self.versions),
            "disabled": self.is_disabled,
            "settings": [variable.as_dict() for variable in self.variables],
            "also_set": list(self.unlisted),
            "warnings": list(self.notes),
            "sinks": [checked.as_dict() for checked in self.checked],
            "trace_id": self.trace_id or None,
            "spool": self.spool.as_dict() if self.spool is not None else None,
        }


def _versions() -> dict[str, str]:
    return {"agent-otel": __version__, "opentelemetry-sdk": sdk_version, "python": platform.python_version()}


def print_report(report: Report, console: Console) -> None:
    """Print a report for people: the verdict last, where the eye is."""
    marks = ASCII if console.options.ascii_only else UNICODE
    for text, style in _lines(report, marks):
        console.print(Text(plain(text, marks, _LONGEST), style=style), highlight=False, soft_wrap=True)


def _lines(report: Report, marks: Marks) -> Iterator[_Line]:
    yield "  ".join(f"{name} {version}" for name, version in report.versions.items()), ""
    yield "settings", "bold"
    width = max((len(variable.name) for variable in report.variables), default=0)
    for variable in report.variables:
        style = "dim" if variable.origin == "default" else ""
        yield (
            f"  {variable.name:{width}}  {variable.value or '-'}  ({_ORIGINS.get(variable.origin, variable.origin)})",
            style,
        )
    if report.unlisted:
        yield f"  also set: {', '.join(report.unlisted)}", ""
    for note in report.notes:
        yield f"warning: {note}", "yellow"
    if not report.is_disabled:
        for checked in report.checked:
            yield from _of_sink(checked, report.trace_id, marks)
        yield from _of_spool(report.spool)
    yield report.verdict, "bold yellow" if report.status else "bold"


def _of_sink(checked: Checked, trace_id: str, marks: Marks) -> Iterator[_Line]:
    place, delivery = checked.place, checked.delivery
    endpoint = f"  {place.address.url}" if place.address is not None else ""
    yield f"{place.signal} to {place.sink.name}  {place.protocol}{endpoint}", "bold"
    if place.content:
        yield f"  content at most: {_content(place.content)}", ""
    if place.headers:
        yield f"  headers: {', '.join(place.headers)}", ""
    reached = checked.reached
    if reached.state == "connected":
        proxy = ", a proxy" if reached.through_proxy else ""
        yield f"  {marks.done} reached {reached.at}{proxy} in {reached.ms} ms", ""
    elif not (place.silent or (reached.failed and checked.finding)):  # else the finding says it
        detail = f": {reached.detail}" if reached.detail else ""
        yield f"  {reached.state.replace('_', ' ')} {reached.at}{detail}".replace("  :", ":"), ""
    if checked.finding is not None:
        yield f"  {marks.failed} {checked.finding.why}", "yellow"
        if checked.finding.fix:
            yield f"  {marks.arrow} {checked.finding.fix}", "yellow"
    elif delivery.state == "acknowledged":
        trace = f", trace {trace_id}" if place.signal == "traces" else ""
        yield f"  {marks.done} {_ITEMS[place.signal]} acknowledged in {delivery.ms} ms{trace}", ""
        if delivery.message:
            yield f"  the endpoint warns: {delivery.message}", "yellow"
    else:
        yield f"  nothing was sent: {delivery.reason}", ""


def _content(modes: Mapping[str, str]) -> str:
    kinds: dict[str, list[str]] = {}
    for kind, mode in modes.items():
        kinds.setdefault(mode, []).append(kind)
    if len(kinds) == 1:
        return f"{next(iter(kinds))} of every kind"
    if kinds.pop("off", None):
        kinds["off"] = ["the rest"]
    return "; ".join(f"{mode}: {', '.join(of_it)}" for mode, of_it in kinds.items())


def _of_spool(spool: SpoolState | None) -> Iterator[_Line]:
    if spool is None:
        yield "spool: AGENT_OTEL_SPOOL is not set: what waits for a sink ends with its process", ""
        return
    yield f"spool: {spool.directory}", "bold"
    if spool.exists:
        yield f"  mode {spool.mode}, user {spool.owner}", ""
    elif not spool.problem:
        yield "  not there yet: the first agent makes it", ""
    if spool.free_bytes is not None:
        free, limit = spool.free_bytes // _MEBIBYTE, spool.limit_bytes // _MEBIBYTE
        short = ": too little for that" if spool.free_bytes < spool.limit_bytes else ""
        yield f"  {free:,} MiB free on its disk; one process takes {limit:,} at most{short}", "yellow" if short else ""
    if spool.problem:
        yield f"  cannot be used: {spool.problem}", "yellow"
        yield f"  {spool.fix}", "yellow"
        return
    age = f", oldest {spool.oldest_age_s} s" if spool.oldest_age_s is not None else ""
    yield f"  {spool.items} items, {spool.bytes:,} bytes{age}; {spool.in_use} files in use", ""
    if spool.left_items:
        yield f"  {spool.left_items} left behind by dead processes: run agent-otel flush", "yellow"
    for why, count in spool.damaged.items():
        yield f"  {count} files cannot be read ({why}): see agent-otel spool ls", "yellow"
