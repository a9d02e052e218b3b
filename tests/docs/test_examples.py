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
NEEDS = {
    "claude_agent_example.py": "claude_agent_sdk",
    "langgraph_example.py": "langgraph",
    "mcp_example.py": "mcp",
    "openai_agents_example.py": "agents",
    "pydantic_ai_example.py": "pydantic_ai",
}


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


def test_the_program_of_the_langchain_page_sends(served: tuple[OtlpReceiver, dict[str, str]]) -> None:
    pytest.importorskip("langchain_core")
    receiver, environ = served
    (program,) = code_blocks(ROOT / "docs" / "integrations" / "langchain.md")
    run(program, environ)
    assert_tree(receiver.spans(), "invoke_agent teller\n  chat")


def test_the_programs_of_the_pydantic_ai_page_send(served: tuple[OtlpReceiver, dict[str, str]]) -> None:
    pytest.importorskip("pydantic_ai")
    receiver, environ = served
    with_bridge, without = code_blocks(ROOT / "docs" / "integrations" / "pydantic-ai.md")
    run(with_bridge, environ)
    run(without, environ)
    tree = """
invoke_agent shelf
  invoke_agent teller
    chat test
invoke_agent teller
  chat test
"""
    assert_tree(receiver.spans(), tree)


def test_the_programs_of_the_first_steps_send(served: tuple[OtlpReceiver, dict[str, str]]) -> None:
    receiver, environ = served
    three_lines, installed = code_blocks(ROOT / "docs" / "getting-started.md")
    run(three_lines, environ)
    assert_tree(receiver.spans(), "invoke_agent coder\n  execute_tool shell\n")
    assert "invoke_agent coder" in run(installed, environ)
    assert [span.name for span in receiver.spans()].count("invoke_agent coder") == 2


@pytest.mark.parametrize(
    ("page", "needs"),
    [("openai-agents", "agents"), ("claude-agent-sdk", "claude_agent_sdk"), ("mcp", "mcp.server.mcpserver")],
)
def test_the_programs_of_pages_that_call_a_model_are_complete(
    served: tuple[OtlpReceiver, dict[str, str]], page: str, needs: str
) -> None:
    pytest.importorskip(needs)
    for program in code_blocks(ROOT / "docs" / "integrations" / f"{page}.md"):
        run(program, served[1])  # they define what would ask the model


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs_and_sends(served: tuple[OtlpReceiver, dict[str, str]], example: Path) -> None:
    pytest.importorskip(NEEDS.get(example.name, "agent_otel"))
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
