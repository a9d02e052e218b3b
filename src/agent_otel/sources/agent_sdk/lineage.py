"""Where things come from, for ``agent_sdk.*``: ids, kinds and cursors of envelopes and telemetry, never their text.

Keys are those of the source system's own OpenTelemetry contract, and further ones of the same pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import re
from typing import Any, Final

from agent_otel.sources.agent_sdk.parts import clamped, identifier, word

__all__ = [
    "Lineage",
    "cursor_lineage",
    "envelope_lineage",
    "policy_ids",
    "projection_lineage",
    "record_lineage",
    "ref_id",
    "refs_of",
    "units_lineage",
]

Lineage = dict[str, str | int | bool | float | tuple[str, ...]]

_MAX_ENTRIES: Final = 16
_ENTRY_KEY: Final = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_OWN_KEYS: Final = ("stream.", "realtime.", "isolation.", "extension.", "subagent.")

# What an entity that an event names is called as lineage; the first of a kind counts.
_REF_KEYS: Final = {
    "agent_pool": "agent_pool.id",
    "approval_request": "approval.request.id",
    "artifact": "artifact.id",
    "capability": "capability.id",
    "child_artifact": "child_lifecycle.artifact.id",
    "content": "content.id",
    "context_contribution": "context.contribution.id",
    "context_projection": "context.projection.id",
    "effect": "effect.id",
    "effect_intent": "effect.intent.id",
    "effect_result": "effect.result.id",
    "execution_environment": "isolation.environment_id",
    "extension_action": "extension.action.id",
    "hook": "hook.id",
    "output_delivery": "output_delivery.id",
    "package_sidecar": "package_sidecar.id",
    "realtime_session": "realtime.session.id",
    "runtime_package": "runtime_package.id",
    "stream_rule": "stream.rule.id",
    "subagent_run": "subagent.child_run_id",
    "topic": "agent_pool.topic.id",
    "wake_condition": "agent_pool.wake_condition.id",
}


def refs_of(envelope: Any) -> Iterator[Any]:
    """Give the entities that an envelope names, the nearest first: subject, related ones, causes."""
    yield envelope.subject_ref
    yield from envelope.related_refs
    for cause in envelope.causal_refs:
        yield cause.subject_ref
    if envelope.caused_by is not None:
        yield envelope.caused_by.subject_ref


def ref_id(refs: Iterable[Any], kind: str, *, other_than: str | None = None) -> str | None:
    """Give the id of the first entity of a kind."""
    return next((ref.id for ref in refs if word(ref.kind) == kind and ref.id != other_than), None)


def policy_ids(policy_refs: Iterable[Any], refs: Iterable[Any] = ()) -> tuple[str, ...]:
    """Give the ids of the policies, and of the policy decisions among the entities, each once."""
    found = [ref.id for ref in policy_refs]
    found.extend(ref.id for ref in refs if word(ref.kind) == "policy_decision")
    return tuple(dict.fromkeys(found))


def _of_pairs(pairs: Iterable[tuple[str, Any]]) -> Lineage:
    return {key: value for key, value in pairs if value is not None and value != ()}


def envelope_lineage(envelope: Any) -> Lineage:
    """Give the lineage of an envelope."""
    refs = tuple(refs_of(envelope))
    destination = envelope.destination
    lineage = _of_pairs(
        (
            ("run.id", envelope.run_id),
            ("turn.id", envelope.turn_id),
            ("attempt.id", envelope.attempt_id),
            ("message.id", envelope.message_id or ref_id(refs, "message")),
            ("context.item.id", envelope.context_item_id or ref_id(refs, "context_item")),
            ("event.id", envelope.event_id),
            ("event.seq", clamped(envelope.event_seq)),
            ("event.family", identifier(word(envelope.event_family))),
            ("event.kind", identifier(word(envelope.event_kind))),
            ("event.parent_id", envelope.parent_event_id),
            ("event.caused_by", envelope.caused_by.event_id if envelope.caused_by is not None else None),
            ("trace.id", envelope.trace_id),
            ("span.id", envelope.span_id),
            ("subject.kind", identifier(word(envelope.subject_ref.kind))),
            ("source.kind", identifier(word(envelope.source.kind))),
            ("source.id", envelope.source.id),
            ("destination.kind", identifier(word(destination.kind)) if destination is not None else None),
            ("destination.id", destination.id if destination is not None else None),
            ("retention.class", identifier(word(destination.retention)) if destination is not None else None),
            ("policy.decision_ids", policy_ids(envelope.policy_refs, refs)),
            ("journal.cursor", envelope.journal_cursor),
            ("state.before", identifier(envelope.state_before)),
            ("state.after", identifier(envelope.state_after)),
            ("delivery_semantics", identifier(word(envelope.delivery_semantics))),
            ("privacy", identifier(word(envelope.privacy))),
            ("content_capture", identifier(word(envelope.content_capture))),
            ("redaction.policy_id", identifier(envelope.redaction_policy_id)),
            ("runtime_package.fingerprint", identifier(envelope.runtime_package_fingerprint)),
            ("tags", tuple(tag for tag in map(identifier, envelope.tags[:_MAX_ENTRIES]) if tag is not None)),
        )
    )
    for ref in refs:
        if (key := _REF_KEYS.get(word(ref.kind))) is not None and ref.id != envelope.run_id:
            lineage.setdefault(key, ref.id)
    for entry in envelope.correlation.entries[:_MAX_ENTRIES]:
        if _ENTRY_KEY.fullmatch(entry.key) and (value := identifier(entry.value)) is not None:
            key = entry.key.removeprefix("agent_sdk.")
            lineage.setdefault(key if key.startswith(_OWN_KEYS) else f"correlation.{key}", value)
    return lineage


def projection_lineage(projection: Any) -> Lineage:
    """Give the lineage of a telemetry projection."""
    source = projection.source_record
    destination = projection.destination
    return _of_pairs(
        (
            ("run.id", projection.run_id),
            ("turn.id", projection.turn_id),
            ("attempt.id", projection.attempt_id),
            ("event.id", projection.event_id),
            ("event.family", identifier(word(source.event_family))),
            ("event.kind", identifier(word(source.event_kind))),
            ("journal.cursor", projection.journal_cursor),
            ("trace.id", projection.trace_id),
            ("span.id", projection.span_id),
            ("source.kind", identifier(word(projection.source.kind))),
            ("source.id", projection.source.id),
            ("destination.kind", identifier(word(destination.kind)) if destination is not None else None),
            ("telemetry.projection.id", identifier(projection.projection_id)),
            *_common_pairs(projection),
        )
    )


def record_lineage(record: Any) -> Lineage:
    """Give the lineage of a telemetry record."""
    return _of_pairs(
        (
            ("run.id", record.run_id),
            ("telemetry.record.id", identifier(record.record_id)),
            ("telemetry.source_cursor", cursor_lineage(record.source_cursor)),
            *_common_pairs(record),
        )
    )


def _common_pairs(telemetry: Any) -> tuple[tuple[str, Any], ...]:
    return (
        ("policy.decision_ids", policy_ids(telemetry.policy_refs)),
        ("privacy", identifier(word(telemetry.privacy))),
        ("retention.class", identifier(word(telemetry.retention))),
        ("content_capture", identifier(word(telemetry.content_capture))),
        ("redaction.policy_id", identifier(telemetry.redaction_policy_id)),
        ("runtime_package.fingerprint", identifier(telemetry.runtime_package_fingerprint)),
    )


def cursor_lineage(source_cursor: Any) -> str | None:
    """Give a source cursor as one word: a journal position, an archive position, or the id that it names."""
    if source_cursor is None:
        return None
    cursor = source_cursor.cursor
    return identifier(cursor if isinstance(cursor, str) else cursor.journal_cursor or cursor.event_id)


def units_lineage(units: Any) -> Lineage:
    """Give what ``UsageUnits`` tell besides tokens."""
    if units is None:
        return {}
    pairs = (("usage.bytes", units.bytes), ("usage.media_duration_ms", units.media_duration_ms))
    return {key: clamped(value) for key, value in pairs if value is not None}
