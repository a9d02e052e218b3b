from __future__ import annotations

import io
import json
import os
from pathlib import Path
import threading
from typing import Any

import pytest

from agent_otel.intake import discover
from agent_otel.model import IntakeError, RecordRejected, SourceError, UnknownSource

MAIN = {"toy": True, "session": "s1", "id": "1"}


def side(session: str = "s1", **more: object) -> dict[str, object]:
    return {"toy": True, "session": session, **more}


def names(group: Any) -> list[str]:
    return [Path(document.name).name for document, _ in group.documents()]


def records(group: Any) -> list[object]:
    return [json.loads(line.data) for _, lines in group.documents() for line in lines]


def test_file_brings_its_companions_by_first_timestamp(write: Any) -> None:
    main = write("s1.jsonl", MAIN)
    write("s1/side-a.jsonl", side(), side(timestamp="2026-01-01T00:00:03Z"))
    write("s1/side-b.jsonl", side(timestamp="2026-01-01T00:00:01Z"))
    write("s1/side-d.jsonl", side())
    write("s1/side-c.jsonl", side())
    write("side-e.jsonl", side(timestamp="2026-01-01T00:00:02Z"))
    write("side-other.jsonl", side("s2", timestamp="2026-01-01T00:00:00Z"))
    (group,) = discover([str(main)])
    assert names(group) == [
        "s1.jsonl",
        "side-b.jsonl",
        "side-e.jsonl",
        "side-a.jsonl",
        "side-c.jsonl",
        "side-d.jsonl",
    ]
    assert group.source.name == "toy"
    assert group.total_bytes == sum(document_size(group))


def document_size(group: Any) -> list[int]:
    return [Path(document.name).stat().st_size for document, _ in group.documents()]


def test_directory_groups_mains_companions_and_orphaned_companions(write: Any, tmp_path: Path) -> None:
    write("b/s1.jsonl", MAIN)
    write("b/s1/side-a.jsonl", side())
    write("b/s1/journal.jsonl", {"session": "s1"})
    write("a/s2.ndjson", {**MAIN, "session": "s2"})
    write("c/side-lost.jsonl", side("s9"))
    groups = discover([str(tmp_path)])
    assert [names(group) for group in groups] == [
        ["s2.ndjson"],
        ["s1.jsonl", "journal.jsonl", "side-a.jsonl"],
        ["side-lost.jsonl"],
    ]
    assert not any(group.repeat for group in groups)


def test_companion_named_before_its_main_file_is_read_with_it(write: Any) -> None:
    main, companion = write("s1.jsonl", MAIN), write("side-a.jsonl", side())
    assert [names(group) for group in discover([str(companion), str(main)])] == [["s1.jsonl", "side-a.jsonl"]]


def test_companion_named_alone_brings_nobody(write: Any) -> None:
    write("s1.jsonl", MAIN)
    write("side-b.jsonl", side())
    (group,) = discover([str(write("side-a.jsonl", side()))])
    assert names(group) == ["side-a.jsonl"]


def test_directory_tells_what_it_leaves_out(write: Any, tmp_path: Path) -> None:
    write("s1.jsonl", MAIN)
    write("package.json", {"name": "x"})
    write(".hidden.jsonl", MAIN)
    write(".git/x.jsonl", MAIN)
    write("s1.meta.json", {"toy": True})
    write("notes.txt", MAIN)
    skipped = []
    groups = discover([str(tmp_path)], on_skip=skipped.append)
    assert [names(group) for group in groups] == [["s1.jsonl"]]
    assert [(Path(item.path).name, item.reason) for item in skipped] == [("package.json", "no source recognises it")]


def test_links_in_a_circle_end(write: Any, tmp_path: Path) -> None:
    write("a/s1.jsonl", MAIN)
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert [names(group) for group in discover([str(tmp_path)])] == [["s1.jsonl"]]


def test_same_file_twice_comes_again_as_repeat(write: Any, tmp_path: Path) -> None:
    main = write("s1.jsonl", MAIN)
    write("s1/side-a.jsonl", side())
    link = tmp_path / "link.jsonl"
    link.symlink_to(main)
    groups = discover([str(main), str(link)])
    assert [(names(group), group.repeat) for group in groups] == [
        (["s1.jsonl", "side-a.jsonl"], False),
        (["s1.jsonl", "side-a.jsonl"], True),
    ]


def test_directory_twice_repeats_each_file_once(write: Any, tmp_path: Path) -> None:
    write("s1.jsonl", MAIN)
    write("s1/side-a.jsonl", side())
    assert [names(group) for group in discover([str(tmp_path)] * 2) if group.repeat] == [["s1.jsonl", "side-a.jsonl"]]


def test_companion_twice_is_a_repeat_of_its_own(write: Any) -> None:
    main, companion = write("s1.jsonl", MAIN), str(write("side-a.jsonl", side()))
    groups = discover([str(main), companion, companion])
    assert [(names(group), group.repeat) for group in groups] == [
        (["s1.jsonl", "side-a.jsonl"], False),
        (["side-a.jsonl"], True),
    ]


def test_key_depends_on_the_first_record_alone_and_nonce_on_the_file(write: Any) -> None:
    first = write("a.jsonl", {"toy": 1, "x": 2}, {"toy": 2})
    second = write("b.jsonl", {"x": 2, "toy": 1}, {"toy": 3})
    third = write("c.jsonl", {"x": 3, "toy": 1})
    groups = discover([str(first), str(second), str(third), str(first)])
    documents = [document for group in groups for document, _ in group.documents()]
    keys = [document.key for document in documents]
    assert keys[0] == keys[1] == keys[3] != keys[2]
    assert len(keys[0]) == 32
    nonces = [document.nonce for document in documents]
    assert len(set(nonces)) == 3
    assert nonces[0] == nonces[3]
    assert discover([str(first)])[0].main.nonce not in nonces


def test_key_skips_broken_lines(tmp_path: Path, write: Any) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(b'\xff\n{"toy": \n{"toy": 1, "x": 2}\n')
    (whole_file, cut_file) = discover([str(broken), str(write("a.jsonl", {"toy": 1, "x": 2}))])
    assert next(whole_file.documents())[0].key == next(cut_file.documents())[0].key


def test_sidecar_is_read_and_an_odd_one_is_none(write: Any) -> None:
    main = write("s1.jsonl", MAIN)
    write("s1.meta.json", {"agentType": "t"})
    other = write("s2.jsonl", {**MAIN, "session": "s2"})
    (other.parent / "s2.meta.json").write_text("[1")
    sidecars = [document.sidecar for group in discover([str(main), str(other)]) for document, _ in group.documents()]
    assert sidecars == [{"agentType": "t"}, {}]


def test_named_source_overrides_for_files_and_filters_directories(write: Any, tmp_path: Path) -> None:
    odd = write("odd.jsonl", {"x": 1})
    write("s1.jsonl", MAIN)
    assert [group.source.name for group in discover([str(odd)], "toy")] == ["toy"]
    skipped = []
    assert [names(group) for group in discover([str(tmp_path)], "toy", skipped.append)] == [["s1.jsonl"]]
    assert [Path(item.path).name for item in skipped] == ["odd.jsonl"]
    with pytest.raises(UnknownSource):
        discover([str(odd)], "nobody")


@pytest.mark.parametrize(("content", "problems"), [(b"", []), (b"\0\1\2", ["is no text"]), (b"{\n{", [None, None])])
def test_file_in_which_nothing_parses_is_a_group_whose_lines_are_counted(
    tmp_path: Path, content: Any, problems: Any
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    (group,) = discover([str(path)])
    assert [line.problem for _, lines in group.documents() for line in lines] == problems
    with pytest.raises(RecordRejected, match="is of no known source"):
        group.source.decoder().decode({}, None)


def test_what_cannot_be_read_says_what_to_do(write: Any, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="no such file or directory; check the path"):
        discover([str(tmp_path / "absent.jsonl")])
    with pytest.raises(IntakeError, match=r"no file in it can be read; looked for \*\.jsonl"):
        discover([str(tmp_path)])
    with pytest.raises(IntakeError, match="choose one with --source: toy"):
        discover([str(write("x.jsonl", {"x": 1}))])
    with pytest.raises(IntakeError, match="no source recognises a file of it"):
        discover([str(tmp_path)])


def test_missing_permission_says_so(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    main, other = write("s1.jsonl", MAIN), write("s2.jsonl", MAIN)
    original = Path.open

    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self == main:
            raise PermissionError(13, "Permission denied")
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(IntakeError, match="permission denied; make it readable"):
        discover([str(main)])
    skipped = []
    assert [names(group) for group in discover([str(other.parent)], on_skip=skipped.append)] == [["s2.jsonl"]]
    assert [item.reason for item in skipped] == ["Permission denied"]


def test_file_that_goes_away_is_one_problem(write: Any) -> None:
    main = write("s1.jsonl", MAIN)
    (group,) = discover([str(main)])
    main.unlink()
    assert [line.problem for _, lines in group.documents() for line in lines] == ["cannot be read (FileNotFoundError)"]


def test_progress_tells_every_byte(write: Any) -> None:
    main = write("s1.jsonl", *[MAIN] * 1000)
    write("s1/side-a.jsonl", side())
    (group,) = discover([str(main)])
    told: list[int] = []
    assert sum(1 for _, lines in group.documents(told.append) for _ in lines) == 1001
    assert sum(told) == group.total_bytes > 0


def test_standard_input_is_read_as_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(b'{"toy": 1, "n": %d}\n' % number for number in range(200))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    (group,) = discover(["-"])
    assert group.name == "-"
    assert [record["n"] for record in records(group)] == list(range(200))


def test_standard_input_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(IntakeError, match="give it once"):
        discover(["-", "-"])


def test_pipe_is_read_as_a_stream(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b'{"toy": 1}\n' * 3,))
    writer.start()
    (group,) = discover([str(pipe)])
    assert records(group) == [{"toy": 1}] * 3
    writer.join()


@pytest.mark.parametrize("pattern", ["", "/absolute/*"])
def test_patterns_that_are_none_are_an_error(write: Any, toy: Any, monkeypatch: Any, pattern: Any) -> None:
    monkeypatch.setattr(type(toy), "companions", lambda self, path: [pattern])
    with pytest.raises(SourceError, match=r"^source 'toy': companions\(\) gave what is no relative pattern$"):
        discover([str(write("s1.jsonl", MAIN))])


def test_closed_standard_input_is_one_error(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(IntakeError, match=r"^-: standard input is closed"):
        discover(["-"])


def test_standard_input_that_cannot_be_read_is_one_error(monkeypatch: Any, tmp_path: Path) -> None:
    with (tmp_path / "only-written").open("wb") as raw:
        descriptor = os.dup(raw.fileno())
    with io.FileIO(descriptor) as unreadable:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(unreadable)))
        with pytest.raises(IntakeError, match=r"^-: cannot be read \(OSError\)$"):
            discover(["-"])
