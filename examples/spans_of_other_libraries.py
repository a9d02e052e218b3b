"""The content policy in front of an exporter of your own: spans of any instrumentation leave without their secrets.

python examples/spans_of_other_libraries.py                             # to localhost:4318
"""

from __future__ import annotations

import secrets

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from agent_otel.model import CaptureMode, ContentKind
from agent_otel.policy import DEFAULT_MODES, ContentPolicy
from agent_otel.processors.content import ContentPolicyProcessor

POLICY = ContentPolicy(
    modes={**DEFAULT_MODES, ContentKind.INPUT_MESSAGES: CaptureMode.METADATA_ONLY},
    denied_tools=("vault_*",),
    foreign="drop",  # attributes that no convention knows
    allowed=("acme.*",),
)


def main() -> None:
    """Make spans as other libraries do; what is sent of them is less."""
    provider = TracerProvider()
    processor = ContentPolicyProcessor(BatchSpanProcessor(OTLPSpanExporter()), POLICY)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("some.instrumentation")
    with tracer.start_as_current_span("chat some-model") as span:
        span.set_attribute("gen_ai.prompt", "stays at home; its size is told")
        span.set_attribute("llm.input_messages.0.message.content", "so does this, in another dialect")
    with tracer.start_as_current_span("execute_tool curl") as span:
        span.set_attribute("gen_ai.operation.name", "execute_tool")
        span.set_attribute("gen_ai.tool.call.arguments", f'{{"command": "curl -u bob:{secrets.token_hex(8)} x"}}')
        span.set_attribute("acme.team", "blue")
        span.set_attribute("unheard.of", "dropped")
    provider.shutdown()
    print(f"{processor.counts.redacted} secret hidden, {processor.counts.stubs} spans sent as stubs")


if __name__ == "__main__":
    main()
