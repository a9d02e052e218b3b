"""Notes on last wills that were sent, one small file each, so that a later end of the run can link to that span.

Files and not a table: every process of the directory writes and reads them, and a forked child must not open a
database that its parent has open.
"""

from __future__ import annotations

from hashlib import blake2b
import os
from pathlib import Path
from typing import Final

from agent_otel.delivery.spool.directory import purge_older

__all__ = ["purge_sent_wills", "read_sent_will", "write_sent_will"]

_DIRECTORY: Final = "sent-wills"


def write_sent_will(directory: Path, run_key: str, trace_id: int, span_id: int, now_ns: int) -> None:
    """Note that the will of a run was sent.

    Args:
        directory: Of the spool.
        run_key: Key of the run.
        trace_id: Of the span that was sent.
        span_id: The same.
        now_ns: Unix time in nanoseconds.

    Raises:
        OSError: If it cannot be written.
    """
    path = _path(directory, run_key)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    text = f"{trace_id:032x} {span_id:016x}"
    draft = path.with_suffix(f".{os.urandom(8).hex()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(f"{text} {_seal(run_key, text)}\n")
    os.utime(draft, ns=(now_ns, now_ns))
    draft.replace(path)


def read_sent_will(directory: Path, run_key: str) -> tuple[int, int] | None:
    """Give trace and span id of a run's will if it was sent.

    Args:
        directory: Of the spool.
        run_key: Key of the run.
    """
    try:
        text = _path(directory, run_key).read_text(encoding="ascii")
        trace, span, seal = text.split()
        ids = int(trace, 16), int(span, 16)
    except (OSError, ValueError):
        return None
    return ids if seal == _seal(run_key, f"{trace} {span}") else None


def purge_sent_wills(directory: Path, before_ns: int) -> None:
    """Forget notes that were written before a time, in Unix nanoseconds."""
    purge_older(directory / _DIRECTORY, "*", before_ns)


def _path(directory: Path, run_key: str) -> Path:
    return directory / _DIRECTORY / f"{_digest(run_key)}.will"


def _seal(run_key: str, text: str) -> str:
    return _digest(f"{run_key} {text}")


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
