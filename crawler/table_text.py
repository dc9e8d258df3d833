"""Read the text of a table: its encoding, the delimiter of its columns, and its rows, each with its line."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from crawler.errors import CatalogueMissing
from crawler.gzipped import open_unpacked

MOST_TABLE_BYTES = 512 * 2**20
"""Room for any list of works: the credits of the 4,803 films of TMDB 5000 take 40 MB."""

MOST_CELL_CHARACTERS = 2**20
"""Room for the cast of a film (50 kB); with it a quotation mark that is never closed costs a moment, and no more."""

DELIMITERS = ",;\t|"
"""The marks between columns, the most likely first."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEAD_BYTES = 4096
_SAMPLED_ROWS = 50
_NAMED_DELIMITER = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
"""The first line in which Excel takes the delimiter from."""

_LINE = re.compile(r"[^\r\n]++(?:\r\n|\r|\n|\Z)|\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class TableText:
    """The text of a table and how it is written.

    Attributes:
        text: The decoded text, with the line ends of the file.
        encoding: "utf-8", "utf-16-le", "utf-16-be" or "windows-1252".
        delimiter: One of DELIMITERS; a comma if there is one column.
        mended: Lines of a file in UTF-8, from 1, that have bytes of Windows-1252 and were decoded as such.
    """

    text: str
    encoding: str
    delimiter: str
    mended: tuple[int, ...] = ()


class TableRow(NamedTuple):
    """A row: the line where it begins, from 1, and its cells as they are written."""

    line: int
    cells: list[str]


class BrokenRow(NamedTuple):
    """A row that cannot be read: the line where it begins, from 1, and why."""

    line: int
    why: str


def read_table_text(path: Path) -> TableText:
    """Return the text of a table, plain or gzipped, with its delimiter.

    Raises:
        CatalogueMissing: the file is not there, is a folder, may not be read, or is larger than MOST_TABLE_BYTES.
        GzipDamaged: the gzip stream is damaged or cut short.
    """
    with open_unpacked(path) as file:
        body = file.read(MOST_TABLE_BYTES + 1)
    if len(body) > MOST_TABLE_BYTES:
        raise CatalogueMissing(f"{path} is larger than {MOST_TABLE_BYTES // 2**20} MiB: split it")
    return decode_table(body)


def decode_table(body: bytes) -> TableText:
    """Return the text of a table's bytes, or of their beginning, with its delimiter.

    What is neither marked as UTF-16 nor looks like it is UTF-8. Bytes that are not UTF-8 are Windows-1252, or Latin-1
    where that has no character: a table that spreadsheets have saved in turn may have both.
    """
    encoding, body = _find_encoding(body)
    mended: tuple[int, ...] = ()
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            lines = body.splitlines(keepends=True)
            read = [_decode_line(line) for line in lines]
            text = "".join(line for line, _ in read)
            mended = tuple(number for number, (_, is_utf_8) in enumerate(read, start=1) if not is_utf_8)
            n_utf_8 = sum(is_utf_8 and not line.isascii() for line, is_utf_8 in read)
            if n_utf_8 == 0:
                encoding, mended = "windows-1252", ()
        else:  # cut in the middle of a character
            text = body[: error.start].decode(encoding, "replace")
    text = text.removeprefix("\ufeff")
    named = _NAMED_DELIMITER.match(text)
    return TableText(text, encoding, named[1] if named else find_delimiter(text), mended)


def find_delimiter(text: str) -> str:
    """Return the delimiter with which the first rows have the most columns, all as many as the first row."""
    head = text[: 4 * MOST_CELL_CHARACTERS]

    def fit(delimiter: str) -> int:
        first, *rows = islice(_parsed_rows(head, delimiter), _SAMPLED_ROWS)
        n_alike = 1 + sum(len(row) == len(first) for row in rows)
        return n_alike * (len(first) - 1)

    return max(DELIMITERS, key=fit) if head.strip() else DELIMITERS[0]


def read_rows(table: TableText) -> Iterator[TableRow | BrokenRow]:
    """Yield the rows of a table, the names of the columns first, without empty rows.

    A row that cannot be read, such as one with a quotation mark that is never closed, costs itself alone: reading goes
    on in the next line. In a table with tabs, whose cells often have plain quotation marks, it is read without quoting.
    """
    csv.field_size_limit(MOST_CELL_CHARACTERS)
    lines = list(_lines(table.text))
    position = 1 if _NAMED_DELIMITER.match(table.text) else 0
    n_columns = 0
    while position < len(lines):
        start = position
        rows = csv.reader(_from(lines, start), delimiter=table.delimiter, strict=True)
        at = start
        why = ""
        try:
            for cells in rows:
                is_empty = not any(map(str.strip, cells))
                why = "" if is_empty or not n_columns else _why_ragged(cells, n_columns)
                if why:
                    break
                n_columns = n_columns or len(cells) * (not is_empty)
                if not is_empty:
                    yield TableRow(at + 1, cells[:n_columns])
                at = start + rows.line_num
            else:
                return
        except csv.Error as error:
            why = _why_broken(error)
        plain = [_unquoted(cell) for cell in lines[at].rstrip("\r\n").split(table.delimiter)]
        if table.delimiter == "\t" and len(plain) == n_columns:
            yield TableRow(at + 1, plain)
        else:
            yield BrokenRow(at + 1, why)
        position = at + 1


def _find_encoding(body: bytes) -> tuple[str, bytes]:
    """Return the encoding that a mark or the zeros of UTF-16 show, else UTF-8, and the bytes without the mark."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return encoding, body[len(mark) :]
    head = body[:_HEAD_BYTES]
    half = len(head) // 2
    if half and head[1::2].count(0) > 0.4 * half > head[::2].count(0):
        return "utf-16-le", body
    if half and head[::2].count(0) > 0.4 * half > head[1::2].count(0):
        return "utf-16-be", body
    return "utf-8", body


def _decode_line(line: bytes) -> tuple[str, bool]:
    """Return a line's text and whether it is UTF-8."""
    try:
        return line.decode("utf-8"), True
    except UnicodeDecodeError:
        return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in line), False


def _parsed_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the beginning's rows that are not empty, however they are quoted."""
    csv.field_size_limit(MOST_CELL_CHARACTERS)
    rows = csv.reader(_lines(text), delimiter=delimiter)
    try:
        yield from filter(None, rows)
    except csv.Error:
        return


def _lines(text: str) -> Iterator[str]:
    """Yield the lines with their ends. io.StringIO would take four bytes for each character: 1.6 GB for 400 MB."""
    return (match[0] for match in _LINE.finditer(text))


def _from(lines: Sequence[str], start: int) -> Iterator[str]:
    for position in range(start, len(lines)):
        yield lines[position]


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _why_ragged(cells: Sequence[str], n_columns: int) -> str:
    if len(cells) == n_columns or (len(cells) > n_columns and not any(map(str.strip, cells[n_columns:]))):
        return ""
    return f"{len(cells)} fields where there are {n_columns} columns"


def _why_broken(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell of more than {MOST_CELL_CHARACTERS:,} characters, or a quotation mark that is never closed"
    if "unexpected end" in str(error):
        return "a quotation mark that is never closed"
    return f"a quotation mark inside a cell ({error})"
