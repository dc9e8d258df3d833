"""Which records tell of the same work: by shared ids first, then by title, year, people and kind. Pure.

Records are compared where they share a key (blocking); pairs that agree are joined from the surest to the least sure,
and nothing joins a group that has a record it contradicts.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import chain, combinations, groupby, product
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz

from indexer.merging.match_keys import EDITION_SOURCES, MatchKeys, Title, any_alike

MATCHING_VERSION = 1
"""Changes with every rule here and in `traits`: a store that was matched by others is matched again."""

WINDOW = 50
"""In a block of more, a record is compared with so many that follow it: near linear whatever the catalogue."""
MOST_NAMES = 4
"""So many people's names, with a title, make keys."""
MOST_ASKED = 32
"""Of a work told by more records, so many are asked whether they contradict."""
LEAST_TITLE_RATIO = 92
LEAST_SIMILAR_LETTERS = 10
"""In a short title one letter makes another title: "Alien" and "Aliens"."""


class Likeness(IntEnum):
    """How two titles agree."""

    EQUAL = 0
    MAIN = 1
    """One is the other's main title: its subtitle is left out."""
    PART = 2
    """The same, but the subtitle has a number, which may tell parts apart."""
    SIMILAR = 3
    """But for a few letters."""


class Gap(IntEnum):
    """How far two years are apart."""

    NONE = 0
    ONE = 1
    UNKNOWN = 2
    ANY = 3
    """Books only: editions come out for centuries."""


class People(IntEnum):
    """Whether two records have people in common."""

    SHARED = 0
    UNKNOWN = 1
    OTHERS = 2


class Ids(IntEnum):
    """What ids two records share."""

    WORK = 0
    EDITION = 1
    NONE = 2


class Evidence(NamedTuple):
    """What speaks for two records telling of one work."""

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
        """Whether it may well be chance: then two works of one list are two, and what two claim, neither gets."""
        return self.people is People.UNKNOWN or self.gap is Gap.UNKNOWN or self.likeness is not Likeness.EQUAL


_CERTAINTY = {
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
"""The evidence that is enough, from the surest to the least sure."""


def group_records(traits: Sequence[MatchKeys]) -> list[list[int]]:
    """Gives the positions of records that tell of the same work; records that are alone in theirs are left out.

    The order of the traits decides between claims that are equally good: give them in the order of their ids.
    """
    groups = _Groups(traits)
    pairs = ((evidence, i, j) for i, j in candidate_pairs(traits) if (evidence := compare(traits[i], traits[j])))
    surest_first = sorted(pairs, key=lambda match: (_CERTAINTY[match[0]], match[1:]))
    for evidence, matches in groupby(surest_first, key=lambda match: match[0]):
        groups.join_all([(i, j) for _, i, j in matches], evidence)
    return sorted(sorted(chain.from_iterable(parts)) for parts in groups.parts.values())


def compare(one: MatchKeys, other: MatchKeys) -> Evidence | None:
    """Gives the evidence that two records tell of one work; None without."""
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
        # Publishers give one number to several books now and then.
        return Evidence(Ids.EDITION) if likeness is not None or people is People.SHARED else None
    if gap is None or likeness is None:
        return None
    evidence = Evidence(Ids.NONE, people, gap, likeness)
    return evidence if evidence in _CERTAINTY else None


def contradict(some: Sequence[MatchKeys], others: Sequence[MatchKeys], evidence: Evidence) -> bool:
    """Says whether such evidence is too little to bring together two works, each told by records that share ids."""
    pairs = list(product(some, others))
    if any(_exclude(one, other) or (evidence.loose and _same_list(one, other)) for one, other in pairs):
        return True
    # An id's word is taken: a work with a translation among its editions is not the translation only.
    return evidence.by_text and all(_doubt(one, other) for one, other in pairs)


def _exclude(one: MatchKeys, other: MatchKeys) -> bool:
    """Says whether two records are of different kinds, or have different ids where a work has one."""
    if one.kind != other.kind and one.kind and other.kind:
        return True
    return any(name == other_name and x != y for name, x in one.work_ids for other_name, y in other.work_ids)


def _same_list(one: MatchKeys, other: MatchKeys) -> bool:
    """Says whether two records are of one source, which lists works once each."""
    return one.source == other.source and one.source not in EDITION_SOURCES


def _doubt(one: MatchKeys, other: MatchKeys) -> bool:
    """Says whether anything but ids and kinds speaks against two records telling of one work."""
    return (
        compare_years(one, other) is None
        or compare_people(one, other) is People.OTHERS
        or _translated(one, other)
        or _other_subtitle(one, other)
    )


def compare_titles(some: Iterable[Title], others: Iterable[Title], *, fuzzy: bool = False) -> Likeness | None:
    """Gives the best likeness of two records' titles; None: they are different."""
    found = [each for x, y in product(some, others) if (each := _title_likeness(x, y, fuzzy=fuzzy)) is not None]
    return min(found, default=None)


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
    """Says whether two records tell of two parts of a series: the same main title with different subtitles."""
    mains = {main for title in one.titles for main in title.mains}
    return any(main in mains for title in other.titles for main in title.mains) and (
        compare_titles(one.titles, other.titles, fuzzy=True) is None
    )


def compare_years(one: MatchKeys, other: MatchKeys) -> Gap | None:
    """Gives how far two records' years are apart; None: too far for one work."""
    if one.year is not None and other.year is not None and abs(one.year - other.year) <= 1:
        return Gap(abs(one.year - other.year))
    if one.kind == other.kind == "book":
        return Gap.ANY
    return Gap.UNKNOWN if one.year is None or other.year is None else None


def compare_people(one: MatchKeys, other: MatchKeys) -> People:
    """Says whether two records have people in common, by who directed or wrote where both tell."""
    if one.leads and other.leads:
        return People.SHARED if any_alike(one.leads, other.leads) else People.OTHERS
    return People.SHARED if any_alike(one.people, other.people) else People.UNKNOWN


def _translated(one: MatchKeys, other: MatchKeys) -> bool:
    """Says whether two books are in different languages, in codes of the same standard (two letters or three)."""
    return (
        one.kind == other.kind == "book"
        and "wikidata" not in (one.source, other.source)  # tells the original's, under a title in English
        and one.language is not None
        and other.language is not None
        and len(one.language) == len(other.language)
        and one.language != other.language
    )


def _share(some: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    return any(each in others for each in some)


# Blocking


def candidate_pairs(traits: Sequence[MatchKeys]) -> Iterator[tuple[int, int]]:
    """Gives the pairs worth comparing: those that share a key, each once, the first position first."""
    keys, owners = array("q"), array("q")
    for position, each in enumerate(traits):
        for key in blocking_keys(each):
            keys.append(hash(key))
            owners.append(position)
    if not keys:
        return
    order = np.argsort(np.frombuffer(keys, dtype=np.int64), kind="stable")
    sorted_keys, sorted_owners = (
        np.frombuffer(keys, dtype=np.int64)[order],
        np.frombuffer(owners, dtype=np.int64)[order],
    )
    found = []
    for distance in range(1, WINDOW + 1):
        same = sorted_keys[distance:] == sorted_keys[:-distance]
        if not same.any():
            break
        found.append(sorted_owners[:-distance][same] * len(traits) + sorted_owners[distance:][same])
    for pair in np.unique(np.concatenate(found)) if found else ():
        yield divmod(int(pair), len(traits))


def blocking_keys(traits: MatchKeys) -> set[Hashable]:
    """Gives the keys under which a record meets those it may match."""
    keys: set[Hashable] = {*traits.work_ids, *traits.edition_ids}
    names = {word for name in (traits.leads or traits.people)[:MOST_NAMES] for word in name if len(word) > 1}
    for title in traits.titles:
        for text in (title.full, *title.mains):
            if traits.year is not None:  # years that differ by one share one of the two
                keys |= {(text, traits.year), (text, traits.year + 1)}
            keys |= {(text, word) for word in names}
        keys |= {(title.full[:4], word, "similar") for word in names}
    return keys


# Grouping


class _Groups:
    """Records in groups, each named by the position of one of them.

    `parts` has the groups of two records and more. The records of a part share ids; parts are alike in text.
    """

    def __init__(self, traits: Sequence[MatchKeys]) -> None:
        self.parts: dict[int, list[list[int]]] = {}
        self._traits = traits
        self._group_of: dict[int, int] = {}

    def join_all(self, matches: Sequence[tuple[int, int]], evidence: Evidence) -> None:
        """Joins what matches by the same evidence, but for groups that several others have as good a claim to."""
        contested = self._contested(matches, evidence) if evidence.loose else set()
        for match in matches:
            one, other = map(self._find, match)
            if one != other and not contested & {one, other} and not self._contradict(one, other, evidence):
                self._join(one, other, evidence)

    def _contested(self, matches: Iterable[tuple[int, int]], evidence: Evidence) -> set[int]:
        """Gives the groups that are claimed by two which contradict each other."""
        claims = defaultdict[int, set[int]](set)
        for match in matches:
            one, other = map(self._find, match)
            claims[one].add(other)
            claims[other].add(one)
        return {
            claimed
            for claimed, claimants in claims.items()
            if any(self._contradict(one, other, evidence) for one, other in combinations(claimants - {claimed}, 2))
        }

    def _find(self, position: int) -> int:
        return self._group_of.get(position, position)

    def _parts_of(self, group: int) -> list[list[int]]:
        return self.parts.get(group, [[group]])

    def _contradict(self, one: int, other: int, evidence: Evidence) -> bool:
        return any(
            contradict(
                [self._traits[x] for x in some[:MOST_ASKED]], [self._traits[x] for x in others[:MOST_ASKED]], evidence
            )
            for some, others in product(self._parts_of(one), self._parts_of(other))
        )

    def _join(self, one: int, other: int, evidence: Evidence) -> None:
        joined = self._parts_of(one) + self._parts_of(other)
        self._group_of.update((position, one) for part in joined for position in part)
        self.parts.pop(other, None)
        self.parts[one] = joined if evidence.by_text else [list(chain.from_iterable(joined))]
