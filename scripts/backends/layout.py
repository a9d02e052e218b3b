"""How each backend is started: its arguments, its variables, and the page that answers once it can be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .ports import LOOPBACK, Addresses, Ports

__all__ = ["CONFIGURATIONS", "Start", "starts"]

CONFIGURATIONS = Path(__file__).parents[2] / "collector-config"
_BACKENDS = CONFIGURATIONS / "backends"


@dataclass(frozen=True)
class Start:
    """What starts one program, and how one knows that it is ready."""

    arguments: tuple[str, ...]
    ready_url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    end_seconds: float = 15.0  # how long it may take to end before it is killed


def starts(ports: Ports, addresses: Addresses, data: Path, collector_config: Path) -> dict[str, Start]:
    """Give the starts by the program's name, the collector first.

    Args:
        ports: where they listen
        addresses: the same as addresses
        data: folder for what they store, absolute
        collector_config: what the collector runs with
    """
    return {
        "otelcol": _collector(ports, addresses, collector_config),
        "jaeger": _jaeger(ports),
        "tempo": _tempo(ports, addresses, data / "tempo"),
        "prometheus": _prometheus(ports, addresses, data / "prometheus"),
    }


def _at(port: int) -> str:
    return f"{LOOPBACK}:{port}"


def _collector(ports: Ports, addresses: Addresses, config: Path) -> Start:
    return Start(
        ("--config", str(config.absolute())),
        addresses.collector_health,
        {
            "OTLP_GRPC_ADDRESS": _at(ports.otlp_grpc),
            "OTLP_HTTP_ADDRESS": _at(ports.otlp_http),
            "HEALTH_ADDRESS": _at(ports.collector_health),
            "OWN_METRICS_PORT": str(ports.collector_metrics),
            "JAEGER_OTLP_ADDRESS": _at(ports.jaeger_otlp),
            "TEMPO_OTLP_ADDRESS": _at(ports.tempo_otlp),
            "PROMETHEUS_URL": addresses.prometheus,
            "LOGS_FILE": str(addresses.logs_file),
        },
    )


def _jaeger(ports: Ports) -> Start:
    return Start(
        ("--config", str(_BACKENDS / "jaeger.yaml")),
        f"http://{_at(ports.jaeger_health)}/status",
        {
            "JAEGER_HTTP_ADDRESS": _at(ports.jaeger_http),
            "JAEGER_GRPC_ADDRESS": _at(ports.jaeger_grpc),
            "JAEGER_OTLP_ADDRESS": _at(ports.jaeger_otlp),
            "JAEGER_HEALTH_ADDRESS": _at(ports.jaeger_health),
        },
    )


def _tempo(ports: Ports, addresses: Addresses, data: Path) -> Start:
    return Start(
        ("-config.expand-env", f"-config.file={_BACKENDS / 'tempo.yaml'}"),
        f"{addresses.tempo}/ready",
        {
            "TEMPO_HTTP_PORT": str(ports.tempo_http),
            "TEMPO_GRPC_PORT": str(ports.tempo_grpc),
            "TEMPO_OTLP_ADDRESS": _at(ports.tempo_otlp),
            "TEMPO_GOSSIP_PORT": str(ports.tempo_gossip),
            "TEMPO_DATA": str(data),
        },
        # Once it was asked anything, its query side waits for ever for workers that have left. What it stores is on
        # disk by then: that part ends within milliseconds.
        end_seconds=3.0,
    )


def _prometheus(ports: Ports, addresses: Addresses, data: Path) -> Start:
    return Start(
        (
            f"--config.file={_BACKENDS / 'prometheus.yaml'}",
            f"--storage.tsdb.path={data / 'tsdb'}",
            f"--web.listen-address={_at(ports.prometheus_http)}",
            "--web.enable-otlp-receiver",
            "--enable-feature=exemplar-storage",
        ),
        f"{addresses.prometheus}/-/ready",
    )
