"""The catalogue's names: which works, people and series a name means, and which titles complete a text."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import log2
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA, DamerauLevenshtein

from crawler.records import Kind
from indexer.known.grams import find_alike
from indexer.known.names import IN_SERIES, MAKERS, OF_HERO, PART, WHOLE, name_words, series_key
from indexer.known.standings import kind_of
from indexer.name_keys import (
    common_words,
    name_key,
    normalise_title,
    plain_words,
    skeleton,
    straight_title,
    without_article,
)
from search_api.people import LEAST_SURNAME, PeopleIndex
from search_api.records import Suggestion, WorkReference
from search_api.work_table import WorkTable

LEAST_SIMILARITY = 0.7
"""The least similarity of a text and the beginning of a title: four letters with one typing error still find it."""
LEAST_CORRECTED = 5
"""Shorter words are never taken for misspelt ones: one letter makes another word of them."""
MOST_CORRECTIONS = 4

ALIKE = 2
"""A name and a title agree but for small words and plurals; otherwise they agree as a whole (`WHOLE`, 0), or the name
is a part of the title (`PART`, 1: "Borat")."""
_LOOSENESS_COST = (0.0, 6.0, 8.0)
"""How much a loose agreement weighs against how well known the work is, in doublings of its place by ratings: "Rambo"
means the film of that title, not a better known "Rambo: ..."; but an unknown film of the title would not count."""
_EXACT_SPELLING = 2.0
"""How much the spelling of the title, as typed, weighs on the same scale."""

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
N_CACHED = 4_096
_SEQUELS = (*range(2, 14), "v", "x")  # these two are not read as numbers where they stand alone


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
    """The names of a generation's works, series and people. Thread-safe.

    Names are looked up by key (see `indexer.name_keys`): the words of a name without its leading article, run together.

    Args:
        connection: The names (see `indexer.known.names`).
        table: The facts of the same works.
    """

    def __init__(self, connection: sqlite3.Connection, table: WorkTable) -> None:
        self._connection = connection
        self._table = table
        self.people = PeopleIndex(connection, table)
        # A request asks for the same few words and names many times, and one request is often like the next.
        self.longest = lru_cache(N_CACHED)(self._longest)
        self.renown = lru_cache(N_CACHED)(self._renown)
        self.renown_of_similar = lru_cache(N_CACHED)(self._renown_of_similar)
        self.named_by = lru_cache(N_CACHED)(self._find_named_by)
        self.similar_words = lru_cache(N_CACHED)(self._find_similar_words)

    # --- looking up ---

    def _longest(self, first_word: str) -> int:
        """Return how many words the longest title or series has that begins with a word; 0 when none does."""
        query = "SELECT longest FROM first_word WHERE word = ? AND of = 'works'"
        found = self._connection.execute(query, (first_word,)).fetchone()
        return found[0] if found else 0

    def _called(self, key: str) -> tuple[list[tuple[int, int]], list[int]]:
        """Return the works of a title or of a part of one, as (row, WHOLE or PART), and the volumes of a series."""
        query = "SELECT role, row, hero FROM name WHERE key = ? ORDER BY role, row"
        titles: list[tuple[int, int]] = []
        volumes: list[int] = []
        heroes: dict[str, list[int]] = {}
        for role, row, hero in self._connection.execute(query, (key,)):
            if role < IN_SERIES:
                titles.append((row, role))
            elif role == OF_HERO:
                heroes.setdefault(hero, []).append(row)
            else:
                volumes.append(row)
        adventures = [row for rows in heroes.values() if len(rows) >= LEAST_ADVENTURES for row in rows]
        return titles, list(dict.fromkeys((*volumes, *adventures)))

    def _similar(self, bones: str) -> list[int]:
        """Return the rows of the works whose title has a skeleton."""
        rows = [row for (row,) in self._connection.execute("SELECT row FROM skeleton WHERE key = ?", (bones,))]
        return rows or [row for row, _ in self._called(bones)[0]]

    def _place(self, row: int) -> int:
        return int(self._table.places[row])

    def _renown(self, key: str) -> tuple[int, int] | None:
        """Return how the best-known work of a name is called so (`WHOLE`, `PART`), and its place; None without one."""
        titles, volumes = self._called(key)
        if titles:
            return min((looseness, self._place(row)) for row, looseness in titles)
        return (PART, min(map(self._place, volumes))) if volumes else None

    def _renown_of_similar(self, bones: str) -> tuple[int, int] | None:
        """Return the place of the best-known work whose title has this skeleton; None without one."""
        rows = self._similar(bones) if bones else []
        return (ALIKE, min(map(self._place, rows))) if rows else None

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
        titles, volumes = self._called("".join(bare))
        if titles:
            found = dict(reversed(titles))
        elif volumes:
            found = dict.fromkeys(volumes, PART)
        else:
            bones = skeleton(bare)
            found = dict.fromkeys(self._similar(bones), ALIKE) if bones else {}
        plain = normalise_title(said)

        def order(counted: tuple[NameMatch, int]) -> tuple[bool, int, float, int, str]:
            match, n_facts = counted
            is_exact = bool(plain) and normalise_title(match.work.title) == plain
            cost = log2(match.place + 16) + _LOOSENESS_COST[match.looseness] - _EXACT_SPELLING * is_exact
            return (
                kind is not None and match.work.kind != kind,
                _years_apart(match.work.year, year),
                cost,
                -n_facts,
                match.work.id,
            )

        return [match for match, _ in sorted(self._matches(found), key=order)]

    def _matches(self, looseness: Mapping[int, int]) -> Iterator[tuple[NameMatch, int]]:
        """Yield works, given by row with how they agree with a name, each with its number of facts."""
        query = "SELECT row, id, title, kind, year, n_facts FROM work WHERE row IN (SELECT value FROM json_each(?))"
        for row, work_id, title, kind, year, n_facts in self._connection.execute(query, (json.dumps([*looseness]),)):
            work = WorkReference.model_construct(id=work_id, title=title, kind=kind, year=year)
            yield NameMatch(work, looseness[row], self._place(row)), n_facts

    def find_all(self, name: str, kind: Kind | None = None, year: int | None = None) -> list[WorkReference]:
        """Return the works that a name means, best first. Articles, case, accents, punctuation do not matter."""
        words = name_words(name)
        if not words or self.renown("".join(words)) is None:
            return []
        return [match.work for match in self.works(words, said=name, kind=kind, year=year)]

    def rows_with_id(self, name: str, own: str) -> list[int]:
        """Return the rows of the works that have an id, such as "tt0111161" of the name `imdb`."""
        query = "SELECT DISTINCT row FROM work_id WHERE name = ? AND id = ? ORDER BY row"
        return [row for (row,) in self._connection.execute(query, (name, own))]

    def best_known_by(self, person: str, most: int) -> list[str]:
        """Return the ids of the best-known works that a person, spelled as in the catalogue, wrote or directed."""
        return self._table.ids_of(self._best_known_by(person, most))

    def _best_known_by(self, person: str, most: int) -> list[int]:
        return sorted(self.people.rows_made_by(person), key=lambda row: (self._place(row), row))[:most]

    def find(self, name: str, kind: Kind | None = None, year: int | None = None) -> WorkReference | None:
        """Return the best-known work with this name; None when no work has it."""
        return next(iter(self.find_all(name, kind, year)), None)

    def _find_named_by(self, query: str) -> tuple[str, ...]:
        """Return the ids of the works that a whole query names, best first; () when it names none.

        Besides the title it may say the kind, the year and the author: "the movie Heat", "Heat (1995)", "Heat 1995",
        "Heat film", "Emma by Jane Austen". A title that is misspelt names known works only.
        """
        if len(query) > MAX_TITLE_CHARACTERS:
            return ()
        for form in _title_forms(query):
            if matches := self._named_by(form):
                return tuple(match.work.id for match in matches)
        return ()

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

    def _find_similar_words(self, word: str) -> tuple[str, ...]:
        """Return the words of names that a misspelt word may be, nearest first; () for a word that names have.

        A slip of the hand seldom changes the first letter, so the words begin with it.
        """
        if len(word) < LEAST_CORRECTED or word in common_words():
            return ()
        if self._connection.execute("SELECT 1 FROM word WHERE text = ?", (word,)).fetchone():
            return ()
        most = 1 if len(word) < 9 else 2
        listed = self._texts("word", find_alike(self._connection, "word", word).tolist())
        near = [w for w in listed.values() if w[0] == word[0] and abs(len(w) - len(word)) <= most]
        near.sort(key=lambda other: (len(other), other))
        similar = process.extract(word, near, scorer=OSA.distance, score_cutoff=most, limit=MOST_CORRECTIONS)
        return tuple(other for other, _, _ in similar)

    def _texts(self, table: str, numbers: Sequence[int]) -> dict[int, str]:
        """Return the texts of titles or words by their numbers."""
        query = f"SELECT number, text FROM {table} WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number"  # noqa: S608
        return dict(self._connection.execute(query, (json.dumps(numbers),)))

    def volumes(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the ids of the works of a series; () when no series has this name.

        A series is one that the catalogue names, or several works whose titles go on after the name or count on:
        "Star Trek: Generations", "Star Trek II".
        """
        bare = without_article(words)
        key = "".join(bare)
        titles, volumes = self._called(key)
        if (plain := series_key(bare)) != key:
            volumes = self._called(plain)[1]
        parts = [row for row, looseness in titles if looseness == PART]
        sequels = json.dumps([f"{key}{n}" for n in _SEQUELS])
        query = f"SELECT row FROM name WHERE key IN (SELECT value FROM json_each(?)) AND role < {IN_SERIES}"  # noqa: S608
        parts += [row for (row,) in self._connection.execute(query, (sequels,))]
        if parts:
            whole = [row for row, looseness in titles if looseness == WHOLE]
            volumes = [*volumes, *whole, *parts] if len(whole) + len(parts) > 1 else volumes
        return tuple(self._table.ids_of(dict.fromkeys(volumes)))

    def containing(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the ids of the works whose titles contain these words."""
        text = " ".join(without_article(words))
        if not text:
            return ()
        query = """SELECT row FROM titled WHERE number IN (SELECT rowid FROM title_words WHERE title_words MATCH ?)
                   ORDER BY number, row"""
        rows = (row for (row,) in self._connection.execute(query, (f'"{text}"',)))
        return tuple(self._table.ids_of(dict.fromkeys(rows)))

    def duplicates(self, work_id: str) -> tuple[str, ...]:
        """Return the ids of the other works of its title and kind: further rows of it, and other versions."""
        row = self._table.row_of(work_id)
        if row is None:
            return ()
        table = self._table
        titles, _ = self._called("".join(name_words(table.titles[row])))
        same = (other for other, looseness in titles if looseness == WHOLE and other != row)
        return tuple(table.ids_of(other for other in same if table.kinds[other] == table.kinds[row]))

    def kind_of_person(self, person: str) -> Kind | None:
        """Return the kind of the best-known works of a person; None where they have several."""
        kinds = {int(self._table.kinds[row]) for row in self._best_known_by(person, MOST_OF_A_PERSON)}
        return kind_of(kinds.pop()) if len(kinds) == 1 else None

    def is_by(self, work_id: str, author: Sequence[str]) -> bool | None:
        """Return whether a work is by an author or director, given by full name or surname; None if that is unknown."""
        query = "SELECT facts ->> '$.creators' FROM work WHERE id = ?"
        found = self._connection.execute(query, (work_id,)).fetchone()
        makers = [name_key(name) for name, role in json.loads(found[0]) if role in MAKERS] if found else []
        key = "".join(author)
        person = self.people.person(key)
        full = {key, name_key(person.name)} if person else {key}
        is_surname = len(key) >= LEAST_SURNAME
        return any(m in full or (is_surname and m.endswith(key)) for m in makers) if makers else None

    # --- completing ---

    def suggest(self, typed: str, limit: int) -> list[Suggestion]:
        """Return titles that begin with the text, then those with such a word, then those with a similar beginning."""
        text = " ".join(name_words(typed))
        if not text:
            return []
        rows: dict[int, None] = {}
        query = "SELECT row FROM titled WHERE number = ?"
        for number in self._ranked_titles(text):
            found = [row for (row,) in self._connection.execute(query, (number,))]
            rows |= dict.fromkeys(sorted(found, key=self._place))
            if len(rows) >= limit:
                break
        table = self._table
        return [
            Suggestion(
                id=table.ids[row],
                title=table.titles[row],
                kind=kind_of(int(table.kinds[row])),
                year=int(year) if (year := table.years[row]) == year else None,
            )
            for row in list(rows)[:limit]
        ]

    def _ranked_titles(self, text: str) -> Iterator[int]:
        """Yield the numbers of titles for a text, best first; each step runs only when the one before is used up."""
        beginning = "SELECT number FROM title WHERE text >= ?1 AND text < ?1 || char(1114111) ORDER BY n_chars, number"
        yield from (number for (number,) in self._connection.execute(beginning, (text,)))
        inside = """SELECT number FROM title WHERE number IN (
            SELECT rowid FROM title_words WHERE title_words MATCH ?) ORDER BY n_chars, number"""
        yield from (number for (number,) in self._connection.execute(inside, (f'"{text}" *',)))
        # For a typing error: compare the text with the beginning of each title, cut to the same length.
        titles = self._texts("title", find_alike(self._connection, "title", text).tolist())
        numbers = list(titles)
        beginnings = [title[: len(text)] for title in titles.values()]
        similar = process.extract(
            text, beginnings, scorer=DamerauLevenshtein.normalized_similarity, score_cutoff=LEAST_SIMILARITY, limit=50
        )
        ranked = sorted(similar, key=lambda found: (-found[1], len(titles[numbers[found[2]]])))
        yield from (numbers[place] for _, _, place in ranked)


def _years_apart(known: int | None, said: int | None) -> int:
    """Return how badly a work's year fits the one said: 0 well, 1 by a year, 2 not."""
    if said is None or known == said:
        return 0
    return 1 if known is not None and abs(known - said) == 1 else 2
