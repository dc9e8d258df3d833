"""The hard facts a query asks for: film or book, years, length, language, genres; pure.

A fact is read in the request part of a query. The same words within a plot ("a man from the 1950s") stay in the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from crawler.languages import ASKED_LANGUAGES
from crawler.records import Kind
from search_api.records import Choice, Filters
from search_api.understanding import phrases
from search_api.understanding.genres import read_genres
from search_api.understanding.lengths import read_length
from search_api.understanding.query import Query, Span
from search_api.understanding.years import read_years


class Facts(NamedTuple):
    """The facts that a query asks for, and the spans of the text that name them.

    `spans` name what is asked for and `denied_spans` what is unwanted; `time_spans` are the times among both.
    """

    filters: Filters
    spans: list[Span]
    denied_spans: list[Span]
    time_spans: list[Span]


def read_facts(query: Query, genres: Collection[str]) -> Facts:
    """Return the facts that a query asks for; if the person is unsure of them ("maybe"), only the kind of work."""
    kind, kind_spans = _read_kind(query)
    years, year_spans, denied_years = read_years(query, kind)
    if phrases.UNSURE.search(query.text):
        return Facts(Filters(kind=kind), kind_spans, denied_years, denied_years)
    length, length_spans = read_length(query, kind)
    language, language_spans = _read_language(query)
    choice, denied_genres = read_genres(query, genres)
    filters = Filters(kind=kind, year=years, language=language, genres=choice, **length)
    return Facts(
        filters,
        spans=[*kind_spans, *year_spans, *length_spans, *language_spans],
        denied_spans=[*denied_genres, *denied_years],
        time_spans=[*year_spans, *denied_years],
    )


def _read_kind(query: Query) -> tuple[Kind | None, list[Span]]:
    """Return the one kind asked for, else None, and the spans that name it: "a film about a book" is a film."""
    kinds: set[Kind] = set()
    spans = []
    for match in phrases.KIND_NOUN.finditer(query.text):
        before = query.text[max(0, match.start() - 30) : match.start()]
        is_purpose = match[0].lower().startswith("to ")  # "about friendship, something to read"
        is_asked = query.precedes_complements(match.start()) or (is_purpose and query.part(match.start()) == "request")
        if is_asked and not phrases.NOT_A_KIND.search(before):
            kinds.add("movie" if match["movie"] else "book")
            spans.append(match.span())
    return (kinds.pop() if len(kinds) == 1 else None), spans


# --- language ---


def _read_language(query: Query) -> tuple[Choice | None, list[Span]]:
    """Return the language that the work must have, or must not have, and the span that names it."""
    match = next(_language_matches(query), None)
    if match is None:
        return None, []
    codes = tuple(code for name in phrases.fold(match["names"]).split(" or ") for code in ASKED_LANGUAGES[name])
    return (Choice(none=codes) if match["deny"] else Choice(any=codes)), [match.span()]


def _language_matches(query: Query) -> Iterator[re.Match[str]]:
    """Yield the matches of languages, those of the clearest wording first."""
    for pattern in (phrases.IN_LANGUAGE, phrases.LANGUAGE_SAID):
        for match in pattern.finditer(query.text):
            if query.part(match.start()) in ("request", "about"):
                yield match
    for match in phrases.LANGUAGE_OF_NOUN.finditer(query.text):
        if query.precedes_complements(match.start()):
            yield match
