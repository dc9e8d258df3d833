"""Open the files of tables: text with delimiters, Excel, Parquet, JSON, and the metadata files of Calibre."""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from crawler.errors import CatalogueMissing, GzipDamaged, TableRefused
from crawler.gzipped import open_unpacked
from crawler.loose_json import read_json
from crawler.table_text import (
    MOST_TABLE_BYTES,
    BrokenRow,
    TableRow,
    TableText,
    decode_table,
    read_rows,
    read_table_text,
)
from crawler.tables.cells import Cell, to_cell
from crawler.tables.opf import read_opf
from crawler.text import count_of

HEAD_BYTES = 64 * 1024
_LIST_OF_LETTERBOXD = "Letterboxd list export"
_IMDB_LINE, _ISBN_LINE = re.compile(r"tt[0-9]{7,9}"), re.compile(r"[0-9][0-9Xx .E+-]{6,24}")


class Format(StrEnum):
    """How a file is written."""

    TEXT = "text with delimiters"
    EXCEL = "Excel"
    PARQUET = "Parquet"
    JSON = "JSON"
    OPF = "OPF"
    OLD_EXCEL = "an Excel file of the old format, or one with a password: save it as .xlsx or CSV"
    ZIP = "a zip archive: unpack it, and name the table in it"
    BINARY = "neither text, Excel nor Parquet"
    EMPTY = "empty"


_UNREADABLE = (Format.OLD_EXCEL, Format.ZIP, Format.BINARY, Format.EMPTY)


class Row(NamedTuple):
    """A row: where it is, from 1 (the line of a text, the row of a sheet, the place in a list), and its cells."""

    line: int
    cells: Mapping[str, Cell]


@dataclass
class Table:
    """An open table.

    Attributes:
        path: Its file.
        columns: The names of its columns, each once.
        rows: Its rows, to be read once.
        notes: What a person should know of how it was read, one line each.
    """

    path: Path
    columns: Sequence[str]
    rows: Iterable[Row | BrokenRow]
    notes: list[str] = field(default_factory=list)


def find_format(path: Path) -> Format:
    """Return how a file is written, by its first bytes.

    Raises:
        CatalogueMissing: the file is not there, is a folder, or may not be read.
        TableRefused: its gzip stream is damaged.
    """
    try:
        with open_unpacked(path) as file:
            head = file.read(HEAD_BYTES)
    except GzipDamaged as error:
        raise TableRefused(str(error)) from error
    return format_of(head)


def format_of(head: bytes) -> Format:  # noqa: PLR0911 - a return for each format
    """Return how a file is written that begins with these bytes."""
    if head.startswith(b"PK\x03\x04"):
        return Format.EXCEL if b"xl/" in head or b"[Content_Types].xml" in head else Format.ZIP
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return Format.OLD_EXCEL
    table = decode_table(head)
    text = table.text.lstrip()
    if not text:
        return Format.EMPTY
    if "\x00" in text:
        return Format.BINARY
    if text.startswith("<") and "<package" in text:
        return Format.OPF
    if text.startswith(("[", "{")):
        return Format.JSON
    return Format.TEXT


def open_table(path: Path) -> Table:
    """Open a table.

    Raises:
        CatalogueMissing: the file is not there, is a folder, may not be read, or is too large.
        TableRefused: the file is no table, or is damaged; the line says what to do.
        ModuleNotFoundError: the library that its format needs is not installed.
    """
    kind = find_format(path)
    if kind in _UNREADABLE:
        raise TableRefused(f"{path}: is {kind}")
    if kind in {Format.EXCEL, Format.PARQUET, Format.OPF}:
        body = _read_body(path)
        if kind is Format.OPF:
            cells = read_opf(path, body)
            return Table(path, list(cells), [Row(1, cells)])
        return _open_excel(path, body) if kind is Format.EXCEL else _open_parquet(path, body)
    try:
        text = read_table_text(path)
    except GzipDamaged as error:
        raise TableRefused(str(error)) from error
    table = _open_text(path, text) if kind is Format.TEXT else _open_json(path, text.text)
    if text.mended:
        lines = ", ".join(map(str, text.mended[:5])) + (", ..." if len(text.mended) > 5 else "")
        table.notes.append(
            f"{path}: not UTF-8 like the rest, and read as Windows-1252: {count_of(len(text.mended), 'line')} ({lines})"
        )
    return table


def id_list(path: Path) -> str | None:
    """Return "imdb" or "isbn" if each of the first lines of a text is such an id alone, else None."""
    with open_unpacked(path) as file:
        table = decode_table(file.read(HEAD_BYTES))
    lines = [line.strip().strip('"') for line in table.text.splitlines() if line.strip()][:50]
    if lines and not any(character.isdigit() for character in lines[0]):
        lines = lines[1:]  # a header such as "isbn"
    for name, pattern in (("imdb", _IMDB_LINE), ("isbn", _ISBN_LINE)):
        if lines and all(map(pattern.fullmatch, lines)):
            return name
    return None


def name_columns(header: Sequence[Cell]) -> list[str]:
    """Return the names of columns; one without a name, or with an earlier one's, gets a number, as pandas gives it."""
    seen: Counter[str] = Counter()
    names = []
    for place, cell in enumerate(header):
        name = " ".join(str(cell).split()) if cell not in (None, "") else f"Unnamed: {place}"
        names.append(f"{name}.{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def _with_header(path: Path, header: Sequence[Cell], rows: Iterable[Row | BrokenRow]) -> Table:
    columns = name_columns(header)
    table = Table(path, columns, rows)
    if repeated := [name for name, n in Counter(map(str, filter(None, header))).items() if n > 1]:
        table.notes.append(
            f"{path}: has columns of one name; the second is called {repeated[0]}.1: {', '.join(repeated)}"
        )
    return table


def _open_text(path: Path, text: TableText) -> Table:
    if text.text.startswith(_LIST_OF_LETTERBOXD):  # its films follow the list's own header and row
        head, found, films = text.text.partition("\nPosition,")
        text = TableText("\n" * (head.count("\n") + 1) + found[1:] + films, text.encoding, ",", text.mended)
    rows = read_rows(text)
    first = next(rows, None)
    if not isinstance(first, TableRow):
        raise TableRefused(f"{path}:{first.line}: {first.why}" if first else f"{path}: is empty")
    columns = name_columns([name.strip() for name in first.cells])

    def read() -> Iterator[Row | BrokenRow]:
        for row in rows:
            if isinstance(row, BrokenRow):
                yield row
            else:
                yield Row(row.line, dict(zip(columns, map(to_cell, row.cells), strict=True)))

    return _with_header(path, [name.strip() for name in first.cells], read())


def _open_json(path: Path, text: str) -> Table:
    rows: list[Row | BrokenRow]
    try:
        found = read_json(text)
    except orjson.JSONDecodeError as error:
        # Only a line feed ends a line of JSON Lines: texts have other breaks.
        rows = [_json_line(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if not any(isinstance(row, Row) for row in rows):
            raise TableRefused(f"{path}: is not JSON: {error}") from error
    else:
        objects = _objects_of(found)
        if objects is None:
            raise TableRefused(f"{path}: has no list of objects: a table in JSON is a list of works")
        rows = [
            Row(number, {str(key): to_cell(value) for key, value in each.items()})
            if isinstance(each, dict)
            else BrokenRow(number, f"a JSON {type(each).__name__} where an object should be")
            for number, each in enumerate(objects, start=1)
        ]
    columns = list(dict.fromkeys(name for row in rows if isinstance(row, Row) for name in row.cells))
    return Table(path, columns, rows)


def _json_line(number: int, line: str) -> Row | BrokenRow:
    try:
        found = read_json(line)
    except orjson.JSONDecodeError as error:
        return BrokenRow(number, f"not JSON: {error}")
    if not isinstance(found, dict):
        return BrokenRow(number, f"a JSON {type(found).__name__} where an object should be")
    return Row(number, {str(key): to_cell(value) for key, value in found.items()})


def _objects_of(found: Any) -> list[Any] | None:
    """Return the rows of a document: a list, the values of an object, or the one list that an object has."""
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        if found and all(isinstance(value, dict) for value in found.values()):
            found = list(found.values())
        else:
            found = lists[0] if len(lists) == 1 and any(isinstance(each, dict) for each in lists[0]) else [found]
    return found if isinstance(found, list) and any(isinstance(each, dict) for each in found) else None


def _open_excel(path: Path, body: bytes) -> Table:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of formats and checks of cells, which say nothing about their values
            book = load_workbook(io.BytesIO(body), read_only=True, data_only=True)
            sheets = [(sheet.title, [*_sheet_rows(sheet)]) for sheet in book.worksheets]
    except Exception as error:
        raise TableRefused(
            f"{path}: cannot be read as Excel: {error or type(error).__name__}: save it again"
        ) from error
    filled = [(title, rows) for title, rows in sheets if rows]
    if not filled:
        raise TableRefused(f"{path}: is empty")
    title, ((_, header), *rows) = filled[0]
    columns = name_columns(header)
    read = [Row(number, dict(zip(columns, cells, strict=False))) for number, cells in rows]
    table = _with_header(path, header, read)
    if filled[1:]:
        others = ", ".join(repr(other) for other, _ in filled[1:])
        table.notes.append(f"{path}: the sheet {title!r} was read; save as files of their own to read them: {others}")
    return table


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, list[Cell]]]:
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [to_cell(value) for value in values]
        if any(cell is not None for cell in cells):
            yield number, cells


def _open_parquet(path: Path, body: bytes) -> Table:
    from pyarrow import ArrowException, BufferReader
    from pyarrow.parquet import ParquetFile

    try:
        rows = [each for batch in ParquetFile(BufferReader(body)).iter_batches() for each in batch.to_pylist()]
        columns = list(ParquetFile(BufferReader(body)).schema_arrow.names)
    except (ArrowException, OSError) as error:
        raise TableRefused(f"{path}: cannot be read as Parquet: {error}") from error
    read = [Row(number, {name: to_cell(value) for name, value in each.items()}) for number, each in enumerate(rows, 1)]
    return Table(path, columns, read)


def _read_body(path: Path) -> bytes:
    with open_unpacked(path) as file:
        body = file.read(MOST_TABLE_BYTES + 1)
    if len(body) > MOST_TABLE_BYTES:
        raise CatalogueMissing(f"{path} is larger than {MOST_TABLE_BYTES // 2**20} MiB: split it")
    return body
