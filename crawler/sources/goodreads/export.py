"""A reader's own library, as Goodreads exports it (My Books, Import and export): a CSV file to records."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from crawler.answers import NotAWork, Reason, Told
from crawler.sources.goodreads.pages import OF_ALL, SITE, find_isbns, plain_title, text_of_html
from crawler.sources.json_answers import fields_to_told

_COLUMNS = {"Book Id", "Title", "Author"}
"""Without these a table is no export; of the others any may be missing."""
_OWN_SHELVES = {"to-read", "currently-reading", "read"}
"""Every reader's shelves, which say nothing of a book."""
_BETWEEN_NAMES = re.compile(r",\s+(?!(?:Jr|Sr|II|III|IV|Ph\.?D|M\.?D)\b)")
_GZIP_MAGIC = b"\x1f\x8b"


def is_export(path: Path, head: bytes) -> bool:  # noqa: ARG001 - it may have any name
    """Says whether a file is an export, by its first line."""
    first_line = next(iter(head.decode("utf-8-sig", "replace").splitlines()), "")
    return {name.strip(' "') for name in first_line.split(",")} >= _COLUMNS


def read_exports(paths: Iterable[Path]) -> Iterator[Told]:
    """Gives the books of exports, one file after the other."""
    for path in paths:
        yield from read_export(path)


def read_export(path: Path) -> Iterator[Told]:
    """Gives the books of an export, plain or gzipped; a row that cannot be read is told with its line.

    An average rating is left out, since an export does not say of how many.
    """
    with _open(path) as file:
        rows = csv.reader(file, strict=True)
        columns: list[str] = []
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows, None)
            except csv.Error as error:
                yield _broken(line, str(error))
                continue
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                yield _broken(line, f"the gzip stream is damaged or cut short ({error})")
                return
            if row is None:
                return
            if columns and row:
                yield _row_to_told(columns, row, line)
            columns = columns or [name.strip() for name in row]


def _open(path: Path) -> TextIO:
    """Opens a file as text, in which bytes that are not UTF-8 are lone surrogates."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP_MAGIC
    if packed:
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _broken(line: int, why: str) -> NotAWork:
    return NotAWork(Reason.BROKEN, f"line {line}: {why}")


def _row_to_told(columns: list[str], row: list[str], line: int) -> Told:
    if len(row) != len(columns):
        return _broken(line, f"{len(row)} fields where there are {len(columns)} columns")
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return _broken(line, "not UTF-8")
    told = dict(zip(columns, map(str.strip, row), strict=True))
    book_id = told.get("Book Id", "")
    if not re.fullmatch("[0-9]+", book_id):
        return _broken(line, f"{book_id!r} is no book id")
    rating = _number(told.get("My Rating"), 1, 5)
    shelves = [shelf.strip() for name in ("Bookshelves", "Exclusive Shelf") for shelf in told.get(name, "").split(",")]
    review = text_of_html(told.get("My Review"))
    return fields_to_told(
        {
            **OF_ALL,
            "source_id": book_id,
            "title": plain_title(told.get("Title", "")),
            "year": _number(told.get("Original Publication Year"), -5000, 2100)
            or _number(told.get("Year Published"), -5000, 2100),
            "creators": [
                *({"name": name, "role": "author"} for name in [told.get("Author")] if name),
                *({"name": name} for name in _BETWEEN_NAMES.split(told.get("Additional Authors", "")) if name),
            ],
            "keywords": [shelf for shelf in dict.fromkeys(shelves) if shelf and shelf not in _OWN_SHELVES],
            "page_count": _number(told.get("Number of Pages"), 1, 100_000),
            "ids": {"goodreads": book_id, **find_isbns(f"{told.get('ISBN')} {told.get('ISBN13')}")},
            "url": f"{SITE}/book/show/{book_id}",
            "reviews": [{"text": review, "rating": rating}] if review else [],
        }
    )


def _number(text: str | None, least: int, most: int) -> int | None:
    """Gives a number in a field; none when there is none, when it is 0, or beyond what it may be."""
    number = int(text) if text and re.fullmatch("-?[0-9]{1,6}", text) else 0
    return number if number and least <= number <= most else None
