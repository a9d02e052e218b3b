"""What a port speaks that does not understand what it was sent: HTTP/1 or HTTP/2 (gRPC), with TLS or without.

Asked only after an export failed, so that a healthy endpoint sees no odd connections.
"""

from __future__ import annotations

import socket
import ssl
from typing import Final, Literal

from agent_otel.cli.doctor.address import GRPC, Address

__all__ = ["Spoken", "spoken_at"]

Spoken = Literal["http/1.1", "http/2", "tls", "plain", ""]

# RFC 9113, 3.4: what an HTTP/2 client begins with, and an empty SETTINGS frame.
_HTTP2: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_HTTP1: Final = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_SETTINGS: Final = 4
_FRAME_HEAD: Final = 9
_ENOUGH: Final = 512
_TIMEOUT_S: Final = 1.0  # of each of at most three connections


def spoken_at(address: Address) -> Spoken:
    """Find out what is spoken at an address. Never raises; takes three seconds at most.

    Args:
        address: One that a TCP connection could be made to.

    Returns:
        ``tls`` if an unencrypted address speaks TLS, ``plain`` for the opposite, else the version of HTTP; empty if
        that cannot be told.
    """
    if address.host is None:
        return ""
    where = (address.host, address.port)
    opening = _HTTP2 if address.protocol == GRPC else _HTTP1
    answer = _answer(where, opening)
    http = _version(answer)
    if address.encrypted:
        chosen = _handshake(where, ["h2" if address.protocol == GRPC else "http/1.1"])
        if chosen is None:
            return "plain" if http and not _wants_tls(answer) else _other_over_tls(where, address)
        return "http/1.1" if address.protocol == GRPC and not chosen else chosen  # who speaks gRPC agrees on h2
    if http and not _wants_tls(answer):
        return http
    return "tls" if _handshake(where, []) is not None else ""


def _answer(where: tuple[str, int], opening: bytes) -> bytes:
    answer = b""
    try:
        with socket.create_connection(where, _TIMEOUT_S) as connection:
            connection.sendall(opening)
            while len(answer) < _ENOUGH and (part := connection.recv(_ENOUGH)):
                answer += part
                if _version(answer) == "http/2":
                    break
    except OSError:
        pass
    return answer


def _version(answer: bytes) -> Spoken:
    if answer.startswith((b"HTTP/", b"<")):  # the latter as HTTP/0.9, from servers that take the opening for it
        return "http/1.1"
    if len(answer) >= _FRAME_HEAD and answer[3] == _SETTINGS:
        return "http/2"
    return ""


def _wants_tls(answer: bytes) -> bool:
    """Whether it is what servers say on an encrypted port to who does not encrypt (Go, nginx, Apache)."""
    return b"HTTPS" in answer or b"SSL" in answer


def _other_over_tls(where: tuple[str, int], address: Address) -> Spoken:
    return _handshake(where, ["http/1.1" if address.protocol == GRPC else "h2"]) or ""


def _handshake(where: tuple[str, int], offered: list[str]) -> Spoken | None:
    """Shake hands without asking who it is; gives what was agreed on, empty if nothing, None if that is no TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if offered:
        context.set_alpn_protocols(offered)
    try:
        with (
            socket.create_connection(where, _TIMEOUT_S) as connection,
            context.wrap_socket(connection, server_hostname=where[0]) as encrypted,
        ):
            chosen = encrypted.selected_alpn_protocol()
    except (OSError, ValueError):
        return None
    return "http/2" if chosen == "h2" else "http/1.1" if chosen == "http/1.1" else ""
