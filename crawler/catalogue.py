"""Catalogues: JSON Lines of SourceRecords or of a BEIR corpus, plain or gzipped; a bad line never stops a run."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
from pydantic import ValidationError

from crawler.errors import CatalogueMissing, RecordRejected
from crawler.records import SourceRecord

BEIR_SOURCE = "beir"
"""The source of records read from a BEIR corpus; their works keep the corpus' own `_id`, which judgements name."""

MAX_LINE_BYTES = 8 * 1024 * 1024
"""Room for a work with a thousand reviews; a longer line is no record, and need not be held in memory."""

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BEIR_IDS = {
    "imdb_id": "imdb",
    "tmdb_id": "tmdb",
    "goodreads_id": "goodreads",
    "goodreads_work_id": "goodreads_work",
    "google_books_id": "google_books",
    "open_library_id": "open_library",
    "isbn10": "isbn10",
    "isbn13": "isbn13",
    "wikidata_id": "wikidata",
    "wikipedia_id": "wikipedia",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Where a record was read: a file and a line in it, counted from 1."""

    path: Path
    number: int

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"


@dataclass(frozen=True, slots=True)
class Rejected:
    r"""A line that is not a record, why, and the line itself, so that nothing is lost.

    In `raw`, bytes that are not UTF-8 read `\xNN`, which is no escape of JSON. Of a line that is too long to be a
    record it has the beginning.
    """

    line: Line
    reason: str
    raw: str

    def to_json(self) -> bytes:
        """Gives the line of a reject file."""
        fields = {"file": str(self.line.path), "line": self.line.number, "reason": self.reason, "raw": self.raw}
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def read_catalogue(path: Path) -> Iterator[tuple[Line, SourceRecord] | Rejected]:
    """Gives each line of a catalogue as a record or a rejection, in order, one line in memory at a time.

    Raises:
        CatalogueMissing: the file is not there, is a folder, or may not be read.
    """
    with _open_catalogue(path) as file:
        number = 0
        try:
            for number, raw in enumerate(_lines(file), start=1):
                raw = raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw  # noqa: PLW2901
                if not raw.strip():
                    continue
                line = Line(path, number)
                try:
                    yield line, parse_record(raw)
                except RecordRejected as error:
                    yield Rejected(line, str(error), raw.decode("utf-8", "backslashreplace").rstrip("\r\n"))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            yield Rejected(Line(path, number + 1), f"the gzip stream is damaged or cut short here ({error})", "")


def check_catalogue(path: Path) -> None:
    """Says before anything is done with a catalogue whether it can be read.

    Raises:
        CatalogueMissing: the file is not there, is a folder, or may not be read.
    """
    with _open_catalogue(path):
        pass


def parse_record(raw: bytes) -> SourceRecord:
    """Gives the record that one line of a catalogue holds.

    Raises:
        RecordRejected: it is no JSON object in UTF-8, or a field is missing, unknown or wrong.
    """
    if len(raw) > MAX_LINE_BYTES:
        raise RecordRejected(f"the line is longer than {MAX_LINE_BYTES:,} bytes")
    try:
        fields = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RecordRejected(_why_not_json(raw, error)) from error
    if not isinstance(fields, dict):
        raise RecordRejected(f"a record is a JSON object, this is a {type(fields).__name__}")
    try:
        return SourceRecord.model_validate(_beir_to_fields(fields) if "_id" in fields else fields)
    except ValidationError as error:
        raise RecordRejected(_first_problems(error)) from error


def record_to_line(record: SourceRecord) -> bytes:
    """Gives a record as a line of a catalogue; what is unknown is left out."""
    return record.model_dump_json(exclude_defaults=True).encode() + b"\n"


@contextmanager
def _open_catalogue(path: Path) -> Iterator[BinaryIO]:
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            compressed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
        except IsADirectoryError as error:
            raise CatalogueMissing(f"{path} is a folder: name the catalogue files in it") from error
        except OSError as error:
            raise CatalogueMissing(f"{path} cannot be read: {error.strerror}") from error
        yield cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=file))) if compressed else file


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Gives the lines of a file; of one that is too long, the beginning only."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 1)
        yield line


def _beir_to_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the fields of a SourceRecord for a BEIR document; metadata that a record has no field for is left out."""
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise RecordRejected("metadata: should be an object")
    fields = {name: metadata[name] for name in ("kind", "year", "language") if metadata.get(name)}
    fields |= {name: metadata[name] for name in ("genres", "keywords") if metadata.get(name)}
    fields |= {name: metadata[name] for name in ("runtime_minutes", "page_count") if metadata.get(name)}
    authors = metadata.get("authors") or []
    return fields | {
        "source": BEIR_SOURCE,
        "source_id": "" if document["_id"] is None else str(document["_id"]),
        "title": document.get("title"),
        "description": document.get("text", ""),
        "creators": [{"name": name, "role": "author"} for name in ([authors] if isinstance(authors, str) else authors)],
        "ids": {ours: str(metadata[theirs]) for theirs, ours in _BEIR_IDS.items() if metadata.get(theirs)},
    }


def _why_not_json(raw: bytes, error: orjson.JSONDecodeError) -> str:
    if raw.startswith(_UTF_16_MARKS):
        return "not UTF-8 but UTF-16: save the file as UTF-8"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return f"not UTF-8: byte 0x{raw[wrong.start]:02x} at column {wrong.start + 1}"
    return f"not JSON: {error.msg} at column {error.pos + 1}"


def _first_problems(error: ValidationError, most: int = 3) -> str:
    """Gives `field: what is wrong, got value` for the first few problems of a record."""
    problems = error.errors(include_url=False, include_context=False)
    told = [
        f"{'.'.join(map(str, p['loc'])) or 'record'}: {p['msg']}, got {_shorten(p['input'])}" for p in problems[:most]
    ]
    return "; ".join(told) + (f"; and {len(problems) - most} more" if len(problems) > most else "")


def _shorten(value: object, most: int = 40) -> str:
    if isinstance(value, (str, bytes)) and len(value) > most:
        return f"{value[:most]!r}... ({len(value):,} characters)"
    text = repr(value)
    return text if len(text) <= most * 2 else f"{text[: most * 2]}..."
