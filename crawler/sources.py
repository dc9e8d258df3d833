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
    "tmdb": Source("crawler.spiders.tmdb:parse_answer", "crawler.spiders.tmdb:TmdbSpider"),
    "imdb": Source(
        "crawler.spiders.imdb:parse_answer", "crawler.spiders.imdb:ImdbSpider",
        "crawler.imdb_tables:is_table", "crawler.imdb_tables:read_tables",
    ),
    "goodreads": Source(
        "crawler.spiders.goodreads:parse_answer", "crawler.spiders.goodreads:GoodreadsSpider",
        "crawler.goodreads_export:is_export", "crawler.goodreads_export:read_exports",
    ),
    "google-books": Source(
        "crawler.spiders.google_books:parse_answer", "crawler.spiders.google_books:GoogleBooksSpider",
    ),
    "open-library": Source(
        "crawler.spiders.open_library:parse_answer", "crawler.spiders.open_library:OpenLibrarySpider",
        "crawler.open_library_dumps:is_dump", "crawler.open_library_dumps:read_dumps",
    ),
    "wikidata": Source("crawler.spiders.wikidata:parse_answer", "crawler.spiders.wikidata:WikidataSpider"),
}  # fmt: skip


def load(name: str) -> Any:
    """Gives what `module:name` names."""
    module, attribute = name.split(":")
    return getattr(import_module(module), attribute)
