"""The people of the catalogue by name, and by surname where one person of that name is clearly the best known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from crawler.countries import ASKED_COUNTRIES
from crawler.languages import ASKED_LANGUAGES
from search_api.name_keys import MOST_NAME_WORDS, common_words, plain_words

MAKERS = frozenset(("author", "director", "writer", "creator"))
"""The roles of those whose work it is: "films by Alan Pakula" are not those that he acted in."""

_PARTICLES = frozenset(
    ("de", "del", "della", "der", "di", "da", "du", "la", "le", "van", "von", "st", "mc", "ter", "ten")
)
"""Words that belong to the surname after them: "Del Toro"."""
_NO_NAMES = frozenset((*ASKED_COUNTRIES, *ASKED_LANGUAGES))
"""Words that sources give as people, and that mean a country or a language: "South Korean"."""
LEAST_SURNAME = 3
_CLEARLY_BEST_KNOWN = 2.5
"""A surname alone means a person who is so many times better known than the next of that name."""
_LEAST_KNOWN = 0.06
"""How well known a person called by surname alone is at least: one work among the 250 most rated, or several."""


class Person(NamedTuple):
    """A person: the catalogue's spelling, the roles, all works, and those that he or she wrote or directed, as ids."""

    name: str
    roles: tuple[str, ...]
    works: tuple[str, ...]
    made: tuple[str, ...]


class PeopleIndex:
    """The people of a generation.

    `works` has a work's id, its place among the works of its kind by number of ratings, and its people with their
    roles.
    """

    def __init__(self, works: Iterable[tuple[str, int, Sequence[tuple[str, str]]]]) -> None:
        roles: dict[str, dict[str, list[str]]] = {}
        fame: dict[str, float] = {}
        for work_id, place, creators in works:
            share = (place + 30) ** -0.5
            for name, role in creators:
                roles.setdefault(name, {}).setdefault(role, []).append(work_id)
                fame[name] = fame.get(name, 0.0) + share
        self._people: dict[str, Person] = {}
        self._longest: dict[str, int] = {}
        surnames: dict[str, list[tuple[float, str]]] = {}
        self.vocabulary: set[str] = set()
        for name in sorted(roles, key=lambda name: (-fame[name], name)):
            words = plain_words(name)
            if not words or "".join(words) in self._people or " ".join(words) in _NO_NAMES:
                continue
            all_works = dict.fromkeys(work_id for ids in roles[name].values() for work_id in ids)
            made = dict.fromkeys(work_id for role in MAKERS & roles[name].keys() for work_id in roles[name][role])
            self._add(words, Person(name, tuple(roles[name]), tuple(all_works), tuple(made)))
            for surname in _surnames(words):
                surnames.setdefault(surname, []).append((fame[name], "".join(words)))
            self.vocabulary.update(words)
        self._surnames = dict(_clear_surnames(surnames))

    def made_by(self, name: str) -> tuple[str, ...]:
        """Return the ids of the works that a person, spelled as in the catalogue, wrote or directed."""
        person = self._people.get("".join(plain_words(name)))
        return person.made if person else ()

    def _add(self, words: Sequence[str], person: Person) -> None:
        self._people["".join(words)] = person
        plain = [words[0], *(word for word in words[1:] if len(word) > 1 and word != "jr")]
        if 1 < len(plain) < len(words):  # "Ursula Le Guin" for "Ursula K. Le Guin"
            self._people.setdefault("".join(plain), person)
        n_words = min(len(words), MOST_NAME_WORDS)
        if self._longest.get(words[0], 0) < n_words:
            self._longest[words[0]] = n_words

    def longest(self, first_word: str) -> int:
        """Return how many words the longest name has that begins with a word; 0 when none does."""
        return self._longest.get(first_word, 0)

    def person(self, key: str) -> Person | None:
        """Return the person with a full name, written as `name_key` writes it."""
        return self._people.get(key)

    def by_surname(self, key: str) -> Person | None:
        """Return the person whom a surname alone means; None where several come into question."""
        full = self._surnames.get(key)
        return self._people[full] if full else None


def _surnames(words: Sequence[str]) -> Iterator[str]:
    """Yield what a person's surname may be: "toro" and "deltoro" for Guillermo del Toro."""
    plain = [word for word in words if word != "jr"]
    if len(plain) > 1:
        yield plain[-1]
        if len(plain) > 2 and plain[-2] in _PARTICLES:
            yield plain[-2] + plain[-1]


def _clear_surnames(surnames: dict[str, list[tuple[float, str]]]) -> Iterator[tuple[str, str]]:
    """Yield the surnames that mean one person, with the key of that person's name. Lists come best known first.

    "The German side" is not about Lauren German: words for countries and languages are left out.
    """
    common = common_words().keys() | _NO_NAMES
    for surname, people in surnames.items():
        best, key = people[0]
        is_clear = len(people) == 1 or best >= _CLEARLY_BEST_KNOWN * people[1][0]
        if is_clear and best >= _LEAST_KNOWN and len(surname) >= LEAST_SURNAME and surname not in common:
            yield surname, key
