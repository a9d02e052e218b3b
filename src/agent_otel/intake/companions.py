"""A main file in, the files that belong to it out: found by the source's patterns, confirmed by their first record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from agent_otel.intake.inputs import FileInput, Sample, has_timestamp
from agent_otel.model import SourceError
from agent_otel.sources import Source

__all__ = ["CompanionSearch"]

_NO_TIMESTAMP = "~"  # sorts behind every digit


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

    def companions_of(self, main: FileInput, source: Source) -> tuple[FileInput, ...]:
        """Give the companions of a main file by their first timestamp, then by name; what cannot be read is none."""
        try:
            near = {file.real: file for file in self._near(main, source) if file.real not in self.taken}
            main_first = main.sample().records if near else []
        except OSError:
            return ()
        mine = [file for file in near.values() if self._belongs(file, source, main_first)]
        self.taken.update(file.real for file in mine)
        return tuple(sorted(mine, key=lambda file: (self._head(file).timestamp or _NO_TIMESTAMP, file.name)))

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
