"""Members of a raw record, read leniently: a wrong type spoils that member, not the record. And a bounded table."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
import re
from typing import Any, Final, Generic, TypeVar

from agent_otel.model import MAX_TIME_NS, parse_rfc3339

__all__ = [
    "MAX_COUNT",
    "SUB_AGENT",
    "Recent",
    "agent_type_of",
    "count_of",
    "lineage_of",
    "object_of",
    "request_id_of",
    "session_of",
    "text_of",
    "time_of",
]

V = TypeVar("V")

MAX_COUNT: Final = MAX_TIME_NS  # 2**63-1: what an attribute can hold
SUB_AGENT: Final = "sub-agent"
_LONG_KEY: Final = 128
_AGENT_TYPE: Final = re.compile(r"[A-Za-z0-9 _.:/-]{1,64}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_LINEAGE: Final = {"version": re.compile(r"[0-9A-Za-z.+-]{1,40}"), "entrypoint": re.compile(r"[0-9A-Za-z_-]{1,40}")}


def text_of(record: Mapping[str, Any], name: str) -> str | None:
    """Give a member that is text; None for an empty one and for anything else."""
    value = record.get(name)
    return value if isinstance(value, str) and value else None


def count_of(record: Mapping[str, Any], name: str) -> int | None:
    """Give a member that is a count, cut to 2**63-1; None for anything else, negative and boolean values included."""
    value = record.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return min(value, MAX_COUNT)


def object_of(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a member that is an object, an empty one for anything else."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def time_of(record: Mapping[str, Any]) -> int | None:
    """Give the time of a record as Unix nanoseconds; None where it has none that can be read."""
    text = record.get("timestamp")
    if not isinstance(text, str):
        return None
    try:
        return parse_rfc3339(text)
    except ValueError:
        return None


def session_of(record: Mapping[str, Any]) -> str | None:
    """Give the session of a record; agents of a workflow append their own name to it after ``#``."""
    session = text_of(record, "sessionId")
    return session.partition("#")[0] or None if session is not None else None


def lineage_of(record: Mapping[str, Any]) -> dict[str, str | int | float | bool]:
    """Give version and entry point, if they look like it. Paths and branches stay where they are."""
    found: dict[str, str | int | float | bool] = {}
    for name, shape in _LINEAGE.items():
        value = record.get(name)
        if isinstance(value, str) and shape.fullmatch(value):
            found[name] = value
    return found


def agent_type_of(record: Mapping[str, Any], name: str) -> str | None:
    """Give the type of an agent, a name; what the model wrote there and looks like none is only a sub-agent."""
    value = text_of(record, name)
    return value if value is None or _AGENT_TYPE.fullmatch(value) else SUB_AGENT


def request_id_of(record: Mapping[str, Any]) -> str | None:
    """Give the provider's id of a request, if it looks like one."""
    value = text_of(record, "requestId")
    return value if value is not None and _REQUEST_ID.fullmatch(value) else None


class Recent(Generic[V]):
    """A table that forgets its oldest entries, so that a file of any length needs bounded memory.

    Args:
        limit: Entries that are kept. A long id is kept as its digest.
    """

    def __init__(self, limit: int) -> None:
        self._entries: OrderedDict[str, V] = OrderedDict()
        self._limit = limit

    def get(self, key: str) -> V | None:
        """Look up an entry."""
        return self._entries.get(_short(key))

    def put(self, key: str, value: V) -> None:
        """Write an entry, and forget the oldest one if there is no room."""
        self._entries[_short(key)] = value
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def pop(self, key: str) -> V | None:
        """Take an entry out."""
        return self._entries.pop(_short(key), None)

    def __contains__(self, key: str) -> bool:
        return _short(key) in self._entries

    def __len__(self) -> int:
        return len(self._entries)


def _short(key: str) -> str:
    if len(key) <= _LONG_KEY:
        return key
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
