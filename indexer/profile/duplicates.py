"""Find records of the same work, by the rules of a build."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from crawler.records import SourceRecord
from indexer.merging.match_keys import MatchKeys, read_match_keys
from indexer.merging.matching import group_records
from indexer.merging.merging import work_id

N_EXAMPLES = 8
"""The most works that are shown with the different titles of their records."""


@dataclass(frozen=True, slots=True)
class DuplicateRecord:
    """One of several records of a work."""

    id: str
    source: str
    title: str
    year: int | None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Works that have several records."""

    n_works: int
    n_records: int
    n_by_sources: Counter[tuple[str, ...]]
    """Number of works by the sources of their records, in alphabetical order."""
    examples: tuple[tuple[DuplicateRecord, ...], ...]
    """Works whose records have different titles, the most titles first."""

    @property
    def n_merged(self) -> int:
        """How many fewer works than records there are after merging."""
        return self.n_records - self.n_works


@dataclass
class DuplicateFinder:
    """The match keys of the records added so far; descriptions are not kept."""

    _records: list[tuple[DuplicateRecord, MatchKeys]] = field(default_factory=list)

    def add(self, record: SourceRecord) -> None:
        """Add a record."""
        keys = read_match_keys(record.model_dump(mode="json", exclude={"description", "reviews"}))
        self._records.append((DuplicateRecord(work_id(record), record.source, record.title, record.year), keys))

    def groups(self) -> list[list[str]]:
        """Return the ids of the records of each work that has several."""
        return [[record.id for record in group] for group in self._groups]

    @cached_property
    def _groups(self) -> list[tuple[DuplicateRecord, ...]]:
        """The groups of all records; none can be added any more."""
        ordered = sorted(self._records, key=lambda entry: entry[0].id)  # as in a build: merging depends on the order
        return [
            tuple(ordered[position][0] for position in positions)
            for positions in group_records([keys for _, keys in ordered])
        ]

    def duplicates(self) -> Duplicates:
        """Return the works that have several of the records."""
        groups = self._groups
        by_sources = Counter(tuple(sorted({record.source for record in group})) for group in groups)
        differing = [group for group in groups if _n_titles(group) > 1]
        examples = heapq.nlargest(N_EXAMPLES, differing, key=lambda group: (_n_titles(group), len(group)))
        return Duplicates(len(groups), sum(map(len, groups)), by_sources, tuple(examples))


def _n_titles(group: tuple[DuplicateRecord, ...]) -> int:
    return len({record.title.casefold() for record in group})
