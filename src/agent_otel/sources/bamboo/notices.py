"""What concerns sessions and the account rather than a run to the model's events: log records, one per variant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from agent_otel.model import AgentEvent, Content, ContentKind, EventKind, Fact, Phase
from agent_otel.sources.bamboo.agent_events import TAGS
from agent_otel.sources.bamboo.agent_events import AgentEvent as BambooEvent
from agent_otel.sources.bamboo.place import Place, identifier, message, number, word_of
from agent_otel.sources.bamboo.words import Role

__all__ = ["NOTICES"]


def _other(event: Any, place: Place, **rest: Any) -> AgentEvent:
    """Build a log record of the event's own name; its state is the word behind the subject (``workflow_invalid``)."""
    tag = TAGS[type(event)].replace(".", "_")
    facts = {Fact.STATE: tag.rpartition("_")[2]}
    return place.event(EventKind.OTHER, subject=tag, facts=facts, **rest)


def _session_created(event: Any, place: Place) -> AgentEvent:
    told = {
        "session.kind": word_of(event.kind),
        "project.id": event.project_id,
        "session.created_at": event.created_at.text,
    }
    return place.event(EventKind.SESSION, Phase.START, subject="session_created", lineage=told)


def _session_deleted(_event: Any, place: Place) -> AgentEvent:
    return place.event(EventKind.SESSION, Phase.END, subject="session_deleted", facts={Fact.STATE: "deleted"})


def _session_title_updated(event: Any, place: Place) -> AgentEvent:
    told = {
        "session.title.version": number(event.title_version),
        "session.title.generated": event.title_generated,
        "session.title.source": word_of(event.source),
        "session.updated_at": event.updated_at.text,
    }
    return _other(event, place, lineage=told)


def _session_pinned_updated(event: Any, place: Place) -> AgentEvent:
    told = {"session.pinned": event.pinned, "session.updated_at": event.updated_at.text}
    return _other(event, place, lineage=told)


def _session_project_updated(event: Any, place: Place) -> AgentEvent:
    told = {"project.id": event.project_id, "session.metadata_version": number(event.metadata_version)}
    return _other(event, place, lineage=told)


def _message_appended(event: Any, place: Place) -> AgentEvent:
    told = {
        "message.id": event.message_id,
        "message.role": word_of(event.role),
        "message.created_at": event.created_at.text,
    }
    kind = _SURFACES.get(event.role, ContentKind.INPUT_MESSAGES)
    text = event.content
    wrote = message(event.role.value, text) if event.role in (Role.User, Role.Assistant) else Content(text)
    return place.event(EventKind.MESSAGE, subject="message_appended", lineage=told, contents={kind: wrote})


_SURFACES: Final = {
    Role.Assistant: ContentKind.OUTPUT_MESSAGES,
    Role.System: ContentKind.SYSTEM_INSTRUCTIONS,
    Role.Tool: ContentKind.TOOL_RESULT,
}


def _catalog(event: Any, place: Place) -> AgentEvent:
    told = {"workflow.id": event.workflow_id, "workflow.revision": number(event.revision)}
    return _other(event, place, lineage={**told, "workflow.scope": identifier(event.scope)})


def _workflow_activated(event: Any, place: Place) -> AgentEvent:
    told = {
        "workflow.id": event.workflow_id,
        "workflow.revision": number(event.revision),
        "workflow.invoked_by": identifier(event.invoked_by),
    }
    return place.mark("workflow", state="activated", ids={"event": event.event_id}, lineage=told)


def _workflow_deactivated(event: Any, place: Place) -> AgentEvent:
    told = {"workflow.id": event.workflow_id, "workflow.revision": number(event.revision)}
    return place.mark("workflow", state="deactivated", ids={"event": event.event_id}, lineage=told)


def _project(event: Any, place: Place) -> AgentEvent:
    return _other(event, place, lineage={"project.id": event.project_id, "project.revision": number(event.revision)})


def _config(event: Any, place: Place) -> AgentEvent:
    told = {"config.section": identifier(event.section), "config.revision": number(event.revision)}
    return _other(event, place, lineage=told)


def _notification(event: Any, place: Place) -> AgentEvent:
    told = {
        "notification.id": event.id,
        "notification.category": word_of(event.category),
        "notification.priority": word_of(event.priority),
        "notification.created_at": identifier(event.created_at),
    }
    return place.event(EventKind.OTHER, subject="notification", lineage=told)


NOTICES: Final[dict[type[BambooEvent], Callable[[Any, Place], AgentEvent]]] = {
    BambooEvent.SessionCreated: _session_created,
    BambooEvent.SessionDeleted: _session_deleted,
    BambooEvent.SessionCleared: _other,
    BambooEvent.SessionTitleUpdated: _session_title_updated,
    BambooEvent.SessionPinnedUpdated: _session_pinned_updated,
    BambooEvent.SessionProjectUpdated: _session_project_updated,
    BambooEvent.SessionHistoryCommitted: _other,
    BambooEvent.MessageAppended: _message_appended,
    BambooEvent.WorkflowChanged: _catalog,
    BambooEvent.WorkflowInvalid: _catalog,
    BambooEvent.WorkflowRecovered: _catalog,
    BambooEvent.WorkflowActivated: _workflow_activated,
    BambooEvent.WorkflowDeactivated: _workflow_deactivated,
    BambooEvent.ProjectCreated: _project,
    BambooEvent.ProjectUpdated: _project,
    BambooEvent.ProjectArchived: _project,
    BambooEvent.ConfigChanged: _config,
    BambooEvent.ConfigInvalid: _config,
    BambooEvent.ConfigRecovered: _config,
    BambooEvent.Notification: _notification,
}
