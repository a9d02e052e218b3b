"""The sources by name: our own, and those of third parties through the entry point group ``agent_otel_source``."""

from __future__ import annotations

from collections.abc import Sequence
import difflib
from importlib import import_module, metadata
from typing import Any

from agent_otel.model import SourceError, UnknownSource
from agent_otel.sources.guarded import GuardedSource, fault_name, is_interrupt
from agent_otel.sources.protocol import Source

__all__ = ["ENTRY_POINT_GROUP", "detect_source", "load_source", "source_names"]

ENTRY_POINT_GROUP = "agent_otel_source"

# Imported on first use: a live bridge that is fed by its own API needs none of them.
_BUILT_IN: dict[str, tuple[str, str]] = {
    "agent-sdk": ("agent_otel.sources.agent_sdk", "AgentSdkSource"),
    "bamboo": ("agent_otel.sources.bamboo", "BambooSource"),
    "claude-code": ("agent_otel.sources.claude_code", "ClaudeCodeSource"),
    "zeroclaw": ("agent_otel.sources.zeroclaw", "ZeroClawSource"),
}
_loaded: dict[str, Source] = {}


def _entry_points() -> dict[str, metadata.EntryPoint]:
    return {entry.name: entry for entry in metadata.entry_points(group=ENTRY_POINT_GROUP)}


def source_names() -> list[str]:
    """Give the names of all sources that are installed, sorted."""
    return sorted({*_BUILT_IN, *_entry_points()})


def load_source(name: str) -> Source:
    """Give the source of that name.

    Raises:
        UnknownSource: If nothing of that name is installed; the message says which names are.
        SourceError: If a third party's entry point does not load or gives no source.
    """
    if name in _loaded:
        return _loaded[name]
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name]
        _loaded[name] = getattr(import_module(module), attribute)()
    else:
        entry = _entry_points().get(name)
        if entry is None:
            known = source_names()
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise UnknownSource(f"no source is named {name!r}.{hint} Installed: {', '.join(known)}; or auto")
        _loaded[name] = _load(entry)
    return _loaded[name]


def _load(entry: metadata.EntryPoint) -> GuardedSource:
    try:
        found: Any = entry.load()
        made = found() if isinstance(found, type) else found
    except BaseException as error:
        if is_interrupt(error):
            raise
        raise SourceError(f"source {entry.name!r} does not load: {fault_name(error)} in {entry.value}") from None
    try:
        return GuardedSource(entry.name, made)
    except SourceError as error:
        raise SourceError(f"source {entry.name!r} ({entry.value}): {error}") from None


def detect_source(records: Sequence[Any]) -> Source | None:
    """Find the source that recognises the first records of an input; the surest wins, ties go to the first by name.

    Args:
        records: The first parsed JSON values of the input; a few dozen are plenty.

    Returns:
        The source, or None when none recognises them.
    """
    best: tuple[float, Source] | None = None
    for name in source_names():
        try:
            source = load_source(name)
            sureness = source.detect(records)
        except Exception:  # noqa: S112, BLE001  a broken third-party source must not spoil the others
            continue
        if sureness > 0 and (best is None or sureness > best[0]):
            best = (sureness, source)
    return best[1] if best else None
