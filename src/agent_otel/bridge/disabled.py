"""What a disabled bridge gives out: the same context managers, doing nothing."""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar

__all__ = ["NO_OP", "NoOpCall"]


_T = TypeVar("_T")


class NoOpCall:
    """Stands in for runs, model calls and tool calls when ``OTEL_SDK_DISABLED=true``."""

    run_id = ""
    name = span = None

    def __enter__(self) -> NoOpCall:
        """Do nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""

    async def __aenter__(self) -> NoOpCall:
        """Do nothing."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""

    def model_call(self, **_: Any) -> NoOpCall:
        """Give itself."""
        return self

    def tool_call(self, *_: Any, **__: Any) -> NoOpCall:
        """Give itself."""
        return self

    def retrieval(self, *_: Any, **__: Any) -> NoOpCall:
        """Give itself."""
        return self

    def sub_agent(self, **_: Any) -> NoOpCall:
        """Give itself."""
        return self

    def stream(self, chunks: _T) -> _T:
        """Give the parts of a streamed answer as they are."""
        return chunks

    astream = stream

    def holds(self, *_: Any) -> bool:
        """Say that it does not."""
        return False

    def mcp_request(self, **_: Any) -> NoOpCall:
        """Give itself."""
        return self

    def _nothing(self, *_: Any, **__: Any) -> None:
        """Do nothing."""

    outcome = cost = usage = prompt = answer = response = result = found = chunk = _nothing
    took_place = request = arguments = mcp_error = _nothing


NO_OP = NoOpCall()
