"""Label files: the tags or shelves that people gave works, for training and evaluation.

JSON Lines, plain or gzipped, one work a line: an id (`imdb_id`, `goodreads_id`, ... or `ids`), `split` ("train",
"validation", ...), and `tags` (a list) or `shelves` (names with counts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import BaseModel, Field, ValidationError

from crawler.catalogue import MAX_LINE_BYTES
from crawler.errors import CatalogueMissing, GzipDamaged
from crawler.gzipped import read_lines, why_not_utf8
from crawler.id_names import METADATA_KEYS
from indexer.errors import ValueHeadInvalid

LEAST_SHELF_SHARE = 0.01
"""The least share of a book's meaningful shelvings that a label's shelves need for the book to have the label."""


class _Labels(BaseModel):
    """The fields of a line besides those named after a kind of id, such as `imdb_id`."""

    split: str
    ids: dict[str, str] | None = None
    tags: tuple[str, ...] | None = None
    shelves: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = None


@dataclass(frozen=True)
class LabelledWork:
    """The labels that people gave one work.

    Attributes:
        ids: Source and id, such as ("imdb", "tt0816692").
        split: "train", "validation" or another.
        vocabulary: "tags" or "shelves". A missing label is a negative only if the work's vocabulary has the label.
        tags: The share of each tag or shelf: 1 for a tag, and the part of all meaningful shelvings for a shelf.
    """

    ids: frozenset[tuple[str, str]]
    split: str
    vocabulary: str
    tags: Mapping[str, float]

    def has_any(self, labels: frozenset[str]) -> bool:
        """Return whether people tagged the work with one of the labels, or shelved the book there often enough."""
        share = sum(self.tags.get(label, 0.0) for label in labels)
        return share >= (LEAST_SHELF_SHARE if self.vocabulary == "shelves" else 1.0)


def read_labels(paths: Iterable[Path], meaningful: frozenset[str]) -> Iterator[LabelledWork]:
    """Yield the works of label files; shelves that are not `meaningful` (formats, reading status) are left out.

    Raises:
        ValueHeadInvalid: A file cannot be read, or a line is not a labelled work.
    """
    for path in paths:
        try:
            for number, line in read_lines(path, MAX_LINE_BYTES):
                if line.strip():
                    yield _read_line(line, f"{path}:{number}", meaningful)
        except (CatalogueMissing, GzipDamaged) as error:
            raise ValueHeadInvalid(str(error)) from error


def _read_line(line: bytes, where: str, meaningful: frozenset[str]) -> LabelledWork:
    try:
        fields = orjson.loads(line)
        labels = _Labels.model_validate(fields)
        ids = {METADATA_KEYS[key]: str(fields[key]) for key in METADATA_KEYS if fields.get(key)} | (labels.ids or {})
        if labels.shelves is None and labels.tags is None:
            raise ValueError('neither "tags" nor "shelves"')
    except (orjson.JSONDecodeError, ValidationError, ValueError, RecursionError) as error:
        raise ValueHeadInvalid(
            f"{where}: is not a labelled work ({why_not_utf8(line) or _first_line(error)}): "
            'give an id such as "imdb_id", "split", and "tags" or "shelves"'
        ) from error
    if labels.shelves is None:
        return LabelledWork(frozenset(ids.items()), labels.split, "tags", dict.fromkeys(labels.tags or (), 1.0))
    counts = {name: count for name, count in labels.shelves.items() if name in meaningful}
    total = sum(counts.values()) or 1.0
    shares = {name: count / total for name, count in counts.items()}
    return LabelledWork(frozenset(ids.items()), labels.split, "shelves", shares)


def _first_line(error: Exception) -> str:
    """Return what is wrong in one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'line'}: {first['msg']}"
    return str(error)
