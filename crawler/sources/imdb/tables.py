r"""Join the tables of IMDb's data sets (titles, ratings, credits and names) into SourceRecords.

A table is tab-separated with a header row; `\N` is null, and quotes have no meaning
(https://developer.imdb.com/non-commercial-datasets/). title.basics is read as a stream. The rows of other tables wait
in a temporary SQLite database, so that memory stays bounded and the order of rows does not matter: tables are sorted by
their ids as text, and ids have seven or eight digits.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

from pydantic import HttpUrl

from crawler.answers import ADULT, NotAWork, ParseResult, Reason
from crawler.errors import GzipDamaged
from crawler.gzipped import BYTE_ORDER_MARK, read_lines
from crawler.records import Creator, Rating, SourceRecord
from crawler.sources.imdb import IMDB
from crawler.text import clean_line

RATING_SCALE = 10

FILM_TYPES = frozenset({"movie", "short", "tvmovie", "tvshort", "tvspecial", "video"})
"""Types of titles that are watched on their own, in one sitting: also films for television or video, and specials
(concerts, stand-up). Not music videos and games, and not series, episodes and pilots."""

_REQUIRED = {
    "title.basics": {"tconst", "titleType", "primaryTitle"},
    "title.ratings": {"tconst", "averageRating", "numVotes"},
    "title.crew": {"tconst", "directors", "writers"},
    "title.principals": {"tconst", "nconst", "category"},
    "name.basics": {"nconst", "primaryName"},
    "title.akas": {"titleId", "title"},
    "title.episode": {"tconst", "parentTconst"},
}
"""The columns by which a table is recognised; it may have others, and in any order."""
TABLES = ("title.basics", "title.ratings", "title.crew", "title.principals", "name.basics")
"""The tables that records are made from. title.akas and title.episode have nothing that a record has a field for."""

_FILE_NAME = re.compile(rf"(?:{'|'.join(map(re.escape, _REQUIRED))})\.tsv(?:\.gz)?$")
_NULL = "\\N"
_MAX_LINE_BYTES = 1_000_000
_MAX_CHARACTERS = 1_000

_BASICS = (
    "tconst", "titleType", "primaryTitle", "originalTitle", "isAdult", "startYear", "runtimeMinutes", "genres",
)  # fmt: skip
_GENRES = frozenset((
    "Action", "Adult", "Adventure", "Animation", "Biography", "Comedy", "Crime", "Documentary", "Drama", "Family",
    "Fantasy", "Film-Noir", "Game-Show", "History", "Horror", "Music", "Musical", "Mystery", "News", "Reality-TV",
    "Romance", "Sci-Fi", "Short", "Sport", "Talk-Show", "Thriller", "War", "Western",
))  # fmt: skip
_TITLE_ID, _NAME_ID = re.compile(r"tt([0-9]{7,9})"), re.compile(r"nm([0-9]{7,9})")

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
CREATE TABLE rating (title INTEGER PRIMARY KEY, mean REAL, count INTEGER);
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE credit (title INTEGER, role TEXT, person INTEGER, rank INTEGER, PRIMARY KEY (title, role, person))
WITHOUT ROWID;
"""
_ROLES = {"actress": "actor", "self": "actor", "archive_footage": "", "archive_sound": ""}
"""The role of a category where the two differ; empty for none. On the site, people who play themselves are actors."""

_FILM = SourceRecord(
    source=IMDB.name, source_id="tt0000000", kind="movie", title="-", licence=IMDB.licence, attribution=IMDB.attribution
)
_CREATOR = Creator(name="-", role="-")


def is_table(path: Path, head: bytes) -> bool:
    """Return whether a file is a data set of IMDb, by its name or by its first bytes, unpacked."""
    first_line = head.removeprefix(BYTE_ORDER_MARK).partition(b"\n")[0]
    return bool(_FILE_NAME.search(path.name)) or _table_of(_header(first_line)) is not None


def read_tables(paths: Sequence[Path]) -> Iterator[ParseResult]:
    """Yield the films of title.basics with the facts of the other tables, in the order of title.basics.

    Any other table may be missing, and any may be gzipped. Credits need title.crew or title.principals, and
    name.basics, since they name people by their ids. Other files and broken rows are NotAWork.

    Raises:
        CatalogueMissing: a file cannot be read.
    """
    tables: dict[str, list[Path]] = {name: [] for name in TABLES}
    for path in paths:
        try:
            _, first_line = next(read_lines(path, _MAX_LINE_BYTES), (1, b""))
        except GzipDamaged as error:
            yield NotAWork(Reason.BROKEN, f"{path.name}:{error.line}: {error.why}")
            continue
        table = _table_of(_header(first_line))
        if table in tables:
            tables[table].append(path)
        elif table:
            yield NotAWork(Reason.OTHER, f"{path.name}: no fact of a record comes from {table}")
        else:
            yield NotAWork(Reason.UNKNOWN, f"{path.name}: its first line is not that of an IMDb table")
    basics, ratings, crew, principals, names = tables.values()
    if not basics:
        yield NotAWork(Reason.OTHER, "without title.basics there are no titles")
        return
    with closing(sqlite3.connect("")) as joined:  # an empty name is a temporary database on disk, which SQLite deletes
        joined.executescript(_SCHEMA)
        yield from _load(joined, "rating", 3, _ratings(ratings))
        if names and (crew or principals):
            films = _film_numbers(basics)
            yield from _load(joined, "credit", 4, _credits(crew, principals, films))
            yield from _load(joined, "person", 2, _persons(names))
        for path in basics:
            for row in _rows(path, _BASICS):
                yield row if isinstance(row, NotAWork) else why_not_a_film(row[1]) or _film_to_record(row, path, joined)


@lru_cache(maxsize=256)
def why_not_a_film(title_type: str) -> NotAWork | None:
    """Return why a title of this type is not a film; None if it is. Case and spaces do not matter: `TV Movie`."""
    plain = "".join(filter(str.isalpha, title_type)).lower()
    if plain in FILM_TYPES:
        return None
    is_part = plain.endswith(("series", "season", "episode", "pilot"))
    return NotAWork(Reason.SERIES if is_part else Reason.OTHER, title_type)


def title_url(source_id: str) -> str:
    """Return the address of a title's page."""
    return f"https://www.imdb.com/title/{source_id}/"


def _film_to_record(row: tuple[str, ...], path: Path, joined: sqlite3.Connection) -> ParseResult:
    """Return the record of a film's row of title.basics.

    Most fields are the same for all films, so the record is a copy of a validated one: 17 microseconds a film instead
    of 41. The other fields are checked here, and a test compares the result with a validated record.
    """
    source_id, _, primary, original, is_adult, year, runtime, genres = row
    if is_adult == "1":
        return ADULT
    number = _number(_TITLE_ID, source_id)
    title = _line(primary)
    if number is None:
        return NotAWork(Reason.BROKEN, f"{path.name}: {source_id[:40]}")
    if not title:
        return NotAWork(Reason.UNTITLED, source_id)
    return _FILM.model_copy(
        update={
            "source_id": source_id,
            "title": title,
            "original_title": (title if original == primary else _line(original)) or None,
            "year": _within(1, year, 2100),
            "creators": _creators_of(number, joined),
            "genres": _split_genres(genres),
            "runtime_minutes": _within(1, runtime, 100_000),
            "rating": _rating_of(number, joined),
            "ids": {"imdb": source_id},
            "url": HttpUrl(title_url(source_id)),
        }
    )


def _rating_of(number: int, joined: sqlite3.Connection) -> Rating | None:
    row = joined.execute("SELECT mean, count FROM rating WHERE title = ?", (number,)).fetchone()
    return Rating(mean=row[0], count=row[1], scale=RATING_SCALE) if row else None


def _creators_of(number: int, joined: sqlite3.Connection) -> tuple[Creator, ...]:
    """Return directors, then writers, then the others as they are billed."""
    query = "SELECT name, role FROM credit JOIN person ON person.id = credit.person WHERE title = ? ORDER BY rank"
    rows = joined.execute(query, (number,))
    return tuple(_CREATOR.model_copy(update={"name": name, "role": role}) for name, role in rows)


def _load(joined: sqlite3.Connection, table: str, n_columns: int, rows: Iterable[Any]) -> Iterator[NotAWork]:
    """Insert rows into a table and yield the broken ones; the first of several rows with the same key stays."""
    insert = f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * n_columns)})"  # noqa: S608 - our own names
    for row in rows:
        if isinstance(row, NotAWork):
            yield row
        else:
            joined.execute(insert, row)


def _ratings(paths: Iterable[Path]) -> Iterator[tuple[int, float, int] | NotAWork]:
    for path in paths:
        for row in _rows(path, ("tconst", "averageRating", "numVotes")):
            if isinstance(row, NotAWork):
                yield row
                continue
            number, mean, count = _number(_TITLE_ID, row[0]), _mean(row[1]), _within(0, row[2], 10**9)
            if number is None or mean is None or count is None:
                yield NotAWork(Reason.BROKEN, f"{path.name}: no rating in {' '.join(row)[:60]!r}")
            else:
                yield number, mean, count


def _credits(
    crew: Iterable[Path], principals: Iterable[Path], films: set[int]
) -> Iterator[tuple[int, str, int, int] | NotAWork]:
    for path in crew:
        for row in _rows(path, ("tconst", "directors", "writers")):
            if isinstance(row, NotAWork):
                yield row
            elif (number := _number(_TITLE_ID, row[0])) in films:
                for first_rank, role, people in ((0, "director", row[1]), (1_000, "writer", row[2])):
                    for rank, person_id in enumerate(people.split(","), start=first_rank):
                        if (person := _number(_NAME_ID, person_id)) is not None:
                            yield number, role, person, rank
    for path in principals:
        for row in _rows(path, ("tconst", "ordering", "nconst", "category")):
            if isinstance(row, NotAWork):
                yield row
            elif (
                (number := _number(_TITLE_ID, row[0])) in films
                and (role := _role(row[3]))
                and (person := _number(_NAME_ID, row[2])) is not None
            ):
                yield number, role, person, 2_000 + (_within(0, row[1], 10_000) or 0)


def _persons(paths: Iterable[Path]) -> Iterator[tuple[int, str] | NotAWork]:
    for path in paths:
        for row in _rows(path, ("nconst", "primaryName")):
            if isinstance(row, NotAWork):
                yield row
                continue
            number, name = _number(_NAME_ID, row[0]), _line(row[1])
            if number is None or not name:
                yield NotAWork(Reason.BROKEN, f"{path.name}: no name in {' '.join(row)[:60]!r}")
            else:
                yield number, name


def _film_numbers(paths: Iterable[Path]) -> set[int]:
    """Return the numbers of all films: their credits are kept, and those of ten times as many episodes are not."""
    rows = (row for path in paths for row in _rows(path, ("tconst", "titleType")) if not isinstance(row, NotAWork))
    numbers = (_number(_TITLE_ID, source_id) for source_id, title_type in rows if not why_not_a_film(title_type))
    return {number for number in numbers if number is not None}


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, ...] | NotAWork]:
    r"""Yield these columns of each row as they stand, `\N` for those that the table lacks; broken rows are NotAWork."""
    try:
        lines = read_lines(path, _MAX_LINE_BYTES)
        header = _header(next(lines, (1, b""))[1])
        pick = itemgetter(*(header.index(name) if name in header else -1 for name in columns))
        for number, raw in lines:
            try:
                fields = raw.decode().rstrip("\r\n").split("\t")
            except UnicodeDecodeError:
                yield NotAWork(Reason.BROKEN, f"{path.name}:{number}: not UTF-8")
                continue
            if len(fields) != len(header):
                if raw.strip():
                    yield NotAWork(Reason.BROKEN, f"{path.name}:{number}: {len(fields)} of {len(header)} columns")
                continue
            if not raw.endswith(b"\n"):
                fields[-1] = _whole_genres(fields[-1])
            fields.append(_NULL)
            yield pick(fields)
    except GzipDamaged as error:
        yield NotAWork(Reason.BROKEN, f"{path.name}:{error.line}: {error.why}")


def _whole_genres(field: str) -> str:
    """Return the complete genres in the last field of a line without a line end, where the last genre may be cut off.

    A genre can be checked against the list of genres; in any other column a cut would go unnoticed.
    """
    return ",".join(genre for genre in field.split(",") if genre in _GENRES) or _NULL


def _header(line: bytes) -> list[str]:
    return line.decode("utf-8", "replace").rstrip("\r\n").split("\t")


def _table_of(header: Sequence[str]) -> str | None:
    """Return the name of the table that has this header."""
    return next((name for name, columns in _REQUIRED.items() if columns.issubset(header)), None)


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    """Return the number of an id."""
    match = pattern.fullmatch(text)
    return int(match[1]) if match else None


def _within(least: int, text: str, most: int) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
    return number if number is not None and least <= number <= most else None


def _mean(text: str) -> float | None:
    return mean if re.fullmatch(r"[0-9]{1,2}(\.[0-9]+)?", text) and (mean := float(text)) <= RATING_SCALE else None


def _line(text: str) -> str:
    r"""Return a text as a record cleans it; empty for `\N` and for a text that is too long for a title or a name."""
    if text == _NULL:
        return ""
    if text.isascii() and text.isprintable() and "<" not in text and "&" not in text:
        line = " ".join(text.split())  # most texts are plain, so there is nothing else to clean
    else:
        line = cast("str", clean_line(text))
    return line if len(line) <= _MAX_CHARACTERS else ""


@lru_cache(maxsize=256)
def _role(category: str) -> str:
    return _line(_ROLES.get(category, category.replace("_", " ")))


@lru_cache(maxsize=10_000)
def _split_genres(text: str) -> tuple[str, ...]:
    return tuple(genre for each in text.split(",") if (genre := _line(each)))
