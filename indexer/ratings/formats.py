"""The table of formats of ratings: by which first line each is recognised, and where it has person, work and rating.

MovieLens: https://files.grouplens.org/datasets/movielens/ml-latest-README.html, ml-1m-README.txt, ml-100k-README.txt.
goodbooks-10k: https://github.com/zygmuntz/goodbooks-10k. RecBole: https://recbole.io/docs/user_guide/data/atomic_files.html.
Personal exports: the column names that Goodreads, Letterboxd and IMDb write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crawler.tables.presets import GOODBOOKS_LICENCE, MOVIELENS_LICENCE

PERSONAL_LICENCE = "personal export: private"


@dataclass(frozen=True, kw_only=True)
class RatingFormat:
    """A format of ratings.

    Attributes:
        name: Its name in messages.
        delimiter: What parts the columns.
        columns: The places of person, work and rating in a file without a header; None where a header names them.
        user: The columns that may name the person; empty in a personal export.
        work: The columns that may name the work.
        rating: The columns that may have the rating; a file without one lists likes.
        least: The least rating.
        most: The greatest rating, which is five stars.
        licence: The licence of data in this format, if it is known.
        kind: The kind of its works, if it is known.
        id_name: The name of the ids in the column of works, where these are ids that stored works have.
    """

    name: str
    delimiter: str = ","
    columns: tuple[int, int, int] | None = None
    user: tuple[str, ...] = ()
    work: tuple[str, ...] = ()
    rating: tuple[str, ...] = ("rating",)
    least: float = 1.0
    most: float = 5.0
    licence: str | None = None
    kind: Literal["movie", "book"] | None = None
    id_name: str | None = None


MOVIELENS = RatingFormat(
    name="MovieLens", user=("userid",), work=("movieid",), least=0.5, licence=MOVIELENS_LICENCE, kind="movie"
)
MOVIELENS_DAT = RatingFormat(
    name="MovieLens (::)", delimiter="::", columns=(0, 1, 2), least=0.5, licence=MOVIELENS_LICENCE, kind="movie"
)
MOVIELENS_TAB = RatingFormat(
    name="MovieLens (u.data)", delimiter="\t", columns=(0, 1, 2), licence=MOVIELENS_LICENCE, kind="movie"
)
GOODBOOKS = RatingFormat(name="goodbooks", user=("user_id",), work=("book_id",), licence=GOODBOOKS_LICENCE, kind="book")
RECBOLE = RatingFormat(name="RecBole", delimiter="\t", user=("user_id",), work=("item_id",), least=0.5)
GOODREADS = RatingFormat(
    name="Goodreads export", work=("book id",), rating=("my rating",), licence=PERSONAL_LICENCE, kind="book",
    id_name="goodreads",
)  # fmt: skip
LETTERBOXD = RatingFormat(
    name="Letterboxd export", work=("letterboxd uri",), least=0.5, licence=PERSONAL_LICENCE, kind="movie"
)
IMDB = RatingFormat(
    name="IMDb export", work=("const",), rating=("your rating", "you rated"), most=10.0, licence=PERSONAL_LICENCE,
    kind="movie", id_name="imdb",
)  # fmt: skip
TABLE = RatingFormat(
    name="table",
    user=("user_id", "userid", "user"),
    work=("work_id", "imdb_id", "imdbid", "tconst", "goodreads_book_id", "goodreads_id", "tmdb_id", "tmdbid", "item_id",
          "movie_id"),
    rating=("rating", "stars", "score"),
    least=0.5,
)  # fmt: skip

WORK_ID = "work"
"""The name of an id that is the work's own in the catalogue."""

ID_COLUMNS: Mapping[str, str] = {
    "imdb_id": "imdb", "imdbid": "imdb", "tconst": "imdb",
    "goodreads_book_id": "goodreads", "goodreads_id": "goodreads",
    "tmdb_id": "tmdb", "tmdbid": "tmdb", "work_id": WORK_ID,
}  # fmt: skip
"""The names of the ids in columns of a table whose works need no other table."""

_DAT_LINE = re.compile(r"[^:\s][^:]*::[^:]+::-?[0-9.]+(::.*)?$")
_TAB_LINE = re.compile(r"\S+\t\S+\t-?[0-9.]+(\t\S*)?$")


def recognise(first_line: str) -> RatingFormat | None:
    """Return the format of a file by its first line; None if it has none of the table's."""
    line = first_line.strip("\r\n")
    if _DAT_LINE.match(line):
        return MOVIELENS_DAT
    if _TAB_LINE.match(line):
        return MOVIELENS_TAB
    names = column_names(line, "\t" if "\t" in line else ",")
    if "\t" in line:
        return RECBOLE if {"user_id", "item_id"} <= set(names) and ":" in line else None
    for each in (MOVIELENS, GOODREADS, LETTERBOXD, IMDB, GOODBOOKS, TABLE):
        if _has_columns(each, set(names)):
            return each
    return None


def _has_columns(candidate: RatingFormat, names: set[str]) -> bool:
    user_fits = not candidate.user or bool(names & set(candidate.user))
    return user_fits and bool(names & set(candidate.work)) and bool(names & set(candidate.rating))


def column_names(line: str, delimiter: str) -> list[str]:
    """Return the column names of a header: in lower case, without quotes, and without RecBole's types."""
    names = [name.strip(' "').lower() for name in line.split(delimiter)]
    return [name.partition(":")[0] for name in names] if delimiter == "\t" else names
