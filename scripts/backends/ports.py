"""The ports of the backends on loopback, and the addresses that follow from them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
import socket

__all__ = ["LOOPBACK", "Addresses", "Ports"]

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """One port each; unless told otherwise the ones that everybody expects."""

    otlp_grpc: int = 4317
    otlp_http: int = 4318
    collector_health: int = 13133
    collector_metrics: int = 8888
    jaeger_http: int = 16686
    jaeger_grpc: int = 16685
    jaeger_otlp: int = 14317
    jaeger_health: int = 13134
    prometheus_http: int = 9090
    tempo_http: int = 3200
    tempo_grpc: int = 9095
    tempo_otlp: int = 24317
    tempo_gossip: int = 7946

    @classmethod
    def free(cls) -> Ports:
        """Choose ports that nothing listens on now; something may by the time that they are used."""
        with ExitStack() as held:  # all at once, so that no two are the same
            sockets = [held.enter_context(socket.socket()) for _ in fields(cls)]
            for each in sockets:
                each.bind((LOOPBACK, 0))
            return cls(*(each.getsockname()[1] for each in sockets))

    def taken(self) -> list[str]:
        """Give those that something listens on, as `jaeger_http 127.0.0.1:16686`."""
        return [f"{name} {LOOPBACK}:{port}" for name, port in vars(self).items() if not _is_free(port)]


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what lingers of ended connections is no listener
        try:
            trial.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


@dataclass(frozen=True)
class Addresses:
    """Where to send telemetry, and where to ask for it."""

    otlp_http: str
    otlp_grpc: str
    jaeger: str
    tempo: str
    prometheus: str
    collector_health: str
    collector_metrics: str
    logs_file: Path

    @classmethod
    def of(cls, ports: Ports, data: Path) -> Addresses:
        """Give the addresses that belong to the ports; log records are in a file under `data`."""
        return cls(
            otlp_http=f"http://{LOOPBACK}:{ports.otlp_http}",
            otlp_grpc=f"http://{LOOPBACK}:{ports.otlp_grpc}",
            jaeger=f"http://{LOOPBACK}:{ports.jaeger_http}",
            tempo=f"http://{LOOPBACK}:{ports.tempo_http}",
            prometheus=f"http://{LOOPBACK}:{ports.prometheus_http}",
            collector_health=f"http://{LOOPBACK}:{ports.collector_health}",
            collector_metrics=f"http://{LOOPBACK}:{ports.collector_metrics}/metrics",
            logs_file=data / "otelcol" / "logs.jsonl",
        )

    def as_dict(self) -> dict[str, str]:
        """Give them by name."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    def environment(self) -> dict[str, str]:
        """Give the variables that lead an agent here, and a script to what arrived."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.otlp_http,
            "JAEGER_URL": self.jaeger,
            "TEMPO_URL": self.tempo,
            "PROMETHEUS_URL": self.prometheus,
        }
