"""Last wills of what is open: each call that has been open for a moment gets one, and a newer one now and then.

Made on the spool's thread. The agent's thread only appends the call that begins to a queue.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
import time
from typing import Final

from agent_otel.bridge.calls import Call
from agent_otel.correlate import CorrelationLimits, Correlator, Operation
from agent_otel.emit import SpanEmitter
from agent_otel.processors.last_wills import LastWills
from agent_otel.project import span_of

__all__ = ["WillWriter"]

_MOMENT_NS: Final = 10_000_000  # most calls are over by then, and need no will
_RENEWAL_NS: Final = 10_000_000_000  # so that a will does not end long before its process did
_MOST: Final = 10_000
_Key = tuple[int, int]


class WillWriter:
    """Makes wills of calls that are open.

    Args:
        wills: Where they go.
        emitter: Makes their spans.
        namespace: Of derived ids.
        fault: Counts a fault of our own.
    """

    def __init__(self, wills: LastWills, emitter: SpanEmitter, namespace: str, fault: Callable[[], None]) -> None:
        self._wills = wills
        self._emitter = emitter
        self._namespace = namespace
        self._fault = fault
        self._limits = CorrelationLimits()
        self._begun: deque[tuple[Call, int]] = deque(maxlen=_MOST)  # and when: a handle may be entered again
        self._open: OrderedDict[_Key, tuple[Call, int]] = OrderedDict()  # and when its will was made

    def begun(self, call: Call) -> None:
        """Take a call that began. Called on the agent's thread."""
        self._begun.append((call, call.start_ns))

    def forget(self) -> None:
        """Begin anew, in a forked child."""
        self._begun.clear()
        self._open.clear()

    def make(self) -> None:
        """Make the wills that are due."""
        now_ns = time.time_ns()
        while self._begun and abs(now_ns - self._begun[0][1]) >= _MOMENT_NS:
            self._consider(self._begun.popleft()[0], now_ns)
        while self._open:
            key, (call, made_ns) = next(iter(self._open.items()))
            if 0 <= now_ns - made_ns < _RENEWAL_NS:
                break
            del self._open[key]
            self._consider(call, now_ns)

    def _consider(self, call: Call, now_ns: int) -> None:
        key = call.key
        if key is None or key in self._open or call.is_over:
            return
        # Said first and asked then: an end that comes from now on knows that it has to wait for the disk.
        self._wills.begin(*key)
        if call.is_over or call.key != key:
            self._wills.abandon(*key)
            return
        try:
            is_made = self._make(call, key)
        except Exception:  # noqa: BLE001  a call of which no will can be made must not cost the others theirs
            is_made = False
            self._fault()
        if not is_made:
            self._wills.abandon(*key)
            return
        self._open[key] = call, now_ns
        if len(self._open) > _MOST:
            self._open.popitem(last=False)

    def _make(self, call: Call, key: _Key) -> bool:
        """Make a will; gives whether there is one: not of what is not sampled, or was entered again meanwhile."""
        event, around = call.as_interrupted()
        if (int(event.ids.trace or "0", 16), int(event.ids.span or "0", 16)) != key:
            return False
        outputs = Correlator(self._namespace, self._limits).feed(event, around).outputs
        made = [self._emitter.emit(span_of(output)) for output in outputs if isinstance(output, Operation)]
        return any(context is not None for context in made)
