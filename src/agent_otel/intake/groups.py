"""Paths in, groups out: which files belong together, and which source reads them.

A group is a main file, its archives and its companions (a session and the files of its sub-agents), or one file, or
one stream. The source is told by content; ``--source`` overrides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
import sys

from attrs import define, evolve, field, frozen

from agent_otel.intake.companions import Companions, CompanionSearch, is_archive
from agent_otel.intake.inputs import SAMPLE_RECORDS, FileInput, Input, Progress, Sample, StreamInput
from agent_otel.intake.lines import Line
from agent_otel.intake.unrecognised import UnrecognisedSource
from agent_otel.intake.walk import OnSkip, Skipped, walk_path
from agent_otel.intake.whole import UNREADABLE
from agent_otel.model import IntakeError
from agent_otel.sources import Document, Source, detect_source, load_source, source_names

__all__ = ["AUTO", "STDIN", "Group", "discover"]

AUTO = "auto"
STDIN = "-"

_NOT_RECOGNISED = "no source recognises it"


@frozen
class Group:
    """Inputs that one decoder reads, one after the other.

    Args:
        source: What reads them.
        main: The input that stands for the group.
        companions: Files that belong to it, oldest first.
        archives: Files that hold what the main input held before, oldest first.
        repeat: Whether the same files were given before in this call: then every record is a duplicate.
    """

    source: Source
    main: Input
    companions: tuple[FileInput, ...] = ()
    archives: tuple[FileInput, ...] = ()
    repeat: bool = False

    @property
    def name(self) -> str:
        """Path of the main file as given, or ``-``."""
        return self.main.name

    @property
    def total_bytes(self) -> int:
        """Size of the files when they were found; 0 for a stream."""
        return self.main.size + sum(file.size for file in self.archives + self.companions)

    def documents(self, progress: Progress | None = None) -> Iterator[tuple[Document, Iterator[Line]]]:
        """Give each document with its lines: the archives, the main one, its companions.

        Args:
            progress: Called with the number of bytes taken from the files since the last call.
        """
        for file in (*self.archives, self.main, *self.companions):
            yield file.read(self.source, progress)


@define
class _Candidate:
    file: Input
    is_named: bool  # given by the user itself, not found in a directory
    source: Source | None = None
    is_companion: bool = False
    is_empty: bool = False
    companions: Companions = field(factory=Companions)
    claimed_by: str | None = None


def discover(paths: Sequence[str], source_name: str = AUTO, on_skip: OnSkip | None = None) -> list[Group]:
    """Find what to read.

    Args:
        paths: Files, directories, or ``-`` for standard input.
        source_name: Name of a source, or ``auto``.
        on_skip: Told which files of a directory are left out, and why.

    Returns:
        Groups in the order of the paths, within a directory by path; files that were given twice come again at the end.

    Raises:
        IntakeError: If a path cannot be read, or no source recognises a file that was named.
        UnknownSource: If no source has that name.
    """
    chosen = None if source_name == AUTO else load_source(source_name)
    tell = on_skip or _tell_nobody
    candidates, again = _candidates(paths, tell)
    for candidate in candidates.values():
        _identify(candidate, chosen, tell)
    _claim_companions(candidates)
    groups = [group for candidate in candidates.values() if (group := _group_of(candidate, source_name, tell))]
    if not groups:
        raise IntakeError(f"{', '.join(paths)}: no source recognises a file of it; installed are {_names()}")
    return groups + _repeats(candidates, again, groups)


def _tell_nobody(_: Skipped) -> None:
    pass


def _names() -> str:
    return ", ".join(source_names())


def _candidates(paths: Sequence[str], on_skip: OnSkip) -> tuple[dict[str, _Candidate], list[str]]:
    """Give each input once, by its real path, and the real paths that came again."""
    found: dict[str, _Candidate] = {}
    again: list[str] = []
    for path in paths:
        is_named = path == STDIN or not Path(path).is_dir()
        inputs = [_standard_input()] if path == STDIN else walk_path(Path(path), on_skip)
        for file in inputs:
            if file.real not in found:
                found[file.real] = _Candidate(file, is_named)
            elif isinstance(file, StreamInput):
                raise IntakeError(f"{file.name}: a stream can be read only once; give it once")
            else:
                again.append(file.real)
    return found, again


def _standard_input() -> StreamInput:
    if sys.stdin is None:  # closed by whoever started the process
        raise IntakeError(f"{STDIN}: standard input is closed; pipe something into it, or give files")
    return StreamInput(STDIN, sys.stdin.buffer)


def _identify(candidate: _Candidate, chosen: Source | None, on_skip: OnSkip) -> None:
    """Tell the source of an input, and whether it is read as part of another one."""
    # Where nothing has to be told by content, a stream's first record need not wait for others.
    sample = _sample(candidate, 1 if chosen is not None and candidate.is_named else SAMPLE_RECORDS, on_skip)
    candidate.is_empty = not sample.records
    if candidate.is_named and candidate.is_empty and (problem := _unreadable(sample)):
        raise IntakeError(f"{candidate.file.name}: {problem.replace(' any further', '')}")
    if chosen is None:
        candidate.source = detect_source(sample.records) if sample.records else None
    elif candidate.is_named or candidate.is_empty or chosen.detect(sample.records) > 0:
        # A file that was named is read as asked; a directory may hold files of other kinds.
        candidate.source = chosen
    if candidate.source is not None and isinstance(candidate.file, FileInput):
        candidate.is_companion = candidate.source.is_companion(candidate.file.path)


def _unreadable(sample: Sample) -> str | None:
    """Give why nothing at all came, if the system gave nothing."""
    problem = sample.lines[0].problem if len(sample.lines) == 1 and sample.lines[0].ordinal == 1 else None
    return problem if problem is not None and problem.startswith(UNREADABLE) else None


def _sample(candidate: _Candidate, count: int, on_skip: OnSkip) -> Sample:
    try:
        return candidate.file.sample(count)
    except OSError as error:
        if candidate.is_named:
            raise IntakeError(f"{candidate.file.name}: cannot be read ({type(error).__name__})") from None
        on_skip(Skipped(candidate.file.name, type(error).__name__))
        return Sample([], [])


def _claim_companions(candidates: dict[str, _Candidate]) -> None:
    """Give each main file its companions, whether they were given themselves or only lie beside it."""
    known = {real: candidate.file for real, candidate in candidates.items() if isinstance(candidate.file, FileInput)}
    mains = [real for real, candidate in candidates.items() if candidate.source and not candidate.is_companion]
    search = CompanionSearch(known, set(mains))
    for real in mains:
        main = candidates[real]
        if not isinstance(main.file, FileInput) or main.source is None:
            continue
        _claim(candidates, real, search.companions_of(main.file, main.source))
    for source, archives in _archives_alone(candidates):
        newest, before = search.newest_of(archives, source)
        _claim(candidates, newest.real, before)


def _claim(candidates: dict[str, _Candidate], owner: str, companions: Companions) -> None:
    candidates[owner].companions = companions
    for companion in companions.every:
        if companion.real in candidates:
            candidates[companion.real].claimed_by = owner


def _archives_alone(candidates: dict[str, _Candidate]) -> Iterator[tuple[Source, list[FileInput]]]:
    """Give the archives of each directory whose main file was not given: it may be gone until the next record comes."""
    found: dict[tuple[str, Path], tuple[Source, list[FileInput]]] = {}
    for candidate in candidates.values():
        source, file = candidate.source, candidate.file
        if not candidate.is_companion or candidate.claimed_by or source is None or not isinstance(file, FileInput):
            continue
        if is_archive(file, source):
            found.setdefault((source.name, file.path.parent), (source, []))[1].append(file)
    yield from found.values()


def _group_of(candidate: _Candidate, source_name: str, on_skip: OnSkip) -> Group | None:
    if candidate.claimed_by is not None:
        return None
    if candidate.source is not None:
        return Group(candidate.source, candidate.file, candidate.companions.others, candidate.companions.archives)
    if candidate.is_empty:
        # Nothing in it parses: its lines are counted as malformed, and an empty file gives nothing.
        return Group(UnrecognisedSource(), candidate.file)
    if candidate.is_named:
        raise IntakeError(f"{candidate.file.name}: {_NOT_RECOGNISED}; choose one with --source: {_names()}")
    reason = _NOT_RECOGNISED if source_name == AUTO else f"is no {source_name} input; name the file itself to read it"
    on_skip(Skipped(candidate.file.name, reason))
    return None


def _repeats(candidates: dict[str, _Candidate], again: Sequence[str], groups: Sequence[Group]) -> list[Group]:
    """Give the groups of files that were given more than once; a companion comes with its main file or on its own."""
    by_real = {group.main.real: group for group in groups}
    repeated: list[Group] = []
    for real in again:
        owner = candidates[real].claimed_by
        if owner is None:
            if real in by_real:
                repeated.append(evolve(by_real[real], repeat=True))
        elif owner not in again:
            repeated.append(Group(by_real[owner].source, candidates[real].file, repeat=True))
    return repeated
