"""What scan says would leave is what replay sends; it sends nothing itself, and shows no content."""

from __future__ import annotations

import json
import os
from pathlib import Path
import socket
import subprocess
import sys
from typing import Any

import pytest

from agent_otel.cli import main
from agent_otel.cli.scanning.second_look import SecondLook
from agent_otel.intake import Replay
from agent_otel.policy.scrubbing import NO_FINDINGS, Scrubbed, Scrubber
from agent_otel.testing import OtlpReceiver
from end_to_end.recordings import bamboo_agent_events
from secrets_made_up import github_token

SECRET = github_token("scan")
COMMAND = f"git clone https://bob:{SECRET}@git.example/repo && say quokka"
RAW = {
    "AGENT_OTEL_CONTENT": "raw",
    "AGENT_OTEL_CONTENT_SINKS": "otlp=raw",
    "AGENT_OTEL_RAW_SOURCES": "*",
    "AGENT_OTEL_RAW_BYTES": "100000",
    "AGENT_OTEL_RAW_RETENTION": "true",
    "AGENT_OTEL_RAW_SAMPLE_RATIO": "1",
}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    events = [event for _, event in bamboo_agent_events()]
    events[2]["arguments"] = {"command": COMMAND, "lines": ["x" * 9000]}
    events[5]["error"] = f"no access with {SECRET}"
    path = tmp_path / "run.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("AGENT_OTEL_STATE", str(tmp_path / "state"))

    def run_command(*arguments: object, **environ: str) -> tuple[int, str, str]:
        with monkeypatch.context() as context:
            for name, value in environ.items():
                context.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert SECRET[6:] not in out + err
        assert "quokka" not in out + err
        return int(ended.value.code or 0), out, err

    return run_command


@pytest.fixture
def scan(run: Any, recorded: Path) -> Any:
    def scan_recorded(*options: str, **environ: str) -> Any:
        status, out, _ = run("scan", "--json", *options, recorded, **environ)
        return {"status": status, **json.loads(out)}

    return scan_recorded


def test_counts_by_kind_mode_detector_place_and_tool(scan: Any) -> None:
    told = scan()
    sink = told["sinks"]["otlp"]
    assert (told["status"], sink["spans"], sink["tool_calls"], sink["stubs"]) == (0, 3, 2, 0)
    arguments, errors = sink["content"]["tool_arguments"], sink["content"]["error_text"]
    assert arguments["modes"] == {"redacted_summary": 2}
    assert arguments["truncated"] == 1
    assert 4000 < arguments["text_bytes"] < 5000
    assert errors["modes"] == {"redacted_summary": 1}
    assert sink["hidden"]["total"] == sum(sink["hidden"]["by_detector"].values()) >= 2
    places = {entry["place"] for entry in sink["markers"]}
    assert {"attribute gen_ai.tool.call.arguments", "status description"} <= places
    assert sink["left"] == sink["left_in_raw_content"] == {"total": 0, "by_place": []}
    assert sink["tools"]["Bash"]["calls"] == 1
    assert sink["tools"]["Bash"]["text_bytes"] == arguments["text_bytes"] + 3 - len('{"path":"x"}')
    assert told["verdict"].startswith("nothing raw leaves; ")
    assert told["verdict"].endswith(" hidden in 2 tool calls; a second look finds 0 left")
    assert told["records"] == {
        "received": 7,
        "mapped": 7,
        "skipped": 0,
        "duplicate": 0,
        "malformed": 0,
        "faults": 0,
    }


def test_the_table_for_people_ends_with_the_verdict(run: Any, recorded: Path) -> None:
    status, out, err = run("scan", recorded)
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0].startswith("otlp: 3 spans, ")
    assert lines[1].split() == ["content", "redacted_summary", "bytes", "of", "text", "truncated"]
    assert any(line.startswith("hidden: ") for line in lines)
    assert any(line.startswith("marked: attribute gen_ai.tool.call.arguments: ") for line in lines)
    assert any(line.startswith("tool Bash: 1 call, ") for line in lines)
    assert lines[-1].endswith("a second look finds 0 left")


@pytest.mark.parametrize(
    ("environ", "modes", "verdict"),
    [
        ({"AGENT_OTEL_CONTENT": "off"}, {"off": 2}, "no text of any content leaves"),
        ({"AGENT_OTEL_CONTENT": "metadata_only"}, {"metadata_only": 2}, "no text of any content leaves"),
        ({"AGENT_OTEL_CONTENT_SINKS": "otlp=metadata_only"}, {"metadata_only": 2}, "no text of any content leaves"),
        ({"AGENT_OTEL_CONTENT_DENIED_TOOLS": "b*"}, {"off": 1, "redacted_summary": 1}, "nothing raw leaves"),
        (
            {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "NO_CONTENT"},
            {"off": 2},
            "no text of any content leaves",
        ),
        (RAW, {"raw_content": 2}, "RAW CONTENT LEAVES"),
        ({**RAW, "AGENT_OTEL_RAW_BYTES": "100"}, {"raw_content": 1, "redacted_summary": 1}, "RAW CONTENT LEAVES"),
    ],
)
def test_modes_follow_the_policy(scan: Any, environ: Any, modes: Any, verdict: str) -> None:
    told = scan(**environ)
    assert told["sinks"]["otlp"]["content"]["tool_arguments"]["modes"] == modes
    assert told["verdict"].startswith(verdict)


def test_gates_that_denied_are_counted(scan: Any) -> None:
    told = scan(**{**RAW, "AGENT_OTEL_RAW_RETENTION": "false"})
    denied = told["sinks"]["otlp"]["denied_by"]
    assert denied["retention_active"] >= 2
    assert told["verdict"].startswith("nothing raw leaves")
    assert scan(AGENT_OTEL_CONTENT_DENIED_TOOLS="bash")["sinks"]["otlp"]["denied_by"]["denied_tool"] >= 1


def test_secrets_in_raw_content_are_told_apart_and_strict_fails_for_them(scan: Any) -> None:
    told = scan("--strict", **RAW)
    sink = told["sinks"]["otlp"]
    assert (told["status"], sink["left"]["total"]) == (3, 0)
    places = {entry["place"] for entry in sink["left_in_raw_content"]["by_place"]}
    assert places == {"attribute gen_ai.tool.call.arguments", "status description"}
    assert "IN RAW CONTENT" in told["verdict"]
    assert scan("--strict")["status"] == 0


def test_each_sink_has_its_own_account(scan: Any, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[sinks.archive]\nendpoint = "http://127.0.0.1:9"\ncontent = "off"\nsignals = ["traces"]\n')
    told = scan(OTEL_TRACES_EXPORTER="otlp,console", AGENT_OTEL_CONFIG_FILE=str(config))
    modes = {name: sink["content"]["tool_arguments"]["modes"] for name, sink in told["sinks"].items() if sink["spans"]}
    assert modes == {"otlp": {"redacted_summary": 2}, "console": {"redacted_summary": 2}, "archive": {"off": 2}}
    assert told["rules"]["sinks"]["archive"]["tool_result"] == "off"
    assert "archive: no text of any content leaves" in told["verdict"]


def test_without_an_exporter_nothing_leaves(scan: Any) -> None:
    none = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
    told = scan(**none)
    assert (told["sinks"], told["verdict"]) == ({}, "nothing leaves: no exporter is set")
    assert scan(OTEL_SDK_DISABLED="true")["sinks"] == {}


def test_unsampled_spans_do_not_leave(scan: Any) -> None:
    assert scan(OTEL_TRACES_SAMPLER="always_off")["sinks"]["otlp"]["spans"] == 0


def test_no_exporter_is_made_and_no_socket_opened(scan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("something was opened")

    monkeypatch.setattr("agent_otel.setup.sinks.make_exporter", fail)
    monkeypatch.setattr("agent_otel.setup.sinks.make_otlp_exporter", fail)
    monkeypatch.setattr(socket, "socket", fail)
    assert scan()["sinks"]["otlp"]["spans"] == 3


@pytest.mark.parametrize("environ", [{}, {"AGENT_OTEL_CONTENT": "full"}, RAW])
@pytest.mark.incomplete_spans
def test_it_is_what_replay_sends(scan: Any, run: Any, recorded: Path, receiver: OtlpReceiver, environ: Any) -> None:
    told = scan(**environ)["sinks"]["otlp"]
    run("replay", recorded, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.http_endpoint, **environ)
    spans = receiver.spans()
    sent = [str(span.attributes.get("gen_ai.tool.call.arguments", "")) for span in spans]
    assert told["spans"] == len(spans)
    assert told["content"]["tool_arguments"]["text_bytes"] == sum(len(text.encode()) for text in sent)
    hidden = [span.attributes.get("agent_otel.content.redacted", 0) for span in spans]
    assert told["hidden"]["total"] == sum(hidden)


def test_a_policy_that_lets_a_secret_through_is_found_out(scan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Blind:
        def is_innocent(self, text: str) -> bool:
            return True

        def are_innocent(self, texts: Any) -> bool:
            return True

        def scrub(self, value: Any, *, is_cut: bool = False) -> Scrubbed:
            return Scrubbed(value, NO_FINDINGS)

    monkeypatch.setattr("agent_otel.emit.content.shared_scrubber", lambda _options: Blind())
    monkeypatch.setattr("agent_otel.processors.content.guard.shared_scrubber", lambda _options: Blind())
    told = scan("--strict")
    left = told["sinks"]["otlp"]["left"]
    assert told["status"] == 3
    assert {entry["place"] for entry in left["by_place"]} == {
        "attribute gen_ai.tool.call.arguments",
        "status description",
    }
    assert f"a second look finds {left['total']} LEFT" in told["verdict"]


def test_the_second_look_uses_a_scrubber_of_its_own() -> None:
    from agent_otel.policy import ScrubOptions, shared_scrubber

    look = SecondLook(ScrubOptions())
    assert type(look._scrubber) is Scrubber
    assert look._scrubber is not shared_scrubber(ScrubOptions())


def test_resources_are_looked_over(scan: Any) -> None:
    told = scan(OTEL_RESOURCE_ATTRIBUTES=f"deploy.note={SECRET}")
    assert "resource attribute deploy.note" in {entry["place"] for entry in told["sinks"]["otlp"]["markers"]}


def test_malformed_records_and_bad_input(run: Any, recorded: Path, tmp_path: Path) -> None:
    with recorded.open("a") as file:
        file.write(f'{{"{SECRET}\n')
    status, _, err = run("scan", recorded)
    assert (status, err) == (0, f"{recorded}:8: is no JSON\n")
    assert run("scan", "--strict", recorded)[0] == 3
    status, _, err = run("scan", tmp_path / "absent.jsonl")
    assert (status, "no such file" in err) == (1, True)
    assert run("scan", recorded, AGENT_OTEL_CONTENT="loud")[0] == 1
    assert run("scan", "--source", "bambo", recorded)[0] == 1


def test_interrupted_scans_tell_what_was_complete(run: Any, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Any, group: Any, progress: Any = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Replay, "read", interrupted)
    status, out, err = run("scan", recorded)
    assert status == 130
    assert err.startswith("interrupted")
    assert "a second look finds 0 left" in out


def test_as_a_process(recorded: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "AGENT_OTEL_"))}
    line = [sys.executable, "-m", "agent_otel.cli", "scan", "--json", "-"]
    ended = subprocess.run(line, env=variables, input=recorded.read_bytes(), capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["sinks"]["otlp"]["spans"] == 3
    assert SECRET[6:].encode() not in ended.stdout
