"""``Splitter``: a batch in, requests that fit and a verdict out. No network: both protocols send through it.

Requests stay under a limit of bytes. What an endpoint refuses is halved until the offender stands alone; that one is
refused, the rest goes. The batch is gone through in order, so that what is settled is always a head of it.

A lone refusal counts only if the endpoint takes something else in the same call: another item or, where there was none
yet, the empty request, which an OTLP endpoint SHOULD accept (specification, "Full Success"). An endpoint that takes
nothing has not judged the data; it is a wrong path, a proxy or a port of something else, and that is trouble: nothing
is refused then. If it refuses the empty request, the next items may still prove it well, up to three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import time
from typing import Final, cast

from attrs import define, evolve, field, frozen

from agent_otel.delivery.item import Item, Signal
from agent_otel.delivery.otlp.answer import Answer, Refused, Taken
from agent_otel.delivery.otlp.request import RequestSize, at_most, size_of
from agent_otel.delivery.sink import FailureKind, SinkFailure, SinkVerdict

__all__ = ["MAX_REQUESTS", "MAX_REQUEST_BYTES", "Send", "Splitter", "Stub"]

# Sends items in one request within so many seconds; what it raises is trouble. No items make the empty request.
Send = Callable[[Sequence[Item], float], Answer]
# Gives a smaller item in the place of one that is too large, whenever that one is sent; None if it cannot.
Stub = Callable[[Item], "Item | None"]

# Collectors and gRPC servers accept 4 MiB of message by default; the margin is for those that count framing too.
MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024 - 64 * 1024
MAX_REQUESTS: Final = 128  # per call; to find one offender among n items takes log2(n) + 1
_UNPROVEN: Final = 3  # lone items that are refused before an endpoint that took nothing is called broken
_LATER: Final = SinkFailure(kind=FailureKind.NOT_NOW, reason="out of time", retry_after_s=0.0)


class Splitter:
    """Delivers batches to one endpoint. Not for use by several threads at once.

    Args:
        send: Sends one request.
        signal: What the endpoint takes; items of the other signal are refused.
        max_bytes: Bytes of a request, before compression.
        raw: Whether items go in their raw form, if they have one.
        stub: What goes in the place of an item that is too large by itself; None means that it is refused.
        clock: Seconds, for deadlines.
    """

    def __init__(
        self,
        send: Send,
        *,
        signal: Signal,
        max_bytes: int = MAX_REQUEST_BYTES,
        raw: bool = False,
        stub: Stub | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._signal = signal
        self._max_bytes = max_bytes
        self._raw = raw
        self._make_stub = stub
        self._clock = clock
        self._late: _Late | None = None

    def deliver(self, items: Sequence[Item], timeout_s: float) -> SinkVerdict:
        """Send a batch.

        Args:
            items: In order.
            timeout_s: Seconds that all requests may take together. One more is sent only if it may last as long as the
                longest so far; what is left then is to be sent again at once.
        """
        if not items:
            return SinkVerdict(settled=0)
        parts = self._fitting(items)
        late, self._late = self._late or _Late(width=len(items)), None
        course = _Course(self._send, self._clock, self._clock() + timeout_s, Taken() if late.is_proven else None)
        if late.lacks_proof:
            course.prove(final=True)
        width = min(late.width, len(items))
        pending = [(start, end) for start, end in ((width, len(items)), (0, width)) if start < end]  # the next one last
        while pending and course.failure is None:
            start, end = pending.pop()
            cut = self._cut(parts, start, end)
            if cut < end:
                pending.append((cut, end))
            part = parts[start]
            if isinstance(part, str):
                course.refuse(start, part)
                continue
            answer = course.ask([kept for kept in parts[start:cut] if not isinstance(kept, str)])
            if isinstance(answer, Refused) and cut - start > 1:
                middle = (start + cut) // 2
                pending += [(middle, cut), (start, middle)]
            elif (
                isinstance(answer, Refused) and answer.for_size and part is items[start] and (stub := self._stub(part))
            ):
                parts[start] = stub  # the endpoint takes less than our limit
                pending.append((start, cut))
            else:
                course.note(start, cut, answer)
            self._late = course.late(cut - start)
        return course.verdict()

    def _fitting(self, items: Sequence[Item]) -> list[Item | str]:
        """Give the items as they can be sent, or why they cannot."""
        if {item.envelope.signal for item in items} == {self._signal} and self._is_little(items):
            return list(items)
        return [self._fitted(item) for item in items]

    def _fitted(self, item: Item) -> Item | str:
        if item.envelope.signal != self._signal:
            return "wrong signal"
        if size_of([item], raw=self._raw) <= self._max_bytes:
            return item
        return self._stub(item) or "too large"

    def _stub(self, item: Item) -> Item | None:
        try:
            stub = self._make_stub(item) if self._make_stub is not None else None
        except Exception:  # noqa: BLE001  whatever it is, the item has no stub
            return None
        return stub if stub is not None and size_of([stub], raw=self._raw) <= self._max_bytes else None

    def _is_little(self, items: Sequence[Item]) -> bool:
        """Tell at a glance that items fit into one request; nearly always they do."""
        return at_most(items, raw=self._raw) <= self._max_bytes

    def _cut(self, parts: Sequence[Item | str], start: int, end: int) -> int:
        """Give where a request ends that begins at ``start``: before what does not fit in, ``end`` at the latest."""
        if str not in map(type, parts[start:end]) and self._is_little(cast("Sequence[Item]", parts[start:end])):
            return end
        size = RequestSize(raw=self._raw)
        for position in range(start, end):
            part = parts[position]
            if isinstance(part, str) or size.add(part) > self._max_bytes:
                return max(position, start + 1)
        return end


@frozen
class _Late:
    """Where a call ran out of time; the next one goes on there, else a slow endpoint would never come to an end.

    Args:
        width: How many items its next request would have had.
        is_proven: Whether the endpoint took something.
        lacks_proof: Whether it was to be asked for proof that it does.
    """

    width: int
    is_proven: bool = False
    lacks_proof: bool = False


@define
class _Course:
    """What became of a batch so far, and how much time is left for it."""

    send: Send
    clock: Callable[[], float]
    deadline: float
    _took: Taken | None  # all that was taken in one, the empty request too
    failure: SinkFailure | None = None
    _settled: int = 0
    _refused: list[tuple[int, str]] = field(factory=list)
    _unproven: list[int] = field(factory=list)  # positions that were refused before anything was taken
    _sent: int = 0
    _longest: float = 0.0

    def ask(self, items: Sequence[Item]) -> Answer:
        """Send a request, if there is time for it."""
        began = self.clock()
        if self._sent and (began + self._longest >= self.deadline or self._sent >= MAX_REQUESTS):
            return _LATER
        self._sent += 1
        try:
            return self.send(items, self.deadline - began)
        except Exception as error:  # noqa: BLE001  nothing may leave a sink, whatever is wrong with it
            return SinkFailure(kind=FailureKind.TROUBLE, reason=type(error).__name__)
        finally:
            self._longest = max(self._longest, self.clock() - began)

    def note(self, start: int, end: int, answer: Answer) -> None:
        """Note the answer to a request with the items from ``start`` to ``end``; to a refusal, there is only one."""
        if isinstance(answer, Taken):
            self._accept(end, answer)
        elif isinstance(answer, Refused):
            self._judge(start, answer)
        else:
            self.failure = answer

    def _accept(self, settled: int, taken: Taken) -> None:
        """Note that the endpoint took what lies before ``settled``, or the empty request."""
        before = self._took or Taken()
        self._took = evolve(
            taken,
            partial_count=before.partial_count + taken.partial_count,
            partial_message=before.partial_message or taken.partial_message,
        )
        self._settled = settled

    def refuse(self, position: int, reason: str) -> None:
        """Note that an item is refused for good."""
        self._refused.append((position, reason))
        self._settled = position + 1

    def _judge(self, position: int, refused: Refused) -> None:
        """Note that the endpoint refuses an item that stood alone; asks it for proof that it takes anything."""
        self.refuse(position, refused.reason)
        if self._took is not None:
            return
        self._unproven.append(position)
        if len(self._unproven) == 1:
            self.prove()
        elif len(self._unproven) >= _UNPROVEN:
            self.failure = _broken(refused.reason)

    def prove(self, *, final: bool = False) -> None:
        """Send the empty request; ``final`` if nothing else may prove that the endpoint takes anything."""
        answer = self.ask(())
        if isinstance(answer, Taken):
            self._accept(self._settled, answer)
        elif isinstance(answer, SinkFailure):
            self.failure = answer
        elif final:
            self.failure = _broken(answer.reason)

    def late(self, width: int) -> _Late | None:
        """Say where to go on if time ran out; ``width`` is how many items the next request would have."""
        if self.failure is not _LATER:
            return None
        return _Late(width, is_proven=self._took is not None, lacks_proof=bool(self._unproven) and self._took is None)

    def verdict(self) -> SinkVerdict:
        """Say what is settled."""
        settled, failure = self._settled, self.failure
        if self._unproven and self._took is None:
            settled = self._unproven[0]
            failure = failure or _broken(dict(self._refused)[settled])
        took = self._took or Taken()
        return SinkVerdict(
            settled=settled,
            refused=tuple((position, reason) for position, reason in self._refused if position < settled),
            failure=failure,
            partial_count=took.partial_count,
            partial_message=took.partial_message,
        )


def _broken(reason: str) -> SinkFailure:
    return SinkFailure(kind=FailureKind.TROUBLE, reason=f"{reason} for everything")
