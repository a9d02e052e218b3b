"""Whether to send: settings in, a decision and what to tell the user out."""

from __future__ import annotations

from collections.abc import Mapping
import socket
from urllib.parse import urlsplit

from attrs import frozen

from agent_otel.setup import endpoint_is_set, is_disabled, otlp_endpoint

__all__ = ["Sending", "decide_sending"]

_PROBE_SECONDS = 0.2
_EXPORTER_VARIABLES = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER")


@frozen
class Sending:
    """Whether to send, and a line for the user if that may surprise."""

    send: bool
    notice: str | None = None


def decide_sending(environ: Mapping[str, str], *, shows: bool) -> Sending:
    """Decide whether a replay sends.

    It does, unless it shows the spans anyway, nobody named a destination, and nothing listens at the default one: then
    a missing collector is no failure.

    Args:
        environ: Environment variables.
        shows: Whether the spans are drawn on the terminal.
    """
    named = endpoint_is_set(environ) or any(environ.get(name, "").strip() for name in _EXPORTER_VARIABLES)
    if not shows or named or is_disabled(environ):
        return Sending(send=True)
    endpoint = otlp_endpoint("traces", environ)
    if _listens(endpoint):
        return Sending(send=True)
    return Sending(send=False, notice=f"nothing listens at {endpoint}: shown only, not sent")


def _listens(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    try:
        with socket.create_connection((parts.hostname or "localhost", parts.port or 80), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False
