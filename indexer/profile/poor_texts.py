"""Count the works whose descriptions are too poor to label, and the sources that would help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from crawler.records import SourceRecord
from crawler.sources.table import SOURCES
from indexer.merging.match_keys import canonical_source
from indexer.merging.merging import work_id
from indexer.stories import is_cast_list

LEAST_CHARACTERS = 200
"""A shorter description is a line or two: hardly a value has a sentence there."""

NONE, SHORT, CAST_ONLY = "no description", f"fewer than {LEAST_CHARACTERS} characters", "only cast and crew"
_QUALITY = (NONE, CAST_ONLY, SHORT, "")
"""What is wrong with a description, the worst first; empty for one that can be labelled."""


@dataclass(frozen=True, slots=True)
class PoorTexts:
    """The works that cannot be labelled well, after merging.

    Attributes:
        n_works: All works.
        n_by_problem: Works by what is wrong with their best description.
        n_by_source: Works that a source of descriptions may help, the most first: it has works of their kind, it has no
            record of them here, and they have an id that its records have too.
    """

    n_works: int
    n_by_problem: Counter[str]
    n_by_source: Counter[str]

    @property
    def n_poor(self) -> int:
        """The number of works that cannot be labelled well."""
        return self.n_by_problem.total()


@dataclass(frozen=True, slots=True)
class _Text:
    quality: int
    kind: str | None
    source: str
    ids: frozenset[str]


@dataclass
class PoorTextFinder:
    """What is wrong with the descriptions of the records added so far; the texts are not kept."""

    _texts: dict[str, _Text] = field(default_factory=dict)

    def add(self, record: SourceRecord) -> None:
        """Add a record."""
        ids = frozenset(name for name, own in record.ids.items() if own)
        quality = _QUALITY.index(problem_of(record.description))
        self._texts[work_id(record)] = _Text(quality, record.kind, canonical_source(record.source), ids)

    def poor_texts(self, groups: Iterable[Iterable[str]]) -> PoorTexts:
        """Return the counts of works, given the ids of records that are the same work."""
        left = dict(self._texts)
        works = [[left.pop(each) for each in group] for group in groups]
        works += [[text] for text in left.values()]
        problems: Counter[str] = Counter()
        helping: Counter[str] = Counter()
        for texts in works:
            if problem := _QUALITY[max(text.quality for text in texts)]:
                problems[problem] += 1
                helping.update(_helping(texts))
        return PoorTexts(len(works), problems, helping)


def problem_of(description: str) -> str:
    """Return what is wrong with a description; empty if it can be labelled."""
    if not description:
        return NONE
    if is_cast_list(description):
        return CAST_ONLY
    return SHORT if len(description) < LEAST_CHARACTERS else ""


def _helping(texts: Iterable[_Text]) -> list[str]:
    """Return the sources that may have a better description of a work, by its records' texts."""
    kinds = {text.kind for text in texts}
    known = {text.source for text in texts}
    ids = {name for text in texts for name in text.ids}
    return [
        name
        for name, source in SOURCES.items()
        if source.describes & kinds and canonical_source(name) not in known and ids.intersection(source.ids)
    ]
