"""A `go` that answers as the real one does, in milliseconds; what it was asked for goes to a file beside it."""

from __future__ import annotations

from pathlib import Path
import sys
import textwrap

_PROGRAM = """\
#!{python}
import json, os, pathlib, sys, zipfile

here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
with open(here / "asked", "a") as asked:
    asked.write(" ".join(arguments) + chr(10))
match arguments:
    case ["env", *names]:
        values = dict(GOVERSION={version!r}, GOPROXY={proxy!r}, GONOSUMDB="corp.example")
        print(chr(10).join(values[name] for name in names))
    case ["mod", "download", "-json", module]:
        if {unreachable!r}:
            sys.exit("dial tcp: lookup proxy.example: no such host")
        archive = here / "module.zip"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr(f"{{module}}/go.mod", "module " + module)
        print(json.dumps(dict(Zip=str(archive), Sum={checksum!r})))
    case ["run", _builder, "--config", manifest, *_]:
        assert pathlib.Path(manifest).exists()
        os.mkdir("distribution")
        pathlib.Path("distribution/go.mod").write_text("module distribution")
    case ["build", *options]:
        assert pathlib.Path("go.mod").exists()
        if {broken!r}:
            sys.exit("main.go:1: syntax error")
        made = pathlib.Path(options[options.index("-o") + 1])
        made.parent.mkdir(parents=True)
        made.write_text("#!/bin/sh" + chr(10) + "echo program version {says}" + chr(10))
        made.chmod(0o755)
        print("some/package")
"""


def write_fake_go(
    folder: Path,
    *,
    version: str = "go1.26.8",
    proxy: str = "https://proxy.example,direct",
    checksum: str = "h1:right",
    says: str = "1.2.3",
    unreachable: bool = False,
    broken: bool = False,
) -> Path:
    """Write it into the folder and give its path."""
    folder.mkdir(parents=True, exist_ok=True)
    go = folder / "go"
    go.write_text(
        textwrap.dedent(_PROGRAM).format(
            python=sys.executable,
            version=version,
            proxy=proxy,
            checksum=checksum,
            says=says,
            unreachable=unreachable,
            broken=broken,
        )
    )
    go.chmod(0o755)
    return go


def asked(go: Path) -> list[str]:
    """Give what it was asked for since, but for its own settings."""
    lines = (go.parent / "asked").read_text().splitlines()
    return [line for line in lines if not line.startswith("env ")]
