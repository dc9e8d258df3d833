"""Read the CSV files in which sites hand a person's own data out, also when a spreadsheet has saved them again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from crawler import table_text
from crawler.answers import NotAWork, Reason
from crawler.errors import GzipDamaged
from crawler.gzipped import open_unpacked
from crawler.table_text import BrokenRow, TableText, decode_table
from crawler.text import count_of

_HEAD_BYTES = 4096
_CHUNK_BYTES = 2**20

logger = logging.getLogger(__name__)


class Row(NamedTuple):
    """A row of an export: the line where it begins, and its fields by column, without surrounding white space."""

    line: int
    fields: dict[str, str]


def column_names(head: bytes) -> set[str]:
    """Return the names of the columns of the table that begins with these bytes."""
    first = next(table_text.read_rows(decode_table(head[:_HEAD_BYTES])), None)
    return set() if first is None or isinstance(first, BrokenRow) else {name.strip(' "') for name in first.cells}


def read_rows(path: Path) -> Iterator[Row | NotAWork]:
    """Yield the rows of an export, plain or gzipped, in any encoding and with any delimiter that spreadsheets write.

    A row that cannot be read is reported with its line, and so is the place where a gzip stream is damaged. Lines in
    another encoding than the others are read, with a warning.
    """
    body = bytearray()
    damage: GzipDamaged | None = None
    with open_unpacked(path) as file:
        try:
            while chunk := file.read1(_CHUNK_BYTES):
                body += chunk
        except GzipDamaged as error:
            damage = error
    table = decode_table(bytes(body))
    _warn_of_encoding(path, table)
    columns: list[str] = []
    for row in table_text.read_rows(table):
        if isinstance(row, BrokenRow):
            yield broken_row(row.line, row.why)
        elif columns:
            yield Row(row.line, dict(zip(columns, map(str.strip, row.cells), strict=False)))
        columns = columns or ([name.strip() for name in row.cells] if not isinstance(row, BrokenRow) else [])
    if damage:
        yield broken_row(table.text.count("\n") + 1, damage.why)


def broken_row(line: int, why: str) -> NotAWork:
    """Return why a row is not read."""
    return NotAWork(Reason.BROKEN, f"line {line}: {why}")


def _warn_of_encoding(path: Path, table: TableText) -> None:
    if table.mended:
        first, *more = table.mended
        others = f" and {count_of(len(more), 'other line')}" if more else ""
        logger.warning("%s: line %s%s is in Windows-1252 and not in UTF-8: read as such", path, first, others)
