"""Selection: the works to ask a source for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from crawler.catalogue import MAX_LINE_BYTES
from crawler.errors import SelectionRefused
from crawler.gzipped import read_lines, why_not_utf8


@dataclass(frozen=True, slots=True)
class Selection:
    """The works to ask a source for. `limit` is the most records to write; None writes all."""

    query: str | None = None
    ids: tuple[str, ...] = ()
    from_date: date | None = None
    limit: int | None = None


def read_ids(path: Path) -> Iterator[str]:
    """Yield the ids of a file: a line is an id, or a JSON object with an "id", as in TMDb's daily export.

    Raises:
        CatalogueMissing, GzipDamaged: the file cannot be read.
        SelectionRefused: a line has no id.
    """
    for number, raw in read_lines(path, MAX_LINE_BYTES):
        if why := why_not_utf8(raw):
            raise SelectionRefused(f"{path}:{number} is {why}")
        line = raw.decode().strip()
        if line.startswith("{"):
            yield _id_of_object(line, f"{path}:{number}")
        elif line:
            yield line


def _id_of_object(line: str, where: str) -> str:
    try:
        return str(orjson.loads(line)["id"])
    except (orjson.JSONDecodeError, KeyError) as error:
        raise SelectionRefused(
            f'{where}: not a JSON object with an "id": write an id, or such an object, on each line'
        ) from error
