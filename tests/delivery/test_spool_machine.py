"""The spool against a plain model of it, through crashes and adoptions."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent_otel.delivery.spool import Entry, Spool, SpoolLimits, adopt_spools
from agent_otel.model import DeliveryClass
from delivery.spool_values import HERE, NOW, OTHER, THERE, entry, everything

CAPACITY = 12
PAYLOAD = bytes(700)
CLASSES = st.sampled_from(DeliveryClass)
PLACES = st.sampled_from([HERE, THERE, OTHER])


class Model:
    """Rows by id and wills by run and destination."""

    def __init__(self):
        self.rows, self.wills = {}, {}

    def append(self, entries):
        """Which positions are stored, and which ids make way."""
        used = len(self.rows) + len(self.wills)
        left, stored, evicted = dict(self.rows), set(), []
        for position, given in sorted(enumerate(entries), key=lambda each: each[1].item.delivery_class.rank):
            rank = given.item.delivery_class.rank
            if used >= CAPACITY:
                worst = max(left, key=lambda row_id: (left[row_id].item.delivery_class.rank, -row_id), default=None)
                if worst is None or left[worst].item.delivery_class.rank < rank:
                    continue
                del left[worst]
                evicted.append(worst)
                used -= 1
            used += 1
            stored.add(position)
        return stored, evicted

    def read(self, wanted):
        found = [(row_id, given) for row_id, given in self.rows.items() if wanted(given.destination)]
        return sorted(found, key=lambda each: (each[1].item.delivery_class.rank, each[0]))


class SpoolMachine(RuleBasedStateMachine):
    """One living process, and the files that it adopted from those that died before."""

    def __init__(self):
        super().__init__()
        self.directory = TemporaryDirectory()
        self.count = 0
        self.begin()
        self.adopted = []

    def begin(self):
        limits = SpoolLimits(max_bytes=CAPACITY * entry(0, payload=PAYLOAD).item.size)
        self.spool, self.model = Spool.open(Path(self.directory.name), limits=limits), Model()

    def new(self, delivery_class, place):
        self.count += 1
        return entry(self.count, delivery_class, place, payload=PAYLOAD)

    @rule(given=st.lists(st.tuples(CLASSES, PLACES), max_size=8))
    def append(self, given):
        entries = [self.new(*each) for each in given]
        stored, evicted = self.model.append(entries)
        answer = self.spool.append(entries, NOW)
        assert {position for position, row_id in enumerate(answer.row_ids) if row_id is not None} == stored
        assert sorted(gone.row_id for gone in answer.evicted) == sorted(evicted)
        assert [row_id for row_id in answer.row_ids if row_id] == sorted(filter(None, answer.row_ids))
        for row_id in evicted:
            del self.model.rows[row_id]
        self.model.rows |= {answer.row_ids[position]: entries[position] for position in stored}

    @rule(run=st.sampled_from(["a", "b"]), delivery_class=CLASSES, place=PLACES)
    def put_will(self, run, delivery_class, place):
        will = self.new(delivery_class, place)
        earlier = self.model.wills.pop((run, place), None)
        (stored, evicted) = self.model.append([will])
        answer = self.spool.put_will(run, will, NOW)
        if not stored:
            assert answer.row_ids == (None,)
        for row_id in evicted:
            del self.model.rows[row_id]
        if stored:
            self.model.wills[run, place] = will
        assert earlier is None or stored  # it takes the place of the earlier one

    @rule(run=st.sampled_from(["a", "b"]))
    def cancel_will(self, run):
        assert self.spool.cancel_will(run)
        self.model.wills = {key: will for key, will in self.model.wills.items() if key[0] != run}

    @rule(data=st.data(), old=st.booleans())
    def remove(self, data, old):
        spool, model = data.draw(st.sampled_from(self.adopted)) if old and self.adopted else (self.spool, self.model)
        gone = data.draw(st.sets(st.sampled_from(sorted(model.rows)))) if model.rows else set()
        assert spool.remove([*gone, 10**6])
        for row_id in gone:
            del model.rows[row_id]

    @rule()
    def tidy(self):
        assert self.spool.tidy(NOW) == ()

    @rule(after=st.integers(0, 20), place=PLACES, limit=st.integers(1, 5))
    def page(self, after, place, limit):
        expected = self.model.read(lambda found: found == place)[after:][: limit * 100]
        before = self.model.read(lambda found: found == place)[:after]
        position = (before[-1][1].item.delivery_class.rank << 56 | before[-1][0]) if before else 0
        got = self.spool.deliverable(place, position, limit=limit)
        assert [row.row_id for row in got] == [row_id for row_id, _ in expected[:limit]]

    @rule(crash=st.booleans(), by_adopter=st.booleans())
    def end_and_adopt(self, crash, by_adopter):
        """The process dies, and maybe its adopted files are adopted again."""
        dying = [(self.spool, self.model), *(self.adopted if by_adopter else [])]
        for spool, _ in dying:
            if crash:  # the lock is gone, and the log is as it was
                spool._file._file.lock.release()
        found = list(adopt_spools(Path(self.directory.name), NOW).spools) if crash else []
        for spool, _ in dying:
            if crash:
                spool._file._file.store.close()
            else:
                spool.close()
        found = found or list(adopt_spools(Path(self.directory.name), NOW).spools)
        by_path = {spool.path: spool for spool in found}
        self.adopted = [] if by_adopter else self.adopted
        for spool, model in dying:
            if not model.rows and not model.wills:
                assert spool.path not in by_path
                continue
            adopter = by_path[spool.path]
            rows = {row.row_id: row for sink in ("otlp", "file") for row in everything(adopter, sink)}
            wills = {row_id: row for row_id, row in rows.items() if row_id not in model.rows}
            expected = {key: will.item for key, will in model.wills.items()}
            if model.wills:
                assert {(row.will_of, row.destination): row.item for row in wills.values()} == expected
            model.rows |= {row_id: entry_of(row) for row_id, row in wills.items()}
            model.wills = {}
            self.adopted.append((adopter, model))
        self.begin()

    @invariant()
    def what_is_read_is_what_the_model_holds(self):
        for spool, model in [(self.spool, self.model), *self.adopted]:
            for sink in ("otlp", "file"):
                expected = model.read(lambda found, sink=sink: found.sink_id == sink)
                got = [(row.row_id, row.destination, row.item) for row in everything(spool, sink, limit=5)]
                assert got == [(row_id, given.destination, given.item) for row_id, given in expected]
            told = spool.stats(NOW)
            assert sum(amount.items for amount in told.held.values()) == len(model.rows)
            assert told.wills.items == len(model.wills)
            assert (told.failures, told.corrupt_rows, told.corrupt_files, told.lost_files) == ({}, 0, 0, 0)

    def teardown(self):
        for spool, _ in [(self.spool, self.model), *self.adopted]:
            spool.close()
        self.directory.cleanup()


def entry_of(row):
    return Entry(destination=row.destination, item=row.item)


TestSpoolMachine = SpoolMachine.TestCase
TestSpoolMachine.settings = settings(stateful_step_count=15)
