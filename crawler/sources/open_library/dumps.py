"""Read Open Library's monthly dumps: works, editions and authors, joined on disk into records.

A line has five columns: type, key, revision, time, and the document as JSON. Any of the files `ol_dump_works`,
`_editions`, `_authors` and `_redirects` may be missing, and their order does not matter. Redirects of works and
authors, which remain where two were merged, are followed. The fields that a record needs go to a
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
_MOVED = {"W": "moved_works", "A": "moved_authors"}
"""The table of redirects by the last letter of a key."""
_BATCH = 20_000
_WORK_SHIFT = 32
_CACHE_KIB = 64 * 1024

_Row = tuple[str, int, bytes | str | int]
"""The table, and the row's values."""

_SCHEMA = f"""
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_CACHE_KIB};
    CREATE TABLE parts (id INTEGER PRIMARY KEY, document BLOB);
    CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE moved_works (id INTEGER PRIMARY KEY, target INTEGER);
    CREATE TABLE moved_authors (id INTEGER PRIMARY KEY, target INTEGER);
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
        yield from _follow_redirects(store)
        yield from _join(store)


def _store_dump(path: Path, store: sqlite3.Connection) -> Iterator[NotAWork]:
    rows: list[_Row] = []
    try:
        for number, line in read_lines(path, MAX_LINE_BYTES):
            row = _parse_line(line)
            if isinstance(row, NotAWork):
                yield NotAWork(row.reason, f"{path}:{number}: {row.detail}")
            elif row is not None:
                rows.append(row)
                if row[0] in _MOVED.values():
                    yield NotAWork(Reason.OTHER, f"{path}:{number}: /type/redirect")
            if len(rows) >= _BATCH:
                _write(store, rows)
    except (CatalogueMissing, GzipDamaged) as error:
        yield NotAWork(Reason.BROKEN, str(error))
    _write(store, rows)


def _parse_line(line: bytes) -> _Row | NotAWork | None:
    """Return the row of a line: a document, an author's name, or to where a work or an author was moved.

    None for an empty line or an author without a name; NotAWork for any other line.
    """
    columns = line.split(b"\t", 4)
    kind = columns[0]
    is_moved = kind == b"/type/redirect" and columns[1:2] and columns[1].endswith((b"W", b"A"))
    if kind not in (b"/type/work", b"/type/edition", b"/type/author") and not is_moved:
        if not line.strip():
            return None
        is_other = len(columns) == 5 and kind.startswith(b"/type/")
        return NotAWork(Reason.OTHER if is_other else Reason.BROKEN, kind[:100].decode("utf-8", "replace"))
    try:
        return _read_document(kind, orjson.loads(columns[4]))
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        return NotAWork(Reason.BROKEN, f"{type(error).__name__}: {error}")


def _read_document(kind: bytes, document: Document) -> _Row | None:
    number = _number(document["key"])
    if kind == b"/type/redirect":
        return _MOVED[document["key"][-1]], number, _target(document)
    if kind == b"/type/author":
        name = document.get("name")
        return ("authors", number, name) if isinstance(name, str) else None
    if kind == b"/type/work":
        return "parts", number << _WORK_SHIFT, _keep(document, WORK_FIELDS)
    work = work_key_of(document)
    part = (_number(work) << _WORK_SHIFT) + number if work else -(number << _WORK_SHIFT)
    return "parts", part, _keep(document, EDITION_FIELDS)


def _target(redirect: Document) -> int:
    """Return the number in the location of a redirect, which must be of the same kind as its key."""
    location = redirect["location"]
    if location[-1] != redirect["key"][-1]:
        raise ValueError(f"redirects to another kind: {location[:100]!r}")
    return _number(location)


def _number(key: str) -> int:
    """Return the number in a key, `/works/OL45804W`: below a billion, so that two of them fit one integer of SQLite."""
    match = _NUMBER.fullmatch(key)
    if not match:
        raise ValueError(f"not a key of Open Library: {key[:100]!r}")
    return int(match[1])


def _keep(document: Document, fields: Container[str]) -> bytes:
    return orjson.dumps({name: value for name, value in document.items() if name in fields})


def _write(store: sqlite3.Connection, rows: list[_Row]) -> None:
    """Write a batch and empty the list; rows are sorted, so that neighbours go to the same page of the file."""
    for table in ("parts", "authors", *_MOVED.values()):
        store.execute("BEGIN")
        store.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?)",  # noqa: S608 - our own names
            sorted((row[1:] for row in rows if row[0] == table), key=itemgetter(0)),
        )
        store.execute("COMMIT")
    rows.clear()


def _follow_redirects(store: sqlite3.Connection) -> Iterator[NotAWork]:
    """Move the parts of redirected works to the works that took their place, and yield redirects that run in a circle.

    A part that is there already stays: the target's own document is the newer one.
    """
    own = (1 << _WORK_SHIFT) - 1
    store.execute("BEGIN")
    for (number,) in store.execute("SELECT id FROM moved_works").fetchall():
        target = _end_of(store, "moved_works", number)
        if target is None:
            yield _in_a_circle("works", number, "W")
            continue
        parts = number << _WORK_SHIFT, (number << _WORK_SHIFT) + own
        store.execute(
            "UPDATE OR IGNORE parts SET id = (id & ?) | ? WHERE id BETWEEN ? AND ?",
            (own, target << _WORK_SHIFT, *parts),
        )
        store.execute("DELETE FROM parts WHERE id BETWEEN ? AND ?", parts)
    store.execute("COMMIT")
    for (number,) in store.execute("SELECT id FROM moved_authors"):
        if _end_of(store, "moved_authors", number) is None:
            yield _in_a_circle("authors", number, "A")


def _in_a_circle(folder: str, number: int, letter: str) -> NotAWork:
    return NotAWork(Reason.BROKEN, f"/{folder}/OL{number}{letter} redirects in a circle")


def _end_of(store: sqlite3.Connection, table: str, number: int) -> int | None:
    """Return where redirects from a number end; None if they run in a circle."""
    seen = set()
    while number not in seen:
        seen.add(number)
        row = store.execute(f"SELECT target FROM {table} WHERE id = ?", (number,)).fetchone()  # noqa: S608 - our own names
        if row is None:
            return number
        number = row[0]
    return None


def _join(store: sqlite3.Connection) -> Iterator[ParseResult]:
    def name_of(key: str) -> str | None:
        number = _end_of(store, "moved_authors", _number(key))
        row = store.execute("SELECT name FROM authors WHERE id = ?", (number,)).fetchone()
        return row[0] if row else None

    parts = store.execute("SELECT id >> ?, id, document FROM parts ORDER BY id", (_WORK_SHIFT,))
    for _, of_a_work in groupby(parts, key=itemgetter(0)):
        yield _merge_parts(of_a_work, name_of)


def _merge_parts(parts: Iterator[tuple[int, int, bytes]], name_of: NameOf) -> ParseResult:
    work, part, first = next(parts)
    documents: Iterator[Document] = map(orjson.loads, chain([first], (document for _, _, document in parts)))
    if work > 0 and part == work << _WORK_SHIFT:
        return merge_documents({**next(documents), "key": f"/works/OL{work}W"}, name_of, documents)
    if work > 0:  # an edition may still name the work that was redirected
        documents = ({**document, "works": [f"/works/OL{work}W"]} for document in documents)
    return merge_documents(None, name_of, documents)
