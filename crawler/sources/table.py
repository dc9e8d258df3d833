"""The sources by name: where each one's parser and spider are, named so that they are imported only when needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """A source: `module:name` of its pure parser, of its spider, and of what reads its tables, if it has any.

    A table (a data set, a dump, an export) holds many works, and may need others of its kind to be read: `is_table`
    takes a path and the first bytes of a file, `read_tables` all such paths.
    """

    parse: str
    spider: str
    is_table: str | None = None
    read_tables: str | None = None


SOURCES: Mapping[str, Source] = {
    "tmdb": Source("crawler.sources.tmdb.answers:parse_answer", "crawler.sources.tmdb.answers:TmdbSpider"),
    "imdb": Source(
        "crawler.sources.imdb.pages:parse_answer", "crawler.sources.imdb.pages:ImdbSpider",
        "crawler.sources.imdb.tables:is_table", "crawler.sources.imdb.tables:read_tables",
    ),
    "goodreads": Source(
        "crawler.sources.goodreads.pages:parse_answer", "crawler.sources.goodreads.pages:GoodreadsSpider",
        "crawler.sources.goodreads.export:is_export", "crawler.sources.goodreads.export:read_exports",
    ),
    "google-books": Source(
        "crawler.sources.google_books.answers:parse_answer", "crawler.sources.google_books.answers:GoogleBooksSpider",
    ),
    "open-library": Source(
        "crawler.sources.open_library.answers:parse_answer", "crawler.sources.open_library.answers:OpenLibrarySpider",
        "crawler.sources.open_library.dumps:is_dump", "crawler.sources.open_library.dumps:read_dumps",
    ),
    "wikidata": Source(
        "crawler.sources.wikidata.answers:parse_answer", "crawler.sources.wikidata.answers:WikidataSpider",
    ),
}  # fmt: skip


def load(name: str) -> Any:
    """Gives what `module:name` names."""
    module, attribute = name.split(":")
    return getattr(import_module(module), attribute)
