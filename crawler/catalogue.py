"""Catalogues: JSON Lines of SourceRecords or of a BEIR corpus, plain or gzipped; a bad line does not stop a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import Repr
from typing import Any

import orjson
from pydantic import ValidationError

from crawler.errors import GzipDamaged, RecordRejected
from crawler.gzipped import open_unpacked, read_lines, why_not_utf8
from crawler.id_names import METADATA_KEYS
from crawler.mending import mend_fields
from crawler.records import SourceRecord
from crawler.text import clean_text

BEIR_SOURCE = "beir"
"""The source of records read from a BEIR corpus; their works keep the corpus' `_id`, since the qrels use it."""

MAX_LINE_BYTES = 8 * 1024 * 1024
"""Room for a work with a thousand reviews; a longer line is rejected without being held in memory."""

_BEIR_FIELDS = (
    "kind", "year", "language", "genres", "keywords", "runtime_minutes", "page_count", "countries", "series",
    "certificates",
)  # fmt: skip
"""The metadata of a BEIR document that have the name and the form of a record's field."""

TEXT_TITLE_CHARACTERS = 80
"""The length of a title that is made of the first words of a text: about that of a long headline."""

MOST_LINES_WITHOUT_RECORD = 10_000
"""A file that begins with so many lines that are not records is something else, and may have no end."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where a record was read: a file and a line in it, counted from 1; 0 if the record is of several lines."""

    path: Path
    number: int

    def __str__(self) -> str:
        return f"{self.path}:{self.number}" if self.number else str(self.path)


@dataclass(frozen=True, slots=True)
class Rejected:
    r"""A line that is not a record, the reason, and the line itself, so that nothing is lost.

    `raw` has bytes that are not UTF-8 as `\xNN`, which is not an escape of JSON. If the line is longer than
    MAX_LINE_BYTES, `raw` has only its beginning.
    """

    line: Line
    reason: str
    raw: str

    def to_json(self) -> bytes:
        """Return a line of the reject file."""
        fields = {"file": str(self.line.path), "line": self.line.number, "reason": self.reason, "raw": self.raw}
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def read_catalogue(path: Path, mended: Counter[str] | None = None) -> Iterator[tuple[Line, SourceRecord] | Rejected]:
    """Yield each line of a catalogue as a record or a rejection, in order, one line in memory at a time.

    A file without a record in its first MOST_LINES_WITHOUT_RECORD lines is not read on, which a last rejection says.

    Args:
        path: The catalogue.
        mended: Where records are counted that were read as what they mean, by what was wrong with them.

    Raises:
        CatalogueMissing: the file is not there, is a folder, or may not be read.
    """
    has_record = False
    try:
        for number, raw in read_lines(path, MAX_LINE_BYTES):
            line = Line(path, number)
            if number > MOST_LINES_WITHOUT_RECORD and not has_record:
                yield Rejected(line, f"none of the {number - 1:,} lines before is a record: the rest was not read", "")
                return
            if not raw.strip():
                continue
            try:
                yield line, parse_record(raw, mended)
                has_record = True
            except RecordRejected as error:
                yield Rejected(line, str(error), raw.decode("utf-8", "backslashreplace").rstrip("\r\n"))
    except GzipDamaged as error:
        yield Rejected(Line(path, error.line), error.why, "")


def check_catalogue(path: Path) -> None:
    """Check that a catalogue can be read, before anything is done with it.

    Raises:
        CatalogueMissing: the file is not there, is a folder, or may not be read.
    """
    if path.is_fifo():  # to open a pipe takes from it, and its writer ends with the first reader
        return
    with open_unpacked(path):
        pass


def parse_record(raw: bytes, mended: Counter[str] | None = None) -> SourceRecord:
    """Return the record in one line of a catalogue; `mended` counts what was wrong with it and is read as it is meant.

    Raises:
        RecordRejected: it is not a JSON object in UTF-8, or a field is missing, unknown or wrong.
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
        fields, problems = mend_fields(_beir_to_fields(fields) if "_id" in fields else fields)
        record = SourceRecord.model_validate(fields)
    except ValidationError as error:
        raise RecordRejected(_first_problems(error)) from error
    if mended is not None:
        mended.update(problems)
    return record


def record_to_line(record: SourceRecord) -> bytes:
    """Return a record as a line of a catalogue, without unknown fields."""
    return record.model_dump_json(exclude_defaults=True).encode() + b"\n"


def is_called_by_its_text(record: SourceRecord) -> bool:
    """Return whether a record's title is the beginning of its text, as that of a BEIR document without a title is."""
    return record.source == BEIR_SOURCE and record.title == _title_of_text(record.description)


def _title_of_text(cleaned: object) -> str:
    """Return the first words of a text that `clean_text` has cleaned; nothing if it is no text."""
    if not isinstance(cleaned, str):
        return ""
    line = cleaned[: TEXT_TITLE_CHARACTERS + 1].replace("\n", " ")
    if len(line) <= TEXT_TITLE_CHARACTERS:
        return line
    return f"{line.rpartition(' ')[0] or line[:TEXT_TITLE_CHARACTERS]}..."


def _beir_to_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a SourceRecord for a BEIR document; metadata that a record has no field for is left out.

    A document without a title, as in fiqa and msmarco, is called by the first words of its text.

    What has the wrong type is passed on, so that the record's own validation reports it, except where its field in the
    record has another name or form.

    Raises:
        RecordRejected: The id, the metadata, the authors or an id in the metadata have the wrong type.
    """
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise RecordRejected(f"metadata: should be an object, got {_shorten(metadata)}")
    fields = {name: metadata[name] for name in _BEIR_FIELDS if metadata.get(name)}
    if isinstance(series := fields.get("series"), str):
        fields["series"] = {"name": series}
    if isinstance(country := fields.get("countries"), str):
        fields["countries"] = [country]
    title = document.get("title")
    return fields | {
        "source": BEIR_SOURCE,
        "source_id": "" if document["_id"] is None else _beir_id(document["_id"], "_id"),
        "title": title
        if title or not isinstance(title, str | None)
        else _title_of_text(clean_text(document.get("text"))),
        "description": document.get("text", ""),
        "creators": [{"name": name, "role": "author"} for name in _beir_authors(metadata.get("authors"))],
        "ids": {
            name: _beir_id(metadata[key], f"metadata.{key}") for key, name in METADATA_KEYS.items() if metadata.get(key)
        },
    }


def _beir_authors(authors: object) -> list[str]:
    """Return the names in the metadata of a BEIR document: one name, a list of names, or nothing."""
    if not authors:
        return []
    names = [authors] if isinstance(authors, str) else authors
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RecordRejected(f"metadata.authors: should be a name or a list of names, got {_shorten(authors)}")
    return names


def _beir_id(value: object, field: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise RecordRejected(f"{field}: should be a string or a whole number, got {_shorten(value)}")
    return str(value)


def _why_not_json(raw: bytes, error: orjson.JSONDecodeError) -> str:
    return why_not_utf8(raw) or f"not JSON: {error.msg} at column {error.pos + 1}"


def _first_problems(error: ValidationError, most: int = 3) -> str:
    """Return `field: the problem, got the value` for the first problems of a record."""
    problems = error.errors(include_url=False, include_context=False)
    first = [f"{_place(p['loc'])}: {p['msg']}, got {_shorten(p['input'])}" for p in problems[:most]]
    return "; ".join(first) + (f"; and {len(problems) - most} more" if len(problems) > most else "")


def _place(names: tuple[int | str, ...]) -> str:
    """Return the path of a field, on one line whatever the names of unknown fields hold."""
    return ".".join(str(name) if str(name).isprintable() else repr(name) for name in names) or "record"


def _shorten(value: object, most: int = 40) -> str:
    if isinstance(value, (str, bytes)) and len(value) > most:
        return f"{value[:most]!r}... ({len(value):,} characters)"
    text = _SHORT_REPR.repr(value)
    return text if len(text) <= most * 2 else f"{text[: most * 2]}..."


_SHORT_REPR = Repr()
_SHORT_REPR.maxlevel = 3
_SHORT_REPR.maxdict = _SHORT_REPR.maxlist = _SHORT_REPR.maxtuple = 10
_SHORT_REPR.maxstring = _SHORT_REPR.maxlong = _SHORT_REPR.maxother = 100
"""Shows a value's beginning: Python's own `repr` fails on lists in a thousand lists, which a line of JSON may have."""
