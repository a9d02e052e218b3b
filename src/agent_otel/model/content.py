"""Content: text or values that people or models wrote, and that therefore may hold secrets."""

from __future__ import annotations

import json as standard_json
from typing import Any, Final

from attrs import field, frozen

__all__ = ["Content", "JsonContent"]


@frozen
class Content:
    """One piece of content, kept apart from attributes so that it cannot leave by accident.

    Neither ``repr`` nor ``str`` shows the value, and nothing here logs it.

    Args:
        value: Text or a JSON value. Treated as immutable: whoever builds it hands over a snapshot.
        permitted_by_source: Whether the source system allows the raw value to leave (rule R51: one gate of several).
        reference: Where the host stored the content, if it did (mode ``payload_refs``).
        is_cut: Whether it was cut to a size limit when it was taken.
        tools: Names of tools, in lower case, that it comes from beside that of its operation: an error that passed on.
    """

    value: Any = field(repr=False)
    permitted_by_source: bool = False
    reference: str | None = field(default=None, repr=False)
    is_cut: bool = False
    tools: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Content(<{type(self.value).__name__}>)"


class JsonContent(Content):
    """Content that came as JSON text, compact: its value is read when somebody asks, which few do.

    Args:
        json: The text.
    """

    __slots__ = ("_read", "json")

    json: str
    _read: Any

    def __init__(self, json: str) -> None:
        # Of what is frozen, each field is set in this way; the value has no place of its own.
        for name, given in (("json", json), ("_read", _UNREAD), *_PLAIN):
            object.__setattr__(self, name, given)

    def __eq__(self, other: object) -> bool:
        """Compare as any content does, whichever way it came."""
        if not isinstance(other, Content):
            return NotImplemented
        return self.value == other.value and all(getattr(other, name) == given for name, given in _PLAIN)

    __hash__ = Content.__hash__

    @property
    def value(self) -> Any:
        """The value."""
        if self._read is _UNREAD:
            object.__setattr__(self, "_read", standard_json.loads(self.json))
        return self._read


_UNREAD: Final = object()
_PLAIN: Final = (("permitted_by_source", False), ("reference", None), ("is_cut", False), ("tools", ()))
