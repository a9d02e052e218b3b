"""Bamboo's task list: ``decode_record(TaskList, event.task_list)`` reads what a ``TaskListUpdated`` holds.

The events keep it as it was written; here it has types. What changes a list is the engine's, and not here.
"""

# No postponed annotations: the codecs are made from them.
from collections.abc import Collection
from enum import Enum
from typing import Annotated, Any

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.model.variants import known_word
from agent_otel.sources.bamboo.members import MemberCodec, OptionalText, Text, Time, default
from agent_otel.sources.bamboo.stored.members import SpelledCodec
from agent_otel.sources.bamboo.words import TaskItemStatus
from agent_otel.sources.fields import FLAG, TEXT, FieldKind, list_of, nested, optional, unsigned, word

__all__ = [
    "TASK_EVIDENCE",
    "TASK_ITEM",
    "TaskBlocker",
    "TaskBlockerKind",
    "TaskEvidence",
    "TaskEvidenceKind",
    "TaskItem",
    "TaskList",
    "TaskPhase",
    "TaskPriority",
    "TaskTransition",
]


class _TaskWord(str, Enum):
    def as_str(self) -> str:
        """Give the word on the wire."""
        return str(self.value)


class TaskPhase(_TaskWord):
    """What kind of work a task is."""

    Planning = "planning"
    Execution = "execution"
    Verification = "verification"
    Handoff = "handoff"


class TaskPriority(_TaskWord):
    """How much a task matters."""

    Low = "low"
    Medium = "medium"
    High = "high"
    Critical = "critical"


class TaskEvidenceKind(_TaskWord):
    """What shows how a task stands."""

    Note = "note"
    ToolCall = "tool_call"
    File = "file"
    Command = "command"
    Test = "test"
    Observation = "observation"


class TaskBlockerKind(_TaskWord):
    """What a task waits for."""

    UserInput = "user_input"
    Dependency = "dependency"
    ToolFailure = "tool_failure"
    External = "external"
    Unknown = "unknown"


def _items(kind: FieldKind, *, left_out: bool = True) -> FieldKind:
    return default(list_of(kind), (), skip_empty=left_out)


_Round = Annotated[int | None, optional(unsigned(32), skip_empty=True)]
_Status = Annotated[TaskItemStatus | str, word(TaskItemStatus)]
_Success = Annotated[bool | None, optional(FLAG, skip_empty=True)]
_Texts = Annotated[tuple[str, ...], _items(TEXT)]


@frozen(kw_only=True)
class TaskEvidence(LosslessRecord):
    """What shows how a task stands; ``reference`` is also read as ``ref``."""

    kind: Annotated[TaskEvidenceKind | str, default(word(TaskEvidenceKind), TaskEvidenceKind.Note)] = field(
        default=TaskEvidenceKind.Note, repr=known_word
    )
    summary: Text = field(repr=False)
    reference: OptionalText = field(default=None, repr=False)
    tool_name: OptionalText = None
    tool_call_id: OptionalText = None
    round: _Round = None
    success: _Success = None
    spelling: Any = field(default=None, repr=False, eq=False)


@frozen(kw_only=True)
class TaskBlocker(LosslessRecord):
    """What a task waits for."""

    kind: Annotated[TaskBlockerKind | str, default(word(TaskBlockerKind), TaskBlockerKind.Unknown)] = field(
        default=TaskBlockerKind.Unknown, repr=known_word
    )
    summary: Text = field(repr=False)
    waiting_on: OptionalText = field(default=None, repr=False)


@frozen(kw_only=True)
class TaskTransition(LosslessRecord):
    """A task has moved from one status to another."""

    from_status: _Status = field(repr=known_word)
    to_status: _Status = field(repr=known_word)
    reason: OptionalText = field(default=None, repr=False)
    round: _Round = None
    changed_at: Time


TASK_EVIDENCE = SpelledCodec(TaskEvidence, "reference", "ref")


@frozen(kw_only=True)
class TaskItem(LosslessRecord):
    """A task; ``active_form`` is also read as ``activeForm``."""

    id: Text = ""
    description: Text = field(default="", repr=False)
    status: _Status = field(default=TaskItemStatus.Pending, repr=known_word)
    depends_on: Annotated[tuple[str, ...], _items(TEXT, left_out=False)] = ()
    notes: Annotated[str, default(TEXT, "")] = field(default="", repr=False)
    active_form: OptionalText = field(default=None, repr=False)
    parent_id: OptionalText = None
    phase: Annotated[TaskPhase | str, default(word(TaskPhase), TaskPhase.Execution)] = field(
        default=TaskPhase.Execution, repr=known_word
    )
    priority: Annotated[TaskPriority | str, default(word(TaskPriority), TaskPriority.Medium)] = field(
        default=TaskPriority.Medium, repr=known_word
    )
    completion_criteria: _Texts = field(default=(), repr=False)
    evidence: Annotated[tuple[TaskEvidence, ...], _items(nested(TASK_EVIDENCE))] = ()
    blockers: Annotated[tuple[TaskBlocker, ...], _items(nested(MemberCodec(TaskBlocker)))] = ()
    transitions: Annotated[tuple[TaskTransition, ...], _items(nested(MemberCodec(TaskTransition)))] = ()
    spelling: Any = field(default=None, repr=False, eq=False)

    @classmethod
    def default(cls) -> "TaskItem":
        """Give a task of which nothing is said."""
        return cls()

    def effective_active_form(self) -> str | None:
        """Give what is shown while it is worked on: its active form, else its notes while it is in progress."""
        if self.active_form is not None:
            return self.active_form
        return (self.notes.strip() or None) if self.status == TaskItemStatus.InProgress else None

    def dependencies_ready(self, completed_ids: Collection[str]) -> bool:
        """Whether all tasks that it depends on are among the completed ones."""
        return all(dependency in completed_ids for dependency in self.depends_on)


TASK_ITEM = SpelledCodec(TaskItem, "active_form", "activeForm")


@frozen(kw_only=True)
class TaskList(LosslessRecord):
    """The tasks of a session."""

    session_id: Text
    title: Text = field(repr=False)
    items: Annotated[tuple[TaskItem, ...], list_of(nested(TASK_ITEM))]
    created_at: Time
    updated_at: Time

    def has_active_execution_tasks(self) -> bool:
        """Whether a task is being carried out or verified."""
        active = (TaskPhase.Execution, TaskPhase.Verification)
        return any(item.status == TaskItemStatus.InProgress and item.phase in active for item in self.items)
