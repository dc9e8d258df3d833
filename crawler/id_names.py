"""The names of ids: what sources, catalogues, label files and merging call an id is declared here, once."""

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
    """Return the key of an id in BEIR metadata and in label files: `imdb_id`, but `isbn13`."""
    return name if name.startswith("isbn") else f"{name}_id"


METADATA_KEYS: Mapping[str, IdName] = {metadata_key(name): name for name in ID_NAMES}
"""Key in BEIR metadata and in label files to the name of the id."""
