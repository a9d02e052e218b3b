"""Count Claude Code sessions from their raw files, by a second way: the oracle for what replay sends.

Shares no code with the package on purpose and reads with plain ``json``. A session is its file and the sub-agent
files that belong to it; a record that several of them hold (same uuid) counts once.

Run: ``python benchmarks/count_claude_code.py [--json] FILE|DIR...``
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
import json
from pathlib import Path
import re
import sys
from typing import Any

__all__ = ["companions_of", "count_session", "main", "sessions_in"]

_USAGE = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
_TOOL_USES = ("tool_use", "server_tool_use")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_COLUMNS = (
    "tool_calls",
    "tool_failures",
    "tool_calls_open",
    "input_tokens",
    "output_tokens",
    "sub_agents",
    "duration_ms",
)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _nanoseconds(value: Any) -> int | None:
    """Give Unix nanoseconds of an RFC 3339 time, None for anything else."""
    match = _TIME.fullmatch(_text(value))
    if match is None:
        return None
    seconds, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(seconds + zone.replace("Z", "+00:00"))
    except ValueError:
        return None
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + int((fraction or "").ljust(9, "0"))


@dataclass
class _Tally:
    """What the records of one session add up to."""

    seen: set[str] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)
    called_ns: dict[str, int] = field(default_factory=dict)
    answered_ns: dict[str, int] = field(default_factory=dict)
    results: dict[str, bool] = field(default_factory=dict)
    usage: dict[str, dict[str, int]] = field(default_factory=dict)
    agents: set[str] = field(default_factory=set)
    inline_roots: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    records: int = 0

    def add(self, record: dict[str, Any], where: str) -> None:
        """Add a record; ``where`` names it if it has no uuid."""
        if record.get("type") not in ("user", "assistant"):
            return
        uuid = _text(record.get("uuid")) or where
        if uuid in self.seen:
            return
        self.seen.add(uuid)
        self.records += 1
        time_ns = _nanoseconds(record.get("timestamp"))
        self._add_time(time_ns)
        self._add_agent(record)
        message = _mapping(record.get("message"))
        self._add_blocks(message.get("content"), time_ns)
        if record["type"] == "assistant":
            self._add_usage(message, uuid)

    def _add_time(self, time_ns: int | None) -> None:
        if time_ns is not None:
            self.first_ns = time_ns if self.first_ns is None else min(self.first_ns, time_ns)
            self.last_ns = time_ns if self.last_ns is None else max(self.last_ns, time_ns)

    def _add_agent(self, record: dict[str, Any]) -> None:
        agent = _text(record.get("agentId"))
        if agent:
            self.agents.add(agent)
        elif record.get("isSidechain") is True and record.get("parentUuid") is None:
            self.inline_roots += 1

    def _add_blocks(self, content: Any, time_ns: int | None) -> None:
        for block in content if isinstance(content, list) else ():
            kind = _text(_mapping(block).get("type"))
            if kind in _TOOL_USES and _text(block.get("id")):
                self.tools.add(block["id"])
                if time_ns is not None:
                    self.called_ns.setdefault(block["id"], time_ns)
            elif kind.endswith("tool_result") and _text(block.get("tool_use_id")):
                # The first result of a call is its result; the tools that the provider runs tell an error by type.
                failed = block.get("is_error") is True or _text(_mapping(block.get("content")).get("type")).endswith(
                    "_error"
                )
                self.results.setdefault(block["tool_use_id"], failed)
                if time_ns is not None:
                    self.answered_ns.setdefault(block["tool_use_id"], time_ns)

    def _add_usage(self, message: dict[str, Any], uuid: str) -> None:
        usage = message.get("usage")
        if not isinstance(usage, dict) or message.get("model") == "<synthetic>":
            return
        # One response stands in several records, each with the usage so far: the largest number is the last one.
        most = self.usage.setdefault(_text(message.get("id")) or uuid, dict.fromkeys(_USAGE, 0))
        for name in _USAGE:
            value = usage.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                most[name] = max(most[name], value)

    def total(self, name: str) -> int:
        """Sum one usage field over all responses."""
        return sum(most[name] for most in self.usage.values())

    def summary(self) -> dict[str, Any]:
        """Give the counts under the names that they are printed with."""
        failed = {tool for tool, is_error in self.results.items() if is_error}
        wall = None if self.first_ns is None or self.last_ns is None else self.last_ns - self.first_ns
        return {
            "records": self.records,
            "tool_calls": len(self.tools),
            "tool_failures": len(self.tools & failed),
            "tool_calls_open": len(self.tools - self.results.keys()),
            "results_without_call": len(self.results.keys() - self.tools),
            "model_calls": len(self.usage),
            "input_tokens": sum(self.total(name) for name in _USAGE[:3]),
            "cache_creation_tokens": self.total("cache_creation_input_tokens"),
            "cache_read_tokens": self.total("cache_read_input_tokens"),
            "output_tokens": self.total("output_tokens"),
            "tool_ms": sum(
                max(0, answered - self.called_ns[tool])
                for tool, answered in self.answered_ns.items()
                if tool in self.called_ns
            )
            / 10**6,
            "sub_agents": len(self.agents) + self.inline_roots,
            "duration_ms": None if wall is None else wall / 10**6,
        }


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Read a file; None for a line that is no JSON object. Blank lines are left out."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            yield number, record if isinstance(record, dict) else None


def _session_ids(path: Path, *, only_first: bool = False) -> set[str]:
    """Give the sessions that a file's records name; a workflow's agents write theirs behind a ``#``."""
    found: set[str] = set()
    for _, record in _lines(path):
        session = _text((record or {}).get("sessionId")).partition("#")[0]
        if session:
            found.add(session)
            if only_first:
                break
    return found


def companions_of(path: Path) -> list[Path]:
    """Give the sub-agent files of a session: those in its own directory, and siblings that name the session."""
    own = (path.parent / path.stem / "subagents").rglob("agent-*.jsonl")
    siblings = [near for near in path.parent.glob("agent-*.jsonl") if near != path]
    sessions = _session_ids(path) if siblings else set()
    return sorted([*own, *(near for near in siblings if _session_ids(near, only_first=True) & sessions)])


def count_session(path: str | Path) -> dict[str, Any]:
    """Count one session.

    Args:
        path: The session's file; its sub-agent files are found from there.

    Returns:
        ``file``, ``companions`` (how many), ``malformed`` (lines that are no JSON object), and, over distinct user and
        assistant records: ``records``, ``tool_calls`` (distinct ids), ``tool_failures`` (calls whose result is an
        error, denied ones included), ``tool_calls_open`` (without result), ``results_without_call``, ``model_calls``,
        ``input_tokens`` (cache creation and reading included), ``cache_creation_tokens``, ``cache_read_tokens``,
        ``output_tokens``, ``tool_ms`` (from each call's record to its result's, added up), ``sub_agents``,
        ``duration_ms`` (last minus first time, None without times).

    Raises:
        OSError: A file cannot be read.
    """
    path = Path(path)
    tally, malformed, companions = _Tally(), 0, companions_of(path)
    for file in (path, *companions):
        for number, record in _lines(file):
            if record is None:
                malformed += 1
            else:
                tally.add(record, f"{file}:{number}")
    return {"file": str(path), "companions": len(companions), "malformed": malformed, **tally.summary()}


def sessions_in(paths: Iterable[Path]) -> list[Path]:
    """Give the session files among files and directories: every ``*.jsonl`` that is no sub-agent file of another."""
    given = sorted({file for path in paths for file in (path.rglob("*.jsonl") if path.is_dir() else (path,))})
    candidates = [file for file in given if file.name != "journal.jsonl"]
    # Only files named as sub-agents' are nobody's session; looking from the others finds them all.
    taken = {near for file in candidates if not file.name.startswith("agent-") for near in companions_of(file)}
    return [file for file in candidates if file not in taken]


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [("file", *_COLUMNS), *((row["file"], *(str(row[name]) for name in _COLUMNS)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts of the given sessions.

    Args:
        arguments: Command line without the program's name; None for the process's own.

    Returns:
        Exit status 0.
    """
    parser = argparse.ArgumentParser(description="Count Claude Code sessions from their raw files.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE|DIR")
    parser.add_argument("--json", action="store_true", help="one JSON object per session instead of a table")
    options = parser.parse_args(arguments)
    rows = [count_session(path) for path in sessions_in(options.paths)]
    output = "\n".join(json.dumps(row) for row in rows) if options.json else _table(rows)
    sys.stdout.write(f"{output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
