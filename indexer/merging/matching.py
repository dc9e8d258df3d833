"""Group the records of the same work: by shared ids first, then by title, year, people and kind. Pure.

Records are compared if they share a key (blocking). Matching pairs are joined, the most certain first. A record does
not join a group that has a record which contradicts it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from enum import IntEnum
from itertools import chain, combinations, groupby, product
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz

from indexer.merging.blocking import candidate_pairs, make_blocks
from indexer.merging.match_keys import EDITION_SOURCES, TRANSLATING_SOURCES, MatchKeys, Title, any_alike
from indexer.merging.sorted_pairs import sorted_unique

MATCHING_VERSION = 1
"""Raise it with every change of a rule here, in `match_keys` or in `blocking`: the next build then matches all records
again."""

MOST_COMPARED = 32
"""The most records of a group that are checked for a contradiction."""
LEAST_TITLE_RATIO = 92
"""The least ratio (0 to 100) of similar titles."""
LEAST_SIMILAR_LETTERS = 10
"""Shorter titles are never similar: one letter makes another title, as in "Alien" and "Aliens"."""


class Likeness(IntEnum):
    """How two titles agree."""

    EQUAL = 0
    MAIN = 1
    """One is the other without its subtitle."""
    PART = 2
    """One is the other without its subtitle; the subtitle has a number, so it may be that of a part."""
    SIMILAR = 3
    """They differ in a few letters."""


class Gap(IntEnum):
    """The difference between two years."""

    NONE = 0
    ONE = 1
    UNKNOWN = 2
    ANY = 3
    """Any difference, for books only, since editions come out for centuries."""


class People(IntEnum):
    """Whether two records have people in common."""

    SHARED = 0
    UNKNOWN = 1
    OTHERS = 2


class Ids(IntEnum):
    """The kind of id that two records share."""

    WORK = 0
    EDITION = 1
    NONE = 2


class Evidence(NamedTuple):
    """The evidence that two records are of one work."""

    ids: Ids
    people: People = People.SHARED
    gap: Gap = Gap.NONE
    likeness: Likeness = Likeness.EQUAL

    @property
    def by_text(self) -> bool:
        """Whether no id is shared."""
        return self.ids is Ids.NONE

    @property
    def loose(self) -> bool:
        """Whether the agreement may be a coincidence.

        Loose evidence does not join two records of a source that lists each work once. A record that it would join to
        two contradicting works joins neither.
        """
        return self.people is People.UNKNOWN or self.gap is Gap.UNKNOWN or self.likeness is not Likeness.EQUAL


class Match(NamedTuple):
    """Two records that are of one work by some evidence: positions in a sequence, the first one first."""

    evidence: Evidence
    one: int
    other: int


CERTAINTY = {
    evidence: rank
    for rank, evidence in enumerate(
        (
            Evidence(Ids.WORK),
            Evidence(Ids.EDITION),
            *(Evidence(Ids.NONE, People.SHARED, Gap.NONE, likeness) for likeness in Likeness),
            Evidence(Ids.NONE, People.SHARED, Gap.ONE, Likeness.EQUAL),
            Evidence(Ids.NONE, People.SHARED, Gap.ONE, Likeness.MAIN),
            Evidence(Ids.NONE, People.SHARED, Gap.ONE, Likeness.SIMILAR),
            Evidence(Ids.NONE, People.SHARED, Gap.UNKNOWN, Likeness.EQUAL),
            Evidence(Ids.NONE, People.SHARED, Gap.ANY, Likeness.EQUAL),
            Evidence(Ids.NONE, People.SHARED, Gap.ANY, Likeness.MAIN),
            Evidence(Ids.NONE, People.UNKNOWN, Gap.NONE, Likeness.EQUAL),
            Evidence(Ids.NONE, People.UNKNOWN, Gap.ONE, Likeness.EQUAL),
            Evidence(Ids.NONE, People.UNKNOWN, Gap.NONE, Likeness.MAIN),
            Evidence(Ids.NONE, People.UNKNOWN, Gap.NONE, Likeness.PART),
            Evidence(Ids.NONE, People.UNKNOWN, Gap.ONE, Likeness.MAIN),
        )
    )
}
"""The sufficient evidence, each with its rank from the most to the least certain."""


def group_records(keys: Sequence[MatchKeys]) -> list[list[int]]:
    """Return the records of each work that has several, as positions in `keys`.

    Between equally certain pairs the order of `keys` decides: pass them in the order of the records' ids.
    """
    blocks = sorted_unique(np.concatenate(list(make_blocks(keys))))
    pairs = sorted_unique(np.concatenate([np.zeros((0, 2), dtype=np.int64), *candidate_pairs(blocks)]))
    matches = [Match(evidence, i, j) for i, j in pairs.tolist() if (evidence := compare(keys[i], keys[j]))]
    return join_matches(keys, matches)


def join_matches(keys: Sequence[MatchKeys], matches: Iterable[Match]) -> list[list[int]]:
    """Return the records of each work that has several, as `group_records` does, from all pairs that match.

    What becomes of a pair depends only on the records that are connected to it by matches.
    """
    groups = _Groups(keys)
    surest_first = sorted(matches, key=lambda match: (CERTAINTY[match[0]], match[1:]))
    for evidence, equally_sure in groupby(surest_first, key=lambda match: match[0]):
        groups.join_all([(i, j) for _, i, j in equally_sure], evidence)
    return sorted(sorted(chain.from_iterable(parts)) for parts in groups.parts.values())


def compare(one: MatchKeys, other: MatchKeys) -> Evidence | None:
    """Return the evidence that two records are of one work; None without sufficient evidence."""
    if _exclude(one, other):
        return None
    evidence = _find_evidence(one, other)
    return None if evidence is None or contradict([one], [other], evidence) else evidence


def _find_evidence(one: MatchKeys, other: MatchKeys) -> Evidence | None:
    if _share(one.work_ids, other.work_ids):
        return Evidence(Ids.WORK)
    people, gap = compare_people(one, other), compare_years(one, other)
    likeness = compare_titles(one.titles, other.titles, fuzzy=people is People.SHARED)
    if _share(one.edition_ids, other.edition_ids):
        # Publishers sometimes use one ISBN for several books, so an edition's id alone is not enough.
        return Evidence(Ids.EDITION) if likeness is not None or people is People.SHARED else None
    if gap is None or likeness is None:
        return None
    evidence = Evidence(Ids.NONE, people, gap, likeness)
    return evidence if evidence in CERTAINTY else None


def contradict(some: Sequence[MatchKeys], others: Sequence[MatchKeys], evidence: Evidence) -> bool:
    """Return whether the records of two parts contradict each other, so that the evidence does not join them.

    The records of a part share ids.
    """
    pairs = list(product(some, others))
    if any(_exclude(one, other) or (evidence.loose and _same_list(one, other)) for one, other in pairs):
        return True
    # One pair without doubt is enough, since a work may have a translation among its editions.
    return evidence.by_text and all(_doubt(one, other) for one, other in pairs)


def _exclude(one: MatchKeys, other: MatchKeys) -> bool:
    """Return whether two records differ in kind, or in an id of which a work has only one."""
    if one.kind != other.kind and one.kind and other.kind:
        return True
    return any(name == other_name and x != y for name, x in one.work_ids for other_name, y in other.work_ids)


def _same_list(one: MatchKeys, other: MatchKeys) -> bool:
    """Return whether two records are of one source that lists each work once."""
    return one.source == other.source and one.source not in EDITION_SOURCES


def _doubt(one: MatchKeys, other: MatchKeys) -> bool:
    """Return whether years, people, languages or subtitles speak against two records being of one work."""
    return (
        compare_years(one, other) is None
        or compare_people(one, other) is People.OTHERS
        or _translated(one, other)
        or _other_subtitle(one, other)
    )


def compare_titles(some: Iterable[Title], others: Iterable[Title], *, fuzzy: bool = False) -> Likeness | None:
    """Return the best likeness of two records' titles; None if they are different."""
    likenesses = (_title_likeness(x, y, fuzzy=fuzzy) for x, y in product(some, others))
    return min((each for each in likenesses if each is not None), default=None)


def _title_likeness(one: Title, other: Title, *, fuzzy: bool) -> Likeness | None:
    if one.full == other.full:
        return Likeness.EQUAL
    for main, longer in ((one.full, other), (other.full, one)):
        if main in longer.mains:
            return Likeness.PART if _digits(longer.full) != _digits(main) else Likeness.MAIN
    if (
        fuzzy
        and min(len(one.full), len(other.full)) >= LEAST_SIMILAR_LETTERS
        and fuzz.ratio(one.full, other.full) >= LEAST_TITLE_RATIO
        and _digits(one.full) == _digits(other.full)
    ):
        return Likeness.SIMILAR
    return None


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _other_subtitle(one: MatchKeys, other: MatchKeys) -> bool:
    """Return whether two records are of two parts of a series: the same main title with different subtitles."""
    mains = {main for title in one.titles for main in title.mains}
    return any(main in mains for title in other.titles for main in title.mains) and (
        compare_titles(one.titles, other.titles, fuzzy=True) is None
    )


def compare_years(one: MatchKeys, other: MatchKeys) -> Gap | None:
    """Return the difference between two records' years; None if it is too large for one work."""
    if one.year is not None and other.year is not None and abs(one.year - other.year) <= 1:
        return Gap(abs(one.year - other.year))
    if one.kind == other.kind == "book":
        return Gap.ANY
    return Gap.UNKNOWN if one.year is None or other.year is None else None


def compare_people(one: MatchKeys, other: MatchKeys) -> People:
    """Return whether two records have people in common: directors or authors if both have them, else anyone."""
    if one.leads and other.leads:
        return People.SHARED if any_alike(one.leads, other.leads) else People.OTHERS
    return People.SHARED if any_alike(one.people, other.people) else People.UNKNOWN


def _translated(one: MatchKeys, other: MatchKeys) -> bool:
    """Return whether two books have different languages, if their codes are of equal length and so comparable."""
    return (
        one.kind == other.kind == "book"
        and not {one.source, other.source} & TRANSLATING_SOURCES
        and one.language is not None
        and other.language is not None
        and len(one.language) == len(other.language)
        and one.language != other.language
    )


def _share(some: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    return any(each in others for each in some)


# Grouping


class _Groups:
    """Records in groups; the number of a group is the position of one of its records.

    `parts` has the groups with two or more records, each in parts. The records of a part share ids; the parts of a
    group agree in title, year and people.
    """

    def __init__(self, records: Sequence[MatchKeys]) -> None:
        self.parts: dict[int, list[list[int]]] = {}
        self._records = records
        self._group_of: dict[int, int] = {}

    def join_all(self, matches: Sequence[tuple[int, int]], evidence: Evidence) -> None:
        """Join pairs of the same evidence. If it is loose, a group that matches contradicting groups joins none."""
        contested = self._contested(matches, evidence) if evidence.loose else set()
        for match in matches:
            one, other = map(self._find, match)
            if one != other and not contested & {one, other} and not self._contradict(one, other, evidence):
                self._join(one, other, evidence)

    def _contested(self, matches: Iterable[tuple[int, int]], evidence: Evidence) -> set[int]:
        """Return the groups that match two or more groups which contradict each other."""
        matching = defaultdict[int, set[int]](set)
        for match in matches:
            one, other = map(self._find, match)
            matching[one].add(other)
            matching[other].add(one)
        return {
            group
            for group, others in matching.items()
            if any(self._contradict(one, other, evidence) for one, other in combinations(others - {group}, 2))
        }

    def _find(self, position: int) -> int:
        return self._group_of.get(position, position)

    def _parts_of(self, group: int) -> list[list[int]]:
        return self.parts.get(group, [[group]])

    def _contradict(self, one: int, other: int, evidence: Evidence) -> bool:
        return any(
            contradict(
                [self._records[x] for x in some[:MOST_COMPARED]],
                [self._records[x] for x in others[:MOST_COMPARED]],
                evidence,
            )
            for some, others in product(self._parts_of(one), self._parts_of(other))
        )

    def _join(self, one: int, other: int, evidence: Evidence) -> None:
        joined = self._parts_of(one) + self._parts_of(other)
        self._group_of.update((position, one) for part in joined for position in part)
        self.parts.pop(other, None)
        self.parts[one] = joined if evidence.by_text else [list(chain.from_iterable(joined))]
