"""Read the CSV files in which sites hand a person's own data out."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from crawler.answers import NotAWork, Reason
from crawler.errors import GzipDamaged
from crawler.gzipped import open_unpacked


class Row(NamedTuple):
    """A row of an export: the line where it begins, and its fields by column, without surrounding white space."""

    line: int
    fields: dict[str, str]


def column_names(head: bytes) -> set[str]:
    """Return the names of the columns in a file's first line."""
    first_line = next(iter(head.decode("utf-8-sig", "replace").splitlines()), "")
    return {name.strip(' "') for name in first_line.split(",")}


def read_rows(path: Path) -> Iterator[Row | NotAWork]:
    """Yield the rows of an export, plain or gzipped; a row that cannot be read is reported with its line."""
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
                yield broken_row(line, str(error))
                continue
            except GzipDamaged as error:
                yield broken_row(line, error.why)
                return
            if row is None:
                return
            if columns and row:
                yield _read_row(columns, row, line)
            columns = columns or [name.strip() for name in row]


def broken_row(line: int, why: str) -> NotAWork:
    """Return why a row is not read."""
    return NotAWork(Reason.BROKEN, f"line {line}: {why}")


def _read_row(columns: list[str], row: list[str], line: int) -> Row | NotAWork:
    if len(row) != len(columns):
        return broken_row(line, f"{len(row)} fields where there are {len(columns)} columns")
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return broken_row(line, "not UTF-8")
    return Row(line, dict(zip(columns, map(str.strip, row), strict=True)))
