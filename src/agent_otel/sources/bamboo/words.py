"""The words of Bamboo's agent events; a word that an enum does not have stays a plain string in the models."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "AgentHookPoint",
    "GoldCheckpoint",
    "GoldConfidence",
    "GoldDecision",
    "PendingQuestionSource",
    "PlanModeStatus",
    "Role",
    "SessionKind",
    "TaskItemStatus",
    "TitleSource",
]


class _Word(str, Enum):
    """A word on the wire."""

    def as_str(self) -> str:
        """Give the word on the wire."""
        return str(self.value)


class GoldCheckpoint(_Word):
    """When the goal was judged."""

    PostRound = "post_round"
    Terminal = "terminal"


class GoldDecision(_Word):
    """What was judged."""

    Continue = "continue"
    Achieved = "achieved"
    Blocked = "blocked"
    NeedInput = "need_input"
    Exhausted = "exhausted"


class GoldConfidence(_Word):
    """How sure the judgement is."""

    Low = "low"
    Medium = "medium"
    High = "high"

    def rank(self) -> int:
        """Give its place in the order low, medium, high; low is 0."""
        return list(GoldConfidence).index(self)

    def meets(self, floor: GoldConfidence) -> bool:
        """Whether it is at least as high as another."""
        return self.rank() >= floor.rank()


class TitleSource(_Word):
    """Who gave a session its title."""

    Auto = "auto"
    Manual = "manual"
    Fallback = "fallback"


class PendingQuestionSource(_Word):
    """What asked the user."""

    PauseTool = "pause_tool"
    AgenticClarification = "agentic_clarification"
    ExternalAgent = "external_agent"
    Gold = "gold"
    DirectParent = "direct_parent"


class PlanModeStatus(_Word):
    """How far a plan is."""

    Exploring = "exploring"
    Designing = "designing"
    Reviewing = "reviewing"
    Finalizing = "finalizing"
    AwaitingApproval = "awaiting_approval"


class TaskItemStatus(_Word):
    """How a task of the list stands."""

    Pending = "pending"
    InProgress = "in_progress"
    Completed = "completed"
    Blocked = "blocked"


class SessionKind(_Word):
    """Whether a session is the user's own or a sub-agent's."""

    Root = "root"
    Child = "child"


class Role(_Word):
    """Whose message it is."""

    System = "system"
    User = "user"
    Assistant = "assistant"
    Tool = "tool"


class AgentHookPoint(_Word):
    """Where in the loop a hook ran."""

    BeforeSessionSetup = "before_session_setup"
    AfterSessionSetup = "after_session_setup"
    BeforeFinalize = "before_finalize"
    AfterSessionEnd = "after_session_end"
    BeforeRound = "before_round"
    AfterRound = "after_round"
    BeforePromptAssembly = "before_prompt_assembly"
    AfterPromptAssembly = "after_prompt_assembly"
    BeforeLlmCall = "before_llm_call"
    AfterLlmCall = "after_llm_call"
    BeforeToolExecution = "before_tool_execution"
    AfterToolExecution = "after_tool_execution"
    BeforeMemoryRecall = "before_memory_recall"
    AfterMemoryRecall = "after_memory_recall"
    BeforeCompression = "before_compression"
    AfterCompression = "after_compression"
    AfterNotification = "after_notification"
