"""One name for each genre, however sources spell it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.records import Kind

_SPELLINGS = {
    "animated": "Animation",
    "biographical": "Biography",
    "childrens": "Children",
    "children s": "Children",
    "classics": "Classic",
    "film noir": "Film Noir",
    "noir": "Film Noir",
    "non fiction": "Non-fiction",
    "nonfiction": "Non-fiction",
    "sci fi": "Science Fiction",
    "scifi": "Science Fiction",
    "sports": "Sport",
}
_SPELLINGS_BY_KIND: Mapping[Kind | None, Mapping[str, str]] = {
    "movie": {"historical": "History"},
    "book": {"historical": "Historical Fiction"},  # a shelf of novels; History is one of non-fiction
}
"""Other spellings of a genre, folded by `_fold`, and the name that works get.

Music and Musical stay apart: of 240 films with TMDB's Music, another source calls 149 musicals; the others are concerts
and films about musicians.
"""


def canonical_genre(name: str, kind: Kind | None = None) -> str:
    """Return the name that works get for a genre: `Animation` for `Animated`, `Young Adult` for `young_adult`."""
    folded = _fold(name)
    known = _SPELLINGS.get(folded) or _SPELLINGS_BY_KIND.get(kind, {}).get(folded)
    if known:
        return known
    is_plain = "_" in name or name.islower()
    return " ".join(word.capitalize() for word in name.replace("_", " ").split()) if is_plain else name


def _fold(name: str) -> str:
    return " ".join(re.split(r"[\W_]+", name.casefold())).strip()
