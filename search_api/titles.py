"""Titles in memory: which work a name means, and which titles complete a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from crawler.records import Kind
from search_api.records import Suggestion, WorkReference

LEAST_SIMILARITY = 0.7
"""The least similarity of a text and the beginning of a title: four letters with one typing error still find it."""

_ARTICLES = ("the ", "a ", "an ")
_TRAILING_ARTICLE = re.compile(r"^(.*), (the|a|an|les?|la|l'|el|los|las|der|die|das|il|un|une)$", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_NOT_WORDS = re.compile(r"[^\w]+")


def normalise_title(title: str) -> str:
    """Return a title without case, accents, punctuation and brackets, as names are compared: "the matrix"."""
    plain = _BRACKETS.sub("", title).strip() or title
    if trailing := _TRAILING_ARTICLE.match(plain):
        plain = f"{trailing[2]} {trailing[1]}"
    folded = plain.replace("&", " and ").casefold()
    if not folded.isascii():  # most titles are ASCII; removing accents takes longer than all other steps
        folded = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return _NOT_WORDS.sub(" ", folded.replace("'", "").replace("\u2019", "")).strip()


class TitledWork(NamedTuple):
    """A work with its titles. A plain tuple: tens of thousands are made, and a validated record takes longer."""

    id: str
    title: str
    kind: Kind | None = None
    year: int | None = None
    original_title: str | None = None


class TitleIndex:
    """The titles of a generation. `works` must come best known first."""

    def __init__(self, works: Iterable[TitledWork]) -> None:
        self._works = list(works)
        self._by_title: dict[str, list[int]] = {}
        for position, work in enumerate(self._works):
            titles = (work.title, work.original_title) if work.original_title else (work.title,)
            for title in dict.fromkeys(_variants(titles)):
                self._by_title.setdefault(title, []).append(position)

    @cached_property
    def _titles(self) -> list[str]:
        return list(self._by_title)

    def find_all(self, name: str) -> list[WorkReference]:
        """Return the works that a name means, best known first. Articles, case, accents, punctuation do not matter."""
        works = (self._works[position] for position in self._by_title.get(normalise_title(name), ()))
        return [WorkReference(id=work.id, title=work.title) for work in works]

    def find(self, name: str) -> WorkReference | None:
        """Return the best-known work with this name; None when no work has it."""
        return next(iter(self.find_all(name)), None)

    def suggest(self, typed: str, limit: int) -> list[Suggestion]:
        """Return titles that begin with the text, then those with such a word, then those with a similar beginning."""
        text = normalise_title(typed)
        if not text:
            return []
        positions: dict[int, None] = {}
        for title in self._ranked(text):
            positions |= dict.fromkeys(self._by_title[title])
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


def _variants(titles: Iterable[str]) -> Iterator[str]:
    for title in titles:
        # "Harry Potter: ..." and "Star Wars: Episode IV - A New Hope" are also called by their first part.
        for variant in (title, re.split(r": | - ", title, maxsplit=1)[0]):
            normal = normalise_title(variant)
            if normal:
                yield normal
                for article in _ARTICLES:
                    if normal.startswith(article):
                        yield normal.removeprefix(article)
