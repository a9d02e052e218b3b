"""The command ``scrub``: bytes in, bytes out, what was hidden on standard error, and its exit status."""

from __future__ import annotations

from contextlib import suppress
import io
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

import pytest

from agent_otel.cli import main
from secrets_made_up import github_token

SECRET = github_token("scrub")
INNOCENT = b'\xef\xbb\xbfa\r\n\x00\xff\xfe{"max_tokens": 4096,\n "b":1}\n[1,2'


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def scrub(capfdbinary: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def run_command(data: bytes | io.BytesIO, *options: str, **environ: str) -> tuple[int, bytes, str]:
        raw = io.BytesIO(data) if isinstance(data, bytes) else data
        with monkeypatch.context() as context:
            for name, value in environ.items():
                context.setenv(name, value)
            context.setattr("sys.stdin", io.TextIOWrapper(raw))
            context.setattr("sys.stdout", io.TextIOWrapper(open(1, "wb", closefd=False)))  # noqa: SIM115
            with pytest.raises(SystemExit) as ended:
                main(["scrub", *options])
            sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        assert SECRET.encode() not in out + err
        return int(ended.value.code or 0), out, err.decode()

    return run_command


def process(*options: str, **more: Any) -> subprocess.Popen[bytes]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_OTEL_"))}
    line = [sys.executable, "-m", "agent_otel.cli", "scrub", *options]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen(line, env=variables, **streams)


def test_what_is_innocent_comes_back_byte_for_byte(scrub: Any) -> None:
    assert scrub(INNOCENT) == (0, INNOCENT, f"nothing to hide in {len(INNOCENT)} bytes\n")
    assert scrub(b"") == (0, b"", "nothing to hide in 0 bytes\n")


def test_documents_lines_and_text_are_scrubbed_and_told(scrub: Any) -> None:
    given = (
        f'{{"password":\n "{SECRET}"}}\ndata: {{"credentials": {{"a": "one two"}}}}\n\ncurl -u bob:{SECRET} x'.encode()
    )
    status, out, err = scrub(given)
    assert (status, err.startswith("hidden 3: "), len(err.splitlines())) == (0, True, 1)
    assert out.count(b"[REDACTED:") == 3
    assert b'data: {"credentials": {"a": "[REDACTED:secret_key]"}}\n\n' in out
    assert out.endswith(b" x")


def test_json_tells_counts_on_stderr_and_strict_fails(scrub: Any) -> None:
    given = f"token {SECRET}\n".encode()
    status, out, err = scrub(given, "--json", "--strict")
    assert (status, out) == (3, b"token [REDACTED:github_token]\n")
    assert json.loads(err) == {
        "bytes_in": len(given),
        "bytes_out": len(out),
        "hidden": 1,
        "found": [{"detector": "github_token", "place": "text", "count": 1}],
    }
    assert scrub(INNOCENT, "--strict")[0] == 0


def test_settings_of_the_policy_hold(scrub: Any, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[detectors]]\nid = "acme_key"\npattern = "acme_[0-9]{4}"\nkeywords = ["acme_"]\n')
    assert scrub(b"acme_1234", AGENT_OTEL_CONFIG_FILE=str(config))[1] == b"[REDACTED:acme_key]"
    assert scrub(b"bob@example.org", AGENT_OTEL_SCRUB_OPT_IN="email")[1] == b"[REDACTED:email]"
    tagged = scrub(SECRET.encode(), AGENT_OTEL_SCRUB_TAG_KEY="0123456789abcdef")[1]
    assert tagged.startswith(b"[REDACTED:github_token:")


def test_bad_settings_write_nothing_and_exit_with_1(scrub: Any) -> None:
    status, out, err = scrub(b"text", AGENT_OTEL_SCRUB_OPT_IN="no_such")
    assert (status, out) == (1, b"")
    assert err.startswith("agent-otel: AGENT_OTEL_SCRUB_OPT_IN='no_such'")
    assert "is no setting" in scrub(b"text", AGENT_OTEL_SCRUB_OPTIN="email")[2]


def test_a_terminal_gets_a_hint(scrub: Any) -> None:
    status, out, err = scrub(Terminal(b"text\n"))
    assert (status, out) == (0, b"text\n")
    assert err.startswith("reading from the terminal")


def test_as_a_process_in_a_pipeline() -> None:
    ran = process("--json")
    out, err = ran.communicate(INNOCENT * 30_000 + f"\n{SECRET}".encode(), timeout=60)
    assert (ran.returncode, out) == (0, INNOCENT * 30_000 + b"\n[REDACTED:github_token]")
    assert json.loads(err)["hidden"] == 1


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    ran = process()
    assert ran.stdin is not None
    assert ran.stdout is not None
    assert ran.stderr is not None
    ran.stdout.close()
    with suppress(BrokenPipeError):
        for _ in range(200):
            ran.stdin.write(b"innocent words\n" * 10_000)
    with suppress(BrokenPipeError):
        ran.stdin.close()
    err = ran.stderr.read().decode()
    ran.stderr.close()
    assert ran.wait(60) == 1
    assert err == ""


def test_ctrl_c_writes_nothing_that_was_not_looked_at() -> None:
    ran = process(bufsize=0)
    assert ran.stdin is not None
    assert ran.stdout is not None
    ran.stdin.write(b"innocent words\n" * 80_000)  # more than is held: the first block comes out
    first = ran.stdout.read(15)
    ran.stdin.write(f"token {SECRET[:20]}".encode())
    ran.send_signal(signal.SIGINT)
    out, err = ran.communicate(timeout=60)
    assert (ran.returncode, first) == (130, b"innocent words\n")
    assert SECRET[:20].encode() not in out
    assert err.startswith(b"interrupted")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        ("<&-", "standard input is closed"),
        ("</dev/null >&-", "standard output is closed"),
        ("</etc/hostname >/dev/full", "No space left on device"),
    ],
)
def test_streams_that_cannot_be_used_are_one_line(redirection: str, said: str) -> None:
    line = f'"{sys.executable}" -m agent_otel.cli scrub {redirection}'
    ended = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert said in ended.stderr
