"""The backends as one thing: Collector, Jaeger, Tempo and Prometheus on loopback, for as long as a `with` block."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
import queue
import tempfile
from types import TracebackType

from .errors import ServiceFailed
from .layout import CONFIGURATIONS, starts
from .ports import Addresses, Ports
from .service import Service

__all__ = ["PORT_TAKEN", "Backends"]

_TRIES = 3
PORT_TAKEN = "address already in use"  # what Go programs say of it


class Backends:
    """Runs the four backends.

    Args:
        programs: path of each program by its name, as `ensure()` gives them
        ports: where they listen; nothing means free ones
        data: folder for what they store; nothing means a temporary one that goes with the backends
        collector_config: what the collector runs with

    Attributes:
        addresses: where they are; set on entry
        services: each as a process by its name, to stop and start again on purpose; set on entry
    """

    addresses: Addresses
    services: Mapping[str, Service]

    def __init__(
        self,
        programs: Mapping[str, Path],
        *,
        ports: Ports | None = None,
        data: Path | None = None,
        collector_config: Path = CONFIGURATIONS / "local.yaml",
    ) -> None:
        self._programs = programs
        self._ports = ports
        self._data = data
        self._collector_config = collector_config
        self._ended: queue.SimpleQueue[Service] = queue.SimpleQueue()
        self._owned = ExitStack()

    def __enter__(self) -> Backends:
        """Start all and wait until each is ready.

        Raises:
            ServiceFailed: one of them ended or did not get ready; all are stopped
        """
        if self._ports:
            self._start(self._ports)
        else:
            self._start_on_free_ports(_TRIES)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all, by process id, the collector first so that what it holds still arrives."""
        self._owned.close()

    def wait(self) -> Service:
        """Wait until one of them ends on its own, and give it."""
        return self._ended.get()

    def _start_on_free_ports(self, tries: int) -> None:
        try:
            self._start(Ports.free())
        except ServiceFailed as problem:
            # A free port may be taken by somebody between its choice and its use.
            if tries == 1 or PORT_TAKEN not in str(problem):
                raise
            self._start_on_free_ports(tries - 1)

    def _start(self, ports: Ports) -> None:
        # Whoever listens there may well answer that it is ready: the backends of another one do.
        if taken := ports.taken():
            raise ServiceFailed(f"{', '.join(taken)}: {PORT_TAKEN}")
        with ExitStack() as starting:
            data = self._data or Path(starting.enter_context(tempfile.TemporaryDirectory(prefix="agent-otel-")))
            data = data.absolute()
            self._ended = queue.SimpleQueue()
            self.addresses = Addresses.of(ports, data)
            self.services = {
                name: Service(
                    name,
                    [self._programs[name], *start.arguments],
                    environment=start.environment,
                    ready_url=start.ready_url,
                    directory=data / name,
                    end_seconds=start.end_seconds,
                    on_end=self._ended.put,
                )
                for name, start in starts(ports, self.addresses, data, self._collector_config).items()
            }
            starting.callback(self._stop)
            collector, *stores = self.services.values()
            for store in stores:
                store.start()
            for store in stores:
                store.wait_ready()
            collector.start()  # last: a store that it does not find it tries again only seconds later
            collector.wait_ready()
            self._owned = starting.pop_all()

    def _stop(self) -> None:
        collector, *stores = self.services.values()
        collector.stop()
        for store in stores:
            store.signal_stop()
        for store in stores:
            store.stop()
