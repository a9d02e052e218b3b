"""Write docs/configuration.md from the settings table; with --check, fail if the page is out of date."""

from __future__ import annotations

from pathlib import Path
import sys

from agent_otel.setup import SETTINGS

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
HEAD = """\
# Settings and exit codes

## OpenTelemetry's own

Every `OTEL_*` variable that the Python SDK reads works here as it does there, with these additions:

| variable | here |
|---|---|
| `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER` | unset means `otlp`; `none` sends nothing of that signal; several, separated by commas, each get everything |
| `OTEL_EXPORTER_OTLP_PROTOCOL` (and per signal) | unset means `http/protobuf`; `grpc` is imported only when chosen |
| `OTEL_EXPORTER_OTLP_ENDPOINT` (and per signal) | unset means `http://localhost:4318`, or `:4317` for gRPC |
| `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_BLRP_MAX_QUEUE_SIZE` | also the bound from which a sink counts what it cannot take |
| `OTEL_TRACES_SAMPLER` | asked once per trace, when its first run opens |
| `OTEL_SDK_DISABLED=true` | no thread, no socket, no file |
| `OTEL_RESOURCE_ATTRIBUTES` | `service.instance.id` is drawn anew for each process unless it is set here; recorded spans then have none, only metrics |
| `TRACEPARENT`, `TRACESTATE` | runs join that trace, live and replayed, unless a span is current where they open |

A value that cannot be used is one error at the start, which names variable, value and what is expected.

## Ours

An unknown `AGENT_OTEL_*` name is a warning with the nearest real one.

| variable | default | expected | does |
|---|---|---|---|
"""
TAIL = """
The console exporter writes to standard output, also with `--json`.

## Exit status of `agent-otel`

| status | means |
|---|---|
| 0 | all that could be read was delivered; with `--console`, no endpoint set and nothing listening: shown |
| 1 | bad usage or settings, or an input that cannot be read |
| 2 | something was not delivered, or not acknowledged (`doctor`); wins over 3 |
| 3 | with `--strict`: a record was malformed; a secret was hidden (`scrub`); a secret would leave (`scan`) |
| 130 | interrupted (Ctrl-C or SIGTERM): what was complete is sent, what was open is left for the next time |

<!-- made by scripts/configuration.py -->
"""


def _default(text: str) -> str:
    return f"`{text}`" if text else "none"


def page() -> str:
    """Give the page as it should be."""
    rows = [f"| `{s.name}` | {_default(s.default)} | {s.expected} | {s.help} |" for s in SETTINGS]
    return HEAD + "\n".join(rows) + "\n" + TAIL


def main() -> None:
    """Write or check."""
    if "--check" in sys.argv:
        sys.exit(
            0 if PAGE.read_text() == page() else "docs/configuration.md is out of date: run scripts/configuration.py"
        )
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
