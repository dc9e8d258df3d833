"""Find the words of a request that may name works and people, and weigh what speaks for each by itself; pure.

Names are looked up wherever they may begin. The score of a candidate adds up its evidence: capitals within a sentence,
quotation marks, how rare its words are and how well known the work, less what the words may mean otherwise: a wish, a
person, a place. The scale: from `mentions.LEAST_EVIDENCE` up, with what the words around it add, a name is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Protocol

from crawler.records import Kind
from indexer.known.names import PART
from indexer.name_keys import ARTICLES, SMALL_WORDS, skeleton
from indexer.values.taxonomy import Taxonomy
from search_api.names import ALIKE, NameMatch
from search_api.people import Person
from search_api.understanding import mention_words as table
from search_api.understanding.mention_cues import FoundCues
from search_api.understanding.mention_words import Cue
from search_api.understanding.phrases import NOUNS
from search_api.understanding.request_words import COMMON, VERY_COMMON, RequestWords
from search_api.understanding.token_labels import TokenLabels

MAX_CORRECTED_WORDS = 24
"""How many unknown words of a request are compared with the words of names: each takes 0.1 ms."""
MAX_LOOSE_WORDS = 7
"""The most words of a name that is looked up in another spelling."""
LEAST_LETTERS_OF_SURNAME = 5
"""A shorter surname with a slip is too often another name."""
RUN_ON, RUN_ON_SINGLE = 1.5, 2.5
"""What speaks against a name, and one of a single word, beside a word with a capital, which may belong to it."""
_QUOTED = re.compile(r"\"([^\"\n]{1,120})\"|(?<!\w)'([^'\n]{2,80})'(?!\w)")
_ENDINGS = frozenset(("s", "d", "r", "n", "y", "es", "ed", "er", "ly", "en"))


class People(Protocol):
    """The people of a catalogue; `search_api.people.PeopleIndex` says what each method returns."""

    def longest(self, first_word: str) -> int: ...  # noqa: D102
    def person(self, key: str) -> Person | None: ...  # noqa: D102
    def by_surname(self, key: str) -> Person | None: ...  # noqa: D102


class Names(Protocol):
    """The names of a catalogue; `search_api.names.NameIndex` says what each method returns."""

    @property
    def people(self) -> People: ...  # noqa: D102
    def longest(self, first_word: str) -> int: ...  # noqa: D102
    def renown(self, key: str) -> tuple[int, int] | None: ...  # noqa: D102
    def renown_of_similar(self, bones: str) -> tuple[int, int] | None: ...  # noqa: D102
    def works(  # noqa: D102
        self, words: Sequence[str], *, said: str = "", kind: Kind | None = None, year: int | None = None
    ) -> list[NameMatch]: ...
    def similar_words(self, word: str) -> tuple[str, ...]: ...  # noqa: D102
    def volumes(self, words: Sequence[str]) -> tuple[str, ...]: ...  # noqa: D102
    def containing(self, words: Sequence[str]) -> tuple[str, ...]: ...  # noqa: D102
    def duplicates(self, work_id: str) -> tuple[str, ...]: ...  # noqa: D102
    def kind_of_person(self, person: str) -> Kind | None: ...  # noqa: D102
    def is_by(self, work_id: str, author: Sequence[str]) -> bool | None: ...  # noqa: D102
    def named_by(self, query: str) -> Sequence[str]: ...  # noqa: D102


class FoundPerson(NamedTuple):
    """A person named by words `first` to `last`; `is_full`: by more than the surname; `is_corrected`: misspelt."""

    first: int
    last: int
    person: Person
    is_full: bool
    is_corrected: bool = False


@dataclass(slots=True)
class Candidate:
    """Words that may name a work.

    Attributes:
        first: The first word.
        last: The last word, that of a year after the name included.
        spelled: The words to look up: those of the request, corrected where they are misspelt.
        looseness: How the best-known work is called so, as `NameMatch` has it.
        place: The place of that work among those of its kind by number of ratings.
        score: The evidence for a name.
        is_corrected: Whether a word was corrected.
        is_quoted: Whether the name stands in quotation marks.
        runs_on: Whether a word beside it has a capital too.
        before: What is said before the name.
        before_at: Where that begins.
        after: What is said after the name.
        after_end: The last word of that.
        kind: The kind of work that a word beside the name says.
        year: The year after the name.
        author: The words of the author after it.
        author_end: The last of them.
    """

    first: int
    last: int
    spelled: tuple[str, ...]
    looseness: int
    place: int
    score: float = 0.0
    is_corrected: bool = False
    is_quoted: bool = False
    runs_on: bool = False
    before: Cue | None = None
    before_at: int = -1
    after: Cue | None = None
    after_end: int = -1
    kind: Kind | None = None
    year: int | None = None
    author: tuple[str, ...] = ()
    author_end: int = -1
    is_unknown: bool = field(default=False)
    """The catalogue has the title, by other authors only."""

    @property
    def end(self) -> int:
        """The last word of the name with its author."""
        return max(self.last, self.author_end)


class CandidateFinder:
    """Finds what may be names in a request."""

    def __init__(
        self, words: RequestWords, names: Names, taxonomy: Taxonomy, cues: FoundCues, labels: TokenLabels | None
    ) -> None:
        self._words = words
        self._names = names
        self._taxonomy = taxonomy
        self._cues = cues
        self._labels = labels
        self.people = list(self._find_people())
        self.person_at = {at: found for found in self.people for at in range(found.first, found.last + 1)}

    # --- people ---

    def _find_people(self) -> Iterator[FoundPerson]:
        at = 0
        while at < len(self._words):
            found = self._full_name_at(at) or self._surname_at(at) or self._misspelt_name_at(at)
            if found:
                yield found
            at = found.last + 1 if found else at + 1

    def _full_name_at(self, at: int) -> FoundPerson | None:
        words, people = self._words, self._names.people
        for n in range(min(people.longest(words.plain[at]), len(words) - at), 1, -1):
            last = at + n - 1
            if any(words.breaks[at:last]):
                continue
            person = people.person("".join((*words.plain[at:last], words.bare[last])))
            if person and (words.capitals[at] or max(words.places[at], words.places[last]) >= COMMON):
                return FoundPerson(at, last, person, is_full=True)
        return None

    def _surname_at(self, at: int) -> FoundPerson | None:
        words = self._words
        for last in (at + 1, at):
            if last >= len(words) or any(words.breaks[at:last]):
                continue
            person = self._names.people.by_surname("".join((*words.plain[at:last], words.bare[last])))
            is_marked = words.is_name_like(at) or not words.has_plain_case
            if person and (is_marked or words.word(last + 1) in table.WORK_NOUNS_AFTER_PERSON):
                return FoundPerson(at, last, person, is_full=False)
        return None

    def _misspelt_name_at(self, at: int) -> FoundPerson | None:
        """Return the person whose surname has letters swapped, doubled, or one too many: "john stienbeck"."""
        words, people, last = self._words, self._names.people, at + 1
        if last >= len(words) or words.breaks[at] or words.places[last] < COMMON or people.longest(words.plain[at]) < 2:
            return None
        surname = words.bare[last]
        if len(surname) < LEAST_LETTERS_OF_SURNAME:
            return None
        for n in range(1, len(surname)):
            swapped = surname[: n - 1] + surname[n] + surname[n - 1] + surname[n + 1 :]
            for spelled in (swapped, surname[:n] + surname[n + 1 :], surname[:n] + surname[n - 1 :]):
                if person := people.person(words.plain[at] + spelled):
                    return FoundPerson(at, last, person, is_full=True, is_corrected=True)
        return None

    # --- works ---

    def find(self) -> list[Candidate]:
        """Return what may name works, from left to right and without overlaps."""
        found = list(self._quoted())
        taken = _words_of(found)
        found += self._exact(taken)
        taken = _words_of(candidate for candidate in found if candidate.score > 0)
        loose = [*self._corrected(taken), *self._similar(taken)]
        for candidate in sorted(loose, key=lambda c: -c.score):
            if not _overlaps(candidate, taken):
                found = [other for other in found if other.last < candidate.first or other.first > candidate.last]
                found.append(candidate)
                taken |= _words_of([candidate])
        found.sort(key=lambda candidate: candidate.first)
        self._part_neighbours(found)
        return found

    @staticmethod
    def _part_neighbours(found: Sequence[Candidate]) -> None:
        """Give back what was taken for running on where the next word begins a name: two names without a comma."""
        for one, other in pairwise(found):
            run_on = RUN_ON if len(one.spelled) > 1 else RUN_ON_SINGLE
            are_names = min(one.score + run_on, other.score) > 0 and len(one.spelled) + len(other.spelled) > 2
            if one.last + 1 == other.first and one.runs_on and are_names:
                one.score += run_on

    def _quoted(self) -> Iterator[Candidate]:
        words = self._words
        if '"' not in words.said and "'" not in words.said:
            return
        for match in _QUOTED.finditer(words.said):
            start, end = match.span(match.lastindex or 0)
            inside = [at for at, token in enumerate(words.tokens) if start <= token.start and token.end <= end]
            spelled = words.plain[inside[0] : inside[-1] + 1] if inside else []
            bare = spelled[1:] if len(spelled) > 1 and spelled[0] in ARTICLES else spelled
            renown = self._names.renown("".join(bare)) or self._names.renown_of_similar(skeleton(bare))
            if renown:
                candidate = self._make(inside[0], inside[-1], spelled, renown)
                candidate.is_quoted = True
                is_plain = words.marks_names and not (candidate.before or any(words.capitals[i] for i in inside))
                candidate.score += 2.0 if is_plain else 4.0  # a word in doubt: it "wakes" him
                yield candidate

    def _exact(self, taken: Collection[int]) -> list[Candidate]:
        """Return the candidates that are spelled like a name; where two overlap, the one with more evidence."""
        plain = self._words.plain
        found: list[Candidate] = []
        at = 0
        while at < len(plain):
            best = None if at in taken or plain[at] in ARTICLES else self._best_exact(at)
            if best is None:
                at += 1
                continue
            if found and found[-1].last >= best.first:
                n_more = len(found[-1].spelled) - len(best.spelled)
                if best.score > found[-1].score + 0.5 * n_more:
                    found[-1] = best
            else:
                found.append(best)
            at = best.last + 1 if best.score >= 0.5 else at + 1
        return found

    def _best_exact(self, at: int) -> Candidate | None:
        words, plain = self._words, self._words.plain
        keys = [plain[at]]
        for n in range(1, min(self._names.longest(plain[at]), words.ends[at] - at + 1)):
            keys.append(keys[-1] + plain[at + n])
        best = None
        for n in range(len(keys), 0, -1):
            renown = self._names.renown(keys[n - 1])
            if renown is None:
                continue
            candidate = self._make(self._with_article(at), at + n - 1, plain[at : at + n], renown)
            if best is None or candidate.score > best.score + 0.5 * (best.last - candidate.last):
                best = candidate
        return best if best is not None and best.score > -1.5 else None

    def _with_article(self, at: int) -> int:
        words = self._words
        return at - 1 if at and words.plain[at - 1] in ARTICLES and not words.breaks[at - 1] else at

    def _corrected(self, taken: Collection[int]) -> Iterator[Candidate]:
        """Yield candidates with words that no name and no frequent word spells so."""
        words, names = self._words, self._names
        alternatives: dict[int, tuple[str, ...]] = {}
        for at, word in enumerate(words.plain):
            if words.places[at] < COMMON or at in taken or word in table.BEFORE:
                continue
            similar = tuple(other for other in names.similar_words(word) if not _is_inflected(word, other))
            if similar:
                alternatives[at] = similar
                if len(alternatives) >= MAX_CORRECTED_WORDS:
                    break
        likely = [alternatives[at][0] if at in alternatives else word for at, word in enumerate(words.plain)]
        for at, similar in alternatives.items():
            around = [c for other in similar for c in self._around(at, [*likely[:at], other, *likely[at + 1 :]])]
            around = [candidate for candidate in around if not _overlaps(candidate, taken)]
            for candidate in around:
                n_corrected = sum(i in alternatives for i in range(candidate.first, candidate.last + 1))
                candidate.is_corrected = True
                candidate.score += 0.3 * (n_corrected - 1) - 0.5 * (len(candidate.spelled) == 1)
            best = max(around, key=lambda c: (c.score, c.last - c.first), default=None)
            if best is not None and best.score > -0.5:
                yield best

    def _around(self, at: int, spelled: Sequence[str]) -> Iterator[Candidate]:
        """Yield the candidates that a word is in, with the request spelled otherwise."""
        words, names = self._words, self._names
        for first in range(max(0, at - MAX_LOOSE_WORDS), at + 1):
            if words.ends[first] < at or spelled[first] in ARTICLES:
                continue
            n_most = min(names.longest(spelled[first]), words.ends[first] - first + 1)
            for last in range(first + n_most - 1, at - 1, -1):
                renown = names.renown("".join(spelled[first : last + 1]))
                if renown is None and last - first < MAX_LOOSE_WORDS:
                    renown = names.renown_of_similar(skeleton(spelled[first : last + 1]))
                if renown is not None:
                    yield self._make(self._with_article(first), last, spelled[first : last + 1], renown)

    def _similar(self, taken: Collection[int]) -> Iterator[Candidate]:
        """Yield candidates that differ from a title in small words and plurals, where a cue or a capital marks one."""
        words = self._words
        for at in range(len(words)):
            is_marked = words.is_name_like(at) or self._cues.before[at]
            if at in taken or words.plain[at] in SMALL_WORDS or not is_marked:
                continue
            for end in range(min(words.ends[at], at + MAX_LOOSE_WORDS), at, -1):
                if words.plain[end] in SMALL_WORDS or any(i in taken for i in range(at, end + 1)):
                    continue
                spelled = words.plain[at : end + 1]
                if renown := self._names.renown_of_similar(skeleton(spelled)):
                    yield self._make(self._with_article(at), end, spelled, renown)
                    break

    def _make(self, first: int, last: int, spelled: Sequence[str], renown: tuple[int, int]) -> Candidate:
        candidate = Candidate(first, last, tuple(spelled), *renown)
        after_article = first + 1 if first < last else first
        candidate.before = self._cues.before[first] or self._cues.before[after_article]
        candidate.before_at = self._cues.starts[first] if self._cues.before[first] else -1
        candidate.kind = self._cues.kinds[first]
        self._weigh(candidate)
        return candidate

    # --- weighing ---

    def _weigh(self, candidate: Candidate) -> None:
        """Set the score of a candidate by its words alone."""
        words, first, last = self._words, candidate.first, candidate.last
        heavy = [at for at in range(first, last + 1) if words.plain[at] not in SMALL_WORDS] or [last]
        spelled = [at for at in heavy if not words.plain[at].isdigit()] or heavy
        n_capitals = sum(words.capitals[at] for at in spelled)
        candidate.runs_on = bool(n_capitals) and words.has_plain_case and self._runs_on(first, last)
        score = self._weight_of_case(candidate, n_capitals, len(spelled), is_single=len(heavy) == 1)
        score += self._weight_of_words(candidate, heavy, is_lower=not n_capitals)
        score += _weight_of_place(candidate.place, is_single=len(heavy) == 1)
        score -= {PART: 0.3, ALIKE: 0.8}.get(candidate.looseness, 0.0)
        score -= self._weight_of_wish(heavy, last, is_lower=not n_capitals)
        score -= self._weight_of_person(candidate, heavy[0])
        score -= self._weight_of_other_name(candidate, heavy, is_lower=not n_capitals)
        score -= (RUN_ON if len(heavy) > 1 else RUN_ON_SINGLE) * candidate.runs_on
        if self._labels and not (candidate.runs_on and len(heavy) == 1):  # of a longer name all words have the label
            shares = self._labels.share(*words.span(first, last))
            score += 2.5 * (shares["like"] + shares["unlike"] + shares["seen"]) - 1.5 * (shares["other"] > 0.8)
        candidate.score = score

    def _weight_of_case(self, candidate: Candidate, n_capitals: int, n_words: int, *, is_single: bool) -> float:
        words = self._words
        if not words.has_plain_case:
            return 0.0
        if not n_capitals:
            return -1.0 if words.marks_names else 0.0
        begins = words.starts_sentence(candidate.first)
        if n_capitals < n_words:
            is_first_only = n_capitals == 1 and begins and words.capitals[candidate.first]
            return 0.0 if is_first_only else -0.6
        if not is_single:
            return 2.3
        return 0.3 if begins and candidate.first == candidate.last else 1.5

    def _weight_of_words(self, candidate: Candidate, heavy: Sequence[int], *, is_lower: bool) -> float:
        """Return how much the rarity of the words says, negative for words that are said all the time."""
        words = self._words
        rare = max(words.places[at] for at in heavy)
        if len(heavy) > 1:
            weight = 1.0 if rare >= COMMON else 0.8 if len(heavy) > 2 else 0.4
            return weight - (0.4 if is_lower and rare < VERY_COMMON else 0.0)
        word, begins = words.plain[heavy[0]], words.starts_sentence(candidate.first)
        weight = 0.8 if rare >= COMMON else 0.0
        if rare < COMMON and (is_lower or begins):
            weight -= 1.2 if rare < VERY_COMMON else 0.6
        if word in table.NEVER_ALONE and (begins or not words.is_title_case(heavy[0])):
            weight -= 3.0 if is_lower or words.has_plain_case else 1.5
        cue = candidate.before.words if candidate.before else ()
        is_plainly_a_name = cue[-1:] == ("like",)  # "films like 300"
        is_number = word.isdigit() and candidate.first == candidate.last
        return weight - (1.5 if is_number and not is_plainly_a_name else 0.0)

    def _weight_of_wish(self, heavy: Sequence[int], last: int, *, is_lower: bool) -> float:
        """Return how much speaks for words that ask for something, or mean nothing, rather than name a work."""
        words = self._words
        phrase = " ".join(words.plain[heavy[0] : last + 1])
        asking = table.ASKING_NOUNS | NOUNS if is_lower else table.ASKING_NOUNS  # "not another superhero movie"
        if phrase in table.IDIOMS or all(words.plain[at] in asking for at in heavy):
            return 2.5
        if is_lower and words.plain[heavy[0]].isdigit() and words.plain[last] in table.TIME_UNITS:  # "10 years"
            return 2.5
        if phrase not in self._taxonomy.asking and phrase not in self._taxonomy.asking_tags:
            return 0.0
        return 2.5 if is_lower or not words.has_plain_case else 0.7

    def _weight_of_person(self, candidate: Candidate, at: int) -> float:
        """Return how much speaks for words that name a person: "a Hitchcock film"."""
        found = self.person_at.get(at) or self.person_at.get(candidate.last)
        if not found or candidate.is_quoted:
            return 0.0
        if not found.is_full and self._words.word(found.last + 1) in table.WORK_NOUNS_AFTER_PERSON:
            return 3.0
        if not found.is_full and candidate.first <= found.first and found.last <= candidate.last:
            return 0.0
        return 3.0 if found.first <= at and found.last >= candidate.last else 1.0

    def _weight_of_other_name(self, candidate: Candidate, heavy: Sequence[int], *, is_lower: bool) -> float:
        """Return how much speaks for words that name a place, a day, or somebody whom the person knows."""
        words, before = self._words, self._words.word(candidate.first - 1)
        is_single = len(heavy) == 1
        is_place = not is_lower and before in table.PLACE_PREPOSITIONS and candidate.before is None
        weight = (1.5 if is_single else 1.0) * is_place
        if not is_single:
            return weight
        if not is_lower:
            weight += 1.5 * (before in table.KIN) + 1.0 * (words.plain[heavy[0]] in table.DAYS)
        has_plain_article = words.plain[candidate.first] in ARTICLES and not words.capitals[candidate.first]
        return weight + (0.7 if has_plain_article and candidate.before is None else 0.0)  # "during the Blitz"

    def _runs_on(self, first: int, last: int) -> bool:
        """Return whether a word beside has a capital too, so that the words may be part of a longer name."""
        words = self._words
        if last + 1 < len(words) and not words.breaks[last] and words.capitals[last + 1]:
            after = words.plain[last + 1]
            return after not in table.NAME_ENDS and len(after) > 1 and not after.isdigit()
        if not first or words.breaks[first - 1] or not words.capitals[first - 1] or self._cues.before[first]:
            return False
        before = first - 1
        is_apart = words.starts_sentence(before) or words.is_possessive(before)
        return not is_apart and words.plain[before] not in table.NAME_ENDS


def _weight_of_place(place: int, *, is_single: bool) -> float:
    """Return how much it says that a work is well known.

    Of 26,000 films those behind place 8,000 have 30 ratings or fewer. A single word is hardly ever one of these.
    """
    if place < 300:
        return 0.7
    if place < 1_000:
        return 0.4
    if place < 3_000:
        return 0.0
    if place < 8_000:
        return -0.5
    return -4.0 if is_single else -1.0


def _words_of(candidates: Iterable[Candidate]) -> set[int]:
    return {at for candidate in candidates for at in range(candidate.first, candidate.last + 1)}


def _overlaps(candidate: Candidate, taken: Collection[int]) -> bool:
    return any(at in taken for at in range(candidate.first, candidate.last + 1))


def _is_inflected(word: str, other: str) -> bool:
    """Return whether two words differ in an ending only: "adored" is not a slip of the hand for "adore"."""
    short, long = sorted((word, other), key=len)
    return long.startswith(short) and long[len(short) :] in _ENDINGS
