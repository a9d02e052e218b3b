"""What people install: the wheel, alone in a new environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest

from agent_otel.testing import OtlpReceiver

pytestmark = [pytest.mark.slow]
ROOT = Path(__file__).parents[2]
FOREIGN = {  # frameworks and instrumentations, which are extras, and what only we need to develop
    "claude-agent-sdk",
    "hypothesis",
    "langchain-core",
    "langgraph",
    "mcp",
    "mypy",
    "openai",
    "openai-agents",
    "opentelemetry-instrumentation",
    "opentelemetry-util-genai",
    "pydantic-ai-slim",
    "pytest",
    "trustme",
}
WITHOUT_OURS = {
    name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_OTEL_", "PYTHON"))
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT], check=True, env=WITHOUT_OURS)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True, env=WITHOUT_OURS)
    python = folder / "env" / "bin" / "python"
    subprocess.run([python, *pip[1:], "install", wheel], check=True, env=WITHOUT_OURS)
    return python


def readme_example():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"## Instrument an agent\n\n```python\n(.*?)```", text, re.DOTALL)
    return example


def run(python, code, **environ):
    done = subprocess.run(
        [python, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={**WITHOUT_OURS, **environ},
        cwd=python.parent,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_it_brings_what_it_needs_and_nothing_else(installed):
    listed = subprocess.run(
        [installed, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        check=True,
        capture_output=True,
        text=True,
        env=WITHOUT_OURS,
    )
    found = {package["name"].lower().replace("_", "-") for package in json.loads(listed.stdout)}
    assert found.isdisjoint(FOREIGN)
    assert found >= {"agent-otel", "opentelemetry-sdk", "opentelemetry-exporter-otlp", "attrs"}


def test_the_example_of_the_readme_runs_and_arrives(installed):
    with OtlpReceiver() as receiver:
        run(installed, readme_example(), OTEL_EXPORTER_OTLP_ENDPOINT=receiver.http_endpoint)
        names = {span.name for span in receiver.spans()}
    assert names == {"invoke_agent coder", "chat claude-x", "execute_tool shell"}


def test_every_module_that_needs_no_framework_can_be_imported(installed):
    code = """
import importlib, pkgutil, agent_otel
for found in pkgutil.walk_packages(agent_otel.__path__, "agent_otel."):
    if found.name.split(".")[1] not in ("integrations", "testing", "__main__") and not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""
    run(installed, code)


@pytest.mark.parametrize("module", ["openai_agents", "langchain", "claude_agent", "mcp"])
def test_an_integration_without_its_framework_says_what_to_install(installed, module):
    done = subprocess.run(
        [installed, "-c", f"import agent_otel.integrations.{module}"],
        check=False,
        capture_output=True,
        text=True,
        env=WITHOUT_OURS,
    )
    assert done.returncode == 1
    assert "agent-otel[" in done.stderr.splitlines()[-1]


def test_the_command_shows_a_session(installed):
    done = subprocess.run(
        [installed.with_name("agent-otel"), "demo", "--json"],
        check=False,
        capture_output=True,
        text=True,
        env=WITHOUT_OURS,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_importing_it_loads_nothing_of_the_sdk_before_it_is_used(installed):
    loaded = run(
        installed, "import sys, agent_otel; print(sorted(n for n in sys.modules if n.startswith('opentelemetry')))"
    )
    assert loaded.strip() == "[]"
