"""The map from (trace id, span id) to a span's bytes is a function: read twice, in parts, or after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import shutil
import signal
import subprocess

import pytest

from agent_otel.testing import OtlpReceiver
from end_to_end.recordings import LINES, RECORDINGS, UNTIMED
from end_to_end.replaying import (
    COMMAND,
    assert_one_content_each,
    bamboo_stream,
    contents,
    environment,
    replay,
)


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


def record(name: str, tmp_path: Path) -> Path:
    """Make a directory with one recorded input."""
    directory = tmp_path / "recording"
    directory.mkdir()
    RECORDINGS[name](directory / "recorded.jsonl")
    return directory


@pytest.fixture(params=RECORDINGS)
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory with one recorded input, of each source and form whose records have times."""
    return record(request.param, tmp_path)


@pytest.fixture(params=LINES)
def growing_recording(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same, of those that are written line by line."""
    return record(request.param, tmp_path)


def test_two_replays_give_one_trace_each_span_once(receiver: OtlpReceiver, recording: Path, tmp_path: Path) -> None:
    environ = environment(receiver, tmp_path / "state")
    first = replay(environ, recording)
    replay(environ, recording)
    spans = receiver.spans()
    assert_one_content_each(spans)
    assert len(contents(spans)) == first["spans"] == len(spans) // 2


def test_every_file_duplicated_changes_nothing(receiver: OtlpReceiver, recording: Path, tmp_path: Path) -> None:
    environ = environment(receiver, tmp_path / "state")
    expected = replay(environ, recording)
    before = contents(receiver.spans())
    shutil.copytree(recording, recording / "copy")
    doubled = replay(environ, recording)
    assert contents(receiver.spans()) == before
    assert doubled["spans"] == expected["spans"]
    assert doubled["duplicate"] > 0


@pytest.mark.parametrize("name", UNTIMED)
def test_a_second_reading_of_records_without_times_is_a_second_trace(
    receiver: OtlpReceiver, tmp_path: Path, name: str
) -> None:
    recorded = UNTIMED[name](tmp_path / "recorded.jsonl")
    environ = environment(receiver, tmp_path / "state")
    first = replay(environ, recorded)
    replay(environ, recorded)
    spans = receiver.spans()
    assert_one_content_each(spans)
    assert len(contents(spans)) == len(spans) == 2 * first["spans"]
    assert len({span.trace_id for span in spans}) == 2


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_growing_file_read_in_two_halves_with_resume_gives_the_same_spans(
    receiver: OtlpReceiver, growing_recording: Path, tmp_path: Path, share: float
) -> None:
    growing = tmp_path / "growing"
    shutil.copytree(growing_recording, growing)
    main = next(growing.glob("*.jsonl"))
    whole = main.read_bytes()
    environ = environment(receiver, tmp_path / "state")
    main.write_bytes(whole[: int(len(whole) * share)])  # somewhere inside a line
    first = replay(environ, "--resume", growing)
    main.write_bytes(whole)
    second = replay(environ, "--resume", growing)
    third = replay(environ, "--resume", growing)
    spans = receiver.spans()
    assert_one_content_each(spans)
    told = sum(sink["accepted"] for sink in third["sinks"].values())
    assert told == 0, "everything was told before"
    assert len(spans) == len(contents(spans))
    assert sum(books["sinks"]["otlp/traces"]["accepted"] for books in (first, second)) == len(spans)
    with OtlpReceiver() as other:
        replay(environment(other, tmp_path / "other"), growing_recording)
        at_once = contents(other.spans())
    resumed = contents(spans)
    # What only the end of the input settles (the last, open run) is not told under --resume.
    assert all(at_once[key] == digests for key, digests in resumed.items())
    assert len(resumed) >= len(at_once) - 2


def stopped_half_way(stream: Path, environ: dict[str, str], receiver: OtlpReceiver, by: signal.Signals) -> int:
    """Begin a replay, send it a signal once something has arrived, and give its exit status."""
    with subprocess.Popen(
        [*COMMAND, "replay", str(stream)], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        assert receiver.wait_for(lambda receiver: len(receiver.requests("traces")) >= 3, 60)
        running.send_signal(by)
        return running.wait(60)


def test_a_replay_that_was_killed_and_run_again_gives_the_same_spans(receiver: OtlpReceiver, tmp_path: Path) -> None:
    stream = bamboo_stream(tmp_path / "long.jsonl", rounds=1500)
    environ = environment(receiver, tmp_path / "state", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="64")
    stopped_half_way(stream, environ, receiver, signal.SIGKILL)
    killed = len(receiver.spans())
    again = replay(environ, stream)
    spans = receiver.spans()
    assert 0 < killed < again["spans"]
    assert_one_content_each(spans)
    assert len(contents(spans)) == again["spans"]


def test_a_replay_that_was_terminated_closes_nothing_that_was_open(receiver: OtlpReceiver, tmp_path: Path) -> None:
    stream = bamboo_stream(tmp_path / "long.jsonl", rounds=1500)
    environ = environment(receiver, tmp_path / "state", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="64")
    assert stopped_half_way(stream, environ, receiver, signal.SIGTERM) == 130
    assert not [span for span in receiver.spans() if "agent_otel.orphan.reason" in span.attributes]
    again = replay(environ, stream)
    assert_one_content_each(receiver.spans())
    assert len(contents(receiver.spans())) == again["spans"]
