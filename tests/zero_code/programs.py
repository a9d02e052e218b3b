"""Programs in processes of their own, with or without ``opentelemetry-instrument`` before them."""

from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys
from textwrap import dedent

from agent_otel.testing import OtlpReceiver

BIN = Path(sys.executable).parent
INSTRUMENT = (str(BIN / "opentelemetry-instrument"), sys.executable)


def variables(receiver: OtlpReceiver | None, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_OTEL_"))}
    kept["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    endpoint = {} if receiver is None else {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http_endpoint}
    return {**kept, **endpoint, "OTEL_SERVICE_NAME": "tested", "OTEL_METRICS_EXPORTER": "none", **more}


def run(command: list[str], environ: dict[str, str], *, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == expect, done.stderr[-3000:]
    return done


def program(path: Path, body: str) -> str:
    path.write_text(dedent(body))
    return str(path)


def everything(receiver: OtlpReceiver) -> bytes:
    """Give all that was received, as bytes in which a text can be looked for."""
    return b"\n".join(request.message.SerializeToString() for request in receiver.requests())
