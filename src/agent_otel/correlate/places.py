"""Where runs and work stand: their ids, their parents, their links. Derived, never guessed (R18)."""

from __future__ import annotations

from attrs import evolve

from agent_otel.correlate.identity import derive_span_id, derive_trace_id, valid_span_id, valid_trace_id
from agent_otel.correlate.operation import OperationKind, SpanIdentity, SpanRef, Surroundings
from agent_otel.correlate.state import RunKey, Scope, Starter, State
from agent_otel.model import AgentEvent, EventKind

__all__ = ["Places"]


class Places:
    """Assigns identities.

    Args:
        state: The correlation state.
        namespace: Part of every derived trace id.
        nonce: Part of the keys of work that has neither an id nor a place in an input.
    """

    def __init__(self, state: State, namespace: str, nonce: str) -> None:
        self._state = state
        self._namespace = namespace
        self._nonce = nonce
        self._anonymous = 0

    def of_conversation(
        self, system: str, conversation: str, surroundings: Surroundings, nonce: str | None
    ) -> SpanIdentity:
        """Place a conversation span: under the caller's span, else on top of a trace of its own."""
        conversation = _with(nonce, conversation)
        caller = surroundings.parent
        if caller is None:
            trace_id = derive_trace_id(self._namespace, system, f"conversation:{conversation}")
            return SpanIdentity(trace_id, derive_span_id(trace_id, OperationKind.CONVERSATION.value, conversation))
        span_id = derive_span_id(caller.trace_id, OperationKind.CONVERSATION.value, f"{system}/{conversation}")
        return SpanIdentity(caller.trace_id, span_id, caller.span_id, parent_is_remote=True)

    def of_run(
        self, key: RunKey, event: AgentEvent, surroundings: Surroundings, conversation: SpanIdentity | None
    ) -> SpanIdentity:
        """Place a run.

        In this order: under the run that started it; under the ids that the event gives; under its conversation, where
        that is a span; under the caller's span; else as the root of a trace derived from its own id.
        """
        parent = self._starter(key, event)
        name = _with(event.ids.nonce, key[1])
        trace_id: int | None = parent.trace_id if parent is not None else None
        parent_span_id: int | None = parent.span_id if parent is not None else None
        remote = False
        if trace_id is None and (given := valid_trace_id(event.ids.trace)) is not None:
            trace_id = given
            if event.kind is EventKind.AGENT:
                parent_span_id = valid_span_id(event.ids.parent_span)
                remote = parent_span_id is not None
        if trace_id is None and conversation is not None:
            trace_id, parent_span_id = conversation.trace_id, conversation.span_id
        if trace_id is None and surroundings.parent is not None:
            trace_id, parent_span_id, remote = surroundings.parent.trace_id, surroundings.parent.span_id, True
        if trace_id is None:
            trace_id = derive_trace_id(self._namespace, key[0], name)
        own = valid_span_id(event.ids.span) if event.kind is EventKind.AGENT else None
        return SpanIdentity(
            trace_id, own or derive_span_id(trace_id, OperationKind.RUN.value, name), parent_span_id, remote
        )

    def announce_child(self, event: AgentEvent) -> None:
        """Remember which run started another one, for when that one opens.

        A conversation that has an open run is that run's: its next run is started by somebody else.
        """
        system, ids = event.origin.system, event.ids
        starter = Starter((system, ids.run or ""), ids.tool_call)
        if ids.child_run is not None:
            self._state.children.put((system, "run", ids.child_run), starter)
        if ids.child_conversation is not None:
            child = self._state.conversations.get((system, ids.child_conversation))
            if child is None or not child.open_runs:
                self._state.children.put((system, "conversation", ids.child_conversation), starter)

    def _announced(self, key: RunKey, conversation: str | None) -> Starter | None:
        """Find who said to have started this run; a conversation starts one run each time it is named."""
        found = self._state.children.get((key[0], "run", key[1]))
        if found is None and conversation is not None:
            found = self._state.children.take((key[0], "conversation", conversation))
        return found if found is not None and found.run != key else None

    def _starter(self, key: RunKey, event: AgentEvent) -> SpanRef | None:
        """Find the span that started this run: the parent's tool call, else the parent run, if it is known."""
        starter = self._announced(key, event.ids.conversation) if self._state.children else None
        if event.kind is EventKind.AGENT and event.ids.parent_run is not None:
            starter = Starter((key[0], event.ids.parent_run), event.ids.tool_call)
        if starter is None:
            return None
        parent_key, call = starter
        parent = self._state.runs.get(parent_key) or self._state.closed.get(parent_key)
        if parent is None:
            self._state.counts["unknown_parent_run"] += 1
            return None
        if call is not None:
            slot = (parent_key, OperationKind.TOOL, f"={call}")
            if tokens := self._state.waiting.get(slot):
                return self._state.open[tokens[0]].identity.ref
            if (finished := self._state.finished.get(slot)) is not None:
                return SpanRef(parent.identity.trace_id, finished.span_id)
        return parent.identity.ref

    def work_key(self, kind: OperationKind, event: AgentEvent, scope: Scope) -> str:
        """Name work that has no id: by its number in the run, else by its place in the input, else by a counter."""
        if (ordinal := scope.next_ordinal(kind)) is not None:
            return f"#{ordinal}"  # given ids are marked too, see Work
        return self.anonymous_key(event)

    def anonymous_key(self, event: AgentEvent) -> str:
        """Name something that has no id and belongs to no run."""
        if event.cursor is not None:
            return _with(event.ids.nonce, f"{event.cursor.stream}#{event.cursor.ordinal}")
        self._anonymous += 1
        return f"{self._nonce}#{self._anonymous}"

    def of_work(
        self, kind: OperationKind, key: str, event: AgentEvent, scope: Scope, surroundings: Surroundings
    ) -> SpanIdentity:
        """Place a piece of work: under its run, else under the caller's span, else as a root of its own."""
        parent = scope.parent
        parent_span_id: int | None
        remote = False
        if parent is not None:
            trace_id, parent_span_id = parent.trace_id, parent.span_id
            if event.ids.parent_span is not None:
                parent_span_id = valid_span_id(event.ids.parent_span) or parent_span_id
        elif (given := valid_trace_id(event.ids.trace)) is not None:
            trace_id, parent_span_id = given, valid_span_id(event.ids.parent_span)
            remote = parent_span_id is not None
        elif surroundings.parent is not None:
            trace_id, parent_span_id, remote = surroundings.parent.trace_id, surroundings.parent.span_id, True
        else:
            trace_id = derive_trace_id(
                self._namespace, event.origin.system, _with(event.ids.nonce, f"{kind.value}:{key}")
            )
            parent_span_id = None
        span_id = valid_span_id(event.ids.span) if event.ids.span is not None else None
        if span_id is None:
            before = self._state.finished.get((scope.key, kind, key))
            attempt = 1 if before is None else before.attempts + 1
            span_id = derive_span_id(trace_id, kind.value, _with(event.ids.nonce, f"{scope.key[1]}/{key}"), attempt)
        identity = SpanIdentity(trace_id, span_id, parent_span_id, remote)
        return identity if event.ids.retry_of is None else self._linked_to_retried(identity, kind, event, scope)

    def _linked_to_retried(
        self, identity: SpanIdentity, kind: OperationKind, event: AgentEvent, scope: Scope
    ) -> SpanIdentity:
        """Link an attempt to the one that it tries again, which stands in the same trace."""
        slot = (scope.key, kind, f"={event.ids.retry_of}")
        if (finished := self._state.finished.get(slot)) is not None:
            before = SpanRef(identity.trace_id, finished.span_id)
        elif tokens := self._state.waiting.get(slot):
            before = self._state.open[tokens[0]].identity.ref
        else:
            return identity
        return evolve(identity, links=(*identity.links, before))

    def linked_to_child(self, identity: SpanIdentity, system: str, child_run: str) -> SpanIdentity:
        """Link a tool call to the run that it started, where that run stands in another trace."""
        child = self._state.runs.get((system, child_run)) or self._state.closed.get((system, child_run))
        return identity if child is None else self.linked(identity, child.identity.ref)

    def linked(self, identity: SpanIdentity, other: SpanRef | None) -> SpanIdentity:
        """Link to a span of another trace, once."""
        if other is None or other.trace_id == identity.trace_id or other in identity.links:
            return identity
        return evolve(identity, links=(*identity.links, other))


def _with(nonce: str | None, key: str) -> str:
    """Join a nonce to a key: untimed records get other ids each time that they are read."""
    return key if nonce is None else f"{key}~{nonce}"
