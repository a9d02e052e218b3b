"""The contenders: who they are, which packages they need, and the settings that they are measured with."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["CONTENDERS", "LOSSLESS", "OURS", "REFERENCE", "Row"]

OURS = "agent-otel"
REFERENCE = "bare-lossless"
LOSSLESS = "1000000"  # spans: more than any measure makes

_SDK = ("opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2")
_BIG_QUEUE = {"OTEL_BSP_MAX_QUEUE_SIZE": LOSSLESS}
_RAW = {
    "AGENT_OTEL_CONTENT": "raw_content",
    "AGENT_OTEL_RAW_SOURCES": "*",
    "AGENT_OTEL_RAW_BYTES": "1000000000",
    "AGENT_OTEL_RAW_RETENTION": "true",
    "AGENT_OTEL_RAW_SAMPLE_RATIO": "1",
    "AGENT_OTEL_CONTENT_SINKS": "otlp=raw_content",
}


@dataclass(frozen=True)
class Row:
    """One contender.

    Attributes:
        name: On the command line and the page.
        module: Of `contenders`.
        requirements: For pip, pinned; `.` is this project.
        imports: What a user of it imports, `module:name`.
        package: The package that is meant by its version.
        about: How it is set up, for the page.
        environ: Settings.
        lossless: Settings with which its queue holds all that a measure of cost makes, so that no contender is cheap
            for what it does not send.
        has_spool: Whether it is given a directory in `AGENT_OTEL_SPOOL`.
        is_peer: Whether it is another project's.
    """

    name: str
    module: str
    requirements: tuple[str, ...]
    imports: tuple[str, ...]
    package: str
    about: str
    environ: dict[str, str] = field(default_factory=dict)
    lossless: dict[str, str] = field(default_factory=dict)
    has_spool: bool = False
    is_peer: bool = True


def _ours(
    name: str, about: str, module: str = "ours", *, has_spool: bool = False, environ: dict[str, str] | None = None
) -> Row:
    return Row(
        name,
        module,
        (".",),
        ("agent_otel:Bridge",),
        "agent-otel",
        about,
        environ or {},
        _BIG_QUEUE if module == "ours_stock" else {},
        has_spool=has_spool,
        is_peer=False,
    )


_BARE = (
    "opentelemetry.sdk.trace:TracerProvider",
    "opentelemetry.sdk.trace.export:BatchSpanProcessor",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter:OTLPSpanExporter",
)

CONTENDERS = (
    _ours(OURS, "as it comes: policy and terminal preservation on, in memory"),
    _ours("agent-otel-spool", "the same with `AGENT_OTEL_SPOOL`", has_spool=True),
    _ours("agent-otel-raw", "policy off: every gate of raw content open, content leaves as it was", environ=_RAW),
    _ours(
        "agent-otel-stock",
        "terminal preservation off: the SDK's batch processor through `install()`",
        "ours_stock",
        environ={f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")},
    ),
    Row("bare", "bare", _SDK, _BARE, "opentelemetry-sdk", "the SDK, batch processor, OTLP over HTTP", is_peer=False),
    Row(
        REFERENCE,
        "bare",
        _SDK,
        _BARE,
        "opentelemetry-sdk",
        "the same with a queue that loses nothing; what the ratios are to",
        _BIG_QUEUE,
        {},
        is_peer=False,
    ),
    Row(
        "util-genai",
        "util_genai",
        (*_SDK, "opentelemetry-util-genai==1.3b0"),
        ("opentelemetry.util.genai.handler:TelemetryHandler", *_BARE),
        "opentelemetry-util-genai",
        "content on spans, no metrics",
        {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY"},
        _BIG_QUEUE,
    ),
    Row(
        "traceloop",
        "traceloop",
        # It imports httpx without saying so, and needs instrumentations that are not out for the newest SDK.
        (
            "traceloop-sdk==0.62.4",
            "opentelemetry-sdk==1.45.1",
            "opentelemetry-instrumentation==0.66b1",
            "httpx==0.28.1",
        ),
        ("traceloop.sdk:Traceloop", "traceloop.sdk.decorators:tool"),
        "traceloop-sdk",
        "decorators; no instrumentation of other libraries",
        {"TRACELOOP_TELEMETRY": "false"},
        _BIG_QUEUE,
    ),
    Row(
        "openinference",
        "openinference",
        (*_SDK, "openinference-instrumentation==0.1.72"),
        ("openinference.instrumentation:TracerProvider", *_BARE),
        "openinference-instrumentation",
        "its tracer, tool, input and output set",
        {},
        _BIG_QUEUE,
    ),
    Row(
        "langfuse",
        "langfuse",
        ("langfuse==5.0.4",),
        ("langfuse:Langfuse",),
        "langfuse",
        "its client, the receiver for its server",
        {},
        _BIG_QUEUE,
    ),
    Row(
        "logfire",
        "logfire",
        ("logfire==5.2.0",),  # 5.4.0 asks for a certifi that is not out
        ("logfire:configure",),
        "logfire",
        "its own scrubbing on, the receiver for its server",
        {"LOGFIRE_SEND_TO_LOGFIRE": "true"},
        _BIG_QUEUE,
    ),
    Row(
        "openai-agents",
        "openai_agents",
        ("openai-agents==0.24.0",),
        ("agents:function_span",),
        "openai-agents",
        "its native tracing: JSON, not OTLP; imports its whole SDK",
        {},
        {"BENCH_QUEUE": LOSSLESS},
    ),
    Row(
        "nemo-relay",
        "nemo_relay",
        ("nemo-relay==0.10.4",),
        ("nemo_relay:OpenTelemetrySubscriber",),
        "nemo-relay",
        "manual tool spans, OpenTelemetry subscriber `gen_ai`; Rust",
        {},
        _BIG_QUEUE,
    ),
)
