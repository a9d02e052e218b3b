"""What belongs to the account rather than to a run: workflows, projects, configuration, notifications."""

# No postponed annotations: the codecs are made from them.
from attrs import field, frozen

from agent_otel.sources.bamboo.agent_events.base import AgentEvent, event_variant
from agent_otel.sources.bamboo.members import U64, OptionalText, Text

__all__: list[str] = []


@frozen(kw_only=True)
class _OfWorkflow(AgentEvent):
    workflow_id: Text
    revision: U64


@frozen(kw_only=True)
class _OfCatalog(_OfWorkflow):
    scope: Text = field(repr=False)


@event_variant("workflow_changed")
@frozen(kw_only=True)
class _WorkflowChanged(_OfCatalog):
    """A workflow was added, changed, shadowed or removed."""


@event_variant("workflow_invalid")
@frozen(kw_only=True)
class _WorkflowInvalid(_OfCatalog):
    """A workflow cannot be read; the last good one stays."""


@event_variant("workflow_recovered")
@frozen(kw_only=True)
class _WorkflowRecovered(_OfCatalog):
    """A workflow can be read again."""


@event_variant("workflow_activated")
@frozen(kw_only=True)
class _WorkflowActivated(_OfWorkflow):
    """A session follows a workflow."""

    event_id: Text
    session_id: Text
    invoked_by: Text = field(repr=False)


@event_variant("workflow_deactivated")
@frozen(kw_only=True)
class _WorkflowDeactivated(_OfWorkflow):
    """A session no longer follows a workflow."""

    event_id: Text
    session_id: Text


@frozen(kw_only=True)
class _OfProject(AgentEvent):
    project_id: Text
    revision: U64


@event_variant("project_created")
@frozen(kw_only=True)
class _ProjectCreated(_OfProject):
    """A project was created."""


@event_variant("project_updated")
@frozen(kw_only=True)
class _ProjectUpdated(_OfProject):
    """A project has changed."""


@event_variant("project_archived")
@frozen(kw_only=True)
class _ProjectArchived(_OfProject):
    """A project was put away."""


@frozen(kw_only=True)
class _OfSection(AgentEvent):
    section: Text
    revision: U64


@event_variant("config.changed")
@frozen(kw_only=True)
class _ConfigChanged(_OfSection):
    """A section of the configuration has changed."""


@event_variant("config.invalid")
@frozen(kw_only=True)
class _ConfigInvalid(_OfSection):
    """A section cannot be read; the last good one stays."""


@event_variant("config.recovered")
@frozen(kw_only=True)
class _ConfigRecovered(_OfSection):
    """A section can be read again."""


@event_variant("notification")
@frozen(kw_only=True)
class _Notification(AgentEvent):
    """Something that the user is told, derived from other events."""

    id: Text
    session_id: Text
    category: Text = field(repr=False)
    priority: Text = field(repr=False)
    title: Text = field(repr=False)
    body: Text = field(repr=False)
    dedup_key: OptionalText = field(default=None, repr=False)
    created_at: Text = field(repr=False)
