"""The configurations: each is accepted by the program that it is for, and the containers are those that are tested."""

from __future__ import annotations

import os
from pathlib import Path
import re
import subprocess
from typing import Any

from backends import CONFIGURATIONS, PROGRAMS
import pytest

from backend.running import real_programs

OF_THE_COLLECTOR = sorted(
    set(CONFIGURATIONS.glob("*.yaml")) - {CONFIGURATIONS / "builder.yaml", CONFIGURATIONS / "compose.yaml"}
)
VERSIONS = {program.name: program.version for program in PROGRAMS}
IMAGE = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+\.\d+$")


def read(path: Path) -> Any:
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(path.read_text())


@pytest.fixture
def services() -> dict[str, Any]:
    return read(CONFIGURATIONS / "compose.yaml")["services"]


@pytest.mark.backend
@pytest.mark.slow
@pytest.mark.parametrize("path", OF_THE_COLLECTOR, ids=lambda path: path.name)
def test_the_collector_accepts(path: Path) -> None:
    collector = real_programs()["otelcol"]
    done = subprocess.run([collector, "validate", "--config", path], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.backend
@pytest.mark.slow
def test_jaeger_accepts_its_configuration() -> None:
    path = CONFIGURATIONS / "backends" / "jaeger.yaml"
    done = subprocess.run([real_programs()["jaeger"], "validate", "--config", path], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


@pytest.mark.backend
@pytest.mark.slow
def test_tempo_accepts_its_configuration_without_a_warning() -> None:
    path = CONFIGURATIONS / "backends" / "tempo.yaml"
    command = [real_programs()["tempo"], "-config.verify", "-config.expand-env", f"-config.file={path}"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})

    assert done.returncode == 0, done.stderr
    assert "level=warn" not in done.stdout + done.stderr


def test_one_release_of_the_collector() -> None:
    manifest = (CONFIGURATIONS / "builder.yaml").read_text()
    minor = int(VERSIONS["otelcol"].split(".")[1])

    assert set(re.findall(r"gomod: \S+ (\S+)", manifest)) == {f"v0.{minor}.0", f"v1.{minor - 94}.0"}
    assert f"cmd/builder@v{VERSIONS['otelcol']}" in manifest


def test_the_images_are_those_of_the_programs_that_are_tested(services: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in services.items()}

    assert all(IMAGE.match(image) for image in images.values())
    assert images["collector"].endswith(f":{VERSIONS['otelcol']}")
    assert images["jaeger"].endswith(f":{VERSIONS['jaeger']}")
    assert images["prometheus"].endswith(f":v{VERSIONS['prometheus']}")
    assert images["tempo"].split(":")[1].rpartition(".")[0] == VERSIONS["tempo"].rpartition(".")[0]


def test_every_mounted_file_is_there(services: dict[str, Any]) -> None:
    volumes = read(CONFIGURATIONS / "compose.yaml")["volumes"]
    mounts = [mount.split(":")[0] for service in services.values() for mount in service["volumes"]]
    files = [mount for mount in mounts if mount.startswith("./")]

    assert [mount for mount in files if not (CONFIGURATIONS / mount).is_file()] == []
    assert set(mounts) - set(files) == set(volumes)


def test_every_file_that_a_command_names_is_mounted(services: dict[str, Any]) -> None:
    for service in services.values():
        targets = {mount.split(":")[1] for mount in service["volumes"]}
        named = {word.partition("=")[2] for word in service.get("command", []) if "config" in word and "=" in word}
        assert named <= targets


def test_every_port_is_on_loopback(services: dict[str, Any]) -> None:
    assert [
        port for service in services.values() for port in service["ports"] if not port.startswith("127.0.0.1:")
    ] == []


def test_every_address_between_containers_is_one_that_is_listened_on(services: dict[str, Any]) -> None:
    given = services["collector"]["environment"]

    assert given["JAEGER_OTLP_ADDRESS"] == f"jaeger:{port_of(services, 'jaeger', 'JAEGER_OTLP_ADDRESS')}"
    assert given["TEMPO_OTLP_ADDRESS"] == f"tempo:{port_of(services, 'tempo', 'TEMPO_OTLP_ADDRESS')}"


def port_of(services: dict[str, Any], service: str, variable: str) -> str:
    return services[service]["environment"][variable].rpartition(":")[2]


def test_every_variable_that_a_container_is_given_is_read(services: dict[str, Any]) -> None:
    for service in services.values():
        mounted = [CONFIGURATIONS / mount.split(":")[0] for mount in service["volumes"] if mount.startswith("./")]
        text = "".join(path.read_text() for path in mounted)
        names = [name for name in service.get("environment", {}) if not name.startswith("GF_")]
        assert [name for name in names if f"{name}:-" not in text] == []


def test_grafana_finds_every_backend_and_the_way_from_an_exemplar_to_its_trace(services: dict[str, Any]) -> None:
    sources = {source["uid"]: source for source in read(CONFIGURATIONS / "grafana" / "datasources.yaml")["datasources"]}
    destinations = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]

    assert {source["type"] for source in sources.values()} == {"prometheus", "tempo", "jaeger"}
    assert {source["url"].split("//")[1].split(":")[0] for source in sources.values()} <= set(services)
    assert {(each["name"], each["datasourceUid"]) for each in destinations} == {
        ("trace_id", "tempo"),
        ("trace_id", "jaeger"),
    }
