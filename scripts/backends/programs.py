"""What is built: four programs, each at one version, each with the checksum of its source.

A checksum is that of Go's checksum database and go.sum files (`h1:`). The dependencies of a program are pinned by the
go.sum file inside its module, so the one checksum here pins everything that is compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
import re

__all__ = ["BUILDER", "MANIFEST", "PROGRAMS", "Manifest", "Module", "Program"]

MANIFEST = Path(__file__).parents[2] / "collector-config" / "builder.yaml"
BUILDER = "go.opentelemetry.io/collector/cmd/builder"


@dataclass(frozen=True)
class Module:
    """A main package of a Go module."""

    path: str
    version: str
    checksum: str
    package: str
    linked: tuple[str, ...] = ()  # variables that the program keeps its version in
    tags: tuple[str, ...] = ()

    @property
    def pin(self) -> str:
        """Give all that decides what is built."""
        return repr(self)


@dataclass(frozen=True)
class Manifest:
    """A manifest of the collector builder."""

    path: Path

    @property
    def pin(self) -> str:
        """Give all that decides what is built."""
        return self.path.read_text(encoding="utf-8")

    @property
    def version(self) -> str:
        """Give the version of the distribution, which is also that of the builder."""
        found = re.search(r"^  version: (\S+)$", self.pin, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.path} names no version")
        return found[1]


@dataclass(frozen=True)
class Program:
    """One program, its source and the command that shows that it runs."""

    name: str
    version: str
    source: Module | Manifest
    version_command: tuple[str, ...]

    @property
    def key(self) -> str:
        """Give the name under which the cache holds it, but for the version of Go."""
        return f"{self.name}-{self.version}-{sha256(self.source.pin.encode()).hexdigest()[:8]}"


PROGRAMS = (
    Program("otelcol", Manifest(MANIFEST).version, Manifest(MANIFEST), ("--version",)),
    Program(
        "jaeger",
        "2.13.0",
        Module(
            "github.com/jaegertracing/jaeger",
            "v1.76.0",  # Jaeger 1.76 and 2.13 are one commit; Go knows it under the first name only
            "h1:sWCOOF1dr+NL0PLil7mFo3BqqQL8k4WiM7aguFbc14g=",
            "./cmd/jaeger",
            linked=("github.com/jaegertracing/jaeger/internal/version.latestVersion",),
        ),
        ("version",),
    ),
    Program(
        "prometheus",
        "3.15.0",
        Module(
            "github.com/prometheus/prometheus",
            "v0.315.0",
            "h1:sFGZWmC2Hk9N1NBJGCnXYZb5hyLCq8yuAMoEjLAg6ac=",
            "./cmd/prometheus",
            linked=("github.com/prometheus/common/version.Version",),
            tags=("remove_all_sd",),  # without the service discovery of two dozen clouds
        ),
        ("--version",),
    ),
    Program(
        "tempo",
        "2.8.0-20250529",  # Go has no name for Tempo's 2.x releases; this commit is four days older than 2.8.0
        Module(
            "github.com/grafana/tempo",
            "v1.5.1-0.20250529124718-87c2dc380cec",
            "h1:wnzJov9RhSHGaTYGzTygL4qq986fLen8xSqnQgaMd28=",
            "./cmd/tempo",
            linked=("main.Version",),
        ),
        ("-version",),
    ),
)
