"""Operations and occurrences become metric points. Labels come from bounded sets only (R23)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from agent_otel.conventions import attributes as a
from agent_otel.conventions import metrics as m
from agent_otel.conventions import names as n
from agent_otel.correlate import Occurrence, Operation, OperationKind, SpanRef
from agent_otel.model import Cost, EventKind, Fact, Names, Outcome, Phase, Usage
from agent_otel.project.attributes import FACT_NAMES, provider_name
from agent_otel.project.bounds import UNKNOWN, BoundedNames, addable
from agent_otel.project.spans import error_type_of, model_operation_name
from agent_otel.project.telemetry import MetricPoint

__all__ = ["Measurements"]

_SECOND = 1_000_000_000
_HEARTBEAT = "heartbeat"
_OF_MCP = (Fact.MCP_METHOD, Fact.MCP_PROTOCOL_VERSION, Fact.TRANSPORT, Fact.RPC_STATUS_CODE)


class Measurements:
    """Projects onto metric points; remembers which names it let through as labels.

    Args:
        max_names: Distinct names per label.
    """

    def __init__(self, max_names: int = 200) -> None:
        self._tools = BoundedNames(max_names)
        self._models = BoundedNames(max_names)
        self._agents = BoundedNames(max_names)
        self._others: defaultdict[str, BoundedNames] = defaultdict(lambda: BoundedNames(max_names))

    def of_operation(self, operation: Operation) -> list[MetricPoint]:
        """Give the metric points of a finished operation."""
        points: list[MetricPoint] = []
        error_type = error_type_of(operation)
        seconds = (operation.end_ns - operation.start_ns) / _SECOND
        if operation.kind is OperationKind.TOOL:
            self._tool(operation, error_type, seconds, points)
        elif operation.kind is OperationKind.RUN:
            self._run(operation, error_type, seconds, points)
        elif operation.kind in (OperationKind.MODEL, OperationKind.FORWARD):
            self._model(operation, error_type, seconds, points)
        elif operation.kind in (OperationKind.MEMORY, OperationKind.RETRIEVAL):
            self._lookup(operation, error_type, seconds, points)
        elif operation.kind is OperationKind.DEPLOYMENT:
            labels = self._outcome(operation)
            points.append(MetricPoint(m.DEPLOYMENTS, 1, labels, operation.identity.ref))
            points.append(MetricPoint(m.DEPLOYMENT_DURATION, seconds, labels, operation.identity.ref))
        if operation.cost is not None and not operation.child_cost:
            points.append(self._cost(operation.cost, operation))
        if operation.orphan is not None:
            labels = {a.SOURCE: self._word(a.SOURCE, operation.origin.system), a.SUBJECT: operation.kind.value}
            labels[a.ORPHAN_REASON] = operation.orphan.value
            points.append(MetricPoint(m.ORPHANS, 1, labels, operation.identity.ref))
        return points

    def of_occurrence(self, occurrence: Occurrence) -> list[MetricPoint]:
        """Give the metric points of something that is no work."""
        event = occurrence.event
        source = self._word(a.SOURCE, event.origin.system)
        if event.kind is EventKind.SESSION:
            state = "started" if event.phase is Phase.START else str(event.facts.get(Fact.STATE, "ended"))
            labels = {a.SOURCE: source, a.STATE: self._word(a.STATE, state)}
            return [MetricPoint(m.SESSIONS, 1, labels, occurrence.span)]
        if event.kind is EventKind.CACHE:
            return self._cache(occurrence)
        if event.kind is EventKind.MESSAGE and Fact.MESSAGE_COUNT not in event.facts:
            labels = {a.SOURCE: source, a.SUBJECT: self._word(a.SUBJECT, event.names.subject or UNKNOWN)}
            self._facts(event.facts, (Fact.CHANNEL, Fact.DIRECTION), labels)
            return [MetricPoint(m.MESSAGES, 1, labels, occurrence.span)]
        if event.kind is EventKind.MEASUREMENT:
            return self._measurement(occurrence, source)
        points: list[MetricPoint] = []
        if event.cost is not None:
            points.append(self._cost(event.cost, occurrence))
        if event.usage is not None:
            self._usage_told(occurrence, event.usage, points)
        if event.kind is EventKind.HEALTH and event.names.subject == _HEARTBEAT:
            points.append(MetricPoint(m.HEARTBEATS, 1, {a.SOURCE: source}))
        lost = event.facts.get(Fact.LOST_COUNT)
        if isinstance(lost, int) and lost > 0:
            reason = self._word(a.LOSS_REASON, str(event.facts.get(Fact.LOSS_REASON, UNKNOWN)))
            points.append(MetricPoint(m.SOURCE_LOSSES, addable(lost), {a.SOURCE: source, a.LOSS_REASON: reason}))
        if event.kind is EventKind.ERROR or event.outcome is Outcome.ERROR:
            component = self._word(a.COMPONENT, str(event.facts.get(Fact.COMPONENT, UNKNOWN)))
            points.append(MetricPoint(m.SOURCE_ERRORS, 1, {a.SOURCE: source, a.COMPONENT: component}, occurrence.span))
        return points

    def _tool(self, operation: Operation, error_type: str | None, seconds: float, points: list[MetricPoint]) -> None:
        labels: dict[str, Any] = {a.TOOL_NAME: self._tools(operation.names.tool or UNKNOWN)}
        if operation.names.tool_type is not None:
            labels[a.TOOL_TYPE] = self._word(a.TOOL_TYPE, operation.names.tool_type)
        self._agent(operation, error_type, labels)
        points.append(MetricPoint(m.EXECUTE_TOOL_DURATION, seconds, labels, operation.identity.ref))
        if Fact.MCP_METHOD in operation.facts:
            requested: dict[str, Any] = {key: labels[key] for key in (a.TOOL_NAME, a.ERROR_TYPE) if key in labels}
            requested[a.OPERATION_NAME] = n.OP_EXECUTE_TOOL
            self._facts(operation.facts, _OF_MCP, requested)
            points.append(MetricPoint(m.MCP_CLIENT_OPERATION_DURATION, seconds, requested, operation.identity.ref))

    def _run(self, operation: Operation, error_type: str | None, seconds: float, points: list[MetricPoint]) -> None:
        span = operation.identity.ref
        labels: dict[str, Any] = {}
        if operation.names.request_model is not None:
            labels[a.REQUEST_MODEL] = self._models(operation.names.request_model)
        self._agent(operation, error_type, labels)
        points.append(MetricPoint(m.INVOKE_AGENT_DURATION, seconds, labels, span))
        agent = {a.AGENT_NAME: labels[a.AGENT_NAME]} if a.AGENT_NAME in labels else {}
        points.append(MetricPoint(m.INVOKE_AGENT_INFERENCE_CALLS, operation.model_calls, agent, span))
        points.append(MetricPoint(m.INVOKE_AGENT_TOOL_CALLS, operation.tool_calls, agent, span))
        points.append(MetricPoint(m.RUNS, 1, self._outcome(operation), span))
        if not operation.child_usage:
            told = {a.OPERATION_NAME: n.OP_INVOKE_AGENT, **self._model_labels(operation.names)}
            self._tokens(operation.usage, told, span, points)

    def _model(self, operation: Operation, error_type: str | None, seconds: float, points: list[MetricPoint]) -> None:
        span = operation.identity.ref
        labels = {a.OPERATION_NAME: model_operation_name(operation), **self._model_labels(operation.names)}
        labels.setdefault(a.PROVIDER_NAME, UNKNOWN)
        self._tokens(operation.usage, labels, span, points)
        first = operation.facts.get(Fact.TIME_TO_FIRST_CHUNK)
        if isinstance(first, (int, float)):
            points.append(MetricPoint(m.CLIENT_TIME_TO_FIRST_CHUNK, first, labels, span))
        timed = {**labels, a.ERROR_TYPE: self._word(a.ERROR_TYPE, error_type)} if error_type is not None else labels
        points.append(MetricPoint(m.CLIENT_OPERATION_DURATION, seconds, timed, span))
        if operation.kind is OperationKind.FORWARD:
            outcome = {**self._outcome(operation), a.PROVIDER_NAME: labels[a.PROVIDER_NAME]}
            points.append(MetricPoint(m.FORWARD_REQUESTS, 1, outcome, span))

    def _lookup(self, operation: Operation, error_type: str | None, seconds: float, points: list[MetricPoint]) -> None:
        """Measure a memory operation or a retrieval."""
        named = operation.names.operation if operation.kind is OperationKind.MEMORY else None
        default = n.OP_SEARCH_MEMORY if operation.kind is OperationKind.MEMORY else n.OP_RETRIEVAL
        labels: dict[str, Any] = {a.OPERATION_NAME: named if named in n.MEMORY_OPERATIONS else default}
        self._facts(operation.facts, (Fact.BACKEND, Fact.CATEGORY), labels)
        self._agent(operation, error_type, labels)
        points.append(MetricPoint(m.CLIENT_OPERATION_DURATION, seconds, labels, operation.identity.ref))

    def _measurement(self, occurrence: Occurrence, source: str) -> list[MetricPoint]:
        """Pass on what the source measured itself."""
        event = occurrence.event
        instrument, value = m.SOURCE_MEASUREMENTS.get(event.names.subject or ""), event.facts.get(Fact.VALUE)
        if instrument is None or not isinstance(value, (int, float)):
            return []
        return [MetricPoint(instrument, addable(value), {a.SOURCE: source}, occurrence.span)]

    def _usage_told(self, occurrence: Occurrence, usage: Usage, points: list[MetricPoint]) -> None:
        """Count tokens that no model call told: they come as a record of their own."""
        names = occurrence.event.names
        labels = {a.OPERATION_NAME: n.FORWARD_OPERATIONS.get(names.operation or "", n.OP_CHAT)}
        labels.update(self._model_labels(names))
        labels.setdefault(a.PROVIDER_NAME, UNKNOWN)
        self._tokens(usage, labels, occurrence.span, points)

    def _outcome(self, operation: Operation) -> dict[str, Any]:
        return {a.SOURCE: self._word(a.SOURCE, operation.origin.system), a.OUTCOME: operation.outcome.value}

    def _facts(self, facts: Mapping[Fact, Any], chosen: tuple[Fact, ...], labels: dict[str, Any]) -> None:
        for fact in chosen:
            if fact in facts:
                name = FACT_NAMES[fact]
                labels[name] = self._word(name, str(facts[fact]))

    def _model_labels(self, names: Names) -> dict[str, Any]:
        labels: dict[str, Any] = {}
        if (provider := provider_name(names.provider)) is not None:
            labels[a.PROVIDER_NAME] = self._word(a.PROVIDER_NAME, provider)
        if names.request_model is not None:
            labels[a.REQUEST_MODEL] = self._models(names.request_model)
        if names.response_model is not None:
            labels[a.RESPONSE_MODEL] = self._models(names.response_model)
        return labels

    def _tokens(
        self, usage: Usage | None, labels: dict[str, Any], span: SpanRef | None, points: list[MetricPoint]
    ) -> None:
        if usage is None:
            return
        for kind, tokens in ((n.TOKEN_INPUT, usage.input_tokens), (n.TOKEN_OUTPUT, usage.output_tokens)):
            if tokens is not None:
                typed = {**labels, a.TOKEN_TYPE: kind}
                points.append(MetricPoint(m.CLIENT_TOKEN_USAGE, tokens, typed, span))

    def _agent(self, operation: Operation, error_type: str | None, labels: dict[str, Any]) -> None:
        if operation.names.agent is not None:
            labels[a.AGENT_NAME] = self._agents(operation.names.agent)
        if error_type is not None:
            labels[a.ERROR_TYPE] = self._word(a.ERROR_TYPE, error_type)

    def _cache(self, occurrence: Occurrence) -> list[MetricPoint]:
        event = occurrence.event
        cache = self._word(a.CACHE_TYPE, str(event.facts.get(Fact.CACHE_TYPE, "")))
        labels = {a.SOURCE: self._word(a.SOURCE, event.origin.system), a.CACHE_TYPE: cache}
        hit = bool(event.facts.get(Fact.CACHE_HIT, False))
        points = [MetricPoint(m.CACHE_EVENTS, 1, {**labels, a.CACHE_HIT: hit}, occurrence.span)]
        saved = event.facts.get(Fact.TOKENS_SAVED)
        if isinstance(saved, int) and saved > 0:
            points.append(MetricPoint(m.CACHE_TOKENS_SAVED, addable(saved), labels, occurrence.span))
        return points

    def _cost(self, cost: Cost, of: Operation | Occurrence) -> MetricPoint:
        span = of.identity.ref if isinstance(of, Operation) else of.span
        labels = {a.COST_CURRENCY: self._word(a.COST_CURRENCY, cost.currency), a.COST_STATUS: cost.status.value}
        return MetricPoint(m.COST, addable(cost.amount_micros), labels, span)

    def _word(self, label: str, word: str) -> str:
        return self._others[label](word)
