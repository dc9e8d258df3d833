"""The names of all works in one SQLite file: titles, series, people and words, as requests and keystrokes look them up.

Names are kept by key (see `indexer.name_keys`): the words of a name without its leading article, run together.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from crawler.countries import ASKED_COUNTRIES
from crawler.languages import ASKED_LANGUAGES
from indexer.known import grams
from indexer.known.fields import NamedWork
from indexer.name_keys import (
    MOST_NAME_WORDS,
    plain_words,
    skeleton,
    straight_title,
    title_variants,
    without_article,
)

WHOLE, PART, IN_SERIES, OF_HERO = 0, 1, 2, 3
"""What a work is under a name: a work of this title, of a title that has this part, a volume of this series, or one of
several works called "Name and the ..."."""

MAKERS = frozenset(("author", "director", "writer", "creator"))
"""The roles of those whose work it is: "films by Alan Pakula" are not those that he acted in."""
PARTICLES = frozenset(
    ("de", "del", "della", "der", "di", "da", "du", "la", "le", "van", "von", "st", "mc", "ter", "ten")
)
"""Words that belong to the surname after them: "Del Toro"."""
NO_NAMES = frozenset((*ASKED_COUNTRIES, *ASKED_LANGUAGES))
"""Words that sources give as people, and that mean a country or a language: "South Korean"."""
LEAST_LISTED_WORD = 4
"""A shorter word is not what a misspelt word stands for."""

_SERIES_NOUNS = frozenset(
    (
        "series", "saga", "trilogy", "collection", "cycle", "chronicles", "chronicle", "of", "the", "franchise",
        "books", "films", "movies",
    )
)  # fmt: skip
_SERIES_IN_TITLE = re.compile(r"\(([^()]*#[^()]*)\)")
_VOLUME = re.compile(r"^(.*?),? #")

SCHEMA = (
    """CREATE TABLE work (
        row INTEGER PRIMARY KEY, id TEXT UNIQUE, title TEXT, kind TEXT, year INTEGER, n_ratings INTEGER,
        n_facts INTEGER, n_filter_facts INTEGER, folded TEXT, beginning TEXT, facts TEXT
    )""",
    """CREATE TABLE work_id (
        name TEXT, id TEXT, kind TEXT, row INTEGER, PRIMARY KEY (name, id, kind, row)
    ) WITHOUT ROWID""",
    """CREATE TABLE name (
        key TEXT, role INTEGER, row INTEGER, hero TEXT, PRIMARY KEY (key, role, row, hero)
    ) WITHOUT ROWID""",
    "CREATE TABLE skeleton (key TEXT, row INTEGER, role INTEGER, PRIMARY KEY (key, row, role)) WITHOUT ROWID",
    "CREATE TABLE title (number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT, n_chars INTEGER)",
    "CREATE UNIQUE INDEX title_text ON title (text, n_chars)",
    "CREATE TABLE titled (number INTEGER, row INTEGER, PRIMARY KEY (number, row)) WITHOUT ROWID",
    """CREATE VIRTUAL TABLE title_words USING fts5(
        text, content='title', content_rowid='number', tokenize='unicode61 remove_diacritics 0'
    )""",
    "CREATE TABLE word (number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT UNIQUE)",
    "CREATE TABLE first_word (word TEXT, of TEXT, longest INTEGER, PRIMARY KEY (word, of)) WITHOUT ROWID",
    """CREATE TABLE credit (
        name TEXT, row INTEGER, place INTEGER, role TEXT, PRIMARY KEY (name, row, place)
    ) WITHOUT ROWID""",
    "CREATE TABLE person (key TEXT PRIMARY KEY, name TEXT, fame REAL) WITHOUT ROWID",
    "CREATE TABLE surname (surname TEXT, fame REAL, key TEXT, PRIMARY KEY (surname, fame, key)) WITHOUT ROWID",
    "CREATE TABLE genre (kind TEXT, name TEXT, n_works INTEGER, UNIQUE (kind, name))",
    grams.SCHEMA,
)
"""work: `facts` has what is needed to take a work out again, and who made it; `folded` is the title in lower case.
first_word: the most words of a name that begins with a word, `of` works or of people. credit: who took part in a work,
in the order of its list. person: `fame` adds up how well known the person's works are; of namesakes, the best known."""


def open_names(path: Path) -> sqlite3.Connection:
    """Open the names of a generation to read them; any number of threads may use the connection."""
    address = f"{path.absolute().as_uri()}?immutable=1"
    connection = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)
    connection.execute(f"PRAGMA mmap_size={2**40}")
    return connection


def name_words(name: str) -> list[str]:
    """Return the words of a name as keys have them."""
    return list(without_article(plain_words(straight_title(name))))


def series_key(words: Sequence[str]) -> str:
    """Return the key of a series; "The Dresden Files" and "the Dresden series" are one."""
    plain = [word for word in words if word not in _SERIES_NOUNS]
    return "".join(plain or words)


class NamesWriter:
    """Writes the names of a generation into an open database, new or copied from the generation before."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._is_new = not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        for statement in SCHEMA if self._is_new else ():
            connection.execute(statement)
        self._words: set[str] = set()
        self._longest: dict[tuple[str, str], int] = {}
        self._people: set[str] = set()
        self._last_title, self._last_word = self._last("title"), self._last("word")
        self._genres: Counter[tuple[str, str]] = Counter()

    def _last(self, table: str) -> int:
        return int(self._connection.execute(f"SELECT coalesce(max(number), 0) FROM {table}").fetchone()[0])  # noqa: S608

    def row_of(self, work_id: str) -> int | None:
        """Return the row of a work; None if it is not here."""
        found = self._connection.execute("SELECT row FROM work WHERE id = ?", (work_id,)).fetchone()
        return int(found[0]) if found else None

    def add(self, works: Iterable[tuple[int, NamedWork]]) -> None:
        """Add works, each with its row; no work has this row now."""
        added = list(works)
        execute = self._connection.executemany
        execute("INSERT INTO work VALUES (?,?,?,?,?,?,?,?,?,?,?)", (_work_row(row, work) for row, work in added))
        execute(
            "INSERT OR IGNORE INTO work_id VALUES (?,?,?,?)",
            ((name, own, work.kind or "", row) for row, work in added for name, own in work.ids.items()),
        )
        named: list[tuple[str, int, int, str]] = []
        skeletons: list[tuple[str, int, int]] = []
        titles: list[tuple[str, int]] = []
        for row, work in added:
            for words, looseness in _title_words(work):
                key = "".join(words)
                named.append((key, looseness, row, ""))
                titles.append((" ".join(words), row))
                if (bones := skeleton(words)) and bones != key:
                    skeletons.append((bones, row, looseness))
                self._add_words(words, "works")
            for words in _series_names(work):
                named += [(key, IN_SERIES, row, "") for key in {series_key(words), "".join(words)}]
                self._add_words(words, "works")
            if hero := _hero(work):
                named.append((series_key(name_words(hero)), OF_HERO, row, hero))
            self._people.update(name for name, _ in work.creators)
            self._genres.update((work.kind or "", genre) for genre in dict.fromkeys(work.genres))
        execute("INSERT OR IGNORE INTO name VALUES (?,?,?,?)", named)
        execute("INSERT OR IGNORE INTO skeleton VALUES (?,?,?)", skeletons)
        execute("INSERT OR IGNORE INTO title (text, n_chars) VALUES (?,?)", ((text, len(text)) for text, _ in titles))
        execute("INSERT OR IGNORE INTO titled SELECT number, ?2 FROM title WHERE text = ?1", titles)
        execute(
            "INSERT INTO credit VALUES (?,?,?,?)", (credit for row, work in added for credit in _credits(row, work))
        )

    def remove(self, rows: Iterable[int]) -> None:
        """Take out works by their rows."""
        for row in rows:
            work = self._read_work(row)
            execute = self._connection.execute
            execute("DELETE FROM work WHERE row = ?", (row,))
            for name, own in work.ids.items():
                execute("DELETE FROM work_id WHERE name = ? AND id = ? AND row = ?", (name, own, row))
            for words, looseness in _title_words(work):
                key, text = "".join(words), " ".join(words)
                execute("DELETE FROM name WHERE key = ? AND row = ?", (key, row))
                execute(
                    "DELETE FROM skeleton WHERE key = ? AND row = ? AND role = ?", (skeleton(words), row, looseness)
                )
                self._remove_title(text, row)
            for words in _series_names(work):
                for key in {series_key(words), "".join(words)}:
                    execute("DELETE FROM name WHERE key = ? AND row = ?", (key, row))
            if hero := _hero(work):
                execute("DELETE FROM name WHERE key = ? AND row = ?", (series_key(name_words(hero)), row))
            for name, *_ in _credits(row, work):
                execute("DELETE FROM credit WHERE name = ? AND row = ?", (name, row))
                self._people.add(name)
            self._genres.subtract((work.kind or "", genre) for genre in dict.fromkeys(work.genres))

    def _remove_title(self, text: str, row: int) -> None:
        execute = self._connection.execute
        found = execute("SELECT number FROM title WHERE text = ?", (text,)).fetchone()
        if found is None:
            return
        execute("DELETE FROM titled WHERE number = ? AND row = ?", (found[0], row))
        if not execute("SELECT 1 FROM titled WHERE number = ? LIMIT 1", found).fetchone():
            execute("INSERT INTO title_words (title_words, rowid, text) VALUES ('delete', ?, ?)", (found[0], text))
            execute("DELETE FROM title WHERE number = ?", found)

    def _read_work(self, row: int) -> NamedWork:
        query = (
            "SELECT id, title, kind, year, n_ratings, n_facts, n_filter_facts, beginning, facts FROM work WHERE row = ?"
        )
        *plain, facts = self._connection.execute(query, (row,)).fetchone()
        names = ("id", "title", "kind", "year", "n_ratings", "n_facts", "n_filter_facts", "beginning")
        return NamedWork(**dict(zip(names, plain, strict=True)), **json.loads(facts))

    def finish(self, places: NDArray[Any]) -> None:
        """Write what depends on all works.

        Args:
            places: Each work's place among those of its kind by number of ratings, by row.
        """
        connection = self._connection
        if self._is_new:
            self._write_people(places)
            connection.execute("CREATE INDEX work_title ON work (folded, kind, year)")
            connection.execute("CREATE INDEX person_name ON person (name)")
        else:
            self._renew_people(places)
        connection.executemany(
            "INSERT OR IGNORE INTO word (text) VALUES (?)", ((word,) for word in sorted(self._words))
        )
        connection.executemany(
            """INSERT INTO first_word VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET longest = max(longest, excluded.longest)""",
            ((word, of, longest) for (word, of), longest in self._longest.items()),
        )
        new_titles = "SELECT number, text FROM title WHERE number > ?"
        connection.execute(f"INSERT INTO title_words (rowid, text) {new_titles}", (self._last_title,))
        grams.add_grams(connection, "title", connection.execute(new_titles, (self._last_title,)))
        new_words = "SELECT number, text FROM word WHERE number > ? AND length(text) >= ?"
        grams.add_grams(connection, "word", connection.execute(new_words, (self._last_word, LEAST_LISTED_WORD)))
        connection.executemany(
            """INSERT INTO genre VALUES (?1, ?2, ?3)
               ON CONFLICT (kind, name) DO UPDATE SET n_works = n_works + excluded.n_works""",
            ((kind, name, n) for (kind, name), n in self._genres.items()),
        )

    def genres(self) -> list[tuple[str, str, int]]:
        """Return each kind's genres, as they are spelled, with their numbers of works."""
        return self._connection.execute("SELECT kind, name, n_works FROM genre ORDER BY rowid").fetchall()

    def twins(self) -> list[int]:
        """Return the rows of works that are the same as a better-known one: they share an id, or begin alike.

        Two films of one year may have one title ("Black Rain", 1989): then their descriptions begin otherwise.
        """
        same_title = """SELECT row, folded, coalesce(kind, ''), coalesce(year, 0) FROM work WHERE folded IN (
            SELECT folded FROM work GROUP BY folded, kind, year HAVING count(*) > 1) ORDER BY folded, kind, year"""
        same_id = """SELECT row, name, id, kind FROM work_id WHERE (name, id) IN (
            SELECT name, id FROM work_id GROUP BY name, id, kind HAVING count(*) > 1) ORDER BY name, id, kind"""
        twins: dict[int, None] = {}
        for query in (same_title, same_id):
            for _, found in groupby(self._connection.execute(query), key=lambda row: row[1:]):
                rows = [row for row, *_ in found]
                if len(rows) > 1:
                    works = sorted(((self._read_work(row), row) for row in rows), key=lambda pair: _standing(pair[0]))
                    (first, _), *others = works
                    twins |= dict.fromkeys(row for work, row in others if _is_twin(first, work))
        return list(twins)

    # --- people ---

    def _write_people(self, places: NDArray[Any]) -> None:
        """Write all people, the best known first: of those with one name, that one is meant."""
        taking_part = self._connection.execute("SELECT name, row FROM credit ORDER BY name, row")
        fame = [
            (sum(_fame(places[row]) for row in dict.fromkeys(row for _, row in parts)), name)
            for name, parts in groupby(taking_part, key=itemgetter(0))
        ]
        fame.sort(key=lambda person: (-person[0], person[1]))
        for known, name in fame:
            self._add_person(name, known)

    def _renew_people(self, places: NDArray[Any]) -> None:
        """Write the people of changed works anew; the fame of others moves little."""
        execute = self._connection.execute
        for name in sorted(self._people):
            keys = [key for (key,) in execute("SELECT key FROM person WHERE name = ?", (name,)).fetchall()]
            for key in keys:
                execute("DELETE FROM person WHERE key = ?", (key,))
                for surname in _surnames(plain_words(name)):
                    execute("DELETE FROM surname WHERE surname = ? AND key = ?", (surname, key))
            rows = [row for (row,) in execute("SELECT DISTINCT row FROM credit WHERE name = ?", (name,))]
            if rows:
                self._add_person(name, sum(_fame(places[row]) for row in rows))

    def _add_person(self, name: str, fame: float) -> None:
        words = plain_words(name)
        key = "".join(words)
        if not words or " ".join(words) in NO_NAMES:
            return
        execute = self._connection.execute
        if not execute("INSERT OR IGNORE INTO person VALUES (?,?,?)", (key, name, fame)).rowcount:
            return
        plain = [words[0], *(word for word in words[1:] if len(word) > 1 and word != "jr")]
        if 1 < len(plain) < len(words):  # "Ursula Le Guin" for "Ursula K. Le Guin"
            execute("INSERT OR IGNORE INTO person VALUES (?,?,?)", ("".join(plain), name, fame))
        self._connection.executemany(
            "INSERT OR IGNORE INTO surname VALUES (?,?,?)", ((surname, fame, key) for surname in _surnames(words))
        )
        self._add_words(words, "people")

    def _add_words(self, words: Sequence[str], of: str) -> None:
        self._words.update(words)
        first = words[0], of
        self._longest[first] = max(self._longest.get(first, 0), min(len(words), MOST_NAME_WORDS))


def _fame(place: float) -> float:
    """Return what a work adds to the fame of its people."""
    return float((place + 30) ** -0.5)


def _surnames(words: Sequence[str]) -> Iterator[str]:
    """Yield what a person's surname may be: "toro" and "deltoro" for Guillermo del Toro."""
    plain = [word for word in words if word != "jr"]
    if len(plain) > 1:
        yield plain[-1]
        if len(plain) > 2 and plain[-2] in PARTICLES:
            yield plain[-2] + plain[-1]


def _work_row(row: int, work: NamedWork) -> tuple[Any, ...]:
    facts = {
        "original_title": work.original_title,
        "series": work.series,
        "creators": work.creators,
        "genres": work.genres,
        "ids": work.ids,
    }
    plain = (row, work.id, work.title, work.kind, work.year, work.n_ratings, work.n_facts, work.n_filter_facts)
    return (*plain, work.title.casefold(), work.beginning, json.dumps(facts))


def _credits(row: int, work: NamedWork) -> Iterator[tuple[str, int, int, str]]:
    return ((name, row, place, role) for place, (name, role) in enumerate(work.creators))


def _title_words(work: NamedWork) -> Iterator[tuple[Sequence[str], int]]:
    """Yield the words of each form of a work's titles, each key once, with WHOLE or PART."""
    keys: set[str] = set()
    for title in (work.title, work.original_title):
        for variant, looseness in title_variants(title) if title else ():
            words = without_article(plain_words(variant))
            key = "".join(words)
            if key and key not in keys:
                keys.add(key)
                yield words, looseness


def _series_names(work: NamedWork) -> Iterable[Sequence[str]]:
    """Return the words of the names of a work's series, each key once."""
    names = [work.series] if work.series else []
    for bracketed in _SERIES_IN_TITLE.findall(work.title) if "#" in work.title else ():
        names += [volume[1] for part in bracketed.split("; ") if (volume := _VOLUME.match(part))]
    return {series_key(words): words for name in names if (words := name_words(name))}.values()


def _hero(work: NamedWork) -> str:
    """Return the name before "and the" in a title: several such works are a series that only titles tell."""
    hero, joint, _ = work.title.partition(" and the ")
    return hero if joint and " " in hero else ""


def _standing(work: NamedWork) -> tuple[int, int, str]:
    return -work.n_ratings, -work.n_filter_facts, work.id


def _is_twin(first: NamedWork, other: NamedWork) -> bool:
    shares_id = any(other.ids.get(name) == own for name, own in first.ids.items())
    return shares_id or first.beginning == other.beginning
