"""What MCP passes around, in plain values, the same for versions 1 and 2 of the SDK: results, errors, ``_meta``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["code_of", "error_text_of", "is_error", "is_for_input", "result_of", "w3c_fields_of"]

_W3C: Final = ("traceparent", "tracestate", "baggage")
_BINARY: Final = ("data", "blob")  # base64


def result_of(result: Any) -> Any:
    """Give what a tool gave: its structured content, else its only text, else its blocks of content."""
    structured = _either(result, "structured_content", "structuredContent")
    if structured is not None:
        return structured
    blocks = _blocks_of(result)
    return blocks[0]["text"] if len(blocks) == 1 and "text" in blocks[0] else blocks


def error_text_of(result: Any) -> str:
    """Give what a tool said of its failure."""
    return "\n".join(block["text"] for block in _blocks_of(result) if isinstance(block.get("text"), str))


def is_error(result: Any) -> bool:
    """Say whether a tool's result is that it failed."""
    return _either(result, "is_error", "isError") is True


def is_for_input(result: Any) -> bool:
    """Say whether a server wants to be told more before it calls the tool."""
    return getattr(result, "result_type", None) == "input_required"


def code_of(error: Any) -> int | None:
    """Give the JSON-RPC code of an error, whoever made it; None where there is none."""
    code = getattr(getattr(error, "error", None), "code", None)
    return code if type(code) is int else None


def w3c_fields_of(meta: Any) -> dict[str, str]:
    """Give the fields of W3C Trace Context and Baggage that ``params._meta`` holds: a mapping, or the SDK's model."""
    if isinstance(meta, Mapping):
        found = {name: meta.get(name) for name in _W3C}
    else:
        found = {name: getattr(meta, name, None) for name in _W3C}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _blocks_of(result: Any) -> list[dict[str, Any]]:
    content = getattr(result, "content", None)
    return [_block(part) for part in content] if isinstance(content, Iterable) else []


def _block(part: Any) -> dict[str, Any]:
    """Give a block as it is on the wire, but of an image or a sound only how long it is."""
    block: dict[str, Any] = part.model_dump(mode="json", by_alias=True, exclude_none=True)
    resource = block.get("resource")
    for holder in (block, resource if isinstance(resource, dict) else {}):
        for key in _BINARY:
            if isinstance(holder.get(key), str):
                holder[key] = f"<{len(holder[key])} characters of base64>"
    return block


def _either(value: Any, *names: str) -> Any:
    return next((found for name in names if (found := getattr(value, name, None)) is not None), None)
