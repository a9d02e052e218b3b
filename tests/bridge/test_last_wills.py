"""The last will: the span that is seen if the process dies, on disk while its operation is open."""

from __future__ import annotations

import os
import time

import pytest

from agent_otel.bridge import Bridge, will_writing
from agent_otel.conventions import attributes as a
from agent_otel.delivery.spool import list_spools, read_spool
from agent_otel.processors import outbox
from agent_otel.testing import OtlpReceiver
from collector import Collector, awaited
from secrets_made_up import github_token

pytestmark = pytest.mark.incomplete_spans


@pytest.fixture
def collector():
    return Collector()


@pytest.fixture
def receiver(collector, monkeypatch, tmp_path):
    with OtlpReceiver(respond=collector) as served:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", served.http_endpoint)
        monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
        monkeypatch.setenv("AGENT_OTEL_SPOOL", str(tmp_path / "spool"))
        yield served


@pytest.fixture
def bridge(receiver):
    made = Bridge.from_env()
    yield made
    made.shutdown()
    assert made.health().balanced


def wills(tmp_path):
    """Give the rows of last wills, by span id."""
    (file,) = list_spools(tmp_path / "spool")
    return {row.item.span_id: row for row in read_spool(file.path, limit=1000) if row.will_of is not None}


def test_what_is_open_for_a_moment_has_a_will_and_its_end_takes_its_place(bridge, receiver, tmp_path):
    with bridge.run(agent="a") as run:
        with run.tool_call("t", arguments={"n": 1}) as tool:
            awaited(lambda: set(wills(tmp_path)) == {run.key[1], tool.key[1]})
            tool.result(2)
        awaited(lambda: set(wills(tmp_path)) == {run.key[1]})
    assert bridge.flush()
    awaited(lambda: not wills(tmp_path))
    assert [(span.name, span.attributes[a.OUTCOME]) for span in receiver.spans()] == [
        ("execute_tool t", "ok"),
        ("invoke_agent a", "ok"),
    ]


def test_what_is_over_at_once_has_none(bridge, receiver, monkeypatch):
    monkeypatch.setattr(will_writing, "_MOMENT_NS", 3600 * 10**9)
    with bridge.run(agent="a") as run, run.tool_call("t"):
        pass
    assert bridge.flush()
    assert len(receiver.spans()) == 2
    assert bridge._telemetry.spooling.wills._stored == {}


def test_an_end_is_not_sent_before_it_is_on_disk(bridge, receiver, tmp_path):
    spooling = bridge._telemetry.spooling
    with bridge.run(agent="a") as run:
        awaited(lambda: run.key[1] in wills(tmp_path))
        spooling._cycle.acquire()
    try:
        bridge._handover.drain(time.monotonic() + 10)
        traces = next(outbox for outbox in bridge._telemetry.outboxes if outbox.sink_id == "otlp/traces")
        traces.take_in()
        assert traces._holdings.is_held
        traces.begin_flush()
        assert bridge.health().sinks["otlp/traces"]["queued"] == 1
        assert not receiver.spans()
    finally:
        spooling._cycle.release()
    traces.end_flush()
    assert bridge.flush()
    assert [span.name for span in receiver.spans()] == ["invoke_agent a"]


def test_a_disk_that_does_not_answer_holds_nothing_back_for_long(bridge, receiver, tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "_LONGEST_HELD_NS", 0)
    spooling = bridge._telemetry.spooling
    with bridge.run(agent="a") as run:
        awaited(lambda: run.key[1] in wills(tmp_path))
        spooling._cycle.acquire()
    try:
        bridge.flush(10)
        assert [span.name for span in receiver.spans()] == ["invoke_agent a"]
    finally:
        spooling._cycle.release()
    awaited(lambda: not wills(tmp_path))


def test_a_run_that_ends_after_its_will_was_sent_gives_a_new_span_that_links_to_it(bridge, receiver, tmp_path):
    with bridge.run(agent="a") as run:
        awaited(lambda: run.key[1] in wills(tmp_path))
        trace_id, span_id = run.key
        spool = bridge._telemetry.spooling.spool
        assert spool.mark_will_sent(f"{trace_id:032x}-{span_id:016x}", trace_id, span_id, time.time_ns())
    assert bridge.flush()
    (span,) = receiver.spans()
    assert span.trace_id == f"{trace_id:032x}"
    assert span.span_id != f"{span_id:016x}"
    (link,) = [link for link in span.links if link.attributes.get(a.SUPERSEDES)]
    assert (link.trace_id, link.span_id) == (span.trace_id, f"{span_id:016x}")


def test_a_will_is_made_anew_now_and_then(bridge, tmp_path, monkeypatch):
    monkeypatch.setattr(will_writing, "_RENEWAL_NS", 1)
    with bridge.run(agent="a") as run:
        awaited(lambda: run.key[1] in wills(tmp_path))
        first = wills(tmp_path)[run.key[1]]
        awaited(lambda: wills(tmp_path).get(run.key[1], first).item.payload != first.item.payload)
    assert bridge.flush()
    awaited(lambda: not wills(tmp_path))


def test_a_will_is_filtered_as_the_span_would_be(bridge, tmp_path, receiver):
    secret = github_token()
    with bridge.run(agent="a") as run, run.tool_call("t", arguments={"command": f"curl -H 'token: {secret}'"}) as tool:
        awaited(lambda: tool.key[1] in wills(tmp_path))
        (file,) = list_spools(tmp_path / "spool")
        payload = wills(tmp_path)[tool.key[1]].item.payload
        assert b"curl" in payload
        assert secret.encode() not in payload
        assert secret.encode() not in file.path.read_bytes()


def test_what_is_not_sampled_has_no_will(receiver, monkeypatch, tmp_path):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    bridge = Bridge.from_env()
    spooling, made = bridge._telemetry.spooling, []
    spooling.will_makers.append(lambda: made.append(None))
    with bridge.run(agent="a") as run:
        seen = len(made)
        awaited(lambda: len(made) > seen + 5)
        assert wills(tmp_path) == {}
        assert run.key is not None
    bridge.shutdown()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_leaves_no_will_of_its_parents_run(bridge, receiver, tmp_path):
    with bridge.run(agent="a") as run:
        awaited(lambda: run.key[1] in wills(tmp_path))
        child = os.fork()
        if not child:
            status = 1
            try:
                spooling = bridge._telemetry.spooling
                spooling.save()
                status = 0 if not spooling.wills._stored else 2
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    assert bridge.flush()
    assert len(receiver.spans()) == 1


def test_a_shutdown_tells_what_is_open_and_leaves_no_will(receiver, tmp_path):
    bridge = Bridge.from_env()
    with bridge.run(agent="a") as run, run.tool_call("t") as tool:
        awaited(lambda: set(wills(tmp_path)) == {run.key[1], tool.key[1]})
        bridge.shutdown()
    assert {span.attributes[a.OUTCOME] for span in receiver.spans()} == {"interrupted"}
    assert len(receiver.spans()) == 2
    assert not list_spools(tmp_path / "spool")


@pytest.mark.parametrize("status", [503, 500])
def test_an_end_in_an_outage_takes_the_place_of_its_will_on_disk(bridge, collector, receiver, tmp_path, status):
    collector.status = status
    with bridge.run(agent="a") as run:
        awaited(lambda: run.key[1] in wills(tmp_path))
    awaited(lambda: not wills(tmp_path))
    (file,) = list_spools(tmp_path / "spool")
    assert [row.item.span_id for row in read_spool(file.path, limit=10)] == [run.key[1]]
    collector.status = 200


def test_a_handle_that_is_used_again_and_again_denies_nobody_a_will(bridge, tmp_path, monkeypatch):
    monkeypatch.setattr(will_writing, "_MOMENT_NS", 0)
    poll = bridge.tool_call("poll")
    with bridge.run(agent="a") as run:
        for _ in range(300):
            with poll:
                pass
        awaited(lambda: run.key[1] in wills(tmp_path))
    assert bridge.flush()
    awaited(lambda: not wills(tmp_path))
    assert not list((tmp_path / "spool").glob("*.corrupt"))


def test_a_handle_that_is_entered_inside_itself_leaves_no_will(bridge, receiver, tmp_path, monkeypatch):
    monkeypatch.setattr(will_writing, "_MOMENT_NS", 0)
    monkeypatch.setattr(will_writing, "_RENEWAL_NS", 1)
    run = bridge.run(agent="a")
    with run:
        awaited(lambda: len(wills(tmp_path)) == 1)
        with run:
            awaited(lambda: len(wills(tmp_path)) == 2)
    assert bridge.flush()
    bridge._telemetry.spooling.save()
    awaited(lambda: not wills(tmp_path))
    assert len(receiver.spans()) == 2


def test_an_end_that_the_disk_has_no_room_for_takes_its_will_with_it(monkeypatch, receiver, tmp_path):
    monkeypatch.setenv("AGENT_OTEL_SPOOL_BYTES", "65536")
    bridge = Bridge.from_env()
    with bridge.run(agent="a") as run:
        awaited(lambda: run.key[1] in wills(tmp_path))
        for number in range(60):
            run.span.add_event(f"event-{number}", {f"key-{place}": "some words " * 200 for place in range(10)})
    assert bridge.flush()
    bridge.shutdown()
    assert [span.attributes[a.OUTCOME] for span in receiver.spans()] == ["ok"]
    assert not list_spools(tmp_path / "spool")


def test_two_bridges_that_share_a_process_both_leave_wills(receiver, tmp_path):
    first, second = Bridge.from_env(), Bridge.from_env()
    try:
        with first.run(agent="first") as one, second.run(agent="second") as two:
            rows = {one.key[1], two.key[1]}
            awaited(lambda: rows <= {row.item.span_id for row in all_rows(tmp_path) if row.will_of is not None})
    finally:
        first.shutdown()
        second.shutdown()


def all_rows(tmp_path):
    return [row for file in list_spools(tmp_path / "spool") for row in read_spool(file.path, limit=1000)]


def test_what_is_not_sampled_is_not_remembered(receiver, monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setattr(will_writing, "_MOMENT_NS", 0)
    bridge = Bridge.from_env()
    spooling = bridge._telemetry.spooling
    with bridge.run(agent="a"):
        spooling.save()
        assert spooling.wills._stored == {}
    bridge.shutdown()
