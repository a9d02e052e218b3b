"""What makes a sink the same in two readings: its id and endpoint, for whom it is, and under which ids it gets what."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from agent_otel.processors import Outbox
from agent_otel.processors.content import GuardedMetricExporter
from agent_otel.setup import Telemetry, otlp_endpoint
from agent_otel.setup.config_file import FileSink

__all__ = ["sink_names"]

_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"


def sink_names(
    telemetry: Telemetry, sinks: Mapping[str, FileSink], environ: Mapping[str, str]
) -> tuple[dict[str, Outbox], dict[str, GuardedMetricExporter], str]:
    """Give the sinks by all that makes each the sink that it is; of headers and caller only a digest.

    Args:
        telemetry: Where the sinks are.
        sinks: What settings say of sinks, by name.
        environ: Environment variables.

    Returns:
        Sinks of spans and log records, those of metrics, and a name for a reading that sends no spans.
    """

    def name(sink_id: str, endpoint: str) -> str:
        sink, _, signal = sink_id.rpartition("/")
        said = sinks.get(sink)
        if said is not None and said.endpoint is not None:
            headers = [*(f"{key}={value}" for key, value in sorted(said.headers.items()))]
        else:
            signal_headers = f"OTEL_EXPORTER_OTLP_{signal.upper()}_HEADERS"
            headers = [environ.get(signal_headers, environ.get(_HEADERS, ""))]
        whose = "\n".join([environ.get("TRACEPARENT", ""), *headers])
        digest = sha256(whose.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{sink_id}|{endpoint}|{telemetry.namespace}|{digest}"

    outboxes = {name(outbox.sink_id, outbox.endpoint_identity): outbox for outbox in telemetry.outboxes}
    metrics = {
        name(sink_id, _metrics_endpoint(sinks.get(sink_id.rpartition("/")[0]), environ)): exporter
        for sink_id, exporter in telemetry.metric_exporters.items()
    }
    return outboxes, metrics, name("shown/traces", "")


def _metrics_endpoint(said: FileSink | None, environ: Mapping[str, str]) -> str:
    if said is not None and said.endpoint is not None:
        scheme, _, rest = said.endpoint.rpartition("://")
        return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
    return otlp_endpoint("metrics", environ)
