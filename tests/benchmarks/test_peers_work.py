"""The scripted work and its timing: what each contender is given, and that every call is made once."""

from __future__ import annotations

import contextvars
import json
import sqlite3
import threading

import pytest

from peers.sqlite_time import WriteAhead
from peers.timed import Times, in_tasks, in_threads, overhead_ns
from peers.work import NAMES, SIZES, call_id, calls, planted, with_secrets


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_call_has_the_size_that_is_asked_for(size):
    for name, arguments, result in calls(size):
        assert name in NAMES
        assert len(json.dumps(arguments)) == pytest.approx(300, abs=5)
        assert len(json.dumps(arguments)) + len(json.dumps(result)) == pytest.approx(size, abs=20)


def test_work_is_the_same_at_each_making_and_its_calls_differ():
    first = calls(SIZES["0.6 KB"])
    assert first == calls(SIZES["0.6 KB"])
    assert len({json.dumps(call) for call in first}) == len(first)
    assert {call.name for call in first} == set(NAMES)
    assert len({call_id(number) for number in range(-100, 1000)}) == 1100


def test_each_secret_is_planted_once_and_only_where_it_is_meant():
    innocent = json.dumps(calls(SIZES["0.6 KB"]))
    guilty = json.dumps(with_secrets())
    for secret in planted().values():
        assert guilty.count(secret) == 1
        assert secret not in innocent


@pytest.mark.parametrize("rate", [None, 5000.0])
@pytest.mark.parametrize("drive", [in_threads, in_tasks])
def test_every_call_is_made_once_in_the_context_of_the_run(drive, rate):
    run = contextvars.ContextVar("run")
    run.set("this one")
    seen = []

    made = drive(lambda number: seen.append((number, run.get())), 50, 4, rate)
    assert sorted(seen) == [(number, "this one") for number in range(50)]
    assert sum(len(times.cpu) for times in made) == sum(len(times.wall) for times in made) == 50


def test_threads_are_as_many_as_asked_for():
    threads = set()
    in_threads(lambda _: threads.add(threading.get_ident()), 40, 4, None)
    assert len(threads) == 4


def test_what_a_call_takes_is_more_than_what_noting_takes():
    times = Times()
    times.take(lambda _: sum(range(100_000)), 0)
    of_cpu, of_wall = overhead_ns()
    assert times.cpu[0] > of_cpu > 0
    assert times.wall[0] > of_wall > 0


def test_only_transactions_that_insert_count_as_written_ahead(monkeypatch, tmp_path):
    monkeypatch.setattr(sqlite3, "connect", sqlite3.connect)
    writing = WriteAhead()
    db = sqlite3.connect(tmp_path / "db", isolation_level=None)
    db.execute("CREATE TABLE item (id INTEGER)")
    writing.begin()
    try:
        for statement in ("SELECT count(*) FROM item", "DELETE FROM item"):
            db.execute("BEGIN IMMEDIATE")
            db.execute(statement)
            db.execute("COMMIT")
        writing.agent_is_done()
        assert writing.end(1)["transactions"] == 0
        writing.begin()
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO item VALUES (?)", [(1,), (2,)])
        db.execute("COMMIT")
        writing.agent_is_done()
        figures = writing.end(2)
    finally:
        db.close()
    assert figures["transactions"] == 1
    assert figures["write_ahead_us_per_run"] > 0
    assert figures["on_agent_thread"]
    assert figures["agent_thread_bytes"] > 0
