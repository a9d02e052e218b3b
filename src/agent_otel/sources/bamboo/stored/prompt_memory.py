"""Which memories Bamboo put into a prompt: identities and sizes, no text."""

# No postponed annotations: the codecs are made from them.
from typing import Annotated

from attrs import field, frozen

from agent_otel.model import LosslessRecord
from agent_otel.model.variants import known_word
from agent_otel.sources.bamboo.members import Flag, MemberCodec, NullableText, Text, Time
from agent_otel.sources.bamboo.stored.members import Count
from agent_otel.sources.bamboo.types import PromptMemoryRecallOutcome
from agent_otel.sources.fields import list_of, nested, word

__all__ = ["PromptMemoryExposureItem", "PromptMemoryExposureObservation"]


@frozen(kw_only=True)
class PromptMemoryExposureItem(LosslessRecord):
    """A memory of the project that was in the prompt; ``rank`` counts from 1."""

    memory_id: Text
    scope: Text = field(repr=False)
    status_at_observation: Text = field(repr=False)
    rank: Count
    rendered_chars: Count


@frozen(kw_only=True)
class PromptMemoryExposureObservation(LosslessRecord):
    """What the first prompt of a round had of the memory; not that the model made anything of it."""

    schema_version: Count
    round_id: Text
    session_id: Text
    project_id: NullableText = None
    observed_at: Time
    recall_enabled: Flag
    query_present: Flag
    recall_outcome: Annotated[PromptMemoryRecallOutcome | str, word(PromptMemoryRecallOutcome)] = field(repr=known_word)
    all_compact_exposed_count: Count
    project_exposed_count: Count
    out_of_project_only: Flag
    compact_section_chars: Count
    project_items: Annotated[
        tuple[PromptMemoryExposureItem, ...], list_of(nested(MemberCodec(PromptMemoryExposureItem)))
    ]
