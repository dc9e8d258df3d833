"""Records that tell of the same work, found as a build finds them."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field

from crawler.records import SourceRecord
from indexer.merging.match_keys import MatchKeys, read_match_keys
from indexer.merging.matching import group_records
from indexer.merging.merging import work_id

N_EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class Telling:
    """One record of a work that others tell of too."""

    id: str
    source: str
    title: str
    year: int | None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Works that several records tell of: how many, by which sources, and some that have different titles."""

    n_works: int
    n_records: int
    n_by_sources: Counter[tuple[str, ...]]
    examples: tuple[tuple[Telling, ...], ...]

    @property
    def n_merged(self) -> int:
        """Gives how many works fewer there are than records."""
        return self.n_records - self.n_works


@dataclass
class Tellings:
    """Keeps of each record what it is told from others by: names, ids and years, no descriptions."""

    _tellings: list[tuple[Telling, MatchKeys]] = field(default_factory=list)

    def add(self, record: SourceRecord) -> None:
        """Notes a record."""
        traits = read_match_keys(record.model_dump(mode="json", exclude={"description", "reviews"}))
        self._tellings.append((Telling(work_id(record), record.source, record.title, record.year), traits))

    def duplicates(self) -> Duplicates:
        """Gives the works that several of the records tell of."""
        ordered = sorted(self._tellings, key=lambda told: told[0].id)  # the order in which a build gives them
        groups = [
            tuple(ordered[position][0] for position in positions)
            for positions in group_records([traits for _, traits in ordered])
        ]
        by_sources = Counter(tuple(sorted({telling.source for telling in group})) for group in groups)
        differing = [group for group in groups if _n_titles(group) > 1]
        examples = heapq.nlargest(N_EXAMPLES, differing, key=lambda group: (_n_titles(group), len(group)))
        return Duplicates(len(groups), sum(map(len, groups)), by_sources, tuple(examples))


def _n_titles(group: tuple[Telling, ...]) -> int:
    return len({telling.title.casefold() for telling in group})
