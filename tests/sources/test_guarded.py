"""Third-party sources that fail in every place: what they raise becomes an error of ours, without its text."""

from __future__ import annotations

import asyncio
from pathlib import PurePath
from typing import Any

import pytest

from agent_otel.model import Cursor, RecordRejected, SourceError
from agent_otel.sources import Context, Decoded, Document, registry
from agent_otel.sources.guarded import GuardedSource, fault_name

CONTEXT = Context(Cursor("s", 1), 1)
DOCUMENT = Document("d", "k")
FAULTS = [RuntimeError("private words"), SystemExit("private words"), asyncio.CancelledError(), KeyboardInterrupt]


class Toy:
    """Does well, but for what a test gives in place of a method."""

    name = "toy"

    def __init__(self, **odd: Any) -> None:
        for name, behaviour in odd.items():
            setattr(self, name, behaviour)

    def decoder(self) -> Any:
        return self

    def open(self, document: Any) -> Any:
        return None

    def decode(self, record: Any, context: Any) -> Any:
        return Decoded(note="fine")

    def close(self, *, complete: Any) -> Any:
        return ()

    def detect(self, records: Any) -> Any:
        return 1.0

    def record_key(self, record: Any) -> Any:
        return "key"

    def companions(self, path: Any) -> Any:
        return ["a-*.jsonl"]

    def belongs(self, first: Any, main_first: Any) -> Any:
        return True

    def is_companion(self, path: Any) -> Any:
        return True

    def sidecar(self, path: Any) -> Any:
        return "side.json"


def raising(error: Any) -> Any:
    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


def giving(value: Any) -> Any:
    return lambda *_, **__: value


def lazily(error: Any) -> Any:
    raise error
    yield


def guarded(**odd: Any) -> GuardedSource:
    return GuardedSource("toy", Toy(**odd))


def rejection(call: Any) -> str:
    with pytest.raises(RecordRejected) as caught:
        call()
    assert caught.value.__cause__ is None
    return caught.value.reason


def test_what_does_well_passes_unchanged() -> None:
    source, path = guarded(), PurePath("a")
    decoder = source.decoder()
    decoder.open(DOCUMENT)
    assert decoder.decode({}, CONTEXT) == Decoded(note="fine")
    assert decoder.close(complete=True) == ()
    assert (source.name, source.detect([]), source.record_key({})) == ("toy", 1.0, "key")
    assert (source.companions(path), source.belongs({}, []), source.is_companion(path)) == (["a-*.jsonl"], True, True)
    assert source.sidecar(path) == "side.json"


@pytest.mark.parametrize("error", FAULTS[:3])
def test_faults_of_a_decoder_are_rejections_that_name_the_type_alone(error: Any) -> None:
    name = type(error).__name__
    assert rejection(lambda: guarded(decode=raising(error)).decoder().decode({}, CONTEXT)) == (
        f"source fault ({name} in decode())"
    )
    lazy = guarded(decode=giving(Decoded(lazily(error)))).decoder()
    assert rejection(lambda: lazy.decode({}, CONTEXT)) == f"source fault ({name} in decode())"
    closing = guarded(close=raising(error)).decoder()
    assert rejection(lambda: closing.close(complete=True)) == f"source fault ({name} in close())"


@pytest.mark.parametrize("odd", [None, 7, [], Decoded(None), Decoded([1]), Decoded(7)])  # type: ignore[arg-type, list-item]
def test_what_is_nothing_decoded_is_a_rejection(odd: Any) -> None:
    assert "source fault" in rejection(lambda: guarded(decode=giving(odd)).decoder().decode({}, CONTEXT))


@pytest.mark.parametrize("odd", [None, 7, [1]])
def test_close_that_gives_no_events_is_a_rejection(odd: Any) -> None:
    assert "close()" in rejection(lambda: guarded(close=giving(odd)).decoder().close(complete=False))


def test_decoder_that_cannot_be_made_rejects_every_record() -> None:
    decoder = guarded(decoder=raising(SystemExit("private words"))).decoder()
    decoder.open(DOCUMENT)
    assert [rejection(lambda: decoder.decode({}, CONTEXT)) for _ in range(2)] == [
        "source fault (SystemExit in decoder())"
    ] * 2
    assert decoder.close(complete=True) == ()


def test_document_that_cannot_be_opened_costs_its_own_records() -> None:
    toy = Toy(open=raising(RuntimeError("private words")))
    decoder = GuardedSource("toy", toy).decoder()
    decoder.open(DOCUMENT)
    assert rejection(lambda: decoder.decode({}, CONTEXT)) == "source fault (RuntimeError in open())"
    toy.open = giving(None)  # type: ignore[method-assign]
    decoder.open(DOCUMENT)
    assert decoder.decode({}, CONTEXT).note == "fine"


@pytest.mark.parametrize("odd", [None, "much", float("nan"), 10**400, [], -3])
def test_odd_sureness_is_none(odd: Any) -> None:
    assert guarded(detect=giving(odd)).detect([]) == 0.0
    assert guarded(detect=raising(SystemExit())).detect([]) == 0.0
    assert guarded(detect=giving(7)).detect([]) == 1.0


def test_key_that_is_no_text_is_none() -> None:
    assert guarded(record_key=giving(7)).record_key({}) is None
    assert guarded(record_key=raising(SystemExit())).record_key({}) is None


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("companions", 1), ("belongs", 2), ("is_companion", 1), ("sidecar", 1)],
)
@pytest.mark.parametrize("error", FAULTS[:3])
def test_faults_in_finding_files_are_one_error(method: Any, arguments: Any, error: Any) -> None:
    with pytest.raises(SourceError) as caught:
        getattr(guarded(**{method: raising(error)}), method)(*[PurePath("a")] * arguments)
    assert str(caught.value) == f"source 'toy': source fault ({type(error).__name__} in {method}())"
    assert not isinstance(caught.value, RecordRejected)


def test_ctrl_c_passes() -> None:
    with pytest.raises(KeyboardInterrupt):
        guarded(decode=raising(KeyboardInterrupt)).decoder().decode({}, CONTEXT)


def test_rejections_of_its_own_pass_bounded() -> None:
    told = guarded(decode=raising(RecordRejected("a.b", "is odd"))).decoder()
    with pytest.raises(RecordRejected) as caught:
        told.decode({}, CONTEXT)
    assert (caught.value.field, caught.value.reason) == ("a.b", "is odd")
    long = guarded(decode=raising(RecordRejected("two words", "x" * 1000))).decoder()
    with pytest.raises(RecordRejected) as caught:
        long.decode({}, CONTEXT)
    assert (caught.value.field, len(caught.value.reason)) == ("", 120)


def test_name_of_an_odd_exception_is_plain() -> None:
    assert fault_name(ValueError("private words")) == "ValueError"
    assert fault_name(type("two words", (Exception,), {})()) == "Exception"


class Entry:
    name = "toy"
    value = "toy:Toy"

    def __init__(self, load: Any) -> None:
        self.load = load


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (raising(SystemExit("private words")), "source 'toy' does not load: SystemExit in toy:Toy"),
        (giving(object()), "source 'toy' (toy:Toy): does not have what agent_otel.sources.Source asks for"),
    ],
)
def test_source_that_does_not_load_is_one_error(monkeypatch: pytest.MonkeyPatch, load: Any, said: Any) -> None:
    monkeypatch.setattr(registry, "_entry_points", lambda: {"toy": Entry(load)})
    with pytest.raises(SourceError) as caught:
        registry.load_source("toy")
    assert str(caught.value) == said
    assert registry.detect_source([{"no": "record"}]) is None


def test_loaded_source_is_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_entry_points", lambda: {"toy": Entry(giving(Toy))})
    monkeypatch.setattr(registry, "_loaded", {})
    assert isinstance(registry.load_source("toy"), GuardedSource)
