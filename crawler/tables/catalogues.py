"""Read catalogues that may be tables: what `evoke index` and the other verbs that take catalogues read."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crawler.answers import NotAWork
from crawler.catalogue import Line, Rejected, check_catalogue, read_catalogue
from crawler.errors import GzipDamaged, TableRefused
from crawler.gzipped import open_unpacked
from crawler.records import SourceRecord
from crawler.sources.table import SOURCES, load
from crawler.table_text import TableRow, decode_table, read_rows
from crawler.tables.files import HEAD_BYTES, Format, Table, format_of, id_list, open_table
from crawler.tables.guessing import suggest
from crawler.tables.presets import find_preset
from crawler.tables.targets import fold
from crawler.tables.works import LeftOut, is_companion, make_works, read_table

_ENDINGS = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xls", ".parquet", ".opf")
_KEYED = re.compile(r'\{\s*"[0-9]+"\s*:\s*\{')
"""The beginning of a document whose values are the rows, as LibraryThing writes it."""
_ARRAY = re.compile(r"\[\s*\{")
_EXPORTS = {
    "letterboxd": frozenset(("name", "letterboxd uri", "review")),
    "goodreads": frozenset(("book id", "title", "author")),
}
"""The columns of exports that sources read themselves, because they join rows or need a parser."""

logger = logging.getLogger(__name__)


def check_catalogues(paths: Sequence[Path]) -> None:
    """Check that catalogues can be read, before anything is done with them.

    Raises:
        CatalogueMissing: a file is not there, is a folder, or may not be read.
        TableRefused: a table is not known by its columns; the line has the command that reads it.
    """
    for path in paths:
        check_catalogue(path)
    tables = {path: open_table(path) for path in paths if is_table(path) and not _export_of(path)}
    for path, table in tables.items():
        others = [other for other in tables.values() if other is not table]
        if not is_companion(table, others) and find_preset(table.columns) is None:
            raise TableRefused(why_unknown(path, table))


def read_catalogues(
    paths: Sequence[Path], left_out: LeftOut | None = None, mended: Counter[str] | None = None
) -> Iterator[tuple[Line, SourceRecord] | Rejected]:
    """Yield the lines and rows of catalogues, in order, as records or rejections.

    Args:
        paths: Files of records, or tables that a preset recognises.
        left_out: Takes what is left out of the records of tables; without it, it is logged.
        mended: Takes what was mended in the lines of files of records.

    Raises:
        CatalogueMissing, TableRefused: As for `check_catalogues`.
    """
    tally = left_out or LeftOut()
    tables = [path for path in paths if is_table(path)]
    for path in paths:
        if path not in tables:
            yield from read_catalogue(path, mended)
        elif source := _export_of(path):
            yield from _read_export(source, path)
        else:
            others = [open_table(other) for other in tables if other != path and not _export_of(other)]
            table = open_table(path)
            if not is_companion(table, others):
                yield from make_works(read_table(table, "", None, tally, others=others), tally)
    if left_out is None:
        for line in tally.lines():
            logger.warning("%s", line)


def is_table(path: Path) -> bool:
    """Return whether a file is a table, by its name and its first bytes, and not a file of records."""
    if not path.is_file():  # what is read only once is a file of records
        return False
    try:
        with open_unpacked(path) as file:
            head = file.read(HEAD_BYTES)
    except GzipDamaged:
        return _has_ending(path)
    kind = format_of(head)
    if kind in {Format.EXCEL, Format.PARQUET, Format.OPF, Format.OLD_EXCEL, Format.ZIP} or _has_ending(path):
        return True
    text = decode_table(head).text.lstrip()
    if kind is Format.JSON:
        return bool(_ARRAY.match(text) or _KEYED.match(text))
    columns = _columns_of(head)
    return bool(kind is Format.TEXT and (find_preset(columns) or _export_of(path) or id_list(path)))


def why_unknown(path: Path, table: Table) -> str:
    """Return the line that refuses a table which no preset recognises, with the command that reads it."""
    if source := _export_of(path):
        return f"{path}: is an export of {source}: evoke crawl {source} --saved {path} -o works.jsonl reads it"
    if ids := id_list(path):
        name, source = ("IMDb ids", "imdb") if ids == "imdb" else ("ISBNs", "open-library")
        return (
            f"{path}: is a list of {name}, which has no titles: evoke crawl table {path} -o ids.jsonl mends them, and "
            f"evoke crawl {source} --ids-file ids.jsonl -o works.jsonl fetches their works"
        )
    return f"{path}: {suggest(path, table)}"


def _has_ending(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(_ENDINGS)


def _columns_of(head: bytes) -> list[str]:
    first = next(read_rows(decode_table(head)), None)
    return first.cells if isinstance(first, TableRow) else []


def _export_of(path: Path) -> str | None:
    """Return the source that reads an export itself; None if there is none."""
    try:
        with open_unpacked(path) as file:
            head = file.read(HEAD_BYTES)
    except GzipDamaged:
        return None
    if format_of(head) is not Format.TEXT:
        return None
    columns = set(map(fold, _columns_of(head)))
    return next((source for source, needed in _EXPORTS.items() if needed <= columns), None)


def _read_export(name: str, path: Path) -> Iterator[tuple[Line, SourceRecord] | Rejected]:
    read: Any = load(str(SOURCES[name].read_tables))
    for result in read([path]):
        if isinstance(result, NotAWork):
            found = re.match(r"line ([0-9]+)(?:: )?(.*)", result.detail, re.DOTALL)
            reason = ": ".join(filter(None, (result.reason, found[2] if found else result.detail)))
            yield Rejected(Line(path, int(found[1]) if found else 0), reason, "")
        else:
            yield Line(path, 0), result
