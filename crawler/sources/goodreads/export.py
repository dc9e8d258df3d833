"""Parse a reader's library as Goodreads exports it (My Books, Import and export): a CSV file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path

from crawler.answers import NotAWork, ParseResult, Reason
from crawler.errors import GzipDamaged
from crawler.gzipped import open_unpacked
from crawler.series import plain_title, read_series
from crawler.sources.goodreads import GOODREADS
from crawler.sources.goodreads.pages import book_url, find_isbns, text_of_html
from crawler.sources.json_answers import make_record

_COLUMNS = {"Book Id", "Title", "Author"}
"""The columns by which an export is recognised; any others may be missing."""
_OWN_SHELVES = {"to-read", "currently-reading", "read"}
"""Shelves that every reader has; they do not describe the book."""
_BETWEEN_NAMES = re.compile(r",\s+(?!(?:Jr|Sr|II|III|IV|Ph\.?D|M\.?D)\b)")


def is_export(path: Path, head: bytes) -> bool:  # noqa: ARG001 - the file may have any name
    """Return whether a file is an export, by its first line."""
    first_line = next(iter(head.decode("utf-8-sig", "replace").splitlines()), "")
    return {name.strip(' "') for name in first_line.split(",")} >= _COLUMNS


def read_exports(paths: Iterable[Path]) -> Iterator[ParseResult]:
    """Yield the books of exports, one file after the other."""
    for path in paths:
        yield from read_export(path)


def read_export(path: Path) -> Iterator[ParseResult]:
    """Yield the books of an export, plain or gzipped; a row that cannot be read is reported with its line.

    The average rating is left out, since an export does not say how many ratings it is the mean of.
    """
    with open_unpacked(path) as file:
        # Bytes that are not UTF-8 become lone surrogates, so that they spoil one row only.
        text = TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        rows = csv.reader(text, strict=True)
        columns: list[str] = []
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows, None)
            except csv.Error as error:
                yield _broken(line, str(error))
                continue
            except GzipDamaged as error:
                yield _broken(line, error.why)
                return
            if row is None:
                return
            if columns and row:
                yield _row_to_record(columns, row, line)
            columns = columns or [name.strip() for name in row]


def _broken(line: int, why: str) -> NotAWork:
    return NotAWork(Reason.BROKEN, f"line {line}: {why}")


def _row_to_record(columns: list[str], row: list[str], line: int) -> ParseResult:
    if len(row) != len(columns):
        return _broken(line, f"{len(row)} fields where there are {len(columns)} columns")
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return _broken(line, "not UTF-8")
    fields = dict(zip(columns, map(str.strip, row), strict=True))
    book_id = fields.get("Book Id", "")
    if not re.fullmatch("[0-9]+", book_id):
        return _broken(line, f"{book_id!r} is not a book id")
    rating = _number(fields.get("My Rating"), 1, 5)
    shelves = map(str.strip, f"{fields.get('Bookshelves', '')},{fields.get('Exclusive Shelf', '')}".split(","))
    review = text_of_html(fields.get("My Review"))
    return make_record(
        GOODREADS,
        {
            "source_id": book_id,
            "kind": "book",
            "title": plain_title(fields.get("Title", "")),
            "series": read_series(fields.get("Title", "")),
            "year": _number(fields.get("Original Publication Year"), -5000, 2100)
            or _number(fields.get("Year Published"), -5000, 2100),
            "creators": [
                *({"name": name, "role": "author"} for name in [fields.get("Author")] if name),
                *({"name": name} for name in _BETWEEN_NAMES.split(fields.get("Additional Authors", "")) if name),
            ],
            "keywords": [shelf for shelf in dict.fromkeys(shelves) if shelf and shelf not in _OWN_SHELVES],
            "page_count": _number(fields.get("Number of Pages"), 1, 100_000),
            "ids": {"goodreads": book_id, **find_isbns(f"{fields.get('ISBN')} {fields.get('ISBN13')}")},
            "url": book_url(book_id),
            "reviews": [{"text": review, "rating": rating}] if review else [],
        },
    )


def _number(text: str | None, least: int, most: int) -> int | None:
    """Return the number in a field; None if there is none, if it is 0, or out of range."""
    number = int(text) if text and re.fullmatch("-?[0-9]{1,6}", text) else 0
    return number if number and least <= number <= most else None
