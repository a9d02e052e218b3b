"""One spool in one process: what goes in comes out, in order, once, and nothing of what was removed stays readable."""

from __future__ import annotations

import os
import random
import re
import sqlite3
import stat
import threading

from attrs import evolve
import pytest

from agent_otel.delivery import Envelope
from agent_otel.delivery.spool import Amount, HeldBack, Spool, SpoolLimits, adopt_spools
from agent_otel.model import Cursor
from delivery.spool_values import (
    ENVELOPE,
    ERROR,
    HERE,
    HOUR,
    NOW,
    OTHER,
    PROGRESS,
    RUN_END,
    SECOND,
    STRICTER,
    THERE,
    USAGE,
    bytes_in,
    entries,
    entry,
    everything,
    item,
    numbers,
)


@pytest.fixture
def spool(tmp_path):
    opened = Spool.open(tmp_path / "spool")
    yield opened
    opened.close()


def test_what_was_stored_is_read_back_equal(spool):
    given = [
        entry(1, RUN_END),
        entry(2, source_cursor=Cursor("ström", 2**62), run_id="läuft"),
        entry(3, envelope=Envelope("logs", b""), trace_id=0, span_id=0, payload=b""),
        entry(4, ERROR, raw_payload=b"raw", content_mode="raw_content", retain_raw=True),
        entry(5, trace_id=2**128 - 1, span_id=2**64 - 1, payload=os.urandom(100_000)),
    ]
    answer = spool.append(given, NOW)
    assert answer.refused == answer.evicted == ()
    found = {row.row_id: row for row in everything(spool)}
    assert [found[row_id].item for row_id in answer.row_ids] == [each.item for each in given]
    assert {row.destination for row in found.values()} == {HERE}


def test_an_item_that_does_not_say_when_is_given_the_time_of_the_call(spool):
    spool.append([entry(1, enqueued_ns=0)], NOW)
    assert spool.read("otlp")[0].item.enqueued_ns == NOW


def test_raw_content_is_stored_only_where_the_caller_says_so(spool, tmp_path):
    given = item(1, raw_payload=b"as it was", content_mode="raw_content")
    spool.append([evolve(entry(1), item=given)], NOW)
    assert spool.read("otlp")[0].item == given.without_raw_content()
    spool.close()
    assert b"as it was" not in bytes_in(tmp_path)


def test_more_precious_classes_are_read_first_and_older_ones_first_among_them(spool):
    spool.append([entry(1), entry(2, USAGE), entry(3, RUN_END), entry(4)], NOW)
    spool.append([entry(5, RUN_END), entry(6, ERROR)], NOW)
    assert numbers(everything(spool, limit=1)) == numbers(everything(spool)) == [3, 5, 6, 2, 1, 4]


def test_a_page_ends_at_a_number_of_bytes_but_has_at_least_one_item(spool):
    spool.append([entry(number, payload=bytes(1000)) for number in range(4)], NOW)
    assert len(spool.read("otlp", max_bytes=2000)) == 2
    assert len(spool.read("otlp", max_bytes=1)) == 1


def test_an_entry_that_no_row_can_hold_is_refused_alone(spool):
    bad = [entry(1, trace_id=2**128), entry(2, source_cursor=Cursor("s", 2**63)), entry(3, enqueued_ns=2**63)]
    answer = spool.append([*bad, entry(4), entry(5, trace_id="x")], NOW)
    assert answer.refused == ((0, "invalid"), (1, "invalid"), (2, "invalid"), (4, "invalid"))
    assert [row_id is None for row_id in answer.row_ids] == [True, True, True, False, True]
    assert numbers(everything(spool)) == [4]


def test_text_that_is_no_unicode_is_stored_with_replacements(spool):
    spool.append([entry(1, run_id="run-1\ud800")], NOW)
    assert spool.read("otlp")[0].item.run_id == "run-1?"


def test_what_was_removed_is_not_read_again_and_unknown_ids_do_no_harm(spool):
    answer = spool.append(entries(3), NOW)
    assert spool.remove([answer.row_ids[1], 999, -1])
    assert spool.remove([answer.row_ids[1]])
    assert numbers(everything(spool)) == [0, 2]


def test_ids_are_never_given_twice(spool):
    first = spool.append(entries(2), NOW)
    spool.remove(first.row_ids)
    spool.tidy(NOW)
    assert spool.append(entries(1), NOW).row_ids[0] > max(first.row_ids)


def test_removed_content_is_nowhere_in_the_directory_after_the_next_tidying(spool, tmp_path):
    chosen = random.Random(1)
    sizes = [1, 15, 150, 500, 2000]

    def marked(number):
        mark = f"<{number:06}>"
        return entry(number, payload=(mark * chosen.choice(sizes)).encode(), run_id=mark)

    ids = [spool.append([marked(number)], NOW).row_ids[0] for number in range(1500)]
    gone = set(chosen.sample(range(1500), 1200))
    for number in gone:
        spool.remove([ids[number]])
    spool.tidy(NOW)
    written = {int(number) for number in re.findall(rb"<(\d{6})>", bytes_in(tmp_path))}  # this process writes no more
    assert written == set(range(1500)) - gone


def test_an_empty_spool_forgets_resources_and_destinations_too(spool, tmp_path):
    answer = spool.append([entry(1, envelope=Envelope("traces", b"a host name"))], NOW)
    spool.remove(answer.row_ids)
    spool.tidy(NOW)
    assert spool.append(entries(1), NOW).refused == ()
    assert numbers(everything(spool)) == [0]
    spool.close()
    assert b"a host name" not in bytes_in(tmp_path)


def test_the_log_does_not_grow_without_bound(spool):
    log = spool.path.with_name(spool.path.name + "-wal")
    for _ in range(40):
        spool.remove(spool.append([entry(1, payload=bytes(500_000))], NOW).row_ids)
        assert log.stat().st_size < 6_000_000


def test_only_what_was_filtered_for_the_same_endpoint_and_policy_is_deliverable(spool):
    for number, destination in enumerate((HERE, THERE, STRICTER, OTHER)):
        spool.append([entry(number, destination=destination)], NOW)
    assert numbers(spool.deliverable(HERE)) == [0]
    assert numbers(spool.read("otlp")) == [0, 1, 2]
    one = Amount(1, entry(0).item.size)
    assert spool.held_back([HERE]) == [
        HeldBack(THERE, one, "endpoint"),
        HeldBack(STRICTER, one, "policy"),
        HeldBack(OTHER, one, "sink"),
    ]
    assert spool.held_back([HERE, THERE, STRICTER, OTHER]) == []


def test_statistics_tell_what_is_held_and_how_old_it_is(spool):
    spool.append([entry(0), entry(1), entry(2, RUN_END, OTHER)], NOW)
    spool.put_will("run", entry(3, ERROR), NOW)
    told = spool.stats(NOW + 5 * SECOND)
    size = entry(0).item.size
    assert told.held == {("otlp", PROGRESS): Amount(2, 2 * size), ("file", RUN_END): Amount(1, size)}
    assert told.wills == Amount(1, size)
    assert told.oldest_age_s == 5.0
    assert told.durable == spool.durable_count() == 4
    assert (told.refused, told.evicted, told.failures, told.corrupt_rows) == ({}, {}, {}, 0)


def bounded(tmp_path, items):
    return Spool.open(tmp_path / "spool", limits=SpoolLimits(max_bytes=items * entry(0).item.size))


def test_beyond_its_bound_the_oldest_progress_makes_way(tmp_path):
    spool = bounded(tmp_path, 4)
    ids = spool.append(entries(4), NOW).row_ids
    answer = spool.append(entries(2, start=4), NOW)
    assert [(gone.row_id, gone.sink_id, gone.delivery_class, gone.reason) for gone in answer.evicted] == [
        (ids[0], "otlp", PROGRESS, "bytes"),
        (ids[1], "otlp", PROGRESS, "bytes"),
    ]
    assert numbers(everything(spool)) == [2, 3, 4, 5]
    assert spool.stats(NOW).evicted == {"bytes": 2}
    spool.close()


def test_the_least_precious_class_makes_way_first_whatever_its_age_and_sink(tmp_path):
    spool = bounded(tmp_path, 4)
    spool.append([entry(0, USAGE), entry(1, RUN_END), entry(2, USAGE, OTHER), entry(3, destination=OTHER)], NOW)
    spool.append([entry(4, ERROR), entry(5, ERROR)], NOW)
    assert numbers(everything(spool)) == [1, 4, 5]
    assert numbers(everything(spool, "file")) == [2]
    spool.close()


def test_progress_takes_no_place_of_what_is_more_precious(tmp_path):
    spool = bounded(tmp_path, 2)
    spool.append([entry(0, USAGE), entry(1, RUN_END)], NOW)
    answer = spool.append([entry(2), entry(3, RUN_END), entry(4)], NOW)
    assert answer.refused == ((0, "full"), (2, "full"))
    assert numbers(everything(spool)) == [1, 3]
    assert spool.stats(NOW).refused == {"full": 2}
    spool.close()


def test_an_entry_larger_than_the_bound_is_refused_and_evicts_nothing(tmp_path):
    spool = bounded(tmp_path, 3)
    spool.append(entries(3), NOW)
    answer = spool.append([entry(7, RUN_END, payload=bytes(5000)), entry(8)], NOW)
    assert answer.refused == ((0, "full"),)
    assert numbers(everything(spool)) == [1, 2, 8]
    spool.close()


def test_a_batch_larger_than_the_bound_keeps_its_most_precious_in_their_order(tmp_path):
    spool = bounded(tmp_path, 3)
    answer = spool.append([entry(0), entry(1, ERROR), entry(2), entry(3, RUN_END), entry(4)], NOW)
    assert [position for position, _ in answer.refused] == [2, 4]
    assert numbers(everything(spool)) == [3, 1, 0]
    spool.close()


def test_what_is_older_than_the_limit_is_evicted(spool):
    spool.append([entry(0, RUN_END, enqueued_ns=NOW - 73 * HOUR), entry(1, enqueued_ns=NOW - 71 * HOUR)], NOW)
    spool.put_will("run", entry(2, enqueued_ns=NOW - 73 * HOUR), NOW)
    (gone,) = spool.tidy(NOW)
    assert (gone.delivery_class, gone.reason) == (RUN_END, "age")
    assert numbers(everything(spool)) == [1]
    assert spool.stats(NOW).wills.items == 1


def test_files_are_the_users_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        spool = Spool.open(tmp_path / "a" / "b")
        spool.append(entries(1), NOW)
        spool.mark_will_sent("run", 1, 2, NOW)
    finally:
        os.umask(before)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert {mode for name, mode in found.items() if name in {"a", "b", "sent-wills"}} == {0o700}
    files = {name.rpartition(".")[2]: mode for name, mode in found.items() if "." in name}
    assert files == dict.fromkeys(["db", "db-wal", "db-shm", "lock", "will"], 0o600)
    spool.close()


def test_a_spool_that_ends_empty_leaves_no_file(tmp_path):
    spool = Spool.open(tmp_path / "spool")
    spool.remove(spool.append(entries(2), NOW).row_ids)
    spool.close()
    spool.close()
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_closed_spool_refuses_and_does_not_raise(spool):
    spool.close()
    assert spool.append(entries(1), NOW).refused == ((0, "closed"),)
    assert spool.put_will("run", entry(1), NOW).refused == ((0, "closed"),)
    assert spool.read("otlp") == spool.held_back([]) == []
    assert not spool.cancel_will("run")
    assert not spool.remove([1])
    assert spool.tidy(NOW) == ()
    assert spool.stats(NOW).refused == {"closed": 2}


def test_a_will_is_not_read_while_its_owner_lives(spool, tmp_path):
    spool.put_will("run", entry(1, ERROR), NOW)
    assert everything(spool) == []
    assert adopt_spools(tmp_path / "spool", NOW).left == {"alive": 1}


def test_a_later_will_replaces_the_earlier_one_and_a_normal_end_cancels_it(spool, tmp_path):
    for number in (1, 2):
        spool.put_will("run", entry(number, ERROR), NOW)
        spool.put_will("run", entry(number + 2, ERROR, OTHER), NOW)
    spool.put_will("another", entry(5, ERROR), NOW)
    assert spool.stats(NOW).wills.items == 3
    assert spool.cancel_will("another")
    assert spool.cancel_will("unknown")
    spool.close()
    (adopted,) = adopt_spools(tmp_path / "spool", NOW).spools
    assert [(row.will_of, row.item.span_id) for row in everything(adopted)] == [("run", 3)]
    assert [(row.will_of, row.item.span_id) for row in everything(adopted, "file")] == [("run", 5)]
    adopted.close()


def test_a_will_for_which_there_is_no_room_leaves_the_earlier_one(tmp_path):
    spool = bounded(tmp_path, 2)
    spool.put_will("run", entry(1), NOW)
    assert spool.put_will("run", entry(2, payload=bytes(5000)), NOW).refused == ((0, "full"),)
    assert spool.put_will("run", entry(3), NOW).refused == ()
    spool.close()
    (adopted,) = adopt_spools(tmp_path / "spool", NOW).spools
    assert numbers(everything(adopted)) == [3]
    adopted.close()


def test_wills_never_make_way(tmp_path):
    spool = bounded(tmp_path, 2)
    spool.append([entry(0)], NOW)
    spool.put_will("run", entry(1), NOW)
    spool.append([entry(2, RUN_END), entry(3, RUN_END)], NOW)
    assert numbers(everything(spool)) == [2]
    assert spool.stats(NOW).wills.items == 1
    spool.close()


def test_it_is_remembered_which_wills_were_sent_until_they_are_old(spool):
    assert spool.sent_will("run") is None
    assert spool.mark_will_sent("run", 2**127, 3, NOW)
    assert spool.mark_will_sent("läuft\ud800", 5, 6, NOW - 80 * HOUR)
    assert spool.sent_will("run") == (2**127, 3)
    assert spool.sent_will("läuft\ud800") == (5, 6)
    spool.tidy(NOW)
    assert spool.sent_will("run") == (2**127, 3)
    assert spool.sent_will("läuft\ud800") is None


def test_a_damaged_note_on_a_will_is_none(spool, tmp_path):
    spool.mark_will_sent("run", 1, 2, NOW)
    (note,) = (tmp_path / "spool" / "sent-wills").iterdir()
    note.write_text(note.read_text().replace("1 ", "3 ", 1))
    assert spool.sent_will("run") is None
    note.write_bytes(b"\xff")
    assert spool.sent_will("run") is None


def test_power_loss_is_a_setting(tmp_path):
    normal, careful = Spool.open(tmp_path), Spool.open(tmp_path, survive_power_loss=True)
    level = "PRAGMA synchronous"
    assert normal._file._file.store._db.execute(level).fetchone() == (1,)
    assert careful._file._file.store._db.execute(level).fetchone() == (2,)
    assert careful.append(entries(3), NOW).refused == ()
    normal.close()
    careful.close()


def test_no_content_shows_in_what_is_printed(spool):
    answer = spool.append([entry(1, payload=b"CONTENT", raw_payload=b"CONTENT", retain_raw=True)], NOW)
    shown = [answer, entry(1, payload=b"CONTENT"), spool.read("otlp"), spool.stats(NOW), spool, ENVELOPE]
    assert "CONTENT" not in repr(shown)


def test_threads_share_a_spool(spool):
    stored, failed = [], []

    def work(start):
        for number in range(start, start + 60):
            answer = spool.append([entry(number)], NOW)
            failed.extend(answer.refused)
            if number % 3 == 0:
                spool.remove(answer.row_ids)
            else:
                stored.append(number)
            spool.read("otlp", limit=5)
            spool.stats(NOW)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 400, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(numbers(everything(spool))) == sorted(stored)
    assert spool.stats(NOW).held["otlp", PROGRESS].items == len(stored)


def test_a_call_from_within_a_call_of_the_same_thread_is_refused_and_harms_nothing(spool, monkeypatch):
    """A signal handler that spools what is left may find its own thread in the middle of an append."""
    store = spool._file._file.store
    insert, inner = store.insert, []

    def interrupted(items):
        inner.append(spool.append(entries(1, start=50), NOW))
        return insert(items)

    monkeypatch.setattr(store, "insert", interrupted)
    assert spool.append(entries(2), NOW).refused == ()
    assert inner[0].refused == ((0, "busy"),)
    assert numbers(everything(spool)) == [0, 1]


def test_an_interrupted_transaction_leaves_nothing(spool, monkeypatch):
    store = spool._file._file.store

    def interrupted(items, will_of=None):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "insert", interrupted)
        with pytest.raises(KeyboardInterrupt):
            spool.append(entries(2), NOW)
    assert spool.append([entry(7, envelope=Envelope("logs", b"new"))], NOW).refused == ()
    assert numbers(everything(spool)) == [7]


def test_a_failure_without_a_name_is_counted_as_such(spool, monkeypatch):
    def failing(items, will_of=None):
        raise sqlite3.OperationalError("something new")

    monkeypatch.setattr(spool._file._file.store, "insert", failing)
    assert spool.append(entries(2), NOW).refused == ((0, "failed"), (1, "failed"))
    assert spool.stats(NOW).failures == {"failed": 1}
