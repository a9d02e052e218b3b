"""``ContentPolicyHook``: our content policy on what the official GenAI instrumentations hand to completion hooks.

``OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK=agent_otel``. They hand over messages, instructions and tool definitions as
they are, with the span that is about to end and the log record that is about to be emitted. What the policy allows of
them is written there, scrubbed and cut; where they wrote more themselves, it takes the place of that, so that no other
processor or exporter gets it either. The interface is that of opentelemetry-util-genai 1.3; nothing of it is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
import logging
import os
from typing import Any, Final

from opentelemetry._logs import LogRecord
from opentelemetry.trace import Span, format_trace_id

from agent_otel.conventions import attributes as a
from agent_otel.conventions.content import content_kind
from agent_otel.model import CaptureMode, Content, ContentKind, SettingsError
from agent_otel.policy import ContentPolicy, Decider, SinkPolicy, Subject, Writing, shared_scrubber
from agent_otel.policy.attributes import WITHHELD_MARKER
from agent_otel.policy.content_policy import every_kind
from agent_otel.policy.explaining import tell_findings
from agent_otel.policy.narrowing import without_raw
from agent_otel.processors.content.written import written_spans
from agent_otel.setup.settings import read_settings

__all__ = ["ContentPolicyHook"]

_log = logging.getLogger("agent_otel")
_TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"
_SOURCE: Final = "opentelemetry-util-genai"


class ContentPolicyHook:
    """Writes what may be seen of messages onto spans and log records of the official GenAI instrumentations.

    Made without arguments by ``load_completion_hook``. Settings are those of the environment; where one cannot be used,
    there is one line in the log, and no content is written at all.
    """

    def __init__(self) -> None:
        try:
            policy = read_settings(os.environ).content
        except SettingsError as error:
            _log.error("no message content is written: %s", error)
            nothing = every_kind(CaptureMode.OFF)
            policy = ContentPolicy(modes=nothing, event_modes=nothing)
        self._policy = without_raw(policy)
        self._scrubber = shared_scrubber(policy.scrubbing)
        self._on_spans = Decider(self._policy, SinkPolicy("span"))
        self._on_records = Decider(self._policy, SinkPolicy("span"), on_events=True)

    def on_completion(
        self,
        *,
        inputs: Sequence[Any] = (),
        outputs: Sequence[Any] = (),
        system_instruction: Sequence[Any] = (),
        tool_definitions: Sequence[Any] | None = None,
        span: Span | None = None,
        log_record: LogRecord | None = None,
        **_: Any,
    ) -> None:
        """Write what may be seen. Never raises; if the policy fails, nothing can be seen.

        Args:
            inputs: Messages to the model, as data classes.
            outputs: Its answers.
            system_instruction: Parts of the system's instructions.
            tool_definitions: What the model was told of its tools; counts as a message to it.
            span: Of the operation.
            log_record: Of the operation.
            **_: What later releases add.
        """
        given = {
            ContentKind.INPUT_MESSAGES: inputs,
            ContentKind.OUTPUT_MESSAGES: outputs,
            ContentKind.SYSTEM_INSTRUCTIONS: system_instruction,
        }
        trace = format_trace_id(span.get_span_context().trace_id) if span is not None else ""
        if span is not None and span.is_recording():
            carried = getattr(span, "attributes", None) or {}
            span.set_attributes(self._told(given, tool_definitions, carried, trace, structured=False))
            written_spans.add(span.get_span_context().span_id)
        if log_record is not None:
            carried = dict(log_record.attributes or {})
            log_record.attributes = {
                **carried,
                **self._told(given, tool_definitions, carried, trace, structured=True),
            }

    def _told(
        self,
        given: Mapping[ContentKind, Sequence[Any]],
        tools: Sequence[Any] | None,
        carried: Mapping[str, Any],
        trace: str,
        *,
        structured: bool,
    ) -> dict[str, Any]:
        """Give the attributes to set: what may be seen, and markers in the place of what may not and is there."""
        told: dict[str, Any] = {}
        try:
            contents = {kind: Content(_plain(values)) for kind, values in given.items() if values}
            told = self._written(contents, trace, structured=structured)
            if tools:
                of_tools = {ContentKind.INPUT_MESSAGES: Content(_plain(tools))}
                written = self._written(of_tools, trace, structured=structured)
                if a.INPUT_MESSAGES in written:
                    told[_TOOL_DEFINITIONS] = written[a.INPUT_MESSAGES]
        except Exception:  # noqa: BLE001  what it fails on is withheld
            told = {a.CONTENT_STUB: True}
        return {**dict.fromkeys(filter(content_kind, carried), WITHHELD_MARKER), **told}

    def _written(self, contents: Mapping[ContentKind, Content], trace: str, *, structured: bool) -> dict[str, Any]:
        decider = self._on_records if structured else self._on_spans
        writing = Writing(contents, Subject(_SOURCE, trace), self._scrubber, self._policy, structured=structured)
        written = writing.write(decider)
        told = dict(written.attributes)
        tell_findings(written.findings, told)
        return told


def _plain(values: Sequence[Any]) -> list[Any]:
    return [asdict(value) if is_dataclass(value) and not isinstance(value, type) else value for value in values]
