"""Each contender's packages, at pinned versions, in a virtual environment of its own in the user's cache.

An environment is keyed by what was asked to be installed: another version is another environment, none is ever changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
import shutil
import subprocess
import venv

__all__ = ["NotInstalled", "cache", "packages", "python"]

ROOT = Path(__file__).parents[2]
INSTALL_SECONDS = 900
_DONE = "installed.json"


class NotInstalled(Exception):
    """The packages of a contender cannot be installed here; the message is the last thing that the installer said."""


def cache() -> Path:
    """Give the directory in which environments are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agent-otel" / "peers"


def _folder(requirements: tuple[str, ...]) -> Path:
    asked = "\n".join(sorted(requirements))
    if "." in requirements:  # this project: its own dependencies belong to the key, and where it stands
        asked += (ROOT / "pyproject.toml").read_text(encoding="utf-8") + str(ROOT)
    return cache() / hashlib.sha256(asked.encode()).hexdigest()[:16]


def python(requirements: tuple[str, ...]) -> Path:
    """Give the Python that has these packages, and nothing else; install them where that has not been done.

    Args:
        requirements: for `pip`; `.` stands for this project as it lies here, editable.

    Raises:
        NotInstalled: where that fails. It is tried again at the next call.
    """
    folder = _folder(requirements)
    interpreter = folder / "bin" / "python"
    if (folder / _DONE).exists():
        return interpreter
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(interpreter), "-m", "pip", "--disable-pip-version-check"]
    wanted = ["--editable=" + str(ROOT) if name == "." else name for name in requirements]
    try:
        subprocess.run(
            [*pip, "install", "--quiet", *wanted], check=True, timeout=INSTALL_SECONDS, capture_output=True, text=True
        )
        listed = subprocess.run(
            [*pip, "list", "--format=json"], check=True, timeout=INSTALL_SECONDS, capture_output=True, text=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        shutil.rmtree(folder, ignore_errors=True)
        said = str(error.stderr or error).strip().splitlines()
        raise NotInstalled(said[-1]) from error
    (folder / _DONE).write_text(listed.stdout, encoding="utf-8")
    return interpreter


def packages(requirements: tuple[str, ...]) -> dict[str, str]:
    """Give the versions of all that stands in an environment, by package."""
    listed = json.loads((_folder(requirements) / _DONE).read_text(encoding="utf-8"))
    return {row["name"]: row["version"] for row in listed}
