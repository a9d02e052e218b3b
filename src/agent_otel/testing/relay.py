"""TCP in front of a server that cannot break its own connections: bytes in, bytes out, until told otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any, TypeVar

from agent_otel.testing.ports import RESET_ON_CLOSE, held_port, port_of

__all__ = ["Relay"]

T = TypeVar("T")


class _Side(asyncio.Protocol):
    """One side of a relayed connection: what comes in here goes out there."""

    def __init__(self, made: Callable[[_Side], None], lost: Callable[[_Side], None]) -> None:
        self._made = made
        self._lost = lost
        self.transport: Any = None
        self.other: _Side | None = None
        self._early: list[bytes] = []  # what came before the other side was reached
        self.has_ended = False  # nothing more goes out here

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._made(self)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        elif not self.other.has_ended:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        if self.other is not None:
            self.other.end()
        return True  # the other direction goes on

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost(self)
        if self.other is not None:
            self.other.transport.close()

    def meet(self, other: _Side) -> None:
        """Take another side for the other, both ways, and pass on what came before."""
        self.other, other.other = other, self
        for one, its_other in ((self, other), (other, self)):
            its_other.transport.writelines(one._early)  # noqa: SLF001  of this class
            one._early.clear()  # noqa: SLF001

    def end(self) -> None:
        """Send an end, once."""
        if not self.has_ended:
            self.has_ended = True
            self.transport.write_eof()


class Relay:
    """Listens on a port that the system chooses and passes everything on to a server, on a thread of its own.

    Args:
        port: Port of the server on loopback.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._sides: set[_Side] = set()
        self._clients: dict[int, _Side] = {}  # by the port that the server sees as theirs
        self._meetings: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._taken = held_port()
        self.port = port_of(self._taken)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="otlp-receiver-relay", daemon=True)
        self._thread.start()
        self.listen()

    def listen(self) -> None:
        """Take connections."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Hang up on every client and refuse connections; the port stays ours."""
        self._do(self._hang_up())
        self._taken = held_port(self.port)

    def reset(self, port: int) -> None:
        """Reset a client's connection.

        Args:
            port: The one that the server sees as the client's.
        """
        self._do(self._reset(port))

    def half_close(self, port: int) -> None:
        """Close our half of a client's connection and go on reading.

        Args:
            port: As for ``reset``.
        """
        self._do(self._half_close(port))

    def close(self) -> None:
        """Stop listening, hang up on every client and wait for the thread."""
        self._do(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._taken.close()

    def _do(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()

    async def _listen(self) -> None:
        self._listener = await self._loop.create_server(lambda: _Side(self._arrived, self._left), sock=self._taken)

    def _arrived(self, client: _Side) -> None:
        self._sides.add(client)
        meeting = self._loop.create_task(self._meet(client))
        self._meetings.add(meeting)
        meeting.add_done_callback(self._meetings.discard)

    async def _meet(self, client: _Side) -> None:
        try:
            made = await self._loop.create_connection(
                lambda: _Side(self._sides.add, self._left), "127.0.0.1", self._server_port
            )
        except OSError:  # the server is stopping
            client.transport.abort()
            return
        server = made[1]
        client.meet(server)
        self._clients[server.transport.get_extra_info("sockname")[1]] = client
        if client.transport.is_closing():
            server.transport.abort()

    def _left(self, side: _Side) -> None:
        self._sides.discard(side)
        for port in [port for port, client in self._clients.items() if client is side]:
            del self._clients[port]

    async def _reset(self, port: int) -> None:
        client = self._clients.get(port)
        if client is not None:  # else it has left by itself
            client.transport.get_extra_info("socket").setsockopt(*RESET_ON_CLOSE)
            client.transport.abort()

    async def _half_close(self, port: int) -> None:
        client = self._clients.get(port)
        if client is not None:
            client.end()

    async def _hang_up(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for meeting in self._meetings:
            meeting.cancel()
        while self._sides or self._meetings:  # both end in rounds of the loop of their own
            for side in list(self._sides):
                side.transport.abort()
            await asyncio.sleep(0)
