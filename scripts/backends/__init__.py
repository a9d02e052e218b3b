"""Real backends on this machine: built from source at pinned versions, started and stopped as one thing.

with Backends(ensure(cache_directory(), print)) as backends:
    ...  # send to backends.addresses.otlp_http, read from .jaeger, .tempo and .prometheus
"""

from __future__ import annotations

from .building import ensure, present
from .cache import cache_directory
from .errors import BackendError, BuildFailed, GoMissing, ProxyMissing, ServiceFailed
from .layout import CONFIGURATIONS
from .ports import Addresses, Ports
from .programs import PROGRAMS, Program
from .running import PORT_TAKEN, Backends
from .service import Service

__all__ = [
    "CONFIGURATIONS",
    "PORT_TAKEN",
    "PROGRAMS",
    "Addresses",
    "BackendError",
    "Backends",
    "BuildFailed",
    "GoMissing",
    "Ports",
    "Program",
    "ProxyMissing",
    "Service",
    "ServiceFailed",
    "cache_directory",
    "ensure",
    "present",
]
