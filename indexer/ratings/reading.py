"""Read files of ratings. What cannot be read is counted, with file and line; nothing is guessed."""

from __future__ import annotations

import csv
import io
import math
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from crawler.errors import GzipDamaged
from crawler.gzipped import open_unpacked, refuse_pipe, why_not_utf8
from crawler.series import plain_title
from crawler.sources.goodreads.pages import find_isbns
from crawler.sources.imdb.tables import why_not_a_film
from crawler.tables.cells import whole_imdb_id
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
BROKEN = "the line is broken"
NOT_A_FILM = "the title is not a film"

_YEAR = re.compile(r"-?[0-9]{1,4}(?:\.0)?")
_MOST_TITLE = 1_000
_MOST_SHOWN = 20
"""The characters of a field that a message quotes."""
_MOST_ROW_LINES = 1_000
"""The lines that a quoted field may span, such as a review of a personal export; a stray quote reads on this far."""


def read_ratings(path: Path, found: RatingFormat, report: ReadingReport) -> Iterator[Rating]:
    """Yield the ratings of a file, plain or gzipped; counts go to `report`, complete at the end.

    Raises:
        TasteInvalid: No rating could be read.
        GzipDamaged: The gzip stream is damaged or cut short.
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
    first = first_line(path)
    found = recognise(first.decode("utf-8", "replace"))
    if found is None:
        raise TasteInvalid(f"{path}: {_why_unknown(first)}")
    return found


def first_line(path: Path) -> bytes:
    """Return the first line of a table that is read again afterwards.

    Raises:
        CatalogueMissing, GzipDamaged: The file cannot be read, or only once.
    """
    refuse_pipe(path)
    with open_unpacked(path) as file:
        try:
            return file.readline(100_000)
        except GzipDamaged as error:
            raise error.at_line(1) from error


def _why_unknown(first: bytes) -> str:
    """Return why the file that begins with this line is no table of ratings, and what to do."""
    if not first:
        return "is empty: give a file of ratings"
    if first.startswith(b"PK\x03\x04"):
        return "is a zip archive or a spreadsheet: unpack it, or save it as CSV, and give the table of ratings"
    if first.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # older tables of MovieLens are in Latin-1
        return f"is {why_not_utf8(first)}"
    line = first.decode("utf-8", "replace").rstrip("\r\n")
    if recognise(line.replace(";", ",")):
        return "has semicolons between its columns: save it with commas"
    if {"name", "letterboxd uri"} <= set(column_names(line, ",")):
        return "has no ratings: give ratings.csv of the same export"
    return (
        f"is no table of ratings that is known: its first line is {' '.join(line[:60].split())!r}; expected MovieLens, "
        "goodbooks, RecBole (.inter), an export of Goodreads, Letterboxd or IMDb, or a table with the columns user_id, "
        "rating, and one of work_id, imdb_id, goodreads_id and tmdb_id"
    )


def rows_of(path: Path, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield each row of a table with its line; None for a row that is broken.

    Raises:
        GzipDamaged: The gzip stream is damaged or cut short; the message names the file and the line.
        CatalogueMissing: The file cannot be read.
    """
    with open_unpacked(path) as file:
        # MovieLens' older tables are in Latin-1: bytes that are not UTF-8 are kept, and read by `plain`.
        text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        lines = _numbered(text)
        if delimiter == ",":
            yield from _csv_rows(lines)
        else:
            for number, line in lines:
                yield number, line.rstrip("\r\n").split(delimiter)


def _numbered(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(text, start=1):
            yield number, line
    except GzipDamaged as error:
        raise error.at_line(number + 1) from error


def _csv_rows(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, list[str] | None]]:
    """Yield the rows of lines with commas. A stray quote breaks its own line, and the next one is read as a row.

    A row goes on in the next lines only if it then has as many columns as the first row, and no line between does.
    """
    waiting: deque[tuple[int, str]] = deque()
    n_columns = 0
    while found := waiting.popleft() if waiting else next(lines, None):
        number, line = found
        if '"' not in line:  # most lines of public tables: a reader for each would be slower
            row: list[str] | None = line.rstrip("\r\n").split(",")
        else:
            row = _csv_row(line)
            if row is None and line.count('"') % 2:
                row = _long_row(line, lines, waiting, n_columns)
        if row != [""]:
            n_columns = n_columns or len(row or ())
            yield number, row


def _csv_row(text: str) -> list[str] | None:
    """Return the columns of one row; None if the text is broken or has several rows."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _long_row(
    line: str, lines: Iterator[tuple[int, str]], waiting: deque[tuple[int, str]], n_columns: int
) -> list[str] | None:
    """Return the row that begins in `line` and ends in a later one; None if there is none.

    The lines that are read to find its end are put into `waiting`, unless they are part of the row.
    """
    parts = [line]
    for place in range(_MOST_ROW_LINES):
        if place == len(waiting):
            if (more := next(lines, None)) is None:
                return None
            waiting.append(more)
        parts.append(waiting[place][1])
        if parts[-1].count('"') % 2:  # the first line that can close the quote
            break
        if len(_csv_row(parts[-1]) or ()) == n_columns:  # a row of its own
            return None
    else:
        return None
    row = _csv_row("".join(parts))
    if row is None or (n_columns and len(row) != n_columns):
        return None
    for _ in parts[1:]:
        waiting.popleft()
    return row


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
            report.leave_out(NOT_A_NUMBER, f"{path.name}:{line} has {_shown(text)!r}")
        else:
            report.n_without += 1
        return None
    if rating == 0 and found in {GOODREADS, IMDB}:  # on a shelf, not rated
        report.n_without += 1
        return None
    if not math.isfinite(rating) or not found.least <= rating <= found.most:
        reason = f"the rating is not from {found.least:g} to {found.most:g}"
        report.leave_out(reason, f"{path.name}:{line} has {_shown(text)}")
        return None
    return 5 * rating / found.most


def _shown(text: str) -> str:
    field = plain(text)
    return field if len(field) <= _MOST_SHOWN else f"{field[:_MOST_SHOWN]}..."


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
