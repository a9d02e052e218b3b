"""The words of ZeroClaw's log rows; a word that an enum does not have stays a plain string in the models."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

__all__ = ["Action", "EventCategory", "EventOutcome", "Severity"]

W = TypeVar("W", bound="_Word")


class _Word(str, Enum):
    """A word on the wire."""

    def as_str(self) -> str:
        """Give the word on the wire."""
        return str(self.value)

    @classmethod
    def parse(cls: type[W], raw: str) -> W | None:
        """Give the member of a word, None if there is none."""
        return next((member for member in cls if member.value == raw), None)


class Severity(_Word):
    """How grave a row is."""

    Trace = "TRACE"
    Debug = "DEBUG"
    Info = "INFO"
    Warn = "WARN"
    Error = "ERROR"
    # The same under the names that ZeroClaw's macros use.
    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"

    def number(self) -> int:
        """Give the severity number of OpenTelemetry."""
        return 1 + 4 * list(Severity).index(self)

    def text(self) -> str:
        """Give the word on the wire."""
        return self.as_str()


class EventCategory(_Word):
    """Which part of the system a row is about."""

    Agent = "agent"
    Channel = "channel"
    Cron = "cron"
    Memory = "memory"
    Tool = "tool"
    Provider = "provider"
    Session = "session"
    System = "system"
    Internal = "internal"


class EventOutcome(_Word):
    """How it ended; ``Unknown`` is left out when it is written."""

    Success = "success"
    Failure = "failure"
    Unknown = "unknown"


class Action(_Word):
    """What happened: a closed list of verbs."""

    Start = "start"
    Complete = "complete"
    Fail = "fail"
    Cancel = "cancel"
    Skip = "skip"
    Timeout = "timeout"
    Retry = "retry"
    Inbound = "inbound"
    Outbound = "outbound"
    Send = "send"
    Receive = "receive"
    Connect = "connect"
    Disconnect = "disconnect"
    Reconnect = "reconnect"
    Spawn = "spawn"
    Kill = "kill"
    Tick = "tick"
    Trigger = "trigger"
    Schedule = "schedule"
    Approve = "approve"
    Reject = "reject"
    Defer = "defer"
    Read = "read"
    Write = "write"
    Delete = "delete"
    List = "list"
    Query = "query"
    Invoke = "invoke"
    Dispatch = "dispatch"
    Resolve = "resolve"
    Register = "register"
    Unregister = "unregister"
    Load = "load"
    Save = "save"
    Migrate = "migrate"
    Validate = "validate"
    MemoryAudit = "memory_audit"
    Note = "note"
