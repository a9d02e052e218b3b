"""``replay --resume``: each sink gets what it has not acknowledged, under the same ids, whatever happened before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
import json
from pathlib import Path
import signal
import sqlite3
import subprocess
from typing import Any

from attrs import asdict
import pytest

from agent_otel.testing import OtlpReceiver, ReceivedSpan
from agent_otel.testing.faults import status
from end_to_end.recordings import LINES, RECORDINGS
from end_to_end.replaying import (
    COMMAND,
    assert_one_content_each,
    bamboo_stream,
    contents,
    environment,
    replay,
)

Ids = Counter[tuple[str, str]]


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


@pytest.fixture
def environ(receiver: OtlpReceiver, tmp_path: Path) -> dict[str, str]:
    return environment(receiver, tmp_path / "state")


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    return bamboo_stream(tmp_path / "stream.jsonl")


def ids(spans: list[ReceivedSpan]) -> Ids:
    return Counter((span.trace_id, span.span_id) for span in spans)


def logs(receiver: OtlpReceiver) -> list[str]:
    """Give the log records, in an order of their own."""
    return sorted(json.dumps(asdict(log), sort_keys=True, default=str) for log in receiver.logs())


def sums(receiver: OtlpReceiver) -> dict[str, float]:
    """Give every counter and every histogram's count, over all processes that sent any, by name and labels."""
    latest: dict[tuple[Any, ...], float] = {}
    for point in receiver.metrics():
        value = point.count if point.value is None else point.value
        labels = json.dumps(point.attributes, sort_keys=True, default=str)
        latest[point.resource["service.instance.id"], point.name, labels] = float(value or 0)
    found: Counter[str] = Counter()
    for (_, name, labels), value in latest.items():
        found[f"{name} {labels}"] += value  # type: ignore[assignment]
    return dict(found)


def undisturbed(recorded: Path, tmp_path: Path) -> OtlpReceiver:
    """Give what a receiver has got of one call that nothing disturbed."""
    with OtlpReceiver() as other:
        replay(environment(other, tmp_path / "undisturbed"), "--resume", recorded)
    return other


def acknowledged(state: Path) -> int:
    """Count what some sink has acknowledged, as far as the file says."""
    if not (state / "resume.db").exists():
        return 0
    with closing(sqlite3.connect(state / "resume.db")) as db:
        try:
            (count,) = db.execute("SELECT count(*) FROM acknowledged").fetchone()
        except sqlite3.OperationalError:  # it is being made
            return 0
    return int(count)


def replay_in_vain(environ: dict[str, str], recorded: Path) -> dict[str, Any]:
    """Run the command where a sink does not take everything; one that fails is given up after a second."""
    return replay({**environ, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}, "--resume", recorded, expect=2)


def flush(environ: dict[str, str]) -> None:
    assert subprocess.run([*COMMAND, "flush"], env=environ, timeout=60, check=False).returncode == 0


def assert_nothing_is_new(environ: dict[str, str], recorded: Path) -> None:
    again = replay(environ, "--resume", recorded)
    assert [sink["accepted"] for sink in again["sinks"].values()] == [0] * len(again["sinks"])
    assert again["spans"] == 0


@pytest.mark.parametrize("name", LINES)
def test_after_an_outage_everything_comes_once_and_as_if_nothing_had_been(
    receiver: OtlpReceiver, environ: dict[str, str], tmp_path: Path, name: str
) -> None:
    directory = tmp_path / "recording"
    directory.mkdir()
    RECORDINGS[name](directory / "recorded.jsonl")
    with receiver.outage():
        failed = replay_in_vain(environ, directory)
    assert receiver.spans() == []
    assert {sink["exported"] for sink in failed["sinks"].values()} == {0}
    replay(environ, "--resume", directory)
    expected = undisturbed(directory, tmp_path)
    assert contents(receiver.spans()) == contents(expected.spans())
    assert ids(receiver.spans()) == ids(expected.spans())
    assert logs(receiver) == logs(expected)
    assert sums(receiver) == sums(expected)
    assert_nothing_is_new(environ, directory)


def test_a_sink_that_took_only_some_gets_the_rest(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path
) -> None:
    environ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "5"
    receiver.respond_with(lambda what, number: None if what != "traces" or number <= 2 else status(503))
    failed = replay_in_vain(environ, stream)
    some = ids(receiver.spans())
    assert 0 < some.total() == failed["sinks"]["otlp/traces"]["exported"] < failed["spans"]
    cursors = failed["cursors"][str(stream)]
    assert 0 < cursors["otlp/traces"] < cursors["otlp/logs"] == failed["received"]
    assert any(f"otlp/traces has {stream} up to record {cursors['otlp/traces']}" in said for said in failed["messages"])
    receiver.respond_with(None)
    rest = replay(environ, "--resume", stream)
    assert rest["sinks"]["otlp/traces"]["accepted"] == failed["spans"] - some.total()
    assert rest["sinks"]["otlp/logs"]["accepted"] == 0
    assert set(rest["cursors"][str(stream)].values()) == {rest["received"]}
    assert ids(receiver.spans()) == ids(undisturbed(stream, tmp_path).spans())
    assert_one_content_each(receiver.spans())
    assert_nothing_is_new(environ, stream)


def two_sinks(environ: dict[str, str], other: OtlpReceiver, tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "agent-otel.toml"
    file.write_text(f"[sinks.other]\nendpoint = '{other.http_endpoint}'\n")
    return {**environ, "AGENT_OTEL_CONFIG_FILE": str(file)}


def test_of_two_sinks_each_gets_everything_once_however_long_one_was_away(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path
) -> None:
    expected = undisturbed(stream, tmp_path)
    with OtlpReceiver() as other:
        environ = two_sinks(environ, other, tmp_path)
        with other.outage():
            failed = replay_in_vain(environ, stream)
            assert ids(receiver.spans()) == ids(expected.spans())
            again = replay_in_vain(environ, stream)
        assert failed["sinks"]["other/traces"]["exported"] == 0
        assert again["sinks"]["otlp/traces"]["accepted"] == again["sinks"]["otlp/logs"]["accepted"] == 0
        replay(environ, "--resume", stream)
        for one in (receiver, other):
            assert contents(one.spans()) == contents(expected.spans())
            assert ids(one.spans()) == ids(expected.spans())
            assert logs(one) == logs(expected)
        assert sums(receiver) == sums(expected)
        assert_nothing_is_new(environ, stream)


def test_a_new_endpoint_begins_at_the_beginning_and_the_known_one_gets_nothing_twice(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path
) -> None:
    replay(environ, "--resume", stream)
    expected = ids(receiver.spans())
    with OtlpReceiver() as other:
        replay(two_sinks(environ, other, tmp_path), "--resume", stream)
        assert ids(receiver.spans()) == ids(other.spans()) == expected
    with OtlpReceiver() as moved:
        replay({**environ, "OTEL_EXPORTER_OTLP_ENDPOINT": moved.http_endpoint}, "--resume", stream)
        assert ids(moved.spans()) == expected
    assert_nothing_is_new(environ, stream)


def test_a_sink_that_refuses_one_span_for_good_is_not_asked_again(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path
) -> None:
    environ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "1"
    receiver.respond_with(lambda what, number: status(400) if what == "traces" and number == 3 else None)
    failed = replay_in_vain(environ, stream)
    assert failed["sinks"]["otlp/traces"]["rejected"] == 1
    assert len(receiver.spans()) == failed["spans"] - 1
    assert_nothing_is_new(environ, stream)


def killed(arguments: list[str], environ: dict[str, str], when: Callable[[], bool], receiver: OtlpReceiver) -> None:
    """Run the command, and kill it once something holds; it is asked whenever a request comes."""
    with subprocess.Popen(
        [*COMMAND, *arguments], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        assert receiver.wait_for(lambda _: when(), 100)
        running.send_signal(signal.SIGKILL)
        assert running.wait(60) == -signal.SIGKILL


def test_after_a_kill_the_union_is_that_of_one_call_and_what_was_remembered_is_not_sent_again(
    receiver: OtlpReceiver, environ: dict[str, str], tmp_path: Path
) -> None:
    stream = bamboo_stream(tmp_path / "long.jsonl", rounds=1500)
    environ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "64"
    state = tmp_path / "state"
    killed(["replay", "--resume", str(stream)], environ, lambda: acknowledged(state) > 0, receiver)
    got, remembered = len(receiver.spans()), acknowledged(state)
    again = replay(environ, "--resume", stream)
    assert 0 < got < again["mapped"]
    assert again["sinks"]["otlp/traces"]["accepted"] <= again["spans"]
    expected = undisturbed(stream, tmp_path)
    assert again["spans"] < len(expected.spans())
    assert remembered > 0
    assert contents(receiver.spans()) == contents(expected.spans())
    assert_one_content_each(receiver.spans())
    assert sums(receiver) == sums(expected)
    assert_nothing_is_new(environ, stream)


@pytest.mark.parametrize("is_down", [False, True])
def test_a_file_that_grows_between_calls_is_told_once(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path, is_down: bool
) -> None:
    whole = stream.read_bytes()
    for share in (0.3, 0.6):
        stream.write_bytes(whole[: int(len(whole) * share)])
        if is_down and share == 0.6:
            with receiver.outage():
                replay_in_vain(environ, stream)
        else:
            replay(environ, "--resume", stream)
    stream.write_bytes(whole)
    replay(environ, "--resume", stream)
    expected = undisturbed(stream, tmp_path)
    assert contents(receiver.spans()) == contents(expected.spans())
    assert ids(receiver.spans()) == ids(expected.spans())
    assert sums(receiver) == sums(expected)
    assert_nothing_is_new(environ, stream)


def test_what_is_spooled_counts_as_acknowledged_and_comes_from_the_spool(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path
) -> None:
    environ = {**environ, "AGENT_OTEL_SPOOL": str(tmp_path / "spool"), "OTEL_METRICS_EXPORTER": "none"}
    with receiver.outage():
        spooled = replay(environ, "--resume", stream)
        assert spooled["sinks"]["otlp/traces"]["spooled"] == spooled["spans"] > 0
        assert spooled["cursors"][str(stream)]["otlp/traces"] == spooled["received"]
        assert_nothing_is_new(environ, stream)
    flush(environ)
    expected = undisturbed(stream, tmp_path)
    assert contents(receiver.spans()) == contents(expected.spans())
    assert ids(receiver.spans()) == ids(expected.spans())


def test_what_a_full_spool_gave_up_is_told_again(
    receiver: OtlpReceiver, environ: dict[str, str], tmp_path: Path
) -> None:
    stream = bamboo_stream(tmp_path / "long.jsonl", rounds=400)
    environ = {
        **environ,
        "AGENT_OTEL_SPOOL": str(tmp_path / "spool"),
        "AGENT_OTEL_SPOOL_BYTES": "65536",
        "OTEL_METRICS_EXPORTER": "none",
    }
    with receiver.outage():
        failed = replay_in_vain(environ, stream)
    assert failed["sinks"]["otlp/traces"]["evicted"] > 0
    replay(environ, "--resume", stream)
    flush(environ)
    assert contents(receiver.spans()) == contents(undisturbed(stream, tmp_path).spans())


def test_metrics_that_did_not_arrive_are_recorded_again_and_those_that_did_are_not(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path
) -> None:
    expected = sums(undisturbed(stream, tmp_path))
    receiver.respond_with(lambda what, number: status(503) if what == "metrics" else None)
    replay(environ, "--resume", stream)
    assert sums(receiver) == {}
    receiver.respond_with(lambda what, number: status(503) if what == "traces" else None)
    replay_in_vain({**environ, "OTEL_EXPORTER_OTLP_HEADERS": "tenant=second"}, stream)
    assert sums(receiver) == expected
    receiver.respond_with(None)
    again = replay(environ, "--resume", stream)
    assert again["spans"] == 0
    assert sums(receiver) == {name: 2 * value for name, value in expected.items()}
    assert_nothing_is_new(environ, stream)


# -- the file in which it is remembered


OLD = """
CREATE TABLE reading (id INTEGER PRIMARY KEY, sink TEXT NOT NULL, input TEXT NOT NULL, UNIQUE (sink, input));
CREATE TABLE delivered (reading INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (reading, key)) WITHOUT ROWID;
INSERT INTO reading VALUES (1, 'otlp/logs,otlp/traces|http://localhost:4318|["",""]|0', 'abc');
INSERT INTO delivered VALUES (1, 42);
"""


def resume(environ: dict[str, str], recorded: Path, **how: Any) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "replay", "--resume", str(recorded)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False, **how)


def test_an_older_versions_file_is_told_and_begun_anew(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    with closing(sqlite3.connect(tmp_path / "state" / "resume.db")) as db:
        db.executescript(OLD)
    done = resume(environ, stream)
    assert done.returncode == 0
    assert "was written by an older version" in done.stderr
    assert "with the same ids" in done.stderr
    assert ids(receiver.spans()) == ids(undisturbed(stream, tmp_path).spans())
    assert "older version" not in resume(environ, stream).stderr
    assert_nothing_is_new(environ, stream)


def damage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 500)


def of_a_newer_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def of_somebody_elses(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE other (x); PRAGMA user_version = 2")


@pytest.mark.parametrize(
    ("spoil", "advice"),
    [
        (damage, "delete it to start over: spans are sent again with the same ids"),
        (of_a_newer_version, "was written by a newer version of agent-otel: use that one"),
        (of_somebody_elses, "delete it to start over"),
        (lambda path: path.mkdir(), "set AGENT_OTEL_STATE to a directory of your own"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do_and_nothing_is_sent(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path, tmp_path: Path, spoil: Any, advice: str
) -> None:
    (tmp_path / "state").mkdir()
    spoil(tmp_path / "state" / "resume.db")
    done = resume(environ, stream)
    assert done.returncode == 1
    assert done.stderr.startswith("agent-otel: ")
    assert advice in done.stderr
    assert "Traceback" not in done.stderr
    assert receiver.requests() == []


def test_a_directory_that_may_not_be_written_says_what_to_do(
    receiver: OtlpReceiver, environ: dict[str, str], stream: Path
) -> None:
    done = resume({**environ, "AGENT_OTEL_STATE": "/proc/agent-otel"}, stream)
    assert done.returncode == 1
    assert "set AGENT_OTEL_STATE to a directory of your own" in done.stderr
    assert receiver.requests() == []
