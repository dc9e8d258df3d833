"""Read the tables that say which works the ids in a table of ratings are: links, titles with years, books."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from crawler.series import plain_title
from crawler.tables.cells import whole_imdb_id
from indexer.errors import TasteInvalid
from indexer.ratings.formats import (
    GOODBOOKS,
    MOVIELENS,
    MOVIELENS_DAT,
    MOVIELENS_TAB,
    RatingFormat,
    column_names,
)
from indexer.ratings.reading import first_line, plain, read_year, rows_of
from indexer.ratings.records import RatedWork

_TABLES_OF = {
    MOVIELENS.name: ("links.csv", "movies.csv"),
    MOVIELENS_DAT.name: ("links.csv", "movies.csv", "movies.dat"),
    MOVIELENS_TAB.name: ("u.item",),
    GOODBOOKS.name: ("books.csv",),
}
"""The names of the tables that have the ids of each format."""

_TITLE_YEAR = re.compile(r"(.*?)\s*\((-?[0-9]{4})\)\s*")
_ID_COLUMNS = ("movieid", "book_id", "item_id")
_TITLES = ("title", "original_title", "movie_title", "book_title", "item_title", "name")
_YEARS = ("original_publication_year", "release_year", "year", "publication_year", "year_published")
_IDS = {
    "imdbid": "imdb", "imdb_id": "imdb", "tmdbid": "tmdb", "tmdb_id": "tmdb",
    "goodreads_book_id": "goodreads", "goodreads_id": "goodreads", "isbn": "isbn10",
}  # fmt: skip


def tables_of(found: RatingFormat) -> tuple[str, ...]:
    """Return the names of the tables that say which works the ids of a format are; none if the ids say it."""
    return _TABLES_OF.get(found.name, ())


def find_links(ratings: Path, found: RatingFormat) -> list[Path]:
    """Return the tables of works that lie beside a file of ratings."""
    names = [f"{ratings.name.partition('.')[0]}.item", *tables_of(found)]
    beside = [ratings.with_name(name + end) for name in names for end in ("", ".gz")]
    return [path for path in beside if path.is_file()]


def links_of(ratings: Path, found: RatingFormat, tables: Sequence[Path]) -> list[Path]:
    """Return those tables of works whose ids a file of ratings has: 7 is one film in `u.item`, another in `links.csv`.

    RecBole's table has the name of its ratings; of the other tables the format decides. If none fits, all are returned:
    their names may be other ones.
    """
    suited = [path for path in tables if _plain_name(path) in tables_of(found)]
    suited += [path for path in tables if _plain_name(path) == f"{_plain_name(ratings).removesuffix('.inter')}.item"]
    named = {name for names in _TABLES_OF.values() for name in names}
    return suited or [path for path in tables if _plain_name(path) not in named] or list(tables)


def _plain_name(path: Path) -> str:
    return path.name.removesuffix(".gz").lower()


def read_links(paths: Iterable[Path]) -> dict[str, RatedWork]:
    """Return works by the ids that a table of ratings has; of several tables the first that has a fact counts.

    Raises:
        TasteInvalid: A file is no such table.
        CatalogueMissing: A file cannot be read.
    """
    works: dict[str, RatedWork] = {}
    for path in paths:
        for key, work in _read_table(path):
            known = works.get(key)
            works[key] = work if known is None else _merge(known, work)
        if not works:
            raise TasteInvalid(f"{path}: has no line that names a work")
    return works


def _merge(one: RatedWork, other: RatedWork) -> RatedWork:
    titles = tuple(dict.fromkeys((*one.titles, *other.titles)))
    return RatedWork({**other.ids, **one.ids}, titles, one.year or other.year, one.kind or other.kind)


def _read_table(path: Path) -> Iterable[tuple[str, RatedWork]]:
    first = first_line(path).decode("utf-8", "replace").rstrip("\r\n")
    if "::" in first or first.count("|") > 4:
        delimiter = "::" if "::" in first else "|"
        for _, row in rows_of(path, delimiter):
            if row and len(row) >= 2:
                yield row[0].strip(), _titled(plain(row[1]))
        return
    delimiter = "\t" if "\t" in first else ","
    names = column_names(first, delimiter)
    at = next((names.index(name) for name in _ID_COLUMNS if name in names), None)
    if at is None or not set(names) & {*_TITLES, *_IDS}:
        raise TasteInvalid(
            f"{path}: does not say which works are rated: expected MovieLens' links.csv or movies, goodbooks' "
            "books.csv, or RecBole's .item"
        )
    kind = "book" if set(names) & {"book_id", "book_title"} else "movie" if "movieid" in names else None
    for number, row in rows_of(path, delimiter):
        if number > 1 and row and len(row) == len(names):
            yield row[at].strip(), _to_work(dict(zip(names, row, strict=True)), kind)


def _to_work(row: dict[str, str], kind: str | None) -> RatedWork:
    ids = {_IDS[name]: row[name].strip() for name in _IDS if row.get(name, "").strip()}
    if "imdb" in ids:
        ids["imdb"] = whole_imdb_id(ids["imdb"])
    year = next((read for name in _YEARS if (read := read_year(row.get(name)))), None)
    titled = [_titled(plain(row[name])) for name in _TITLES if row.get(name, "").strip()]
    titles = tuple(plain_title(title) if kind == "book" else title for each in titled for title in each.titles)
    return RatedWork(ids, titles, year or next((each.year for each in titled if each.year), None), kind)


def _titled(title: str) -> RatedWork:
    """Return the work of a title such as "Matrix, The (1999)"."""
    parts = _TITLE_YEAR.fullmatch(title)
    return RatedWork({}, (parts[1],), int(parts[2])) if parts else RatedWork({}, (title,))
