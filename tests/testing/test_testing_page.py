"""Every block of Python in docs/testing.md is a test file that passes."""

from __future__ import annotations

import inspect
from pathlib import Path
import re
import subprocess
import sys

import pytest

from agent_otel import testing
from agent_otel.testing import faults

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_every_example_passes(tmp_path, request):
    for number, block in enumerate(BLOCKS):
        (tmp_path / f"test_block_{number}.py").write_text(block)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugin = () if request.config.pluginmanager.has_plugin("agent_otel") else ("-p", "agent_otel.testing.pytest_plugin")
    command = [sys.executable, "-m", "pytest", "-rA", "--strict-markers", "-W", "error", *plugin]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    passed = set(re.findall(r"^PASSED test_block_(\d+)\.py", done.stdout, re.MULTILINE))
    assert passed == {str(number) for number in range(len(BLOCKS))}


def test_there_are_examples_of_everything():
    told = ("agent_otel_capture", "OtlpReceiver(", "faults.", "ServerCertificate", "expect(", "check_span(", "capture(")
    assert [word for word in told if not any(word in block for block in BLOCKS)] == []


def test_every_fault_and_script_is_on_the_page():
    functions = [name for name in faults.__all__ if not inspect.isclass(getattr(faults, name))]
    assert [name for name in functions if f"`{name}(" not in PAGE] == []


@pytest.mark.parametrize("rule", testing.RULES)
def test_every_rule_is_on_the_page(rule):
    assert f"| `{rule}` |" in PAGE
