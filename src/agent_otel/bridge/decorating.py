"""Functions, coroutines and generators of the agent's, each call of which is told as a call or run.

What is decorated stays what it is: the same signature, results, exceptions and generator protocol. The call is current
inside, also between the steps of a generator, and never outside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Mapping
import functools
import inspect
from types import TracebackType
from typing import Any, Final

from opentelemetry.context import attach, get_current

from agent_otel.bridge.calls import Call

__all__ = ["arguments_of", "traced"]

_OWNERS: Final = ("self", "cls")
_Begin = Callable[[Mapping[str, Any]], Call]
_Keep = Callable[[Any, Any], None]


def arguments_of(function: Callable[..., Any]) -> Callable[[tuple[Any, ...], dict[str, Any]], Mapping[str, Any]]:
    """Give what names the arguments of a call of a function, without ``self`` and ``cls``; never raises."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a built-in
        return lambda _, named: named

    def named(positional: tuple[Any, ...], by_name: dict[str, Any]) -> Mapping[str, Any]:
        try:
            bound = signature.bind(*positional, **by_name).arguments
        except TypeError:  # the call itself will say so
            return by_name
        first = next(iter(bound), None)
        return {name: value for name, value in bound.items() if not (name == first and name in _OWNERS)}

    return named


def traced(function: Callable[..., Any], begin: _Begin, keep: _Keep) -> Callable[..., Any]:
    """Wrap a function.

    Args:
        function: Any function, coroutine function or generator function of either kind.
        begin: Gives the call for the arguments by name.
        keep: Is given the call and what the function gave.
    """
    named = arguments_of(function)
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, begin, named)
    if inspect.isgeneratorfunction(function):
        return _generator(function, begin, named)
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with begin(named(args, kwargs)) as call:
                result = await function(*args, **kwargs)
                keep(call, result)
            return result

        return coroutine

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        with begin(named(args, kwargs)) as call:
            result = function(*args, **kwargs)
            keep(call, result)
        return result

    return plain


class _Steps:
    """Makes a call current for as long as a generator runs, step by step."""

    def __init__(self, call: Call) -> None:
        self._outside = get_current()
        self._call = call
        call.__enter__()
        self._inside = get_current()
        attach(self._outside)

    def __enter__(self) -> None:
        self._outside = get_current()
        attach(self._inside)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside = get_current()
        if error is not None:
            is_end = isinstance(error, (StopIteration, StopAsyncIteration))
            self._call.__exit__(*((None, None, None) if is_end else (kind, error, trace)))
        attach(self._outside)


def _generator(function: Callable[..., Any], begin: _Begin, named: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    def generate(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        steps = _Steps(begin(named(args, kwargs)))
        step, given = generator.send, None
        while True:
            try:
                with steps:
                    value = step(given)
            except StopIteration as end:
                return end.value
            try:
                given = yield value
                step = generator.send
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    with steps:
                        generator.close()
                        raise
                step, given = generator.throw, error

    return generate


def _async_generator(function: Callable[..., Any], begin: _Begin, named: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    async def generate(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        generator = function(*args, **kwargs)
        steps = _Steps(begin(named(args, kwargs)))
        step, given = generator.asend, None
        while True:
            try:
                with steps:
                    value = await step(given)
            except StopAsyncIteration:
                return
            try:
                given = yield value
                step = generator.asend
            except BaseException as error:
                if isinstance(error, GeneratorExit):
                    with steps:
                        await generator.aclose()
                        raise
                step, given = generator.athrow, error

    return generate
