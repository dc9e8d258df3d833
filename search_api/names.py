"""The catalogue's names in memory: which works, people and series a name means, and which titles complete a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from math import log2
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA, DamerauLevenshtein

from crawler.records import Kind
from search_api.name_keys import (
    MOST_NAME_WORDS,
    common_words,
    name_key,
    normalise_title,
    plain_words,
    skeleton,
    straight_title,
    title_variants,
    without_article,
)
from search_api.people import LEAST_SURNAME, MAKERS, PeopleIndex
from search_api.records import Suggestion, WorkReference

LEAST_SIMILARITY = 0.7
"""The least similarity of a text and the beginning of a title: four letters with one typing error still find it."""
LEAST_CORRECTED = 5
"""Shorter words are never taken for misspelt ones: one letter makes another word of them."""
MOST_CORRECTIONS = 4

WHOLE, PART, ALIKE = 0, 1, 2
"""How a name and a title agree: whole; as a part of the title ("Borat"); but for small words and plurals."""
_LOOSENESS_COST = (0.0, 6.0, 8.0)
"""How much a loose agreement weighs against how well known the work is, in doublings of its place by ratings: "Rambo"
means the film of that title, not a better known "Rambo: ..."; but an unknown film of the title would not count."""
_EXACT_SPELLING = 2.0
"""How much the spelling of the title, as typed, weighs on the same scale."""

_SERIES_NOUNS = frozenset(
    (
        "series",
        "saga",
        "trilogy",
        "collection",
        "cycle",
        "chronicles",
        "chronicle",
        "of",
        "the",
        "franchise",
        "books",
        "films",
        "movies",
    )
)
_SERIES_IN_TITLE = re.compile(r"\(([^()]*#[^()]*)\)")
MAX_TITLE_CHARACTERS = 200
MOST_AUTHOR_WORDS = 5
KNOWN_PLACE = 3_000
"""A misspelt title means works before this place only: among 26,000 films, those with 900 ratings and more."""

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("movie", "film", "flick", "motion picture"), "movie"),
    **dict.fromkeys(("book", "novel", "audiobook"), "book"),
}
_NOUN = "|".join(_KINDS)
_KIND_BEFORE = re.compile(
    rf"(?P<article>the |a |an )?(?P<noun>{_NOUN})(?: (?:called|titled|named|entitled))?[,:]? ", re.IGNORECASE
)
_KIND_AFTER = re.compile(rf",? \(?(?P<article>the )?(?P<noun>{_NOUN})\)?$", re.IGNORECASE)
_YEAR_AT_END = re.compile(
    rf",? (?:from |in |of )?\(?(?:the )?(?P<year>(?:1\d|20)\d\d)(?: (?:{_NOUN}|version|one))?\)?$", re.IGNORECASE
)
_BRACKETED_YEAR = re.compile(r"\((?:1\d|20)\d\d\)$")
_QUOTES = "\"'\u201c\u201d\u2018\u2019 "
_DIRECTED = re.compile(r",? (?:directed|written|made)$", re.IGNORECASE)
LEAST_ADVENTURES = 3
MOST_OF_A_PERSON = 5
"""How many of the best-known works of a person tell what they make."""
_SEQUELS = (*range(2, 14), "v", "x")  # these two are not read as numbers where they stand alone
_VOLUME = re.compile(r"^(.*?),? #")


class NamedWork(NamedTuple):
    """A work with its names. A plain tuple: tens of thousands are made, and a validated record takes longer.

    Attributes:
        creators: The names of its people with their roles.
        series: The name of its series.
        n_facts: How many facts of it are known; of two namesakes, the fuller one is meant.
    """

    id: str
    title: str
    kind: Kind | None = None
    year: int | None = None
    original_title: str | None = None
    n_ratings: int = 0
    creators: Sequence[tuple[str, str]] = ()
    series: str | None = None
    n_facts: int = 0


class NameMatch(NamedTuple):
    """A work that a name means, how loosely (`WHOLE`, `PART`, `ALIKE`), and its place by ratings within its kind."""

    work: WorkReference
    looseness: int
    place: int


class _TitleForm(NamedTuple):
    """A query read as a title with what else it says; `is_weak` when only the word "film" speaks for a title."""

    title: str
    kind: Kind | None = None
    year: int | None = None
    author: tuple[str, ...] = ()
    is_weak: bool = False


def _title_forms(query: str) -> Iterator[_TitleForm]:
    """Yield the ways to read a query as a title, the plainest first."""
    whole = query.strip(_QUOTES)
    if not _BRACKETED_YEAR.search(whole):  # the key of a title is without its brackets
        yield _TitleForm(whole)
    for title, author in _without_author(whole):
        if author:
            yield _TitleForm(title, author=author)
        plain, year = _without_year(title)
        if match := _KIND_BEFORE.match(plain):
            named = plain[match.end() :].strip(_QUOTES)
            yield _TitleForm(named, _KINDS[match["noun"].casefold()], year, author, is_weak=not match["article"])
        if match := _KIND_AFTER.search(plain):
            named, earlier_year = _without_year(plain[: match.start()].strip(_QUOTES))
            said_year = year or earlier_year
            is_weak = not (author or said_year or match["article"])
            kind = _KINDS[match["noun"].casefold()]
            yield _TitleForm(named.strip(_QUOTES), kind, said_year, author, is_weak=is_weak)
        if year:
            yield _TitleForm(plain.strip(_QUOTES), None, year, author)


def _without_year(title: str) -> tuple[str, int | None]:
    """Return a title without the year at its end, and that year."""
    match = _YEAR_AT_END.search(title)
    return (title[: match.start()], int(match["year"])) if match else (title, None)


def _without_author(query: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield a query as title and author, "by" parting them, and as title alone."""
    before, by, after = query.rpartition(" by ")
    if by and before and 0 < len(words := plain_words(after)) <= MOST_AUTHOR_WORDS:
        title = _DIRECTED.sub("", before)
        yield title, tuple(words)
    yield query, ()


class NameIndex:
    """The names of a generation's works, series and people.

    Names are looked up by key (see `name_keys`): the words of a name without its leading article, run together.
    """

    def __init__(self, works: Iterable[NamedWork]) -> None:
        listed = list(works)
        self._places = _places(listed)
        self.people = PeopleIndex(
            (work.id, place, work.creators) for work, place in zip(listed, self._places, strict=True)
        )
        key_of = cache(name_key)
        self._makers = [tuple(key_of(name) for name, role in w.creators if role in MAKERS) for w in listed]
        self._works = [work._replace(creators=()) if work.creators else work for work in listed]
        self._position = {work.id: position for position, work in enumerate(self._works)}
        self._by_key: dict[str, tuple[int, ...]] = {}
        self._by_skeleton: dict[str, tuple[int, ...]] = {}
        self._by_title: dict[str, tuple[int, ...]] = {}
        self._longest: dict[str, int] = {}
        self._series: dict[str, tuple[int, ...]] = {}
        self._vocabulary = set(self.people.vocabulary)
        for position, work in enumerate(self._works):
            self._add_titles(position, work)
            self._add_series(position, work)
        self._add_adventures()
        self._similar_words = lru_cache(4_096)(self._find_similar_words)

    def _add_titles(self, position: int, work: NamedWork) -> None:
        keys: set[str] = set()
        for title in (work.title, work.original_title):
            for variant, looseness in title_variants(title) if title else ():
                words = without_article(plain_words(variant))
                key = "".join(words)
                if not key or key in keys:
                    continue
                keys.add(key)
                code = 2 * position + looseness
                _append(self._by_key, key, code)
                _append(self._by_title, " ".join(words), position)
                if (bones := skeleton(words)) and bones != key:
                    _append(self._by_skeleton, bones, code)
                self._add_words(words)

    def _add_series(self, position: int, work: NamedWork) -> None:
        names = [work.series] if work.series else []
        for bracketed in _SERIES_IN_TITLE.findall(work.title) if "#" in work.title else ():
            names += [volume[1] for part in bracketed.split("; ") if (volume := _VOLUME.match(part))]
        for words in {_series_key(words): words for name in names if (words := _name_words(name))}.values():
            for key in {_series_key(words), "".join(words)}:
                _append(self._series, key, position)
            self._add_words(words)

    def _add_adventures(self) -> None:
        """Add the series that only titles tell: several works called "Name and the ...", by at least two words."""
        heroes: dict[str, tuple[int, ...]] = {}
        for position, work in enumerate(self._works):
            hero, joint, _ = work.title.partition(" and the ")
            if joint and " " in hero:
                _append(heroes, hero, position)
        for hero, positions in heroes.items():
            if len(positions) >= LEAST_ADVENTURES:
                words = _name_words(hero)
                key = _series_key(words)
                self._series[key] = tuple(dict.fromkeys((*self._series.get(key, ()), *positions)))
                self._add_words(words)

    def _add_words(self, words: Sequence[str]) -> None:
        self._vocabulary.update(words)
        self._longest[words[0]] = max(self._longest.get(words[0], 0), min(len(words), MOST_NAME_WORDS))

    # --- looking up ---

    def longest(self, first_word: str) -> int:
        """Return how many words the longest title or series has that begins with a word; 0 when none does."""
        return self._longest.get(first_word, 0)

    def renown(self, key: str) -> tuple[int, int] | None:
        """Return how the best-known work of a name is called so (`WHOLE`, `PART`), and its place; None without one."""
        codes = self._by_key.get(key)
        if codes is None:
            volumes = self._series.get(key)
            return (PART, min(self._places[position] for position in volumes)) if volumes else None
        return min((code & 1, self._places[code >> 1]) for code in codes)

    def renown_of_similar(self, bones: str) -> tuple[int, int] | None:
        """Return the place of the best-known work whose title has this skeleton; None without one."""
        codes = self._by_skeleton.get(bones) or self._by_key.get(bones) if bones else None
        return (ALIKE, min(self._places[code >> 1] for code in codes)) if codes else None

    def works(
        self, words: Sequence[str], *, said: str = "", kind: Kind | None = None, year: int | None = None
    ) -> list[NameMatch]:
        """Return the works that a name means, best first.

        They are ordered by the kind asked for, the year said, how well the name agrees with the title and how well
        known the work is, how much is known of it, and id. Works that only resemble the name are given when no work
        has it.

        Args:
            words: The words of the name, as `key_words` returns them.
            said: The name as it was typed.
            kind: The kind of work that is asked for; other kinds come last.
            year: The year of the work, as the person says it; other years come last.
        """
        bare = without_article(words)
        key = "".join(bare)
        if codes := self._by_key.get(key):
            matches = [self._match(code >> 1, code & 1) for code in codes]
        elif volumes := self._series.get(key):
            matches = [self._match(position, PART) for position in volumes]
        elif bones := skeleton(bare):
            codes = self._by_skeleton.get(bones) or self._by_key.get(bones) or ()
            matches = [self._match(code >> 1, ALIKE) for code in codes]
        else:
            return []
        plain = normalise_title(said)

        def order(match: NameMatch) -> tuple[bool, int, float, int, str]:
            is_exact = bool(plain) and normalise_title(match.work.title) == plain
            cost = log2(match.place + 16) + _LOOSENESS_COST[match.looseness] - _EXACT_SPELLING * is_exact
            return (
                kind is not None and match.work.kind != kind,
                _years_apart(match.work.year, year),
                cost,
                -self._works[self._position[match.work.id]].n_facts,
                match.work.id,
            )

        return sorted({match.work.id: match for match in reversed(matches)}.values(), key=order)

    def _match(self, position: int, looseness: int) -> NameMatch:
        work = self._works[position]
        reference = WorkReference.model_construct(id=work.id, title=work.title, kind=work.kind, year=work.year)
        return NameMatch(reference, looseness, self._places[position])

    def find_all(self, name: str, kind: Kind | None = None, year: int | None = None) -> list[WorkReference]:
        """Return the works that a name means, best first. Articles, case, accents, punctuation do not matter."""
        words = _name_words(name)
        if not words or self.renown("".join(words)) is None:
            return []
        return [match.work for match in self.works(words, said=name, kind=kind, year=year)]

    def best_known_by(self, person: str, most: int) -> list[str]:
        """Return the ids of the best-known works that a person, spelled as in the catalogue, wrote or directed."""
        made = self.people.made_by(person)
        return sorted(made, key=lambda work_id: (self._places[self._position[work_id]], work_id))[:most]

    def find(self, name: str, kind: Kind | None = None, year: int | None = None) -> WorkReference | None:
        """Return the best-known work with this name; None when no work has it."""
        return next(iter(self.find_all(name, kind, year)), None)

    def named_by(self, query: str) -> list[str]:
        """Return the ids of the works that a whole query names, best first; [] when it names none.

        Besides the title it may say the kind, the year and the author: "the movie Heat", "Heat (1995)", "Heat 1995",
        "Heat film", "Emma by Jane Austen". A title that is misspelt names known works only.
        """
        if len(query) > MAX_TITLE_CHARACTERS:
            return []
        for form in _title_forms(query):
            if matches := self._named_by(form):
                return [match.work.id for match in matches]
        return []

    def _named_by(self, form: _TitleForm) -> list[NameMatch]:
        words = plain_words(straight_title(form.title))
        if not words or (form.is_weak and all(word in common_words() for word in words) and form.title.islower()):
            return []
        matches = self.works(words, said=form.title, kind=form.kind, year=form.year)
        if not matches or matches[0].looseness == ALIKE:
            matches = self._misspelt(words, form) or [match for match in matches if match.place < KNOWN_PLACE]
        if form.author:
            by = {match.work.id: self.is_by(match.work.id, form.author) for match in matches}
            matches = [m for m in matches if by[m.work.id]] or [m for m in matches if by[m.work.id] is None]
        if form.year:
            apart = min((_years_apart(match.work.year, form.year) for match in matches), default=2)
            matches = [m for m in matches if _years_apart(m.work.year, form.year) == apart < 2]
        if form.kind:
            matches = [match for match in matches if match.work.kind == form.kind]
        return [m for m in matches if m.looseness == WHOLE] or matches

    def _misspelt(self, words: Sequence[str], form: _TitleForm) -> list[NameMatch]:
        """Return the known works of a title with unknown words, each read as the word of names most like it."""
        corrected = [(self.similar_words(word) or (word,))[0] for word in words]
        if corrected == list(words):
            return []
        return [m for m in self.works(corrected, kind=form.kind, year=form.year) if m.place < KNOWN_PLACE]

    def similar_words(self, word: str) -> tuple[str, ...]:
        """Return the words of names that a misspelt word may be, nearest first; () for a word that names have."""
        if len(word) < LEAST_CORRECTED or word in self._vocabulary or word in common_words():
            return ()
        return self._similar_words(word)

    def _find_similar_words(self, word: str) -> tuple[str, ...]:
        most = 1 if len(word) < 9 else 2
        near = [w for n in range(len(word) - most, len(word) + most + 1) for w in self._buckets.get((word[0], n), ())]
        similar = process.extract(word, near, scorer=OSA.distance, score_cutoff=most, limit=MOST_CORRECTIONS)
        return tuple(other for other, _, _ in similar)

    @cached_property
    def _buckets(self) -> dict[tuple[str, int], list[str]]:
        """The words of names by first letter and length: a slip of the hand seldom changes the first letter."""
        buckets: dict[tuple[str, int], list[str]] = {}
        for word in sorted(self._vocabulary):
            if len(word) >= LEAST_CORRECTED - 1:
                buckets.setdefault((word[0], len(word)), []).append(word)
        return buckets

    def volumes(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the ids of the works of a series; () when no series has this name.

        A series is one that the catalogue names, or several works whose titles go on after the name or count on:
        "Star Trek: Generations", "Star Trek II".
        """
        bare = without_article(words)
        key = "".join(bare)
        volumes = list(self._series.get(_series_key(bare), ()))
        parts = [code >> 1 for code in self._by_key.get(key, ()) if code & 1]
        parts += [code >> 1 for n in _SEQUELS for code in self._by_key.get(f"{key}{n}", ())]
        if parts:
            whole = [code >> 1 for code in self._by_key.get(key, ()) if not code & 1]
            volumes += [*whole, *parts] if len(whole) + len(parts) > 1 else []
        return tuple(dict.fromkeys(self._works[position].id for position in volumes))

    def title(self, work_id: str) -> str:
        """Return the title of a work."""
        return self._works[self._position[work_id]].title

    def containing(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the ids of the works whose titles contain these words."""
        text = f" {' '.join(without_article(words))} "
        if not text.strip():
            return ()
        works: dict[str, None] = {}
        joined = self._joined_titles
        at = joined.find(text)
        while at >= 0:
            title = joined[joined.rfind("\n", 0, at) + 2 : joined.find("\n", at) - 1]
            works |= dict.fromkeys(self._works[position].id for position in self._by_title[title])
            at = joined.find(text, at + 1)
        return tuple(works)

    @cached_property
    def _joined_titles(self) -> str:
        """All titles in one text, which is searched in a tenth of the time that as many texts take."""
        return "\n" + "".join(f" {title} \n" for title in self._titles)

    def duplicates(self, work_id: str) -> tuple[str, ...]:
        """Return the ids of the other works of its title and kind: further rows of it, and other versions."""
        work = self._works[self._position[work_id]]
        same = self._by_key["".join(_name_words(work.title))]
        others = (self._works[code >> 1] for code in same if not code & 1)
        return tuple(other.id for other in others if other.id != work_id and other.kind == work.kind)

    def kind_of_person(self, person: str) -> Kind | None:
        """Return the kind of the best-known works of a person; None where they have several."""
        kinds = {self._works[self._position[work_id]].kind for work_id in self.best_known_by(person, MOST_OF_A_PERSON)}
        return kinds.pop() if len(kinds) == 1 else None

    def is_by(self, work_id: str, author: Sequence[str]) -> bool | None:
        """Return whether a work is by an author or director, given by full name or surname; None if that is unknown."""
        makers = self._makers[self._position[work_id]]
        key = "".join(author)
        person = self.people.person(key)
        full = {key, name_key(person.name)} if person else {key}
        is_surname = len(key) >= LEAST_SURNAME
        return any(m in full or (is_surname and m.endswith(key)) for m in makers) if makers else None

    # --- completing ---

    @cached_property
    def _titles(self) -> list[str]:
        return list(self._by_title)

    def suggest(self, typed: str, limit: int) -> list[Suggestion]:
        """Return titles that begin with the text, then those with such a word, then those with a similar beginning."""
        text = " ".join(_name_words(typed))
        if not text:
            return []
        positions: dict[int, None] = {}
        for title in self._ranked(text):
            positions |= dict.fromkeys(sorted(self._by_title[title], key=self._places.__getitem__))
            if len(positions) >= limit:
                break
        works = (self._works[position] for position in list(positions)[:limit])
        return [Suggestion(id=work.id, title=work.title, kind=work.kind, year=work.year) for work in works]

    def _ranked(self, text: str) -> Iterator[str]:
        titles = self._titles
        yield from sorted((title for title in titles if title.startswith(text)), key=len)
        yield from sorted((title for title in titles if f" {text}" in title), key=len)
        # For a typing error: compare the text with the beginning of each title, cut to the same length.
        beginnings = [title[: len(text)] for title in titles]
        similar = process.extract(
            text, beginnings, scorer=DamerauLevenshtein.normalized_similarity, score_cutoff=LEAST_SIMILARITY, limit=50
        )
        yield from (titles[position] for _, _, position in sorted(similar, key=lambda x: (-x[1], len(titles[x[2]]))))


def _append(table: dict[str, tuple[int, ...]], key: str, number: int) -> None:
    table[key] = (*table.get(key, ()), number)


def _name_words(name: str) -> list[str]:
    return list(without_article(plain_words(straight_title(name))))


def _series_key(words: Sequence[str]) -> str:
    """Return the key of a series; "The Dresden Files" and "the Dresden series" are one."""
    plain = [word for word in words if word not in _SERIES_NOUNS]
    return "".join(plain or words)


def _places(works: Sequence[NamedWork]) -> list[int]:
    """Return each work's place among those of its kind: most ratings first, then most facts, then id.

    Ratings of books and of films come from sources of different size, so the numbers themselves do not compare.
    """
    order = sorted(range(len(works)), key=lambda at: (-works[at].n_ratings, -works[at].n_facts, works[at].id))
    places = [0] * len(works)
    n_placed: dict[Kind | None, int] = {}
    for at in order:
        kind = works[at].kind
        places[at] = n_placed.get(kind, 0)
        n_placed[kind] = places[at] + 1
    return places


def _years_apart(known: int | None, said: int | None) -> int:
    """Return how badly a work's year fits the one said: 0 well, 1 by a year, 2 not."""
    if said is None or known == said:
        return 0
    return 1 if known is not None and abs(known - said) == 1 else 2
