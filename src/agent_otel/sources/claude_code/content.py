"""What people, models and tools wrote, as it leaves a record: text, or blocks without pasted files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["blocks_of", "is_usable", "snapshot_of", "text_in", "weight_of"]

_NODE: Final = 16


def is_usable(content: Any) -> bool:
    """Whether this is what a message may hold: text, or a list that is empty or has a block in it."""
    if isinstance(content, list):
        return not content or any(isinstance(block, dict) for block in content)
    return isinstance(content, str)


def blocks_of(content: Any) -> Iterator[Mapping[str, Any]]:
    """Give the blocks of a message; plain text is one block of text."""
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        for block in content:
            if isinstance(block, dict):
                yield block


def text_in(content: Any) -> str:
    """Give the text of a message, its blocks joined by line ends."""
    if isinstance(content, str):
        return content
    texts = [block.get("text") for block in blocks_of(content) if block.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str))


def snapshot_of(content: Any) -> Any:
    """Give content as it may be kept: an image or document becomes its size, for its bytes are no text."""
    return [_without_data(block) for block in content] if isinstance(content, list) else content


def _without_data(block: Any) -> Any:
    source = block.get("source") if isinstance(block, dict) else None
    if not isinstance(source, dict) or source.get("type") == "text":
        return block
    data = source.get("data")
    return {"type": block.get("type"), "bytes": len(data) * 3 // 4} if isinstance(data, str) else block


def weight_of(value: Any) -> int:
    """Estimate the memory of a JSON value, in bytes; not recursive, because values may be nested deeply."""
    weight = 0
    waiting = [value]
    while waiting:
        value = waiting.pop()
        weight += _NODE
        if isinstance(value, str):
            weight += len(value)
        elif isinstance(value, dict):
            weight += sum(len(key) for key in value if isinstance(key, str))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return weight
