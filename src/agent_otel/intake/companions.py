"""A main file in, the files that belong to it out: found by the source's patterns, confirmed by their first record.

Archives are told from the others by the source; they are read before the main file, in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
import re
from typing import Any

from attrs import define, field, frozen

from agent_otel.intake.inputs import FileInput, Sample, has_timestamp
from agent_otel.model import SourceError
from agent_otel.sources import Source
from agent_otel.sources.protocol import RotatingSource

__all__ = ["CompanionSearch", "Companions", "is_archive"]

_NO_TIMESTAMP = "~"  # sorts behind every digit
_SUFFIXES = re.compile(r"(\.[A-Za-z]+)+$")
_NUMBER = re.compile(r"([0-9]+)")


@frozen
class Companions:
    """The files that belong to a main file.

    Args:
        archives: What it held before, oldest first.
        others: Files beside it, oldest first.
    """

    archives: tuple[FileInput, ...] = ()
    others: tuple[FileInput, ...] = ()

    @property
    def every(self) -> tuple[FileInput, ...]:
        """All of them."""
        return self.archives + self.others


def is_archive(file: FileInput, source: Source) -> bool:
    """Whether a file holds what a main file held before it was rotated."""
    return isinstance(source, RotatingSource) and source.precedes(file.path)


@define
class CompanionSearch:
    """Looks for companions; remembers what it has seen, because many main files may lie in one directory.

    Args:
        known: Files that were given themselves, by real path.
        taken: Real paths that belong to somebody already, main files included. Grows with each search.
    """

    known: Mapping[str, FileInput]
    taken: set[str]
    _files: dict[Path, FileInput] = field(factory=dict, init=False)
    _heads: dict[str, Sample] = field(factory=dict, init=False)

    def companions_of(self, main: FileInput, source: Source) -> Companions:
        """Give the companions of a main file: archives by name, others by their first timestamp and then by name.

        What cannot be read is none.
        """
        try:
            mine = self._mine(main, source, self._near(main, source))
        except OSError:
            return Companions()
        archives: list[FileInput] = []
        others: list[FileInput] = []
        for file in mine:
            (archives if is_archive(file, source) else others).append(file)
        return Companions(
            tuple(sorted(archives, key=_name_order)),
            tuple(sorted(others, key=lambda file: (self._head(file).timestamp or _NO_TIMESTAMP, file.name))),
        )

    def newest_of(self, archives: Iterable[FileInput], source: Source) -> tuple[FileInput, Companions]:
        """Give, of archives whose main file is gone, the newest one, which stands for it, and those before it."""
        *older, newest = sorted(archives, key=_name_order)
        try:
            return newest, Companions(tuple(self._mine(newest, source, older)))
        except OSError:
            return newest, Companions()

    def _mine(self, main: FileInput, source: Source, files: Iterable[FileInput]) -> list[FileInput]:
        """Take those of the files that belong to the main file, in their order."""
        free = {file.real: file for file in files if file.real not in self.taken}
        main_first = main.sample().records if free else []
        mine = [file for file in free.values() if self._belongs(file, source, main_first)]
        self.taken.update(file.real for file in mine)
        return mine

    def _near(self, main: FileInput, source: Source) -> Iterator[FileInput]:
        for pattern in source.companions(main.path):
            for path in _matches(main.path.parent, pattern, source):
                if path not in self._files and path.is_file():
                    file = FileInput.at(path)
                    self._files[path] = self.known.get(file.real, file)
                if path in self._files:
                    yield self._files[path]

    def _belongs(self, file: FileInput, source: Source, main_first: Sequence[Any]) -> bool:
        head = self._head(file)
        return bool(head.records) and source.belongs(head.records[0], main_first)

    def _head(self, file: FileInput) -> Sample:
        """Keep only the first record and the first with a timestamp: the beginnings of many files are held at once."""
        if file.real not in self._heads:
            try:
                records = file.sample().records
            except OSError:
                records = []
            self._heads[file.real] = Sample([*records[:1], *filter(has_timestamp, records)][:2], [])
        return self._heads[file.real]


def _matches(directory: Path, pattern: str, source: Source) -> Iterator[Path]:
    try:
        yield from directory.glob(pattern)
    except (ValueError, NotImplementedError):  # empty or absolute
        raise SourceError(f"source {source.name!r}: companions() gave what is no relative pattern") from None


def _name_order(file: FileInput) -> tuple[list[str | int], str]:
    """Order names so that ``a.2`` is before ``a.10``, and ``a`` before ``a.1``, whatever their suffixes are."""
    parts = _NUMBER.split(_SUFFIXES.sub("", file.path.name))
    return [int(part) if position % 2 else part for position, part in enumerate(parts)], file.name
