"""The exception tree.

    AgentOtelError
    ├── SettingsError          a setting has a value that cannot be used
    ├── SourceError
    │   ├── UnknownSource      no source of that name is installed
    │   └── RecordRejected     one record of an input cannot be read; the stream goes on
    ├── UsageError             options that do not go together
    └── IntakeError            an input (file, directory, stream) cannot be read at all

Nothing of it crosses into the agent's thread from ``Bridge.record()``.
"""

from __future__ import annotations

__all__ = [
    "AgentOtelError",
    "IntakeError",
    "RecordRejected",
    "SettingsError",
    "SourceError",
    "UnknownSource",
    "UsageError",
]


class AgentOtelError(Exception):
    """Root of every error that this package raises."""


class SettingsError(AgentOtelError):
    """Raised at start when a setting cannot be used; names variable, value and what is expected."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name}={value!r}: expected {expected}")
        self.name = name


class SourceError(AgentOtelError):
    """Root of the errors about source systems and their records."""


class UnknownSource(SourceError):
    """Raised when a source is asked for by a name that nothing registered."""


class RecordRejected(SourceError):
    """Raised by a decoder for one record that it cannot read.

    Args:
        field: Dotted path of the offending field, empty for the record as a whole.
        reason: What is wrong, never the value itself: values can be content.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class UsageError(AgentOtelError):
    """Raised when options do not go together."""


class IntakeError(AgentOtelError):
    """Raised when an input cannot be read at all (missing, no permission, not a file)."""
