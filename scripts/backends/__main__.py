"""Build the backends: PYTHONPATH=scripts python -m backends [PROGRAM ...]."""

from __future__ import annotations

import argparse
import sys

from . import PROGRAMS, BackendError, cache_directory, ensure


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def main() -> int:
    """Build what is named, or all; tell on standard error; give the exit status."""
    names = [program.name for program in PROGRAMS]
    parser = argparse.ArgumentParser(prog="backends", description="Build the backends that `make observe` runs.")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(names)}; all unless told")
    chosen = parser.parse_args().programs or names
    if unknown := sorted(set(chosen) - set(names)):
        parser.error(f"no such program: {', '.join(unknown)}; there are {', '.join(names)}")
    try:
        ensure(cache_directory(), _say, [program for program in PROGRAMS if program.name in chosen])
    except BackendError as problem:
        _say(f"backends: {problem}")
        return 1
    except KeyboardInterrupt:
        _say("backends: interrupted; what is built is kept")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
