"""Wikidata: items of films and books, used for the ids that join the records of other sources."""

from __future__ import annotations

from crawler.sources.source import Pace, Source

WIKIDATA = Source(
    name="wikidata",
    address="https://www.wikidata.org",
    selections=frozenset(("ids",)),
    needs=("contact",),
    needs_hint="the mail address that https://www.mediawiki.org/wiki/Wikimedia_APIs/Access_policy asks for",
    pace=Pace(n_concurrent=1),
    licence="CC0 1.0",
    attribution="Wikidata (https://www.wikidata.org)",
    terms="https://www.wikidata.org/wiki/Wikidata:Licensing",
    ids=(
        "wikidata", "imdb", "tmdb", "open_library", "goodreads_work", "goodreads", "google_books", "isbn13", "isbn10",
    ),
    authority=30,
    field_authority={"title": 60, "year": 50},  # a title may be in the original language
    translates_titles=True,
    parse="crawler.sources.wikidata.answers:parse_answer",
    spider="crawler.sources.wikidata.spider:WikidataSpider",
)  # fmt: skip
