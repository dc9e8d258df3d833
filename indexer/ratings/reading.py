"""Read files of ratings. What cannot be read is counted, with file and line; nothing is guessed."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path

from crawler.errors import GzipDamaged
from crawler.gzipped import open_unpacked
from crawler.series import plain_title
from crawler.sources.goodreads.pages import find_isbns
from crawler.sources.imdb.tables import why_not_a_film
from indexer.errors import TasteInvalid
from indexer.ratings.formats import (
    GOODREADS,
    ID_COLUMNS,
    IMDB,
    LETTERBOXD,
    RatingFormat,
    column_names,
    recognise,
)
from indexer.ratings.records import RatedWork, Rating, ReadingReport

NOT_A_NUMBER = "the rating is no number"
OUT_OF_RANGE = "the rating is out of range"
BROKEN = "the line is broken"
NOT_A_FILM = "the title is not a film"

_YEAR = re.compile(r"-?[0-9]{1,4}(?:\.0)?")
_MOST_TITLE = 1_000


def read_ratings(path: Path, found: RatingFormat, report: ReadingReport) -> Iterator[Rating]:
    """Yield the ratings of a file, plain or gzipped; counts go to `report`, complete at the end.

    Raises:
        TasteInvalid: No rating could be read.
        CatalogueMissing: The file cannot be read.
    """
    before = report.n_ratings
    report.formats[str(path)] = found.name
    if found.licence and found.licence not in report.licences:
        report.licences.append(found.licence)
    for rating in _read_file(path, found, report):
        report.n_ratings += 1
        yield rating
    if report.n_ratings == before:
        raise TasteInvalid(f"{path}: no rating could be read{_first_problem(report, path)}")


def _first_problem(report: ReadingReport, path: Path) -> str:
    places = [f"{place}: {reason}" for reason, named in report.examples.items() for place in named
              if place.startswith(f"{path.name}:")]  # fmt: skip
    return f" ({places[0]})" if places else ": it has a header and no line" if not report.n_without else ""


def recognise_ratings(path: Path) -> RatingFormat:
    """Return the format of a file of ratings.

    Raises:
        TasteInvalid: The file has no format that is known.
        CatalogueMissing: The file cannot be read.
    """
    with open_unpacked(path) as file:
        first = file.readline(100_000).decode("utf-8", "replace")
    found = recognise(first)
    if found is None:
        shown = " ".join(first[:60].split())
        raise TasteInvalid(
            f"{path}: is no table of ratings that is known: its first line is {shown!r}; expected MovieLens, "
            "goodbooks, RecBole (.inter), or an export of Goodreads, Letterboxd or IMDb"
        )
    return found


def rows_of(path: Path, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield each row of a table with its line; None for a row that is broken."""
    with open_unpacked(path) as file:
        # MovieLens' older tables are in Latin-1: bytes that are not UTF-8 are kept, and read by `plain`.
        text = TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        if delimiter == ",":
            yield from _csv_rows(text)
            return
        number = 0
        try:
            for number, line in enumerate(text, start=1):
                yield number, line.rstrip("\r\n").split(delimiter)
        except GzipDamaged:
            yield number + 1, None


def _csv_rows(text: TextIOWrapper) -> Iterator[tuple[int, list[str] | None]]:
    rows = csv.reader(text, strict=True)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error:
            yield line, None
            continue
        except GzipDamaged:
            yield line, None
            return
        if row is None:
            return
        if row:
            yield line, row


def plain(text: str) -> str:
    """Return a field of a table as text: bytes that are not UTF-8 are Latin-1."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "surrogateescape").decode("latin-1")
    return " ".join(text.split())[:_MOST_TITLE]


def _read_file(path: Path, found: RatingFormat, report: ReadingReport) -> Iterator[Rating]:
    rows = rows_of(path, found.delimiter)
    if found.columns:
        user_at, work_at, rating_at = found.columns
        names: list[str] = []
    else:
        _, header = next(rows)
        names = column_names(found.delimiter.join(header or []), found.delimiter)
        user_at, work_at, rating_at = (_place(names, wanted) for wanted in (found.user, found.work, found.rating))
    id_name = found.id_name or (ID_COLUMNS.get(names[work_at]) if names else None)
    describes = found in {GOODREADS, LETTERBOXD, IMDB}
    least_columns = len(names) or max(user_at, work_at, rating_at) + 1
    for line, row in rows:
        if row is None or (len(row) != least_columns if names else len(row) < least_columns):
            if row != [""]:
                report.leave_out(BROKEN, f"{path.name}:{line}")
            continue
        stars = _read_stars(row[rating_at] if rating_at >= 0 else None, found, report, path, line)
        work = row[work_at].strip()
        if stars is None:
            continue
        if not work:
            report.leave_out(BROKEN, f"{path.name}:{line}")
        elif describes:
            described = _described(found, dict(zip(names, row, strict=True)), work)
            if described is None:
                report.leave_out(NOT_A_FILM, f"{path.name}:{line}")
            else:
                yield Rating("", described, stars)
        elif id_name:
            yield Rating(row[user_at], RatedWork({id_name: _whole_id(id_name, work)}, kind=found.kind), stars)
        else:
            yield Rating(row[user_at], work, stars)


def _place(names: Sequence[str], wanted: Sequence[str]) -> int:
    """Return the place of the first wanted column; -1 if there is none."""
    return next((names.index(name) for name in wanted if name in names), -1)


def _read_stars(text: str | None, found: RatingFormat, report: ReadingReport, path: Path, line: int) -> float | None:
    """Return a rating in stars from 0 to 5; None, counted, if there is none. A file without ratings lists likes."""
    if text is None:
        return 5.0
    try:
        rating = float(text)
    except ValueError:
        if text.strip():
            report.leave_out(NOT_A_NUMBER, f"{path.name}:{line}")
        else:
            report.n_without += 1
        return None
    if rating == 0 and found in {GOODREADS, IMDB}:  # on a shelf, not rated
        report.n_without += 1
        return None
    if not math.isfinite(rating) or not found.least <= rating <= found.most:
        report.leave_out(OUT_OF_RANGE, f"{path.name}:{line}")
        return None
    return 5 * rating / found.most


def _described(found: RatingFormat, row: Mapping[str, str], work: str) -> RatedWork | None:
    """Return the work that a row of a personal export describes; None for what is not a film or book."""
    if found is GOODREADS:
        year = read_year(row.get("original publication year")) or read_year(row.get("year published"))
        isbns = find_isbns(f"{row.get('isbn')} {row.get('isbn13')}")
        return RatedWork({"goodreads": work, **isbns}, (plain_title(plain(row.get("title", ""))),), year, "book")
    if found is LETTERBOXD:
        return RatedWork({}, (plain(row.get("name", "")),), read_year(row.get("year")), "movie")
    title_type = row.get("title type", "")
    if title_type and why_not_a_film(title_type):
        return None
    titles = tuple(filter(None, (plain(row.get(name, "")) for name in ("title", "original title"))))
    return RatedWork({"imdb": work}, titles, read_year(row.get("year")), "movie")


def read_year(text: str | None) -> int | None:
    """Return the year in a field, such as "1999" or "1999.0"; None if there is none."""
    stripped = (text or "").strip()
    return int(float(stripped)) or None if _YEAR.fullmatch(stripped) else None


def _whole_id(id_name: str, work: str) -> str:
    return whole_imdb_id(work) if id_name == "imdb" else work


def whole_imdb_id(number: str) -> str:
    """Return an IMDb id with its letters and at least seven digits: "tt0111161" for "111161"."""
    return f"tt{int(number):07}" if number.isascii() and number.isdigit() else number
