"""Names that the host gives to ids: what a source calls ``agent.contract`` is ``contract agent`` to people."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from agent_otel.model import AgentEvent

__all__ = ["Naming"]


class Naming:
    """Gives events the names of their ids.

    Args:
        names: Name by id. An agent's id gives the agent its name, if the source gave none; a provider's or model's id
            is replaced by its name.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = dict(names)

    def __call__(self, event: AgentEvent) -> AgentEvent:
        """Give the event with the names that are known."""
        if not self._names:
            return event
        names, found = event.names, self._names.get
        named = {}
        agent = names.agent if names.agent is not None else event.ids.agent
        for field, word in (
            ("agent", agent),
            ("provider", names.provider),
            ("request_model", names.request_model),
            ("response_model", names.response_model),
        ):
            if word is not None and (name := found(word)) is not None:
                named[field] = name
        return evolve(event, names=evolve(names, **named)) if named else event
