"""Content: text or values that people or models wrote, and that therefore may hold secrets."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

__all__ = ["Content"]


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
