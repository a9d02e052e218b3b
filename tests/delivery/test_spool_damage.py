"""Damaged files, old and newer ones: nothing raises, nothing is made up, and what is intact is kept."""

from __future__ import annotations

from contextlib import closing
import os
import random
import shutil
import sqlite3

import pytest

from agent_otel.delivery.spool import Spool, adopt_spools, drop_spool, list_spools, schema
from agent_otel.delivery.spool.directory import SIDE_SUFFIXES
from delivery.spool_values import ENVELOPE, ERROR, HERE, HOUR, NOW, OTHER, RUN_END, entries, entry, everything, numbers

PAGE = 4096


def left_behind(directory, given):
    """A file that a process left, and what it stored in it by row id."""
    spool = Spool.open(directory)
    stored = dict(zip(spool.append(given, NOW).row_ids, given, strict=True))
    path = spool.path
    spool.close()
    return path, stored


def given_items():
    chosen = random.Random(7)
    classes = (RUN_END, ERROR, *[entry(0).item.delivery_class] * 3)
    return [
        entry(
            number, chosen.choice(classes), chosen.choice([HERE, OTHER]), payload=chosen.randbytes(chosen.choice(SIZES))
        )
        for number in range(120)
    ]


SIZES = (20, 300, 300, 900, 6000)


def flip(path, chosen, count, size=None):
    content = bytearray(path.read_bytes())
    for _ in range(count):
        content[chosen.randrange(size or len(content))] ^= 1 << chosen.randrange(8)
    path.write_bytes(content)


def check_adoption(directory, stored):
    """Adopt, read everything, remove everything; gives what was read."""
    adoption = adopt_spools(directory, NOW)
    found = [row for spool in adoption.spools for sink in ("otlp", "file") for row in everything(spool, sink)]
    for row in found:
        assert row.item == stored[row.row_id].item
        assert row.destination == stored[row.row_id].destination
    assert len({row.row_id for row in found}) == len(found)
    for spool in adoption.spools:
        spool.stats(NOW)
        spool.held_back([HERE])
        assert spool.remove([row.row_id for row in found])
        spool.tidy(NOW)
        assert everything(spool) == everything(spool, "file") == []
        spool.close()
    return found


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    return left_behind(tmp_path_factory.mktemp("pristine"), given_items())


def damaged_copy(directory, pristine, damage):
    path = directory / pristine[0].name
    directory.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(pristine[0], path)
    damage(path)
    return path


@pytest.mark.parametrize("seed", range(60))
def test_flipped_bits_never_raise_and_never_yield_a_row_that_was_not_written(tmp_path, pristine, seed):
    chosen = random.Random(seed)
    damaged_copy(tmp_path, pristine, lambda path: flip(path, chosen, chosen.choice([1, 1, 3, 20])))
    list_spools(tmp_path)
    check_adoption(tmp_path, pristine[1])


@pytest.mark.parametrize("seed", range(25))
def test_flipped_bits_in_the_header_and_the_schema_neither(tmp_path, pristine, seed):
    chosen = random.Random(seed)
    damaged_copy(tmp_path, pristine, lambda path: flip(path, chosen, 2, size=120 if seed % 2 else PAGE))
    list_spools(tmp_path)
    check_adoption(tmp_path, pristine[1])


def test_one_flipped_bit_costs_few_rows(tmp_path, pristine):
    kept = []
    for seed in range(40):
        directory = tmp_path / str(seed)
        damaged_copy(directory, pristine, lambda path, seed=seed: flip(path, random.Random(seed), 1))
        kept.append(len(check_adoption(directory, pristine[1])))
    assert sum(kept) / len(kept) > 0.95 * len(pristine[1])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 2000))
def test_flipped_bits_many_times_over(tmp_path, pristine, seed):
    chosen = random.Random(seed)
    size = chosen.choice([120, PAGE, None, None, None])
    damaged_copy(tmp_path, pristine, lambda path: flip(path, chosen, chosen.choice([1, 2, 5, 50]), size))
    list_spools(tmp_path)
    check_adoption(tmp_path, pristine[1])


@pytest.mark.parametrize("suffix", SIDE_SUFFIXES[:2])
@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_in_what_a_killed_process_left_beside_it(tmp_path, suffix, seed):
    given = given_items()
    spool = Spool.open(tmp_path / "living")
    stored = dict(zip(spool.append(given, NOW).row_ids, given, strict=True))
    copied = tmp_path / "copied"
    copied.mkdir(mode=0o700)
    for path in (tmp_path / "living").glob("*.db*"):  # read by a process that writes no more
        shutil.copy(path, copied / path.name)
    chosen = random.Random(seed)
    flip(copied / (spool.path.name + suffix), chosen, 3)
    list_spools(copied)
    check_adoption(copied, stored)
    spool.close()


@pytest.mark.parametrize("seed", range(10))
def test_a_page_that_is_gone_costs_no_other_page(tmp_path, pristine, seed):
    page = random.Random(seed).randrange(8, pristine[0].stat().st_size // PAGE)

    def erase(path):
        with path.open("r+b") as file:
            file.seek(page * PAGE)
            file.write(b"\xff" * PAGE)

    damaged_copy(tmp_path, pristine, erase)
    assert len(check_adoption(tmp_path, pristine[1])) >= len(pristine[1]) - 24


@pytest.mark.parametrize("damage", ["cut", "emptied", "text", "header"])
def test_a_file_that_is_no_database_is_set_aside(tmp_path, pristine, damage):
    def spoil(path):
        content = {
            "cut": path.read_bytes()[: 5 * PAGE + 100],
            "emptied": b"",
            "text": b"no database at all " * 1000,
            "header": b"\0" * 100 + path.read_bytes()[100:],
        }
        path.write_bytes(content[damage])
        os.utime(path, ns=(NOW, NOW))

    path = damaged_copy(tmp_path, pristine, spoil)
    adoption = adopt_spools(tmp_path, NOW)
    for spool in adoption.spools:
        spool.close()
    if damage == "emptied":  # as a process leaves it that dies before it has made the tables
        assert list(tmp_path.iterdir()) == []
        return
    assert adoption.corrupt_files == 1
    aside = path.with_name(path.name + ".corrupt")
    assert aside.exists()
    assert not path.exists()
    (told,) = [file for file in list_spools(tmp_path) if file.problem == "set_aside"]
    assert (told.path, told.owner_alive, told.amount.bytes) == (aside, False, aside.stat().st_size)
    drop_spool(aside)
    assert not aside.exists()


def test_what_was_set_aside_is_removed_when_it_is_old(tmp_path):
    spool = Spool.open(tmp_path)
    aside = tmp_path / "spool-0123456789abcdef.db.corrupt"
    aside.touch()
    now = aside.stat().st_mtime_ns
    spool.tidy(now + 71 * HOUR)
    assert aside.exists()
    spool.tidy(now + 73 * HOUR)
    assert not aside.exists()
    spool.close()


def scribble(spool, statement, *values):
    spool._file._file.store._db.execute(statement, values)


def test_a_row_with_a_wrong_checksum_is_skipped_counted_and_deleted(tmp_path):
    spool = Spool.open(tmp_path)
    spool.append(entries(4), NOW)
    scribble(spool, "UPDATE item SET payload = ? WHERE id = 2", b"made up")
    scribble(spool, "UPDATE item SET trace_id = 'text', ordinal = 'text' WHERE id = 4")
    assert numbers(everything(spool)) == [0, 2]
    assert numbers(everything(spool)) == [0, 2]
    assert spool.stats(NOW).corrupt_rows == 2
    spool.tidy(NOW)
    assert [amount.items for amount in spool.stats(NOW).held.values()] == [2]
    spool.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE item SET run_id = 'another' WHERE id = 1",
        "UPDATE item SET rank = 9 WHERE id = 1",
        "UPDATE item SET destination = 2 WHERE id = 1",
        "UPDATE item SET envelope = 77 WHERE id = 1",
        "UPDATE item SET content_mode = NULL, raw_payload = x'00' WHERE id = 1",
        "UPDATE item SET raw_payload = x'00' WHERE id = 1",
        "UPDATE item SET enqueued_ns = 5 WHERE id = 1",
        "UPDATE item SET will_of = 'run' WHERE id = 1",
        "UPDATE item SET id = 5 WHERE id = 1",
        "UPDATE item SET checksum = NULL WHERE id = 1",
        "UPDATE destination SET endpoint_identity = 'another'",
    ],
)
def test_no_value_of_a_row_can_change_unnoticed(tmp_path, statement):
    path, stored = left_behind(tmp_path, [entry(0), entry(1, destination=OTHER)])
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE item SET content_mode = content_mode")
        try:
            db.execute(statement)
        except sqlite3.IntegrityError:
            db.execute("PRAGMA writable_schema=ON")
            db.execute("UPDATE item SET content_mode = 'other' WHERE id = 1")
    assert 1 not in {row.row_id for row in check_adoption(tmp_path, stored)}


@pytest.mark.parametrize("statement", ["UPDATE envelope SET resource = x'00'", "UPDATE envelope SET digest = 'other'"])
def test_a_damaged_resource_is_not_sent_with_anything(tmp_path, statement):
    path, stored = left_behind(tmp_path, entries(2))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement)
    assert check_adoption(tmp_path, stored) == []


def test_a_spool_whose_pages_break_under_it_goes_on_with_what_is_intact(tmp_path):
    spool = Spool.open(tmp_path)
    stored = dict(zip(spool.append(given_items(), NOW).row_ids, given_items(), strict=True))
    spool._file._file.store.truncate_log()
    before, size = spool.path, spool.path.stat().st_size
    with spool.path.open("r+b") as file:  # stays open: closing it would drop SQLite's locks
        for page in range(12, size // PAGE, 9):
            file.seek(page * PAGE)
            file.write(b"\xff" * PAGE)
        file.flush()
        scribble(spool, "PRAGMA shrink_memory")
        found = everything(spool) + everything(spool, "file")
        assert all(row.item == stored[row.row_id].item for row in found)
        assert 40 < len(found) < 120
        assert spool.append(entries(2, start=500), NOW).refused == ()
        assert spool.remove(stored)
    assert numbers(everything(spool)) == [500, 501]
    told = spool.stats(NOW)
    assert told.corrupt_files >= 1
    assert told.corrupt_rows >= 120 - len(found)
    assert spool.path != before
    spool.close()


def test_when_the_whole_file_breaks_a_new_one_is_begun(tmp_path):
    spool = Spool.open(tmp_path)
    spool.append(entries(3), NOW)
    spool._file._file.store.truncate_log()
    with spool.path.open("r+b") as file:
        file.write(b"\0" * spool.path.stat().st_size)
        file.flush()
        scribble(spool, "PRAGMA shrink_memory")
        assert spool.append(entries(2, start=7), NOW).refused == ()
    assert numbers(everything(spool)) == [7, 8]
    assert spool.stats(NOW).corrupt_files == 1
    assert len(list(tmp_path.glob("*.corrupt"))) == 1
    spool.close()


@pytest.mark.parametrize("what", ["directory", "database", "lock"])
def test_when_somebody_removes_it_a_new_file_is_begun_and_the_loss_is_counted(tmp_path, what):
    directory = tmp_path / "spool"
    spool = Spool.open(directory)
    spool.append(entries(3), NOW)
    if what == "directory":
        shutil.rmtree(directory)
    else:
        spool.path.with_suffix(".db" if what == "database" else ".lock").unlink()
    assert spool.append(entries(2, start=5), NOW).refused == ()
    assert numbers(everything(spool)) == [5, 6]
    assert spool.stats(NOW).lost_files == 1
    spool.close()
    assert 2 in [file.amount.items for file in list_spools(directory)]


VERSION_0_NAME = "spool-00000000000000aa.db"


def test_a_file_of_version_0_is_migrated(tmp_path):
    """As a process leaves it that dies before it has made the tables."""
    path = tmp_path / VERSION_0_NAME
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
        assert db.execute("PRAGMA user_version").fetchone() == (0,)
    (told,) = list_spools(tmp_path)
    assert (told.amount.items, told.problem) == (0, "")
    assert adopt_spools(tmp_path, NOW).corrupt_files == 0
    assert list(tmp_path.iterdir()) == []


def test_each_version_is_brought_to_the_next_with_its_rows(tmp_path, monkeypatch):
    path, stored = left_behind(tmp_path, entries(3))
    steps = ("CREATE TABLE later (id INTEGER PRIMARY KEY)", "INSERT INTO later SELECT id FROM item")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, steps))
    (spool,) = adopt_spools(tmp_path, NOW).spools
    assert {row.row_id for row in everything(spool)} == set(stored)
    spool.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute("SELECT COUNT(*) FROM later").fetchone() == (3,)


def test_a_migration_that_fails_leaves_the_version_before(tmp_path, monkeypatch):
    path, _ = left_behind(tmp_path, entries(3))
    steps = ("CREATE TABLE later (id INTEGER PRIMARY KEY)", "SELECT * FROM missing")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, steps))
        with closing(schema.connect(path)) as db, pytest.raises(sqlite3.OperationalError):
            schema.migrate(db)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT name FROM sqlite_master WHERE name = 'later'").fetchall() == []


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    path, _ = left_behind(tmp_path, entries(3))
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=99")
    content = path.read_bytes()
    assert adopt_spools(tmp_path, NOW).left == {"newer": 1}
    (told,) = list_spools(tmp_path)
    assert (told.problem, told.owner_alive) == ("newer", False)
    assert path.read_bytes() == content


def test_resources_are_stored_once_however_many_items_share_them(tmp_path):
    spool = Spool.open(tmp_path)
    spool.append(entries(50), NOW)
    spool.append([entry(60, envelope=type(ENVELOPE)("traces", b"other"))], NOW)
    assert spool._file._file.store._db.execute("SELECT COUNT(*) FROM envelope").fetchone() == (2,)
    spool.close()
