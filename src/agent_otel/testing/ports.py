"""Ports on loopback that are taken and do not listen: whoever connects to one is refused."""

from __future__ import annotations

import socket
import struct

__all__ = ["RESET_ON_CLOSE", "held_port", "port_of"]

# A socket option: closing sends RST, and what was not read yet on either side is lost.
RESET_ON_CLOSE = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def held_port(port: int = 0) -> socket.socket:
    """Bind a port without listening on it.

    Args:
        port: Which; 0 means that the system chooses.
    """
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # So that a port which was listened on a moment ago can be taken again while its last connections fade.
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", port))
    return taken


def port_of(taken: socket.socket) -> int:
    """Give the number of a port."""
    port: int = taken.getsockname()[1]
    return port
