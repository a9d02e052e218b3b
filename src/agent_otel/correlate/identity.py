"""Derived ids: the same events always give the same trace.

A trace id is the first 16 bytes, a span id the first 8 bytes of SHA-256 over length-prefixed parts, so that no two
different part lists read alike. All-zero, which W3C Trace Context forbids, becomes one.
"""

from __future__ import annotations

from hashlib import sha256

__all__ = ["derive_key", "derive_span_id", "derive_trace_id", "valid_span_id", "valid_trace_id"]

_HEX = frozenset("0123456789abcdef")


def _digest(parts: tuple[str, ...]) -> bytes:
    return _sha256("".join([f"{len(part)}:{part}" for part in parts]))


def _sha256(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def derive_trace_id(namespace: str, system: str, run_key: str) -> int:
    """Derive a trace id.

    Args:
        namespace: Keeps equal run ids of two tenants apart (``AGENT_OTEL_ID_NAMESPACE``).
        system: Source system.
        run_key: What identifies the run within the system.

    Returns:
        A 128-bit integer, never zero.
    """
    return int.from_bytes(_digest((namespace, system, run_key))[:16], "big") or 1


def derive_span_id(trace_id: int, kind: str, key: str, attempt: int = 1) -> int:
    """Derive a span id within a trace.

    Args:
        trace_id: The trace.
        kind: Operation kind.
        key: What identifies the operation within the trace and kind.
        attempt: 1 for the first operation of that key, 2 for its repetition, and so on.

    Returns:
        A 64-bit integer, never zero.
    """
    number = str(attempt)  # the parts are joined as everywhere, only in one go: every span comes through here
    joined = f"32:{trace_id:032x}{len(kind)}:{kind}{len(key)}:{key}{len(number)}:{number}"
    return int.from_bytes(_sha256(joined)[:8], "big") or 1


def derive_key(*parts: str) -> int:
    """Derive a 64-bit identity for something that is no span."""
    return int.from_bytes(_digest(parts)[:8], "big")


def valid_trace_id(text: str | None) -> int | None:
    """Read a W3C trace id (32 lower-case hex digits, not all zero); None if it is none."""
    if text is None or len(text) != 32 or not _HEX.issuperset(text):
        return None
    return int(text, 16) or None


def valid_span_id(text: str | None) -> int | None:
    """Read a W3C span id (16 lower-case hex digits, not all zero); None if it is none."""
    if text is None or len(text) != 16 or not _HEX.issuperset(text):
        return None
    return int(text, 16) or None
