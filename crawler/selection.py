"""Selection: the works to ask a source for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from crawler.errors import SelectionRefused


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
        SelectionRefused: the file cannot be read, or a line has no id.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SelectionRefused(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SelectionRefused(f"{path} is not UTF-8: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("{"):
            yield _id_of_object(line, f"{path}:{number}")
        elif line.strip():
            yield line.strip()


def _id_of_object(line: str, where: str) -> str:
    try:
        return str(orjson.loads(line)["id"])
    except (orjson.JSONDecodeError, KeyError) as error:
        raise SelectionRefused(
            f'{where}: not a JSON object with an "id": write an id, or such an object, on each line'
        ) from error
