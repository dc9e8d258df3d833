"""Read Open Library's monthly dumps: works, editions and authors, joined on disk into records.

A line has five columns: type, key, revision, time, and the document as JSON. Any of the files `ol_dump_works`,
`_editions` and `_authors` may be missing, and their order does not matter. The fields that a record needs go to a
temporary SQLite file, ordered by work; a second pass reads each work with its editions. Memory stays bounded however
large the dumps are; the file takes about half the size of the unpacked dumps.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Container, Iterable, Iterator
from contextlib import closing
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from crawler.answers import NotAWork, ParseResult, Reason
from crawler.catalogue import MAX_LINE_BYTES
from crawler.errors import CatalogueMissing, GzipDamaged
from crawler.gzipped import read_lines
from crawler.sources.open_library.documents import (
    EDITION_FIELDS,
    WORK_FIELDS,
    Document,
    NameOf,
    merge_documents,
    work_key_of,
)

_LINE = re.compile(rb"/type/\w+\t/[^\t\n]+\t\d+\t[^\t\n]*\t\{")
_NUMBER = re.compile(r"(?:.*/)?OL([1-9][0-9]{0,8})[AMW]")
_BATCH = 20_000
_WORK_SHIFT = 32
_CACHE_KIB = 64 * 1024

_SCHEMA = f"""
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_CACHE_KIB};
    CREATE TABLE parts (id INTEGER PRIMARY KEY, document BLOB);
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT);
"""
"""A part is a work or an edition. Its id is (number of the work << 32) + number of the edition, 0 for the work itself,
so that the order of ids is the order of the join. An edition without a work has -(its number << 32)."""


def is_dump(_path: Path, head: bytes) -> bool:
    """Return whether a file that begins with these bytes is a dump."""
    return _LINE.match(head) is not None


def read_dumps(paths: Iterable[Path], folder: Path | None = None) -> Iterator[ParseResult]:
    """Yield a record for each work, and for each edition whose work is not in the dumps.

    All other lines come first, each as a NotAWork: redirects, deletions, broken lines.

    Args:
        paths: Dumps, plain or gzipped, or parts of them.
        folder: The folder for the temporary file; None: the system's folder for such files.
    """
    with (
        TemporaryDirectory(prefix="evoke-dumps-", dir=folder) as temporary,
        closing(sqlite3.connect(Path(temporary) / "parts.sqlite", isolation_level=None)) as store,
    ):
        store.executescript(_SCHEMA)
        for path in paths:
            yield from _store_dump(path, store)
        yield from _join(store)


def _store_dump(path: Path, store: sqlite3.Connection) -> Iterator[NotAWork]:
    parts: list[tuple[int, bytes]] = []
    authors: list[tuple[int, str]] = []
    try:
        for number, line in read_lines(path, MAX_LINE_BYTES):
            row = _parse_line(line)
            if row is None:
                continue
            if isinstance(row, NotAWork):
                yield NotAWork(row.reason, f"{path}:{number}: {row.detail}")
            elif isinstance(row[1], str):
                authors.append((row[0], row[1]))
            else:
                parts.append((row[0], row[1]))
            if len(parts) + len(authors) >= _BATCH:
                _write(store, parts, authors)
    except (CatalogueMissing, GzipDamaged) as error:
        yield NotAWork(Reason.BROKEN, str(error))
    _write(store, parts, authors)


def _parse_line(line: bytes) -> tuple[int, bytes | str] | NotAWork | None:
    """Return the row of a line: an id with a document or with an author's name.

    None for an empty line or an author without a name; NotAWork for any other line.
    """
    columns = line.split(b"\t", 4)
    kind = columns[0]
    if kind not in (b"/type/work", b"/type/edition", b"/type/author"):
        if not line.strip():
            return None
        is_other = len(columns) == 5 and kind.startswith(b"/type/")
        return NotAWork(Reason.OTHER if is_other else Reason.BROKEN, kind[:100].decode("utf-8", "replace"))
    try:
        document = orjson.loads(columns[4])
        number = _number(document["key"])
        if kind == b"/type/author":
            name = document.get("name")
            return (number, name) if isinstance(name, str) else None
        if kind == b"/type/work":
            return number << _WORK_SHIFT, _keep(document, WORK_FIELDS)
        work = work_key_of(document)
        part = (_number(work) << _WORK_SHIFT) + number if work else -(number << _WORK_SHIFT)
        return part, _keep(document, EDITION_FIELDS)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        return NotAWork(Reason.BROKEN, f"{type(error).__name__}: {error}")


def _number(key: str) -> int:
    """Return the number in a key, `/works/OL45804W`: below a billion, so that two of them fit one integer of SQLite."""
    match = _NUMBER.fullmatch(key)
    if not match:
        raise ValueError(f"not a key of Open Library: {key[:100]!r}")
    return int(match[1])


def _keep(document: Document, fields: Container[str]) -> bytes:
    return orjson.dumps({name: value for name, value in document.items() if name in fields})


def _write(store: sqlite3.Connection, parts: list[tuple[int, bytes]], authors: list[tuple[int, str]]) -> None:
    """Write a batch and empty the lists; rows are sorted, so that neighbours go to the same page of the file."""
    for table, rows in (("parts", parts), ("authors", authors)):
        store.execute("BEGIN")
        store.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", sorted(rows, key=itemgetter(0)))  # noqa: S608  our own names
        store.execute("COMMIT")
        rows.clear()


def _join(store: sqlite3.Connection) -> Iterator[ParseResult]:
    def name_of(key: str) -> str | None:
        row = store.execute("SELECT name FROM authors WHERE id = ?", (_number(key),)).fetchone()
        return row[0] if row else None

    parts = store.execute("SELECT id >> ?, id, document FROM parts ORDER BY id", (_WORK_SHIFT,))
    for _, of_a_work in groupby(parts, key=itemgetter(0)):
        yield _merge_parts(of_a_work, name_of)


def _merge_parts(parts: Iterator[tuple[int, int, bytes]], name_of: NameOf) -> ParseResult:
    work, part, first = next(parts)
    documents = map(orjson.loads, chain([first], (document for _, _, document in parts)))
    is_work = work > 0 and part == work << _WORK_SHIFT
    return merge_documents(next(documents) if is_work else None, name_of, documents)
