"""A build ends with the program in the cache or with nothing in it."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path
import queue
import subprocess

from backends.__main__ import main
from backends.building import ensure, present
from backends.cache import cache_directory, locked
from backends.errors import BuildFailed, ProxyMissing
from backends.programs import Manifest, Module, Program
import pytest

from scripts.fake_go import asked, write_fake_go

MODULE = Module("example.org/tool", "v1.2.3", "h1:right", "./cmd/tool", linked=("main.Version",), tags=("small",))
TOOL = Program("tool", "1.2.3", MODULE, ("--version",))


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return write_fake_go(tmp_path / "bin")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def kept(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir()} - {"lock"}


def test_a_program_is_built_and_lies_in_the_cache(go: Path, cache: Path) -> None:
    said: list[str] = []

    paths = ensure(cache, said.append, [TOOL])

    assert subprocess.run([paths["tool"]], capture_output=True, text=True).stdout == "program version 1.2.3\n"
    assert paths["tool"] == cache / f"{TOOL.key}-go1.26.8" / "tool"
    assert kept(cache) == {f"{TOOL.key}-go1.26.8"}
    assert present(cache, [TOOL]) == paths
    download, build = asked(go)
    assert download == "mod download -json example.org/tool@v1.2.3"
    assert "-tags=small -ldflags=-s -w -X main.Version=1.2.3" in build
    assert build.endswith("./cmd/tool")
    assert all(line.startswith("[1/1] tool 1.2.3: ") for line in said)


def test_a_collector_is_built_from_its_manifest(go: Path, cache: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "builder.yaml"
    manifest.write_text("dist:\n  name: distribution\n  version: 1.2.3\n")

    ensure(cache, print, [Program("collector", "1.2.3", Manifest(manifest), ("--version",))])

    generate, build = asked(go)
    assert generate.startswith("run go.opentelemetry.io/collector/cmd/builder@v1.2.3 --config builder.yaml")
    assert build.endswith("collector .")


def test_what_is_built_is_not_built_again(go: Path, cache: Path) -> None:
    first = ensure(cache, print, [TOOL])
    (go.parent / "asked").unlink()

    assert ensure(cache, print, [TOOL]) == first
    assert asked(go) == []


def test_what_is_built_needs_no_go(go: Path, cache: Path) -> None:
    first = ensure(cache, print, [TOOL])
    go.unlink()

    assert ensure(cache, pytest.fail, [TOOL]) == first


def test_another_go_builds_anew_and_what_was_built_is_found_until_then(go: Path, cache: Path) -> None:
    ensure(cache, print, [TOOL])
    write_fake_go(go.parent, version="go1.26.9")

    assert present(cache, [TOOL])
    assert ensure(cache, print, [TOOL])["tool"].parent.name == f"{TOOL.key}-go1.26.9"


def test_another_pin_is_another_program(cache: Path, go: Path) -> None:
    ensure(cache, print, [TOOL])
    other = Program("tool", "1.2.3", Module("example.org/tool", "v1.2.3", "h1:other", "./cmd/tool"), ("--version",))

    assert present(cache, [other]) is None


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ({"checksum": "h1:wrong"}, BuildFailed, "checksum is h1:wrong, not h1:right"),
        ({"broken": True}, BuildFailed, "syntax error"),
        ({"says": "9.9.9"}, BuildFailed, "but says"),
        ({"unreachable": True}, ProxyMissing, "set GOPROXY to one that you can reach"),
    ],
)
def test_a_failed_build_leaves_nothing(
    go: Path, cache: Path, fault: dict[str, object], error: type[Exception], message: str
) -> None:
    write_fake_go(go.parent, **fault)  # type: ignore[arg-type]

    with pytest.raises(error, match=message):
        ensure(cache, print, [TOOL])

    assert kept(cache) == set()


def test_two_at_once_build_once(go: Path, cache: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: ensure(cache, print, [TOOL]), range(4)))

    assert results == [results[0]] * 4
    assert len(asked(go)) == 2


def test_who_waits_is_told(go: Path, cache: Path) -> None:
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    with concurrent.futures.ThreadPoolExecutor(1) as pool, locked(cache, pytest.fail):
        waiting = pool.submit(ensure, cache, said.put, [TOOL])

        assert said.get(timeout=30) == f"another build holds {cache}: waiting for it"
        assert not waiting.done()
    assert waiting.result()


def test_what_a_killed_build_left_is_removed(go: Path, cache: Path) -> None:
    (cache / "work-killed" / "half").mkdir(parents=True)
    (cache / f"{TOOL.key}-go1.26.8").mkdir()  # a folder without its program

    assert ensure(cache, print, [TOOL])["tool"].exists()
    assert kept(cache) == {f"{TOOL.key}-go1.26.8"}


def test_the_cache_is_outside_the_tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_directory() == Path("/home/somebody/.cache/agent-otel/backends")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "agent-otel" / "backends"
    monkeypatch.setenv("AGENT_OTEL_BACKENDS", str(tmp_path / "own"))
    assert cache_directory() == tmp_path / "own"


def test_the_command_tells_what_went_wrong(
    go: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fake_go(go.parent, unreachable=True)
    monkeypatch.setenv("AGENT_OTEL_BACKENDS", str(cache))
    monkeypatch.setattr("sys.argv", ["backends", "jaeger"])

    assert main() == 1
    assert "backends: github.com/jaegertracing/jaeger@v1.76.0: cannot reach" in capsys.readouterr().err


def test_the_command_knows_its_programs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["backends", "zipkin"])

    with pytest.raises(SystemExit):
        main()

    assert "no such program: zipkin; there are otelcol, jaeger, prometheus, tempo" in capsys.readouterr().err
