"""What goes wrong: each stage is a block in which it does. It is entered before the agent starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
import shutil
import sqlite3
import subprocess

import pytest

from agent_otel.testing import ServerCertificate, faults
from agent_otel.testing.fault import Fault, Respond
from chaos.cutting import CuttingProxy
from chaos.plan import POISON
from chaos.scene import Scene

Stage = Callable[[Scene], AbstractContextManager[object]]

PAGE = 4096
_TELLING = 16  # bytes that stand nowhere else


def down(scene: Scene) -> AbstractContextManager[object]:
    """Connections are refused."""
    return scene.receiver.outage()


def answering(make: Callable[[Scene], Respond]) -> Stage:
    """Requests are answered in this way until the block ends."""

    @contextmanager
    def stage(scene: Scene) -> Iterator[None]:
        script = faults.until_released(make(scene))
        scene.receiver.respond_with(script)
        try:
            yield
        finally:
            script.release()

    return stage


def status(code: int) -> Stage:
    """Every request is refused with a status."""
    return answering(lambda _: faults.status(code))


def stalled(scene: Scene) -> AbstractContextManager[object]:
    """No request is answered; the agent gives each one second."""
    scene.more["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1"
    return answering(lambda _: faults.stall())(scene)


def busy(scene: Scene) -> AbstractContextManager[object]:
    """The first two requests are told to come again in a second."""
    return answering(lambda _: faults.first(2, faults.status(429, retry_after=1)))(scene)


def redirecting(scene: Scene) -> AbstractContextManager[object]:
    """Every request is sent on to the other collector."""
    elsewhere = {"location": f"{scene.other.http_endpoint}/v1/traces"}
    return answering(lambda _: faults.status(302, headers=elsewhere))(scene)


def poisoned(scene: Scene) -> AbstractContextManager[object]:
    """Every request that holds one certain span is refused with 400."""
    refused = faults.status(400)
    poison = Fault("poison", lambda arrival: refused.answer(arrival) if POISON.encode() in arrival.payload else None)
    return answering(lambda _: poison)(scene)


@contextmanager
def cut_off(scene: Scene) -> Iterator[None]:
    """The first two connections are reset in the midst of a request."""
    with CuttingProxy(int(scene.endpoint.rpartition(":")[2]), cuts=2, after_bytes=10_000) as proxy:
        scene.more["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{proxy.port}"
        yield
        assert proxy.is_done


@contextmanager
def untrusted(scene: Scene) -> Iterator[None]:
    """The collector's certificate is of an authority that the agent was not told of."""
    for name in ("right", "wrong"):
        (scene.directory / name).mkdir()
    right, wrong = (ServerCertificate.issue(scene.directory / name) for name in ("right", "wrong"))
    scene.serve(right)
    scene.more["OTEL_EXPORTER_OTLP_CERTIFICATE"] = str(wrong.authority_file)
    yield
    scene.more["OTEL_EXPORTER_OTLP_CERTIFICATE"] = str(right.authority_file)


@contextmanager
def unresolved(scene: Scene) -> Iterator[None]:
    """The collector's name is not known."""
    scene.more["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://collector.invalid:{scene.endpoint.rpartition(':')[2]}"
    yield


@contextmanager
def nobody_there(scene: Scene) -> Iterator[None]:
    """Nobody ever listened at the address."""
    with faults.closed_port() as address:
        scene.more["OTEL_EXPORTER_OTLP_ENDPOINT"] = address
        yield


# -- the disk ---------------------------------------------------------------------------------------------------------


@contextmanager
def down_and_file_limit(scene: Scene) -> Iterator[None]:
    """The collector is down, and files grow no further than a tenth of what the spool would take."""
    scene.more["CHAOS_FILE_BYTES"] = "60000"
    with down(scene):
        yield
    del scene.more["CHAOS_FILE_BYTES"]


@contextmanager
def down_and_small_disk(scene: Scene) -> Iterator[None]:
    """The collector is down, and somebody else fills the disk of the spool."""
    scene.spool = scene.directory / "disk"
    scene.owned.enter_context(mounted(scene.spool, "512k"))
    scene.more["AGENT_OTEL_SPOOL"] = str(scene.spool)
    with down(scene):
        yield


def fill(directory: Path) -> None:
    """Take all that is left of a disk."""
    with (directory / "others").open("wb", buffering=0) as others, suppress(OSError):
        while others.write(bytes(4096)):
            pass


@contextmanager
def mounted(place: Path, size: str) -> Iterator[None]:
    """A file system of its own, where the system permits it; else the test is skipped."""
    place.mkdir(mode=0o700)
    options = f"size={size},mode=700"
    program = shutil.which("mount")
    if program is None or subprocess.run([program, "-t", "tmpfs", "-o", options, "tmpfs", place], stderr=-3).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def down_and_protected(scene: Scene) -> Iterator[None]:
    """The collector is down, and the permissions of the spool's directory bind the agent, even if it is root."""
    scene.more["CHAOS_BOUND"] = "yes"
    with down(scene):
        yield
    scene.spool.chmod(0o700)


@contextmanager
def read_only(scene: Scene) -> Iterator[None]:
    """The directory of the spool may not be written to."""
    scene.more["CHAOS_BOUND"] = "yes"
    scene.spool.mkdir()
    scene.spool.chmod(0o500)
    yield
    scene.spool.chmod(0o700)


def break_pages(paths: list[Path]) -> None:
    """Overwrite a page in the middle of each spool file, and one of its log."""
    logs = [path.with_name(path.name + "-wal") for path in paths]
    large = [part for part in (*paths, *logs) if part.exists() and part.stat().st_size > 20 * PAGE]
    assert large
    for part in large:
        with part.open("r+b") as file:
            file.seek((part.stat().st_size // PAGE * 2 // 3) * PAGE)
            file.write(b"\xff" * PAGE)


def break_rows(paths: list[Path]) -> None:
    """Overwrite the page on which a row of each file stands; nobody has the files open."""
    assert paths
    for path in paths:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            count = connection.execute("SELECT count(*) FROM item").fetchone()[0]
            found = connection.execute("SELECT payload FROM item ORDER BY id LIMIT 1 OFFSET ?", (count // 2,))
            end_of_payload = found.fetchone()[0][-_TELLING:]
        content = bytearray(path.read_bytes())
        at = content.find(end_of_payload)
        assert at >= 0
        while at >= 0:
            content[at // PAGE * PAGE : (at // PAGE + 1) * PAGE] = b"\xff" * PAGE
            at = content.find(end_of_payload)
        path.write_bytes(content)
