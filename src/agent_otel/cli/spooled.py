"""``agent-otel flush`` and ``agent-otel spool``: what a spool directory holds, and delivering it."""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path
import sys
import time
from typing import Any

from agent_otel.cli.status import Status
from agent_otel.delivery.spool import SpooledItem, SpoolFile, drop_spool, list_spools, read_spool
from agent_otel.model import UsageError
from agent_otel.setup import Settings, build_telemetry, read_settings

__all__ = ["drop_file", "flush_spool", "show_file", "show_spools"]

_POLL_S = 0.05
_NANOS = 1_000_000_000


def _directory(settings: Settings) -> Path:
    if settings.spool is None:
        raise UsageError("AGENT_OTEL_SPOOL is not set: set it to the directory in which the agents keep their spools")
    return settings.spool


def flush_spool(environ: Mapping[str, str], *, timeout_s: float, as_json: bool) -> Status:
    """Deliver what dead processes left, under the endpoint and the policy for which it was filtered.

    Args:
        environ: Environment variables: as for the agents.
        timeout_s: Seconds to try at most.
        as_json: Whether standard output gets one JSON object.

    Raises:
        AgentOtelError: If there is no directory, or a setting cannot be used.
    """
    settings = read_settings(environ)
    _directory(settings)
    telemetry = build_telemetry(environ, settings, recorded=True)
    spooling = telemetry.spooling
    deadline = time.monotonic() + timeout_s
    held: dict[str, int] = {}
    try:
        if spooling is not None:
            while spooling.adopt():
                held = spooling.held_back
            while time.monotonic() < deadline and not spooling.is_drained():
                if any(outbox.failed_in_a_row > 2 for outbox in telemetry.outboxes):
                    break
                for outbox in telemetry.outboxes:
                    outbox.flush(min(deadline, time.monotonic() + _POLL_S))
            held = held or spooling.held_back
    finally:
        telemetry.shutdown(min(deadline, time.monotonic() + 1.0))
    unseen = spooling.lost_of_nobody if spooling is not None else 0
    return _tell_flush(telemetry.sinks, held, list_spools(_directory(settings)), unseen=unseen, as_json=as_json)


def _tell_flush(
    sinks: Mapping[str, Mapping[str, int]],
    held: Mapping[str, int],
    files: list[SpoolFile],
    *,
    unseen: int,
    as_json: bool,
) -> Status:
    delivered = sum(books["exported"] for books in sinks.values())
    refused = unseen + sum(books["rejected"] + books["evicted"] for books in sinks.values())
    left = sum(file.amount.items for file in files if not file.owner_alive)
    alive = sum(file.owner_alive for file in files)
    if as_json:
        told = {"delivered": delivered, "refused": refused, "left": left, "held_back": dict(held), "in_use": alive}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.write(f"delivered {delivered}  refused {refused}  left {left}\n")
        for reason, count in held.items():
            sys.stdout.write(f"held back: {count} that were filtered for another {reason}\n")
        if alive:
            sys.stdout.write(f"{alive} files belong to processes that live\n")
    return Status.UNDELIVERED if refused or left else Status.OK


def show_spools(environ: Mapping[str, str], *, as_json: bool) -> Status:
    """List the files of the spool directory.

    Raises:
        AgentOtelError: If there is no directory, or it is not to be trusted.
    """
    files = list_spools(_directory(read_settings(environ)))
    if as_json:
        sys.stdout.write(json.dumps([_as_dict(file) for file in files]) + "\n")
        return Status.OK
    if not files:
        sys.stdout.write("nothing is spooled\n")
    for file in files:
        told = _as_dict(file)
        age = f", oldest {told['oldest_age_s']} s" if told["oldest_age_s"] is not None else ""
        owner = "in use" if file.owner_alive else "left behind"
        problem = f", {file.problem}" if file.problem else ""
        sys.stdout.write(
            f"{file.path.name}  {owner}: {file.amount.items} items, {file.amount.bytes:,} bytes{age}{problem}\n"
        )
    return Status.OK


def _as_dict(file: SpoolFile) -> dict[str, Any]:
    age = None if file.oldest_ns is None else max(0, (time.time_ns() - file.oldest_ns) // _NANOS)
    return {
        "file": file.path.name,
        "owner_alive": file.owner_alive,
        "items": file.amount.items,
        "bytes": file.amount.bytes,
        "oldest_age_s": age,
        "problem": file.problem,
    }


def drop_file(environ: Mapping[str, str], name: str) -> Status:
    """Delete a file of the spool directory, undelivered.

    Raises:
        AgentOtelError: If there is no such file, or its process lives.
    """
    drop_spool(_path(environ, name))
    sys.stdout.write(f"dropped {name}\n")
    return Status.OK


def show_file(environ: Mapping[str, str], name: str, *, limit: int, as_json: bool) -> Status:
    """List what one file holds, oldest first: ids, class, size and age, never content.

    Args:
        environ: Environment variables.
        name: Of the file.
        limit: How many rows at most.
        as_json: Whether standard output gets one JSON object per row.

    Raises:
        AgentOtelError: If there is no such file, or it cannot be read.
    """
    rows = read_spool(_path(environ, name), limit=limit)
    for row in rows:
        told = _row_as_dict(row)
        if as_json:
            sys.stdout.write(json.dumps(told) + "\n")
            continue
        will = "  last will" if told["last_will"] else ""
        sys.stdout.write(
            f"{told['id']}  {told['sink']}  {told['class']}  trace {told['trace_id']}  span {told['span_id']}"
            f"  {told['bytes']:,} bytes, {told['age_s']} s old{will}\n"
        )
    if not as_json and len(rows) == limit:
        sys.stdout.write(f"(the oldest {limit}; --limit shows more)\n")
    return Status.OK


def _row_as_dict(row: SpooledItem) -> dict[str, Any]:
    item = row.item
    return {
        "id": row.row_id,
        "sink": row.destination.sink_id,
        "endpoint": row.destination.endpoint_identity,
        "signal": item.envelope.signal,
        "class": item.delivery_class.name.lower(),
        "trace_id": f"{item.trace_id:032x}",
        "span_id": f"{item.span_id:016x}",
        "run_id": item.run_id,
        "content_mode": item.content_mode,
        "bytes": len(item.payload),
        "age_s": max(0, (time.time_ns() - item.enqueued_ns) // _NANOS),
        "last_will": row.will_of is not None,
    }


def _path(environ: Mapping[str, str], name: str) -> Path:
    if Path(name).name != name:
        raise UsageError(f"{name}: name a file as `agent-otel spool ls` lists it, without a directory")
    return _directory(read_settings(environ)) / name
