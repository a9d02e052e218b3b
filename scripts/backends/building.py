"""Builds the programs: source from the Go module proxy, compiled in a folder of its own, renamed into the cache.

`go install` refuses modules with replace directives, which all three have; so the module's archive is downloaded,
compared with its pinned checksum, unpacked and built where it lies. Such archives hold no built web pages: what these
programs serve is their query API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
import json
from pathlib import Path
import shutil
import time
import zipfile

from .cache import find, installed, locked, work_directory
from .commands import Say, run
from .errors import BuildFailed, ProxyMissing
from .go import Go, find_go, go_on_path
from .programs import BUILDER, PROGRAMS, Manifest, Module, Program

__all__ = ["ensure", "present"]

_PACKAGES_PER_LINE = 250
_STRIPPED = "-s -w"  # without symbol tables, a third smaller


def present(cache: Path, programs: Iterable[Program] = PROGRAMS) -> dict[str, Path] | None:
    """Give the paths of the programs if all of them are built, whichever Go built them."""
    found = {program.name: path for program in programs if (path := find(cache, program))}
    return found if len(found) == len(tuple(programs)) else None


def ensure(cache: Path, say: Say, programs: Iterable[Program] = PROGRAMS) -> dict[str, Path]:
    """Build what the cache lacks.

    Args:
        cache: where programs lie
        say: told what is done, a line each
        programs: which ones

    Returns:
        Path of each program by its name.

    Raises:
        GoMissing: there is no Go and PyPI gives none
        ProxyMissing: the Go module proxy cannot be used
        BuildFailed: a program does not compile, is not what was pinned, or does not start
    """
    programs = tuple(programs)
    if go_on_path() is None and (built := present(cache, programs)):
        return built  # nothing to build, so no Go is needed
    with locked(cache, say):
        go = find_go(cache, say)
        paths = {}
        for number, program in enumerate(programs, start=1):
            path = paths[program.name] = installed(cache, program, go.version)
            label = f"[{number}/{len(programs)}] {program.name} {program.version}"
            if path.exists():
                say(f"{label}: built before, {path}")
                continue
            started = time.monotonic()
            _build(program, go, cache, path, partial(_prefixed, say, label))
            seconds, size = time.monotonic() - started, path.stat().st_size
            say(f"{label}: {seconds:.0f} s, {size / 1e6:.0f} MB, {path}")
    return paths


def _prefixed(say: Say, label: str, text: str) -> None:
    say(f"{label}: {text}")


def _build(program: Program, go: Go, cache: Path, path: Path, say: Say) -> None:
    with work_directory(cache) as work:
        (work / "tmp").mkdir()
        pinned = (program.source.path,) if isinstance(program.source, Module) else ()
        environment = go.environment(unsigned=pinned)
        environment["TMPDIR"] = str(work / "tmp")  # the builder leaves a folder there
        match program.source:
            case Module() as module:
                source, package = _module(module, go, environment, work, say), module.package
            case Manifest() as manifest:
                source, package = _collector(manifest, go, environment, work, say), "."
        made = work / "made" / program.name
        compile_: list[str | Path] = [go.path, "build", "-v", "-trimpath", *_options(program), "-o", made, package]
        say(f"compiling with {go.version}, for minutes")
        run(compile_, environment=environment, directory=source, each_line=_counted(say))
        _starts(program, made, environment, work)
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.exists():
            shutil.rmtree(path.parent)  # a folder without its program
        made.parent.rename(path.parent)


def _module(module: Module, go: Go, environment: Mapping[str, str], work: Path, say: Say) -> Path:
    named = f"{module.path}@{module.version}"
    say(f"downloading {named}")
    command: list[str | Path] = [go.path, "mod", "download", "-json", named]
    try:
        answer = json.loads(run(command, environment=environment, directory=work))
    except ProxyMissing as problem:
        raise ProxyMissing(f"{named}: {problem}") from problem
    if answer["Sum"] != module.checksum:
        raise BuildFailed(f"{named} is not what was pinned: its checksum is {answer['Sum']}, not {module.checksum}")
    with zipfile.ZipFile(answer["Zip"]) as archive:
        archive.extractall(work)
    return work / named


def _collector(manifest: Manifest, go: Go, environment: Mapping[str, str], work: Path, say: Say) -> Path:
    say("downloading the modules of the manifest")
    shutil.copy(manifest.path, work / "builder.yaml")
    builder: list[str | Path] = [go.path, "run", f"{BUILDER}@v{manifest.version}"]
    run([*builder, "--config", "builder.yaml", "--skip-compilation"], environment=environment, directory=work)
    (source,) = (path.parent for path in work.glob("*/go.mod"))
    return source


def _options(program: Program) -> list[str]:
    match program.source:
        case Module(linked=variables, tags=tags):
            linked = " ".join(f"-X {variable}={program.version}" for variable in variables)
            return [f"-tags={','.join(tags)}", f"-ldflags={_STRIPPED} {linked}"]
        case _:
            return [f"-ldflags={_STRIPPED}"]


def _counted(say: Say) -> Say:
    """Give a listener that tells of every 250th package, which is what `go build -v` prints a line for."""
    count = 0

    def listen(line: str) -> None:
        nonlocal count
        if line.startswith("go: downloading"):
            return
        count += 1
        if count % _PACKAGES_PER_LINE == 0:
            say(f"{count} packages compiled")

    return listen


def _starts(program: Program, path: Path, environment: Mapping[str, str], work: Path) -> None:
    said: list[str] = []
    command: list[str | Path] = [path, *program.version_command]
    run(command, environment=environment, directory=work, each_line=said.append)
    if not any(program.version in line for line in said):
        raise BuildFailed(f"{program.name} was built as {program.version} but says {said}")
