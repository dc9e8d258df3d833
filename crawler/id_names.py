"""The names of ids, such as `imdb`. Sources, catalogues, label files and merging all take them from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

IdName = Literal[
    "imdb",
    "tmdb",
    "goodreads",
    "goodreads_work",
    "google_books",
    "open_library",
    "isbn10",
    "isbn13",
    "wikidata",
    "wikipedia",
]
ID_NAMES: tuple[IdName, ...] = get_args(IdName)


def metadata_key(name: IdName) -> str:
    """Return the key of an id in BEIR metadata and in label files: `imdb_id` for imdb, `isbn13` for isbn13."""
    return name if name.startswith("isbn") else f"{name}_id"


METADATA_KEYS: Mapping[str, IdName] = {metadata_key(name): name for name in ID_NAMES}
"""The name of an id by its key in BEIR metadata and in label files."""
