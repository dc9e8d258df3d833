"""The sources by name. To add one, add a folder with its declaration beside the others, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from crawler.sources.goodreads import GOODREADS
from crawler.sources.google_books import GOOGLE_BOOKS
from crawler.sources.imdb import IMDB
from crawler.sources.letterboxd import LETTERBOXD
from crawler.sources.open_library import OPEN_LIBRARY
from crawler.sources.source import Source
from crawler.sources.tmdb import TMDB
from crawler.sources.wikidata import WIKIDATA
from crawler.sources.wikipedia import WIKIPEDIA

SOURCES: Mapping[str, Source] = {
    source.name: source
    for source in (
        TMDB,
        IMDB,
        LETTERBOXD,
        GOODREADS,
        GOOGLE_BOOKS,
        OPEN_LIBRARY,
        WIKIDATA,
        WIKIPEDIA,
    )
}


def load(name: str) -> Any:
    """Return the object that `module:name` names."""
    module, attribute = name.split(":")
    return getattr(import_module(module), attribute)
