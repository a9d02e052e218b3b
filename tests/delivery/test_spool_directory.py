"""What a spool directory must be like, and disks that do not let us write."""

from __future__ import annotations

from contextlib import contextmanager, suppress
import os
from pathlib import Path
import resource
import signal
import stat
import subprocess
import sys
from tempfile import TemporaryDirectory

import pytest

from agent_otel.delivery.spool import Spool, SpoolError, adopt_spools, directory, list_spools
from agent_otel.model import AgentOtelError
from delivery.spool_process import spool_process
from delivery.spool_values import ERROR, NOW, bytes_in, entries, entry, everything, numbers

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")


def refusal(path):
    with pytest.raises(SpoolError) as raised:
        Spool.open(path)
    with pytest.raises(SpoolError):
        adopt_spools(path, NOW)
    with pytest.raises(SpoolError):
        list_spools(path)
    assert isinstance(raised.value, AgentOtelError)
    assert str(raised.value) == f"cannot use the spool {path}: {raised.value.reason}; {raised.value.fix}"
    return raised.value


def test_a_missing_directory_is_made_for_the_user_alone_with_its_parents(tmp_path):
    Spool.open(tmp_path / "a" / "b" / "c").close()
    for made in ("a", "a/b", "a/b/c"):
        assert stat.S_IMODE((tmp_path / made).stat().st_mode) == 0o700


def test_a_relative_path_stays_where_it_was_when_the_working_directory_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spool = Spool.open(Path("spool"))
    monkeypatch.chdir("/")
    spool.append(entries(1), NOW)
    assert spool.path.parent == tmp_path / "spool"
    spool.close()
    assert len(list_spools(tmp_path / "spool")) == 1


def test_a_path_with_signs_that_mean_something_to_sqlite_is_a_path(tmp_path):
    place = tmp_path / "a?mode=memory#b %41"
    spool = Spool.open(place)
    spool.append(entries(1), NOW)
    spool.close()
    assert len(list_spools(place)) == 1


def test_a_symbolic_link_is_refused(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    error = refusal(tmp_path / "link")
    assert error.reason == "it is a symbolic link"
    assert error.fix == "give AGENT_OTEL_SPOOL the directory that it points to"


def test_a_link_to_nowhere_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "missing")
    with pytest.raises(SpoolError, match="it is a symbolic link"):
        Spool.open(tmp_path / "link")
    assert not (tmp_path / "missing").exists()


def test_a_link_further_up_is_the_users_business(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    Spool.open(tmp_path / "link" / "spool").close()


def test_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file").reason == "it is not a directory"
    with pytest.raises(SpoolError, match="NotADirectoryError"):
        Spool.open(tmp_path / "file" / "spool")


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777, 0o1777])
def test_a_directory_that_others_can_write_to_is_refused(tmp_path, mode):
    place = tmp_path / "spool"
    place.mkdir()
    place.chmod(mode)
    error = refusal(place)
    assert error.reason == f"others can write there (mode {mode:04o})"
    assert error.fix == f"chmod 700 {place}"


@as_root
def test_the_directory_of_another_user_is_refused(tmp_path):
    place = tmp_path / "spool"
    place.mkdir(mode=0o700)
    os.chown(place, NOBODY, NOBODY)
    assert refusal(place).reason == f"it belongs to user {NOBODY}, not to 0"


@as_root
def test_files_of_another_user_and_links_are_not_adopted(tmp_path):
    spool = Spool.open(tmp_path / "spool")
    spool.append(entries(1), NOW)
    spool.close()
    spool.path.rename(tmp_path / "elsewhere.db")
    spool.path.symlink_to(tmp_path / "elsewhere.db")
    assert adopt_spools(tmp_path / "spool", NOW).spools == ()
    spool.path.unlink()
    (tmp_path / "elsewhere.db").rename(spool.path)
    os.chown(spool.path, NOBODY, NOBODY)
    assert adopt_spools(tmp_path / "spool", NOW).spools == ()
    assert list_spools(tmp_path / "spool") == []


@as_root
@pytest.mark.chaos
def test_a_directory_without_write_permission_is_refused_and_one_that_loses_it_goes_on():
    nobody = f"os.setuid({NOBODY})"
    with TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        place = Path(above) / "spool"
        place.mkdir(mode=0o700)
        os.chown(place, NOBODY, NOBODY)
        with spool_process(place, before=nobody) as process:
            process.do("opened()")
            process.do("spool.append(entries(1), NOW).row_ids")
            place.chmod(0o500)
            assert process.do("spool.append(entries(2), NOW).refused") == []
            assert not process.do("spool.mark_will_sent('run', 1, 2, NOW)")
            assert process.do("spool.stats(NOW).failures") == {"read_only": 1}
            assert process.do("refused_by(lambda: Spool.open(directory))") == "no file can be begun there (read_only)"
            process.end(signal.SIGKILL)
        with spool_process(place, before=nobody) as process:
            place.chmod(0o700)
            assert process.do("adopted()") == [0, 0, 1]


@contextmanager
def small_disk(place, size):
    place.mkdir(mode=0o700)
    options = f"size={size},mode=700"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@as_root
@pytest.mark.chaos
@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs")
def test_on_a_disk_smaller_than_the_bound_there_is_always_room_to_delete(tmp_path):
    with small_disk(tmp_path / "disk", "3m"):
        spool = Spool.open(tmp_path / "disk")
        stored = []
        for number in range(2000):
            answer = spool.append([entry(number, ERROR, payload=bytes(2000))], NOW)
            assert {reason for _, reason in answer.refused} <= {"disk_full"}
            stored += [] if answer.refused else [number]
        assert 200 < len(stored) < 1000
        assert numbers(everything(spool)) == stored
        found = everything(spool)
        assert spool.remove([row.row_id for row in found if row.item.span_id % 3])
        kept = [number for number in stored if (number + 1) % 3 == 0]
        assert numbers(everything(spool)) == kept
        spool.tidy(NOW)
        assert spool.append(entries(1), NOW).refused == ()
        spool.close()
        (adopted,) = adopt_spools(tmp_path / "disk", NOW).spools
        assert numbers(everything(adopted)) == [*kept, 0]
        adopted.close()


@as_root
@pytest.mark.chaos
@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs")
def test_a_disk_that_others_fill_is_counted_and_harmless_and_what_is_stored_stays(tmp_path):
    with small_disk(tmp_path / "disk", "4m"):
        spool = Spool.open(tmp_path / "disk")
        spool.append(entries(20), NOW)
        with (tmp_path / "disk" / "others").open("wb", buffering=0) as others, suppress(OSError):
            while others.write(bytes(4096)):
                pass
        answer = spool.append([entry(20, ERROR, payload=bytes(20_000))], NOW)
        assert answer.refused == ((0, "disk_full"),)
        assert answer.row_ids == (None,)
        assert not spool.mark_will_sent("run", 1, 2, NOW)
        assert numbers(everything(spool)) == list(range(20))
        told = spool.stats(NOW)
        assert (told.refused, told.failures) == ({"disk_full": 1}, {"disk_full": 2})
        assert spool.tidy(NOW) == ()
        (tmp_path / "disk" / "others").unlink()
        assert spool.append([entry(20, ERROR)], NOW).refused == ()
        assert numbers(everything(spool)) == [20, *range(20)]
        spool.close()


@as_root
@pytest.mark.chaos
@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs")
def test_a_directory_that_becomes_read_only_is_counted_and_harmless(tmp_path):
    with small_disk(tmp_path / "disk", "4m"):
        spool = Spool.open(tmp_path / "disk")
        spool.append(entries(3), NOW)
        spool.close()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        with pytest.raises(SpoolError, match="no file can be begun there"):
            Spool.open(tmp_path / "disk")
        assert sum(adopt_spools(tmp_path / "disk", NOW).left.values()) == 1
        (told,) = list_spools(tmp_path / "disk")
        assert told.path == spool.path


def test_a_file_that_may_grow_no_more_is_counted_and_harmless(tmp_path):
    """The same as a full disk, on any system: the process may write no larger files."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, {resource.RLIM_INFINITY}))"
    with spool_process(tmp_path, before=limit) as process:
        process.do("opened()")
        answer = process.do("spool.append([entry(n, payload=bytes(2000)) for n in range(50)], NOW).refused")
        assert answer == []
        answer = process.do("spool.append([entry(n, payload=bytes(2000)) for n in range(50, 250)], NOW).refused")
        assert len(answer) == 200
        assert answer[0][1] in {"disk_full", "io_error"}
        assert process.do("numbers(everything(spool))") == list(range(50))
        assert process.do("sum(spool.stats(NOW).failures.values())") == 1
        process.do("spool.remove([row.row_id for row in everything(spool)])")
        process.do("spool.tidy(NOW)")
        assert process.do("spool.append(entries(3), NOW).refused") == []
        assert process.do("numbers(everything(spool))") == [0, 1, 2]


def test_what_cannot_be_deleted_now_is_not_given_again_and_is_deleted_later(tmp_path, monkeypatch):
    spool = Spool.open(tmp_path)
    answer = spool.append([entry(1, payload=b"CONTENT"), entry(2)], NOW)
    store = spool._file._file.store
    store._db.execute("PRAGMA query_only=ON")
    assert not spool.remove(answer.row_ids[:1])
    assert spool.append(entries(1), NOW).refused == ((0, "read_only"),)
    assert not spool.cancel_will("run")
    assert numbers(everything(spool)) == [2]
    store._db.execute("PRAGMA query_only=OFF")
    spool.tidy(NOW)
    assert spool.stats(NOW).failures == {"read_only": 3}
    spool.close()
    assert b"CONTENT" not in bytes_in(tmp_path)


WITHOUT_LOCKS = """
import sys
from tempfile import TemporaryDirectory
sys.modules["fcntl"] = None
from pathlib import Path
from agent_otel.delivery.spool import Spool, SpoolError
try:
    Spool.open(Path(sys.argv[1]))
except SpoolError as error:
    sys.stdout.write(f"{error.reason}; {error.fix}")
"""


def test_a_system_without_such_locks_says_so_and_only_when_a_spool_is_asked_for(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_LOCKS, str(tmp_path / "spool")], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "this system has no file locks that die with their process; unset AGENT_OTEL_SPOOL"
    assert not (tmp_path / "spool").exists()


def test_only_whole_names_are_spool_files(tmp_path):
    for name in ("spool-.db", "other.db", "spool-0123456789abcdef.db-wal", "spool-0123456789abcdef.lock"):
        (tmp_path / name).touch()
    assert directory.database_paths(tmp_path) == []
    assert directory.set_aside_paths(tmp_path) == []
