"""What the agent's own signal handlers raise while they find us at work: the agent's, never ours to swallow.

In comes an exception that was caught in our code; out goes whether a handler of a signal raised it. A handler runs
between any two steps of the main thread, so a timeout made of SIGALRM may arise in the midst of ``record()``.
"""

from __future__ import annotations

from functools import partial
import signal
from types import CodeType
from typing import Any

__all__ = ["of_signal_handler", "place_of"]


def of_signal_handler(error: BaseException) -> bool:
    """Say whether a signal handler that the agent has installed raised an exception, rather than a fault of ours.

    Args:
        error: What was caught. A handler's frame in its traceback says it; a handler without a frame is not seen.
    """
    handlers = _handlers()
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def place_of(error: BaseException) -> str:
    """Say what was raised, and in which function and line: what a report of a fault needs, and no content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}{where}"


def _handlers() -> set[CodeType]:
    installed = (signal.getsignal(number) for number in signal.valid_signals())
    return {code for code in map(_code_of, installed) if code is not None}


def _code_of(handler: Any) -> CodeType | None:
    """Give the code that a handler runs: a function's, a method's, or that of an object that can be called."""
    while isinstance(handler, partial):
        handler = handler.func
    if not callable(handler):  # SIG_DFL, SIG_IGN, or one that is not of Python
        return None
    codes = (getattr(candidate, "__code__", None) for candidate in (handler, type(handler).__call__))
    return next((code for code in codes if isinstance(code, CodeType)), None)
