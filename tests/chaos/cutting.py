"""TCP in front of a server that resets its first clients in the midst of what they send."""

from __future__ import annotations

from contextlib import suppress
import socket
import threading

from agent_otel.testing.ports import RESET_ON_CLOSE, port_of

_CHUNK = 2048


class CuttingProxy:
    """Passes everything on, but resets some clients.

    Args:
        server_port: Where to pass it on to, on loopback.
        cuts: How many clients are reset.
        after_bytes: Once they have sent so much.
    """

    def __init__(self, server_port: int, *, cuts: int, after_bytes: int) -> None:
        self._server_port = server_port
        self._left = cuts
        self._after_bytes = after_bytes
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.port = port_of(self._listener)
        self._start(self._listen)

    @property
    def is_done(self) -> bool:
        """Whether all cuts have been made."""
        return self._left == 0

    def __enter__(self) -> CuttingProxy:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *list(self._open)):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _start(self, work, *given) -> None:
        threading.Thread(target=work, args=given, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._open |= {client, server}
                self._start(self._pass_on, client, server, True)
                self._start(self._pass_on, server, client, False)

    def _pass_on(self, source: socket.socket, sink: socket.socket, may_cut: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                passed += len(data)
                if may_cut and passed > self._after_bytes and self._takes_a_cut():
                    source.setsockopt(*RESET_ON_CLOSE)
                    source.close()
                    break
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def _takes_a_cut(self) -> bool:
        with self._lock:
            if self._left == 0:
                return False
            self._left -= 1
            return True
