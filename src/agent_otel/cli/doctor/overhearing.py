"""What the stock exporters log in, why they failed out: they answer with success or failure and no more.

Only classes of exceptions, status codes and the like are taken from a log record, never its text: that may hold the
address with a credential in it. For the same reason nothing of it is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import logging
import threading
from typing import Any, Final

__all__ = ["Overheard", "overhearing", "root_of"]

_SDK: Final = "opentelemetry"
_FILTERED: Final = "opentelemetry.exporter.otlp.proto.grpc.exporter"
_CONNECTIONS: Final = "urllib3.connectionpool"
_ANSWERED: Final = '%s://%s:%s "%s %s %s" %s %s'  # urllib3's line for each answer: its seventh value is the status
_ANSWER_STATUS: Final = 6
_Tell = Callable[[str], None]


class Overheard(logging.Handler):
    """Tells each thread that asks for it the first reason that is logged there."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._listeners: dict[int, _Tell] = {}

    @contextmanager
    def here(self, tell: _Tell) -> Iterator[None]:
        """Call ``tell`` with each reason that the current thread logs within the block."""
        ident = threading.get_ident()
        self._listeners[ident] = tell
        try:
            yield
        finally:
            del self._listeners[ident]

    def emit(self, record: logging.LogRecord) -> None:
        """Take the reason from a log record, if it holds one."""
        self.note(record)

    def note(self, record: logging.LogRecord) -> bool:
        """Do the same as a filter, which lets everything pass."""
        tell = self._listeners.get(record.thread or 0)
        reason = _reason(record)
        if tell is not None and reason is not None:
            tell(reason)
        return True


@contextmanager
def overhearing() -> Iterator[Overheard]:
    """Listen to the loggers of the SDK and of its connections within the block; nothing that they log is printed."""
    heard = Overheard()
    root = logging.getLogger()
    levels = {_SDK: logging.WARNING, _CONNECTIONS: logging.DEBUG}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    root.addHandler(heard)
    # That logger has a filter of its own that drops what resembles the last record: two sinks that fail alike.
    filters = logging.getLogger(_FILTERED).filters
    filters.insert(0, heard.note)
    try:
        yield heard
    finally:
        root.removeHandler(heard)
        filters.remove(heard.note)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def root_of(error: BaseException) -> BaseException:
    """Give what an exception was raised for in the end; urllib3 keeps it in ``reason`` or among the arguments."""
    seen: set[int] = set()
    found = error
    while id(found) not in seen:
        seen.add(id(found))
        inner = (getattr(found, "reason", None), *reversed(found.args), found.__cause__, found.__context__)
        found = next((cause for cause in inner if isinstance(cause, BaseException)), found)
    return found


def _reason(record: logging.LogRecord) -> str | None:
    values = record.args if isinstance(record.args, tuple) else ()
    if record.name == _CONNECTIONS:
        if record.msg != _ANSWERED or len(values) <= _ANSWER_STATUS:
            return None
        return _of_status(values[_ANSWER_STATUS])
    if not record.name.startswith(f"{_SDK}."):
        return None
    return next(filter(None, map(_of_value, values)), None)


def _of_value(value: Any) -> str | None:
    if isinstance(value, BaseException):
        return type(root_of(value)).__name__
    if type(value).__name__ == "StatusCode":  # gRPC's, which need not be imported for it
        return str(value.name)
    return _of_status(value)


def _of_status(value: Any) -> str | None:
    """Give the reason that an HTTP status is: any but 2xx, redirects too, which stock exporters take for success."""
    return f"status {value}" if isinstance(value, int) and 300 <= value <= 599 else None
