"""Normalise the titles, people and ids of records, so that records of one work compare across sources. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from rapidfuzz import fuzz

from crawler.catalogue import BEIR_SOURCE
from crawler.isbn import read_isbn
from crawler.sources.table import SOURCES

Name = tuple[str, ...]
"""A person's name as its words, the family name last: ("j", "r", "r", "tolkien")."""

MOST_PEOPLE = 12
"""The most creators of a record that are compared: sources agree only on the first names of a cast."""
LEAD_ROLES = {"director", "author", None}


class Title(NamedTuple):
    """A title's letters and digits; `mains` are its beginnings before subtitles: ("alien",) for "Alien: Covenant"."""

    full: str
    mains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """The normalised fields of a record that matching compares.

    `leads` are the directors of a film or the authors of a book; `people` are all creators. Ids are pairs of name and
    value. A work has one value for each name in `work_ids`; its editions have different `edition_ids`.
    """

    source: str
    kind: str | None
    year: int | None
    language: str | None
    titles: tuple[Title, ...]
    leads: tuple[Name, ...]
    people: tuple[Name, ...]
    work_ids: tuple[tuple[str, str], ...]
    edition_ids: tuple[tuple[str, str], ...]


def read_match_keys(fields: Mapping[str, Any]) -> MatchKeys:
    """Return the match keys of a record, given as the fields of its JSON."""
    creators = [
        (name, creator.get("role") in LEAD_ROLES)
        for creator in (fields.get("creators") or ())[:MOST_PEOPLE]
        for name in read_names(creator["name"])
    ]
    ids = _normalise_ids(fields)
    return MatchKeys(
        source=canonical_source(fields["source"]),
        kind=fields.get("kind"),
        year=fields.get("year"),
        language=fields.get("language"),
        titles=tuple(dict.fromkeys(_read_titles(fields))),
        leads=tuple(dict.fromkeys(name for name, leads in creators if leads)),
        people=tuple(dict.fromkeys(name for name, _ in creators)),
        work_ids=tuple(each for each in ids if each[0] in _WORK_IDS),
        edition_ids=tuple(each for each in ids if each[0] not in _WORK_IDS),
    )


def canonical_source(source: str) -> str:
    """Return a source's name in one spelling: `google_books` for `google-books`."""
    return source.replace("-", "_")


EDITION_SOURCES = frozenset(canonical_source(source.name) for source in SOURCES.values() if source.lists_editions)
"""Sources whose records are editions, so that several of their records may be of one work."""
TRANSLATING_SOURCES = frozenset(
    canonical_source(source.name) for source in SOURCES.values() if source.translates_titles
)
"""Sources whose records have an English title but the language of the original."""


# Titles

_ARTICLES = "the|a|an|le|la|les|un|une|des|el|los|las|una|der|die|das|den|ein|eine|il|lo|gli|uno|os|um|uma|het|een"
_TRAILING_ARTICLE = re.compile(rf",\s*(?:{_ARTICLES}|l['\u2019])$", re.IGNORECASE)
_LEADING_ARTICLE = re.compile(rf"^(?:(?:{_ARTICLES})\s+|l['\u2019]\s?)(?=.*\w)", re.IGNORECASE)
_LEFT_OUT = {"the", "a", "an", "and", "und", "et", "y"}
_BRACKETS = re.compile(r"\s*(?:\(([^()]*)\)|\[[^\[\]]*\])\s*$")
_ALSO_KNOWN_AS = re.compile(r"^a\.?k\.?a\.?\s+", re.IGNORECASE)
_SUBTITLE = re.compile(r"\s*[:;]\s+|\s+[-\u2013\u2014]+\s+")
_ABBREVIATION = re.compile(r"(?<=\b\w)[.*]\s?(?=\w\b)")
_APOSTROPHE = re.compile(r"['\u2019\u02bc`\u00b4]")
_WORD = re.compile(r"[^\W_]+")
_SPELT_OUT = {
    "vol": "volume", "pt": "part", "dr": "doctor", "mr": "mister", "st": "saint", "vs": "versus",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
_ROMAN = {
    numeral: str(number)
    for number, numeral in enumerate(
        ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"), start=1
    )
}
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def _read_titles(fields: Mapping[str, Any]) -> Iterator[Title]:
    for title in filter(None, (fields["title"], fields.get("original_title"))):
        bare, bracketed = _split_brackets(title)
        yield read_title(bare)
        if bracketed:
            yield read_title(title)
        if fields.get("kind") == "movie":  # a book's brackets hold series and editions
            yield from map(read_title, bracketed)


def read_title(title: str) -> Title:
    """Return a normalised title: without case, accents, articles, "and" and punctuation; with numbers as digits."""
    words: list[str] = []
    beginnings = []
    for part in _SUBTITLE.split(_LEADING_ARTICLE.sub("", _TRAILING_ARTICLE.sub("", title.strip()))):
        words += _title_words(part, first=not words)
        beginnings.append("".join(words))
    full = beginnings[-1] or "".join(title.split())
    return Title(full, tuple(filter(None, beginnings[:-1])))


def _split_brackets(title: str) -> tuple[str, list[str]]:
    """Return a title without the brackets at its end, and the texts in them."""
    title, bracketed = _TRAILING_ARTICLE.sub("", title), []
    while (match := _BRACKETS.search(title)) and match.start():
        title = title[: match.start()]
        if match[1] and not match[1].isdecimal():
            bracketed.append(_ALSO_KNOWN_AS.sub("", match[1]))
    return title, bracketed


def _title_words(part: str, *, first: bool) -> list[str]:
    words = _WORD.findall(_APOSTROPHE.sub("", _ABBREVIATION.sub("", fold(part))))
    words = [_SPELT_OUT.get(word, word) for word in words if word not in _LEFT_OUT] or words
    # A single letter is a number only at the end: "Rocky V", but "Astonishing X-Men" and "I, Robot".
    last = len(words) - 1
    return [
        _ROMAN.get(word, word) if len(word) > 1 or (place == last and not (first and last == 0)) else word
        for place, word in enumerate(words)
    ]


def fold(text: str) -> str:
    """Return a text without case and accents."""
    text = text.casefold()
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


# People

_GENERATION = {"jr", "sr", "ii", "iii"}
_INITIALS = re.compile(r"\b[A-Z]{2,3}\b")
LEAST_NAME_RATIO = 85
"""The least ratio (0 to 100) of two family names, of five letters or more, that may be one person's: "Dostoevsky" and
"Dostoyevsky" have 95, "Larsson" and "Larson" 92."""


@lru_cache(maxsize=200_000)
def read_names(text: str) -> tuple[Name, ...]:
    """Return the names that a text may mean: "Le Guin, Ursula" is one person, "Zadie Smith, Nick Laird" are two."""
    parts = text.split(",")
    readings = [" ".join(reversed(parts))] if len(parts) == 2 else parts
    if len(parts) == 2:
        readings += [part for part in parts if " " in part.strip()]
    return tuple(filter(None, map(_name_words, readings)))


def _name_words(name: str) -> Name:
    if not name.isupper():
        name = _INITIALS.sub(lambda match: " ".join(match[0]), name)
    words = _WORD.findall(_APOSTROPHE.sub("", fold(name)))
    return tuple(word for word in words if word not in _GENERATION) or tuple(words)


def names_alike(one: Name, other: Name) -> bool:
    """Return whether two names may be one person's; initials, middle names and the order of words may differ."""
    if one == other or (len(one) == len(other) and sorted(one) == sorted(other)):
        return True
    family, other_family = one[-1], other[-1]
    if family != other_family and (
        min(len(family), len(other_family)) < 5 or fuzz.ratio(family, other_family) < LEAST_NAME_RATIO
    ):
        return False
    if len(one) == 1 or len(other) == 1:
        return family == other_family
    given, other_given = one[0], other[0]
    return given == other_given or (given[0] == other_given[0] and 1 in {len(given), len(other_given)})


def any_alike(some: tuple[Name, ...], others: tuple[Name, ...]) -> bool:
    """Return whether two groups of people may have a person in common."""
    return any(names_alike(one, other) for one, other in product(some, others))


# Ids


def _first(pattern: str) -> Callable[[str], str | None]:
    expression = re.compile(pattern, re.IGNORECASE)

    def normalise(text: str) -> str | None:
        match = expression.search(text)
        return (match[1].lstrip("0") or None) if match else None

    return normalise


class ComparedId(NamedTuple):
    """How an id is compared: its name, its normalised form, and whether it identifies a work or an edition."""

    name: str
    normalise: Callable[[str], str | None]
    is_of_work: bool


COMPARED_IDS: Mapping[str, tuple[ComparedId, ...]] = {
    "imdb": (ComparedId("imdb", _first(r"^(?:.*\btt)?(\d+)/?$"), True),),
    "tmdb": (ComparedId("tmdb", _first(r"^(?:.*/)?(\d+)\b[^/]*$"), True),),
    "wikidata": (ComparedId("wikidata", _first(r"\bq(\d+)$"), True),),
    "goodreads_work": (ComparedId("goodreads_work", _first(r"^(\d+)"), True),),
    "open_library": (
        ComparedId("open_library", _first(r"\bOL(\d+)W$"), True),
        ComparedId("open_library_edition", _first(r"\bOL(\d+)M$"), False),
    ),
    "goodreads": (ComparedId("goodreads", _first(r"^(\d+)"), False),),
    "google_books": (ComparedId("google_books", lambda text: text or None, False),),
    "isbn10": (ComparedId("isbn", read_isbn, False),),
    "isbn13": (ComparedId("isbn", read_isbn, False),),
    "wikipedia": (),  # an article may be about several works
}
"""How each id is compared, by its name. A test checks that every name of `crawler.id_names` is here."""
_WORK_IDS = {each.name for ids in COMPARED_IDS.values() for each in ids if each.is_of_work} | {BEIR_SOURCE}


def _normalise_ids(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a record's ids, its own id in its source included, in normalised form."""
    source, source_id = canonical_source(fields["source"]), fields["source_id"]
    ids = [(BEIR_SOURCE, source_id)] if source == BEIR_SOURCE else []
    for name, text in ((source, source_id), *(fields.get("ids") or {}).items()):
        # A source that is not the name of an id, such as a user's own catalogue, adds no id.
        normalised = ((compared.name, compared.normalise(text)) for compared in COMPARED_IDS.get(name, ()))
        ids += [(compared_name, value) for compared_name, value in normalised if value]
    return list(dict.fromkeys(ids))
