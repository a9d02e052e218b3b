"""The sources by name: our own, and those of third parties through the entry point group ``agent_otel_source``."""

from __future__ import annotations

from collections.abc import Sequence
import difflib
from importlib import import_module, metadata
from typing import Any, cast

from agent_otel.model import SourceError, UnknownSource
from agent_otel.sources.protocol import Source

__all__ = ["ENTRY_POINT_GROUP", "detect_source", "load_source", "source_names"]

ENTRY_POINT_GROUP = "agent_otel_source"

# Imported on first use: a live bridge that is fed by its own API needs none of them.
_BUILT_IN: dict[str, tuple[str, str]] = {
    "bamboo": ("agent_otel.sources.bamboo", "BambooSource"),
    "claude-code": ("agent_otel.sources.claude_code", "ClaudeCodeSource"),
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
        made: Any = getattr(import_module(module), attribute)()
    else:
        entry = _entry_points().get(name)
        if entry is None:
            known = source_names()
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise UnknownSource(f"no source is named {name!r}.{hint} Installed: {', '.join(known)}; or auto")
        try:
            found = entry.load()
            made = found() if isinstance(found, type) else found
        except Exception as error:
            raise SourceError(f"source {name!r} does not load: {type(error).__name__} in {entry.value}") from error
        if not isinstance(made, Source):
            raise SourceError(f"source {name!r} ({entry.value}) does not have what agent_otel.sources.Source asks for")
    _loaded[name] = cast("Source", made)
    return _loaded[name]


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
