"""Parse the reviews of a person's export from Letterboxd: `reviews.csv`, one row for each time a film was reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.answers import Answer, NotAWork, ParseResult, Reason
from crawler.sources.csv_exports import Row, broken_row, column_names, read_rows
from crawler.sources.json_answers import make_record
from crawler.sources.letterboxd import LETTERBOXD

_EXPORT = {"Name", "Letterboxd URI"}
"""The columns of most files of an export."""
_COLUMNS = _EXPORT | {"Review"}
"""The columns by which reviews are recognised; any others may be missing."""


@dataclass
class _Film:
    """What a person wrote about a film, from the earliest review to the latest, with the latest rating."""

    texts: list[str] = field(default_factory=list)
    rating: float | None = None


def parse_answer(answer: Answer) -> Iterator[ParseResult]:
    """Yield why a file that is not `reviews.csv` has no reviews."""
    is_exported = column_names(answer.body) >= _EXPORT
    other = "another file of the export: `evoke index` and `evoke crawl table` read its films"
    yield NotAWork(Reason.OTHER, other) if is_exported else NotAWork(Reason.UNKNOWN)


def is_export(path: Path, head: bytes) -> bool:  # noqa: ARG001 - the file may have any name
    """Return whether a file has reviews, by its first line."""
    return column_names(head) >= _COLUMNS


def read_exports(paths: Iterable[Path]) -> Iterator[ParseResult]:
    """Yield a record for each film in one export or in those of several people; bad rows come first.

    A film has one review of each person: who reviewed it again, having seen it again, is still one voice. The exports
    have no ids of films: a film is known by name and year. Tags say when and with whom it was seen, and are left out.
    """
    reviews: dict[tuple[str, int | None], list[_Film]] = {}
    for path in paths:
        of_person: dict[tuple[str, int | None], _Film] = {}
        for row in _sorted_by_date(path):
            problem = row if isinstance(row, NotAWork) else _add(of_person, row)
            if problem:
                yield problem
        for film, written in of_person.items():
            reviews.setdefault(film, []).append(written)
    for (name, year), of_film in reviews.items():
        yield make_record(LETTERBOXD, _fields(name, year, of_film))


def _sorted_by_date(path: Path) -> list[Row | NotAWork]:
    rows = list(read_rows(path))
    return sorted(rows, key=lambda row: "" if isinstance(row, NotAWork) else row.fields.get("Date", ""))


def _add(films: dict[tuple[str, int | None], _Film], row: Row) -> NotAWork | None:
    """Add a review to its film; return why it is none."""
    name, text = row.fields.get("Name", ""), row.fields.get("Review", "")
    if not name:
        return NotAWork(Reason.UNTITLED, f"line {row.line}")
    if not text:
        return broken_row(row.line, "no review")
    year = row.fields.get("Year", "")
    film = films.setdefault((name, int(year) if re.fullmatch("[0-9]{4}", year) else None), _Film())
    if text not in film.texts:
        film.texts.append(text)
    rating = row.fields.get("Rating", "")
    if re.fullmatch(r"[0-5](?:\.[0-9]+)?", rating):
        film.rating = float(rating)
    return None


def _fields(name: str, year: int | None, reviews: Iterable[_Film]) -> dict[str, Any]:
    return {
        "source_id": f"{name} ({year})" if year else name,
        "kind": "movie",
        "title": name,
        "year": year,
        "reviews": [{"text": "\n".join(each.texts), "rating": each.rating} for each in reviews],
    }
