"""The OpenTelemetry Collector itself as the one that fails; what it takes it passes on to a receiver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import signal

from backends import Service
from backends.ports import LOOPBACK, Ports

from agent_otel.testing import OtlpReceiver
from chaos.agent_process import until
from chaos.scene import Scene

CONFIG = Path(__file__).with_name("collector.yaml")


class CollectorScene(Scene):
    """A scene with a real Collector in front of the receiver."""

    def __init__(self, program: Path, protocol: str, directory: Path) -> None:
        super().__init__(protocol, directory, spool=True)
        self._program = program

    def serve(self, certificate: object = None) -> None:
        """Start the Collector."""
        assert certificate is None
        ports = Ports.free()
        self._port = ports.otlp_grpc if self.protocol == "grpc" else ports.otlp_http
        self.receiver = self.owned.enter_context(OtlpReceiver())
        self.service = Service(
            "otelcol",
            [self._program, "--config", CONFIG],
            environment={
                "OTLP_GRPC_ADDRESS": f"{LOOPBACK}:{ports.otlp_grpc}",
                "OTLP_HTTP_ADDRESS": f"{LOOPBACK}:{ports.otlp_http}",
                "HEALTH_ADDRESS": f"{LOOPBACK}:{ports.collector_health}",
                "BEHIND_URL": self.receiver.http_endpoint,
            },
            ready_url=f"http://{LOOPBACK}:{ports.collector_health}",
            directory=self.directory / "otelcol",
            on_end=lambda _: None,
        )
        self.service.start()
        self.owned.callback(self.service.stop)
        self.service.wait_ready()

    @property
    def endpoint(self) -> str:
        """Where the Collector listens."""
        return f"http://{LOOPBACK}:{self._port}"


@contextmanager
def killed(scene: CollectorScene) -> Iterator[None]:
    """The Collector's process is killed, and started again at the end."""
    os.kill(scene.service.pid, signal.SIGKILL)
    until(lambda: scene.service.pid is None, "its end")
    yield
    scene.service.start()
    scene.service.wait_ready()


@contextmanager
def halted(scene: CollectorScene) -> Iterator[None]:
    """The Collector's process is stopped in the midst of what it does, and goes on at the end."""
    scene.more["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1"
    pid = scene.service.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
