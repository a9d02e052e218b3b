"""A scan in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from agent_otel.cli.scanning.accounts import SinkAccount

__all__ = ["number_of", "sink_verdict", "verdict"]


def verdict(accounts: Sequence[SinkAccount]) -> str:
    """Say what would leave, through all sinks.

    Args:
        accounts: Of every sink.
    """
    if not accounts:
        return "nothing leaves: no exporter is set"
    if len(accounts) == 1:
        return sink_verdict(accounts[0])
    return "; ".join(f"{account.name}: {sink_verdict(account).replace('; ', ', ')}" for account in accounts)


def sink_verdict(account: SinkAccount) -> str:
    """Say what would leave through one sink: ``nothing raw leaves; 12 secrets hidden in 340 tool calls; 0 left``."""
    hidden, left, in_raw = (sum(counts.values()) for counts in (account.hidden, account.left, account.left_raw))
    parts = [_content(account), f"{number_of(hidden, 'secret')} hidden in {number_of(account.tool_calls, 'tool call')}"]
    if in_raw:
        parts.append(f"{number_of(in_raw, 'secret')} IN RAW CONTENT")
    parts.append(f"a second look finds {left} left" if not left else f"a second look finds {left} LEFT")
    return "; ".join(parts)


def _content(account: SinkAccount) -> str:
    if account.pieces_raw:
        return f"RAW CONTENT LEAVES, {number_of(account.pieces_raw, 'piece')}"
    modes = {mode for kind in account.kinds.values() for mode in kind.modes if kind.modes[mode]}
    if not any(mode.has_text for mode in modes):
        return "no text of any content leaves"
    return "nothing raw leaves"


def number_of(count: int, word: str) -> str:
    """Write a count with its word, in the plural where it is one."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
