"""What the documents show runs as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
import subprocess
import sys

import pytest

from agent_otel.model import EventKind
from agent_otel.sources import Context, Document, Source, Verdict
from agent_otel.testing import OtlpReceiver, assert_tree
from end_to_end.replaying import environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[OtlpReceiver, dict[str, str]]]:
    with OtlpReceiver() as receiver:
        yield receiver, environment(receiver, tmp_path / "state")


def code_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


def run(program: Path | str, environ: dict[str, str]) -> str:
    command = [sys.executable, str(program)] if isinstance(program, Path) else [sys.executable, "-c", program]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_program_sends_its_run(served: tuple[OtlpReceiver, dict[str, str]]) -> None:
    receiver, environ = served
    (program,) = code_blocks(ROOT / "README.md")
    run(program, environ)
    assert_tree(
        receiver.spans(),
        """
invoke_agent coder
  chat claude-x
  execute_tool shell
""",
    )


def test_the_program_of_the_content_policy_hides_its_password(served: tuple[OtlpReceiver, dict[str, str]]) -> None:
    (program,) = code_blocks(ROOT / "docs" / "content-policy.md")
    shown = run(program, served[1])
    assert "hunter2" not in shown
    assert '"gen_ai.prompt": "connect with password=[REDACTED' in shown


def test_the_program_of_the_delivery_page_sends(served: tuple[OtlpReceiver, dict[str, str]]) -> None:
    receiver, environ = served
    (program,) = code_blocks(ROOT / "docs" / "delivery.md")
    run(program, environ)
    assert [span.name for span in receiver.spans()] == ["work"]


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs_and_sends(served: tuple[OtlpReceiver, dict[str, str]], example: Path) -> None:
    receiver, environ = served
    assert run(example, environ)
    assert receiver.spans()


def test_the_source_of_the_documentation_is_whole() -> None:
    (program,) = code_blocks(ROOT / "docs" / "sources.md")
    names: dict[str, object] = {}
    exec(compile(program, "docs/sources.md", "exec"), names)
    source = names["RobotsSource"]()  # type: ignore[operator]
    assert isinstance(source, Source)
    decoder = source.decoder()
    decoder.open(Document("log", "key"))
    record = {"did": "weld", "job": "7", "id": "1", "at": "2026-05-04T10:11:12Z", "took_ms": 5}
    context = Context(cursor=None, receipt_ns=0)  # type: ignore[arg-type]
    decoded = decoder.decode(record, context)
    assert (decoded.verdict, decoded.events[0].kind) == (Verdict.MAPPED, EventKind.TOOL)
    assert source.detect([record]) > 0
    assert decoder.decode({}, context).verdict is Verdict.SKIPPED


def test_the_settings_page_is_made_from_the_settings() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "configuration.py"), "--check"], check=False)
    assert done.returncode == 0


def test_the_picture_in_the_readme_is_what_the_demo_shows(tmp_path: Path) -> None:
    with OtlpReceiver() as receiver:
        environ = environment(receiver, tmp_path / "state")
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME"):
        del environ[name]
    command = [sys.executable, "-m", "agent_otel", "demo"]
    done = subprocess.run(command, env={**environ, "COLUMNS": "100"}, capture_output=True, text=True, check=True)
    (picture,) = re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert done.stdout == picture
