"""Where a row of the matrix is played: a receiver with the fault, one without, and the environment of the agent."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agent_otel.delivery.spool import Spool, adopt_spools, list_spools
from agent_otel.testing import OtlpReceiver, ServerCertificate
from chaos.agent_process import python_path
from end_to_end.replaying import environment

SPOOL_NOW_NS = 0  # nothing is old then


class Scene:
    """One play: what stages change, and what is counted at its end.

    Attributes:
        receiver: The collector in question.
        other: The collector that is well.
        more: Further variables of the agent; stages add theirs.
        spool: Directory of the spool; None: the agent keeps none.
    """

    receiver: Any

    def __init__(self, protocol: str, directory: Path, *, spool: bool) -> None:
        self.protocol = protocol
        self.directory = directory
        self.spool = directory / "spool" if spool else None
        self.more: dict[str, str] = {}
        self.owned = ExitStack()

    def __enter__(self) -> Scene:
        self.other = self.owned.enter_context(OtlpReceiver())
        self.serve()
        return self

    def __exit__(self, *_: object) -> None:
        self.owned.close()

    def serve(self, certificate: ServerCertificate | None = None) -> None:
        """Have the collector in question listen."""
        self.receiver = self.owned.enter_context(
            OtlpReceiver(grpc=self.protocol == "grpc", certificate=certificate),
        )

    @property
    def endpoint(self) -> str:
        """Where the agent is to send."""
        return self.receiver.grpc_endpoint if self.protocol == "grpc" else self.receiver.http_endpoint

    def environ(self) -> dict[str, str]:
        """The variables of the agent."""
        settings = self.directory / "settings.toml"
        settings.write_text(
            f'[sinks.other]\nendpoint = "{self.other.http_endpoint}"\nsignals = ["traces"]\n', encoding="utf-8"
        )
        return {
            **environment(self.other, self.directory / "state"),
            "PYTHONPATH": python_path(),
            "AGENT_OTEL_CONFIG_FILE": str(settings),
            "CHAOS_OTHER": self.other.http_endpoint,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc" if self.protocol == "grpc" else "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "64",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            **({"AGENT_OTEL_SPOOL": str(self.spool)} if self.spool is not None else {}),
            **self.more,
        }

    def arrived(self) -> list[tuple[str, str, bytes]]:
        """Id, name and bytes of each span that the collector in question took, as often as it did."""
        return [(span.span_id, span.name, span.raw) for span in self.receiver.spans()]

    def spooled(self) -> tuple[list[str], int]:
        """The names of the spans on disk for the collector in question, and how many rows there cannot be read."""
        if self.spool is None or not self.spool.exists():
            return [], 0
        adoption = adopt_spools(self.spool, SPOOL_NOW_NS)
        names, damaged = [], 0
        for spool in adoption.spools:
            assert not _names(spool, "other/traces")
            names += _names(spool, "otlp/traces")
            damaged += spool.stats(SPOOL_NOW_NS).corrupt_rows
            spool.close()
        return names, damaged

    def files(self) -> list[Path]:
        """The files of the spool that hold something."""
        return [file.path for file in list_spools(self.spool) if file.amount.items] if self.spool is not None else []


def _names(spool: Spool, sink_id: str) -> list[str]:
    found: list[Any] = []
    while page := spool.read(sink_id, found[-1].position if found else 0):
        found += page
    return [Span.FromString(row.item.payload).name for row in found]
