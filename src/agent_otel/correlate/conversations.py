"""Conversations: what ties runs together. A resumed one is linked (R4); on request it is a span on top of its runs."""

from __future__ import annotations

from attrs import evolve

from agent_otel.correlate.operation import Operation, OperationKind, OrphanReason, RunOpened, SpanIdentity, Surroundings
from agent_otel.correlate.places import Places
from agent_otel.correlate.state import Conversation, State, merged_names
from agent_otel.correlate.work import Output
from agent_otel.model import NO_IDS, AgentEvent, EventKind, Origin, Outcome, Phase

__all__ = ["Conversations"]


class Conversations:
    """Remembers conversations, as many as the limits allow.

    Args:
        state: The correlation state.
        places: Assigns identities.
        on_top: Whether each conversation becomes a span on top of its runs.
    """

    def __init__(self, state: State, places: Places, *, on_top: bool) -> None:
        self._state = state
        self._places = places
        self._on_top = on_top

    def note(self, event: AgentEvent, around: Surroundings, outputs: list[Output]) -> None:
        """Take what an event says about its conversation; a session that starts after it ended is resumed."""
        conversation = self._of(event.origin.system, event.ids.conversation, around, outputs, event.ids.nonce)
        if conversation is None:
            return
        conversation.origin = conversation.origin or event.origin
        start_ns = max(0, event.time_ns - (event.duration_ns or 0))
        conversation.start_ns = min(conversation.start_ns or start_ns, start_ns)
        conversation.end_ns = max(conversation.end_ns, event.time_ns)
        if event.kind is EventKind.SESSION:
            if event.phase is Phase.END:
                conversation.ended = True
            elif event.phase is Phase.START and conversation.ended:
                conversation.ended, conversation.resumed = False, True
            conversation.names = merged_names(conversation.names, event.names)

    def top_of(
        self,
        system: str,
        conversation_id: str | None,
        around: Surroundings,
        outputs: list[Output],
        nonce: str | None = None,
    ) -> SpanIdentity | None:
        """Give the identity of the conversation span, if there is one."""
        if not self._on_top:
            return None
        conversation = self._of(system, conversation_id, around, outputs, nonce)
        return conversation.identity if conversation is not None else None

    def run_opened(self, system: str, conversation_id: str | None, identity: SpanIdentity) -> SpanIdentity:
        """Remember the conversation's latest run; link the first run after a resumption to the one before (R4)."""
        conversation = self._state.conversations.get((system, conversation_id or ""))
        if conversation is None:
            return identity
        if conversation.resumed and conversation.last_run is not None and not self._on_top:
            identity = evolve(identity, links=(*identity.links, conversation.last_run))
        conversation.resumed = False
        conversation.last_run = identity.ref
        conversation.open_runs += 1
        return identity

    def run_closed(self, system: str, conversation_id: str | None, start_ns: int, end_ns: int) -> None:
        """Let the conversation span cover its runs."""
        conversation = self._state.conversations.get((system, conversation_id or ""))
        if conversation is not None:
            conversation.start_ns = min(conversation.start_ns or start_ns, start_ns)
            conversation.end_ns = max(conversation.end_ns, end_ns)
            conversation.open_runs = max(0, conversation.open_runs - 1)

    def finish(self, outputs: list[Output]) -> None:
        """End all conversations: they end with the input."""
        while self._state.conversations:
            key, conversation = self._state.conversations.popitem(last=False)
            self._close(key, conversation, None, outputs)

    def _of(
        self,
        system: str,
        conversation_id: str | None,
        around: Surroundings,
        outputs: list[Output],
        nonce: str | None,
    ) -> Conversation | None:
        if conversation_id is None:
            return None
        key = (system, conversation_id)
        conversation = self._state.conversations.get(key)
        if conversation is None:
            identity = self._places.of_conversation(system, conversation_id, around, nonce) if self._on_top else None
            conversation = self._state.conversations[key] = Conversation(identity=identity)
            if identity is not None:
                outputs.append(
                    RunOpened(
                        identity=identity,
                        kind=OperationKind.CONVERSATION,
                        origin=Origin(system),
                        names=conversation.names,
                        conversation=conversation_id,
                        context=around.context,
                    )
                )
            if len(self._state.conversations) > self._state.limits.max_conversations:
                self._state.counts["evicted_conversations"] += 1
                oldest, forgotten = self._state.conversations.popitem(last=False)
                self._close(oldest, forgotten, OrphanReason.EVICTED, outputs)
        return conversation

    def _close(
        self, key: tuple[str, str], conversation: Conversation, orphan: OrphanReason | None, outputs: list[Output]
    ) -> None:
        if conversation.identity is None or self._state.told_conversations.has(key):
            return  # one that was evicted and speaks again is not told twice
        self._state.told_conversations.put(key, None)
        outputs.append(
            Operation(
                kind=OperationKind.CONVERSATION,
                identity=conversation.identity,
                origin=conversation.origin or Origin(key[0]),
                start_ns=conversation.start_ns,
                end_ns=max(conversation.start_ns, conversation.end_ns),
                outcome=Outcome.UNSET,
                conversation=key[1],
                ids=evolve(NO_IDS, conversation=key[1]),
                names=conversation.names,
                orphan=orphan,
            )
        )
