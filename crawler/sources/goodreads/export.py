"""Parse a reader's library as Goodreads exports it (My Books, Import and export): a CSV file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from crawler.answers import NotAWork, ParseResult
from crawler.isbn import read_isbn, shorten_isbn
from crawler.series import plain_title, read_series
from crawler.sources.csv_exports import Row, broken_row, column_names, read_rows
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
    return column_names(head) >= _COLUMNS


def read_exports(paths: Iterable[Path]) -> Iterator[ParseResult]:
    """Yield the books of exports, one file after the other."""
    for path in paths:
        yield from read_export(path)


def read_export(path: Path) -> Iterator[ParseResult]:
    """Yield the books of an export, plain or gzipped; a row that cannot be read is reported with its line.

    The average rating is left out, since an export does not say how many ratings it is the mean of.
    """
    for row in read_rows(path):
        yield row if isinstance(row, NotAWork) else _row_to_record(row)


def _row_to_record(row: Row) -> ParseResult:
    fields = row.fields
    book_id = fields.get("Book Id", "")
    if not re.fullmatch("[0-9]+", book_id):
        return broken_row(row.line, f"{book_id!r} is not a book id")
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
            "ids": {
                "goodreads": book_id,
                **find_isbns(f"{_whole_isbn(fields.get('ISBN', ''))} {fields.get('ISBN13')}"),
            },
            "url": book_url(book_id),
            "reviews": [{"text": review, "rating": rating, "spoiler": fields.get("Spoiler") == "true"}]
            if review
            else [],
        },
    )


def _whole_isbn(field: str) -> str:
    """Return an ISBN with the zeros that a spreadsheet took from its beginning, if its check digit fits."""
    isbn = read_isbn(field) if re.fullmatch("[0-9]{7,8}[0-9X]", field) else None
    return (isbn and shorten_isbn(isbn)) or field


def _number(text: str | None, least: int, most: int) -> int | None:
    """Return the number in a field; None if there is none, if it is 0, or out of range."""
    match = re.fullmatch(r"(-?[0-9]{1,6})(?:[.,]0+)?", text or "")  # a spreadsheet may write 1961 as 1961.0
    number = int(match[1]) if match else 0
    return number if number and least <= number <= most else None
