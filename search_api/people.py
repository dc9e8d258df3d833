"""The people of the catalogue by name, and by surname where one person of that name is clearly the best known."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import NamedTuple

from indexer.known.names import MAKERS, NO_NAMES
from indexer.name_keys import common_words, plain_words
from search_api.work_table import WorkTable

LEAST_SURNAME = 3
_CLEARLY_BEST_KNOWN = 2.5
"""A surname alone means a person who is so many times better known than the next of that name."""
_LEAST_KNOWN = 0.06
"""How well known a person called by surname alone is at least: one work among the 250 most rated, or several."""
N_CACHED = 4_096


class Person(NamedTuple):
    """A person: the catalogue's spelling, and the ids of the works that he or she wrote or directed."""

    name: str
    made: tuple[str, ...]


class PeopleIndex:
    """The people of a generation. Thread-safe."""

    def __init__(self, connection: sqlite3.Connection, table: WorkTable) -> None:
        self._connection = connection
        self._table = table
        self.longest = lru_cache(N_CACHED)(self._longest)
        self.person = lru_cache(N_CACHED)(self._person)
        self.by_surname = lru_cache(N_CACHED)(self._by_surname)

    def rows_made_by(self, name: str) -> list[int]:
        """Return the rows of the works that a person, spelled as in the catalogue, wrote or directed."""
        spelled = self._spelling("".join(plain_words(name)))
        return self._rows(spelled) if spelled else []

    def _spelling(self, key: str) -> str | None:
        found = self._connection.execute("SELECT name FROM person WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def _rows(self, name: str) -> list[int]:
        """Return the rows of the works that a person made, role by role, in the order in which the roles occur."""
        parts = self._connection.execute("SELECT role, row FROM credit WHERE name = ? ORDER BY row, place", (name,))
        by_role: dict[str, list[int]] = {}
        for role, row in parts:
            by_role.setdefault(role, []).append(row)
        return list(dict.fromkeys(row for role, rows in by_role.items() if role in MAKERS for row in rows))

    def _longest(self, first_word: str) -> int:
        """Return how many words the longest name has that begins with a word; 0 when none does."""
        query = "SELECT longest FROM first_word WHERE word = ? AND of = 'people'"
        found = self._connection.execute(query, (first_word,)).fetchone()
        return found[0] if found else 0

    def _person(self, key: str) -> Person | None:
        """Return the person with a full name, written as `name_key` writes it."""
        name = self._spelling(key)
        return Person(name, tuple(self._table.ids_of(self._rows(name)))) if name else None

    def _by_surname(self, key: str) -> Person | None:
        """Return the person whom a surname alone means; None where several come into question.

        "The German side" is not about Lauren German: words for countries and languages mean nobody.
        """
        if len(key) < LEAST_SURNAME or key in NO_NAMES or key in common_words():
            return None
        query = "SELECT fame, key FROM surname WHERE surname = ? ORDER BY fame DESC LIMIT 2"
        people = self._connection.execute(query, (key,)).fetchall()
        if not people or people[0][0] < _LEAST_KNOWN:
            return None
        is_clear = len(people) == 1 or people[0][0] >= _CLEARLY_BEST_KNOWN * people[1][0]
        return self._person(people[0][1]) if is_clear else None
