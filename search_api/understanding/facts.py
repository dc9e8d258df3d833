"""The hard facts a query asks for: film or book, years, length, country, language, genres, standing; pure.

A fact is read where the query asks for works, in requests of any length. The same words within a plot ("a man from the
1950s"), or in what a person tells of themselves ("my wife is from Lima"), stay in the text.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from search_api.records import Choice, Filters, Standing, Unmet
from search_api.understanding.countries import read_origin
from search_api.understanding.genres import CatalogueGenres, read_genres
from search_api.understanding.kinds import read_kind
from search_api.understanding.lengths import read_bare_size, read_length
from search_api.understanding.query import Query, Span
from search_api.understanding.scope import Scope
from search_api.understanding.standing import read_standing
from search_api.understanding.token_labels import TokenLabels
from search_api.understanding.years import read_years


class Facts(NamedTuple):
    """The facts that a query asks for, and the spans of the text that name them.

    `spans` name what is asked for and `denied_spans` what is unwanted; `time_spans` are the times among both. `unmet`
    has what is asked for without being clear.
    """

    filters: Filters
    spans: list[Span]
    denied_spans: list[Span]
    time_spans: list[Span]
    standing: Standing | None = None
    unmet: tuple[Unmet, ...] = ()
    kind_from: str | None = None
    """The fact that the kind follows from, where no word names it: "under two hours" asks for films."""


def read_facts(query: Query, genres: CatalogueGenres, *, today: date, labels: TokenLabels | None = None) -> Facts:
    """Return the facts that a query asks for; those that the person is unsure of ("maybe") are not read.

    Takes time that grows with the length of the query.

    Args:
        query: The query, with the names in it taken out: "2001" or "American" in a title is no fact.
        genres: The catalogue's genre names, for all works or for each kind of work.
        today: The day from which "the past ten years" is counted.
        labels: What each word is there for, if something read it.
    """
    scope = Scope(query)
    kind, kind_spans = read_kind(query, scope)
    genre = read_genres(query, genres, kind, scope, labels)
    kind_from = "genres" if kind is None and genre.kind and genre.choice else None
    kind = kind or genre.kind
    length, length_spans = read_length(query, kind, scope)
    bare = None if kind or length else read_bare_size(query, scope)
    if kind is None and length:
        kind = "movie" if "runtime_minutes" in length else "book"
        kind_from = "runtime_minutes" if "runtime_minutes" in length else "page_count"
    years, year_spans, denied_years = read_years(query, kind, today=today, scope=scope, lengths=length_spans)
    origin = read_origin(query, scope)
    standing, standing_spans = read_standing(query, scope)
    countries = Choice(any=("JP",)) if genre.is_anime and origin.countries is None else origin.countries
    filters = Filters(
        kind=kind, year=years, countries=countries, language=origin.language, genres=genre.choice, **length
    )
    # Sources rarely tell the country of a book, and the language is that of the edition: its text must tell.
    origin_spans = [] if kind == "book" else origin.spans
    return Facts(
        filters,
        spans=[*kind_spans, *year_spans, *length_spans, *origin_spans, *standing_spans],
        denied_spans=[*genre.denied_spans, *denied_years],
        time_spans=[*year_spans, *denied_years],
        standing=standing,
        unmet=(
            Unmet(
                part="filters.runtime_minutes", note=f"“{bare}” is minutes for a film and pages for a book: say which"
            ),
        )
        if bare
        else (),
        kind_from=kind_from,
    )
