"""Several processes and one directory: who owns what, who inherits what, who must keep his hands off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from agent_otel.delivery.spool import Spool, SpoolError, SpoolLimits, adopt_spools, drop_spool, forking, list_spools
from delivery.spool_process import spool_process
from delivery.spool_values import ERROR, HERE, HOUR, NOW, OTHER, entries, entry, everything, item, numbers


def adopted_numbers(adoption):
    return sorted(number for spool in adoption.spools for number in numbers(everything(spool)))


def let_go(adoption, *, delivered=True):
    for spool in adoption.spools:
        if delivered:
            spool.remove([row.row_id for sink in ("otlp", "file") for row in everything(spool, sink)])
        spool.close()


def test_what_a_killed_process_stored_is_adopted_with_its_wills(tmp_path):
    with spool_process(tmp_path) as owner:
        path = owner.do("opened()")
        owner.do("spool.append(entries(20), NOW).row_ids")
        owner.do("spool.put_will('run', entry(20, ERROR), NOW).row_ids")
        owner.end(signal.SIGKILL)
    adoption = adopt_spools(tmp_path, NOW)
    assert adopted_numbers(adoption) == list(range(21))
    (spool,) = adoption.spools
    assert str(spool.path) == path
    assert [row.will_of for row in everything(spool) if row.will_of] == ["run"]
    let_go(adoption)
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_stopped_process_stays_its_own(tmp_path):
    with spool_process(tmp_path) as owner:
        owner.do("opened()")
        owner.do("spool.append(entries(3), NOW).row_ids")
        owner.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, owner.process.pid, os.WSTOPPED)
        assert adopt_spools(tmp_path, NOW).left == {"alive": 1}
        owner.signal(signal.SIGCONT)
        assert owner.do("spool.append(entries(1, start=3), NOW).refused") == []
        owner.end(signal.SIGKILL)
    adoption = adopt_spools(tmp_path, NOW)
    assert adopted_numbers(adoption) == [0, 1, 2, 3]
    let_go(adoption)


def test_what_is_left_when_a_process_ends_well_is_adopted_too(tmp_path):
    with spool_process(tmp_path) as owner:
        owner.do("opened()")
        owner.do("spool.append(entries(3), NOW).row_ids")
        owner.do("spool.close()")
        assert owner.end() == 0
    adoption = adopt_spools(tmp_path, NOW)
    assert adopted_numbers(adoption) == [0, 1, 2]
    let_go(adoption)


def test_of_two_adopters_one_wins_each_file(tmp_path):
    for _ in range(6):
        spool = Spool.open(tmp_path)
        spool.append(entries(5), NOW)
        spool.close()
    with spool_process(tmp_path) as one, spool_process(tmp_path) as two:
        one.tell("adopted()")
        two.tell("adopted()")
        got = one.answer(), two.answer()
        files = [adopter.do("[str(each.path) for each in adoption.spools]") for adopter in (one, two)]
        assert len(files[0] + files[1]) == len({*files[0], *files[1]}) == 6
        assert sorted(got[0] + got[1]) == sorted(list(range(5)) * 6)
        assert not any(adopt_spools(tmp_path, NOW).spools)


def test_two_spools_of_one_process_do_not_adopt_each_other(tmp_path):
    one, two = Spool.open(tmp_path), Spool.open(tmp_path)
    one.append(entries(1), NOW)
    two.append(entries(1), NOW)
    assert adopt_spools(tmp_path, NOW).left == {"alive": 2}
    one.close()
    let_go(adopt_spools(tmp_path, NOW))
    assert numbers(everything(two)) == [0]
    two.close()


def test_an_adopter_that_dies_leaves_the_file_to_the_next(tmp_path):
    spool = Spool.open(tmp_path)
    spool.put_will("run", entry(1, ERROR), NOW)
    spool.append(entries(1), NOW)
    spool.close()
    with spool_process(tmp_path) as adopter:
        assert adopter.do("adopted()") == [1, 0]
        adopter.do("adoption.spools[0].remove([2])")
        adopter.end(signal.SIGKILL)
    adoption = adopt_spools(tmp_path, NOW)
    assert [row.will_of for row in everything(adoption.spools[0])] == ["run"]
    let_go(adoption)


def test_a_sent_will_is_known_to_every_process(tmp_path):
    mine = Spool.open(tmp_path)
    with spool_process(tmp_path) as other:
        other.do("opened()")
        assert other.do("spool.mark_will_sent('run', 5, 6, NOW)")
        assert mine.sent_will("run") == (5, 6)
    mine.close()


def test_adopted_files_are_bounded_together_and_the_newest_keeps_most(tmp_path):
    for start, delivery_class in ((0, ERROR), (10, ERROR), (20, ERROR)):
        spool = Spool.open(tmp_path)
        spool.append(entries(3, delivery_class, start=start), NOW)
        spool.close()
    adoption = adopt_spools(tmp_path, NOW, limits=SpoolLimits(max_bytes=5 * item(10).size))
    assert adopted_numbers(adoption) == [11, 12, 20, 21, 22]
    assert {gone.reason for gone in adoption.evicted} == {"bytes"}
    assert len(adoption.evicted) == 4
    let_go(adoption)


def test_what_is_too_old_is_not_adopted(tmp_path):
    spool = Spool.open(tmp_path)
    spool.put_will("run", entry(1, ERROR), NOW)
    spool.append(entries(1), NOW)
    spool.close()
    adoption = adopt_spools(tmp_path, NOW + 73 * HOUR)
    assert adoption.spools == ()
    assert [gone.reason for gone in adoption.evicted] == ["age", "age"]
    assert list(tmp_path.iterdir()) == []


def test_no_more_files_are_adopted_than_wanted(tmp_path):
    for _ in range(3):
        spool = Spool.open(tmp_path)
        spool.append(entries(1), NOW)
        spool.close()
    adoption = adopt_spools(tmp_path, NOW, at_most=2)
    assert len(adoption.spools) == 2
    let_go(adoption)


def test_a_lock_without_a_file_is_cleared_away_unless_it_is_held(tmp_path):
    (tmp_path / "spool-0123456789abcdef.lock").touch()
    living = Spool.open(tmp_path)
    adopt_spools(tmp_path, NOW)
    assert {path.suffix for path in tmp_path.iterdir()} == {".db", ".db-wal", ".db-shm", ".lock"}
    assert len(list(tmp_path.glob("*.lock"))) == 1
    living.close()


def forked(work):
    """Run something in a forked child; its truth is the exit status, and it ends as a Python process does."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_child_begins_a_file_of_its_own(tmp_path):
    spool = Spool.open(tmp_path)
    (mine,) = spool.append(entries(1), NOW).row_ids
    spool.put_will("run", entry(5, ERROR), NOW)
    parents = spool.path

    def in_child():
        assert everything(spool) == []
        assert spool.durable_count() == 0
        assert spool.append(entries(2, start=7), NOW).refused == ()
        assert spool.path != parents
        spool.remove([mine])
        spool.cancel_will("run")
        assert adopt_spools(tmp_path, NOW).spools == ()
        spool.close()
        return True

    assert forked(in_child) == 0
    assert numbers(everything(spool)) == [0]
    assert spool.stats(NOW).wills.items == 1
    adoption = adopt_spools(tmp_path, NOW)
    assert adopted_numbers(adoption) == [8]  # the child removed its own first row, whose id is the same
    let_go(adoption)
    spool.close()


def test_a_child_that_outlives_its_parent_does_not_keep_the_parents_file(tmp_path):
    with spool_process(tmp_path) as owner:
        owner.do("opened()")
        owner.do("spool.append(entries(4), NOW).row_ids")
        owner.tell("os.fork() or (os.write(1, b'0\\n'), signal.pause())")
        _, child = sorted([owner.answer(), owner.answer()])  # the child is past what it does first
        program = owner.do("os.posix_spawn('/bin/sleep', ['sleep', '600'], {})")
        try:
            owner.process.kill()
            owner.process.wait()
            os.kill(child, 0)
            os.kill(program, 0)
            adoption = adopt_spools(tmp_path, NOW)
            assert adopted_numbers(adoption) == [0, 1, 2, 3]
            let_go(adoption)
        finally:
            os.kill(child, signal.SIGKILL)
            os.kill(program, signal.SIGKILL)


def test_a_child_does_not_open_the_file_that_was_open_when_it_was_forked(tmp_path):
    """SQLite's books on locks are per process: the child would believe that it holds its parent's."""
    spool = Spool.open(tmp_path)
    spool.append(entries(1), NOW)

    def in_child():
        (told,) = list_spools(tmp_path)
        assert (told.problem, told.owner_alive) == ("inherited", True)
        return adopt_spools(tmp_path, NOW).left == {"inherited": 1}

    assert forked(in_child) == 0
    spool.close()


def test_an_adopted_file_is_not_the_childs(tmp_path):
    spool = Spool.open(tmp_path)
    spool.append(entries(2), NOW)
    spool.close()
    (adopted,) = adopt_spools(tmp_path, NOW).spools

    def in_child():
        adopted.remove([1, 2])
        return everything(adopted) == [] and adopted.append(entries(1), NOW).refused == ((0, "closed"),)

    assert forked(in_child) == 0
    assert numbers(everything(adopted)) == [0, 1]
    adopted.close()


FORKING = """
import os, sys, threading
from pathlib import Path
from delivery.spool_values import NOW, entries, entry, everything, numbers
from agent_otel.delivery.spool import Spool

spool, stop, stored = Spool.open(Path(sys.argv[1])), threading.Event(), []

def work():
    number = 0
    while not stop.is_set():
        assert spool.append([entry(number)], NOW).refused == ()
        stored.append(number)
        number += 1

thread = threading.Thread(target=work)
thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        assert spool.append(entries(3), NOW).refused == ()
        spool.close()
        sys.exit(7)  # as any Python process ends, connections and all
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
stop.set()
thread.join()
assert numbers(everything(spool)) == stored
spool.close()
"""


def test_children_forked_in_the_middle_of_an_append_end_well_and_harm_nothing(tmp_path):
    path = os.pathsep.join(sys.path)
    environ = {**os.environ, "PYTHONPATH": path}
    ended = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path)], env=environ, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, "")
    adoption = adopt_spools(tmp_path, NOW)
    assert len(adoption.spools) == 16
    assert adoption.corrupt_files == adoption.corrupt_rows == 0
    let_go(adoption)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_does_not_wait_for_ever_and_then_the_child_goes_without_a_spool(tmp_path, monkeypatch):
    monkeypatch.setattr(forking, "_PATIENCE_SECONDS", 0.01)
    spool, inside, leave = Spool.open(tmp_path), threading.Event(), threading.Event()
    spool.append(entries(1), NOW)

    def stay(store):
        inside.set()
        leave.wait()

    thread = threading.Thread(target=spool._file.attempt, args=(stay,))
    thread.start()
    inside.wait()

    def in_child():
        with pytest.raises(SpoolError, match="no file can be begun there"):
            Spool.open(tmp_path)
        (told,) = list_spools(tmp_path)
        assert told.problem == "inherited"
        return spool.append(entries(1), NOW).refused == ((0, "unavailable"),)

    try:
        assert forked(in_child) == 0
    finally:
        leave.set()
        thread.join()
    assert spool.append(entries(1), NOW).refused == ()
    assert forked(lambda: spool.append(entries(1), NOW).refused == ()) == 0
    spool.close()


@pytest.mark.parametrize("killed", [True, False])
def test_files_are_listed_from_outside_without_being_taken(tmp_path, killed):
    with spool_process(tmp_path) as owner:
        path = owner.do("opened()")
        owner.do("spool.append(entries(2) + [entry(2, ERROR, OTHER)], NOW).row_ids")
        owner.do("spool.put_will('run', entry(3, ERROR), NOW).row_ids")
        if killed:
            owner.end(signal.SIGKILL)
        (told,) = list_spools(tmp_path)
        assert (str(told.path), told.owner_alive, told.problem) == (path, not killed, "")
        assert (told.amount.items, told.wills.items, told.oldest_ns) == (4, 1, NOW)
        assert told.amount.bytes == 4 * item(1).size
        assert {destination: amount.items for destination, amount in told.sinks} == {HERE: 3, OTHER: 1}
        if not killed:
            assert owner.do("spool.append(entries(2), NOW).refused") == []


def test_a_file_is_dropped_only_when_its_owner_is_dead(tmp_path):
    spool = Spool.open(tmp_path)
    spool.append(entries(2), NOW)
    with pytest.raises(SpoolError, match="a running process writes to it; end that process first"):
        drop_spool(spool.path)
    assert numbers(everything(spool)) == [0, 1]
    spool.close()
    drop_spool(spool.path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SpoolError, match="no spool file of that name"):
        drop_spool(spool.path)


def test_nothing_but_a_spool_file_is_dropped(tmp_path):
    precious = tmp_path / "precious.db"
    precious.touch()
    with pytest.raises(SpoolError):
        drop_spool(precious)
    assert precious.exists()


def test_a_directory_that_is_missing_holds_nothing_and_is_not_made(tmp_path):
    assert list_spools(tmp_path / "missing") == []
    assert adopt_spools(tmp_path / "missing", NOW).spools == ()
    assert not (tmp_path / "missing").exists()


@pytest.mark.chaos
@pytest.mark.slow
def test_whatever_was_told_to_be_durable_before_a_kill_is_adopted(tmp_path):
    """Killed in the middle of whatever it does; a thread reads what it has acknowledged."""
    for round_ in range(12):
        directory = tmp_path / str(round_)
        with spool_process(directory) as owner:
            owner.do("opened()")
            owner.tell(
                "[sys.stdout.write('+%d\\n' % n) and sys.stdout.flush()"
                " for n in range(10**9) if not spool.append([entry(n)], NOW).refused]"
            )
            acknowledged = []

            def listen(owner=owner, acknowledged=acknowledged):
                acknowledged.extend(int(line) for line in owner.process.stdout if line.startswith("+"))

            for _ in range(100 + 37 * round_):
                assert owner.process.stdout.readline().startswith("+")
            listening = threading.Thread(target=listen)
            listening.start()
            owner.process.kill()
            listening.join()
            owner.process.wait()
        adoption = adopt_spools(directory, NOW)
        got = adopted_numbers(adoption)
        assert adoption.corrupt_files == adoption.corrupt_rows == 0
        assert got == list(range(len(got)))
        assert len(got) > max(acknowledged, default=0)
        let_go(adoption)
