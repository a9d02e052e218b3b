"""Run the tests of the integrations against the oldest version of each framework that we support, and the newest.

    python scripts/integration_versions.py                  # all of them
    python scripts/integration_versions.py openai-agents    # one

Each set of versions gets a virtual environment of its own where the user's caches are, which is used again as long as
nothing changes in what it holds; ``--fresh`` makes them anew, and so finds a newer newest.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
from pathlib import Path
import re
import subprocess
import sys
from typing import Final, NamedTuple
import venv

ROOT: Final = Path(__file__).resolve().parent.parent
_SHOWN: Final = 6000  # characters of what failed
_TEST_TOOLS: Final = ("pytest>=8.3", "pytest-xdist>=3.6", "hypothesis>=6.120", "trustme>=1.2")


class Integration(NamedTuple):
    """What is installed and which tests run.

    Args:
        tests: Files below ``tests/integrations``, as a pattern.
        oldest: What makes the oldest set that is supported.
        newest: What makes the newest.
    """

    tests: str
    oldest: Sequence[str]
    newest: Sequence[str]


INTEGRATIONS: Final[dict[str, Integration]] = {
    "openai-agents": Integration(
        "test_openai_agents.py",
        ["openai-agents==0.2.0", "openai==1.93.1", "httpx<0.29"],
        ["openai-agents"],
    ),
    "claude-agent-sdk": Integration("test_claude_agent.py", ["claude-agent-sdk==0.1.22"], ["claude-agent-sdk"]),
    "langchain": Integration(
        "test_langchain.py",
        ["langchain-core==1.0.0", "langgraph==1.0.0", "langgraph-prebuilt<1.0.2"],
        ["langchain", "langgraph"],
    ),
    "mcp": Integration(
        "test_mcp*.py",
        ["mcp==1.19.0", "pydantic<2.12", "pydantic-settings<2.12"],
        ["mcp", "openai-agents", "langchain-core"],
    ),
    "mcp-1-to-2": Integration(  # the last of version 1, the first of 2
        "test_mcp*.py", ["mcp<2", "openai-agents", "langchain-core"], ["mcp==2.0.0"]
    ),
    "pydantic-ai": Integration(
        "test_pydantic_ai.py", ["pydantic-ai-slim==1.32.0", "pydantic-graph==1.32.0"], ["pydantic-ai-slim"]
    ),
}


def cache_directory() -> Path:
    """Give where virtual environments are kept, outside the tree."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "agent-otel" / "integrations"


def environment_of(requirements: Sequence[str], *, fresh: bool) -> Path | None:
    """Give the Python of a virtual environment that holds what is asked for, and this project; None if it cannot."""
    wanted = "\n".join([sys.version, str(ROOT), *requirements, *_TEST_TOOLS, (ROOT / "pyproject.toml").read_text()])
    home = cache_directory() / re.sub(r"[^\w.-]+", "_", "_".join(requirements))
    python, holds = home / "bin" / "python", home / "holds"
    if fresh or not holds.exists() or holds.read_text() != wanted:
        venv.create(home, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if _run([*pip, "--editable", str(ROOT), *_TEST_TOOLS, *requirements], shown=True).returncode != 0:
            return None
        holds.write_text(wanted)
    return python


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _run(command: Sequence[str], *, shown: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command of ours at the root of the project; what it says is kept, unless it is to be shown."""
    return subprocess.run(command, cwd=ROOT, capture_output=not shown, text=True, check=False)  # noqa: S603


def test(name: str, requirements: Sequence[str], tests: str, *, fresh: bool) -> bool:
    """Run the tests of one integration with one set of versions; gives whether they passed."""
    _say(f"== {name}: {', '.join(requirements)}")
    python = environment_of(requirements, fresh=fresh)
    if python is None:
        _say(f"== {name}: could not be installed")
        return False
    names = {re.split("[=<>]", requirement)[0] for requirement in requirements}
    held = _run([str(python), "-m", "pip", "list", "--format=freeze"]).stdout.splitlines()
    _say(f"== {name}: with {', '.join(line for line in held if line.partition('==')[0] in names)}")
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-m", "not backend"]
    files = sorted(map(str, (ROOT / "tests" / "integrations").glob(tests)))
    ran = _run([str(python), "-m", "pytest", *options, *files])
    _say(ran.stdout[-_SHOWN:] + ran.stderr[-_SHOWN:])
    # A file that could not import what it is about is skipped: then nothing was shown.
    return ran.returncode == 0 and " passed" in ran.stdout


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; gives 0 if everything passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="integration", help=f"of {', '.join(INTEGRATIONS)}; all")
    parser.add_argument("--only", choices=("oldest", "newest"), help="one set of versions; both")
    parser.add_argument("--fresh", action="store_true", help="make the virtual environments anew")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in INTEGRATIONS]:
        parser.error(f"no integration {', '.join(unknown)}")
    failed = []
    for name in options.names or INTEGRATIONS:
        for which in (options.only,) if options.only else ("oldest", "newest"):
            integration = INTEGRATIONS[name]
            requirements = integration.oldest if which == "oldest" else integration.newest
            if not test(f"{name}, {which}", requirements, integration.tests, fresh=options.fresh):
                failed.append(f"{name}, {which}")
    _say(f"failed: {'; '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
