"""Find the works of a person's list in the catalogue: by their ids, then by title and year. Pure but for the lookups.

Lists come from exports of other services, so titles are spelled well and a wrong match is worse than none: slips of the
hand are not corrected, as they are in a request.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crawler.isbn import read_isbn, shorten_isbn
from indexer.known.names import WHOLE, name_words
from indexer.name_keys import title_variants
from search_api.names import ALIKE, NameIndex, NameMatch
from search_api.records import ListedIds, ListedWork
from search_api.work_table import WorkTable


def find_listed(names: NameIndex, table: WorkTable, wanted: ListedWork) -> int | None:
    """Return the row of a work; None if the catalogue does not have it.

    Of several rows of one work, it is the one that answers show.

    Args:
        names: The names and ids of the works.
        table: The facts of the same works.
        wanted: The work as the list names it.
    """
    rows = next((rows for name, own in _ids(wanted.ids) if (rows := names.rows_with_id(name, own))), [])
    shown = [row for row in rows if not table.is_twin[row]]
    if shown:
        return shown[0]
    if rows:
        (known,) = table.refer_to(np.array(rows[:1]))
        wanted = ListedWork.model_construct(title=known.title, year=known.year, kind=known.kind)
    found = [row for match in _find_titled(names, wanted) if (row := table.row_of(match.work.id)) is not None]
    shown = [row for row in found if not table.is_twin[row]]
    return next(iter((*shown, *rows, *found)), None)


def _ids(ids: ListedIds) -> Iterator[tuple[str, str]]:
    """Yield ids by the names that works have them under. An ISBN-10 may lack its leading zeros, there and here."""
    if ids.imdb:
        yield "imdb", ids.imdb
    if ids.isbn and (isbn := read_isbn(ids.isbn)):
        yield "isbn13", isbn
        if short := shorten_isbn(isbn):
            yield "isbn10", short
            yield "isbn10", short.lstrip("0")
    if ids.goodreads:
        yield "goodreads", ids.goodreads
    if ids.tmdb:
        yield "tmdb", ids.tmdb


def _find_titled(names: NameIndex, wanted: ListedWork) -> list[NameMatch]:
    """Return the works of a title, best first, whose year is that of the list or next to it.

    Without a year, a part of a title must be that of one work only: "Star Trek" is the beginning of several.
    """
    for title, is_part in title_variants(wanted.title):
        words = name_words(title)
        if not words or (is_part and wanted.year is None):
            continue
        matches = [m for m in names.works(words, said=title, kind=wanted.kind, year=wanted.year) if _fits(m, wanted)]
        if is_part:
            matches = [match for match in matches if match.looseness == WHOLE]
        if wanted.year is None:
            matches = [match for match in matches if match.looseness == WHOLE] or _only(matches)
        if matches:
            return matches
    return []


def _fits(match: NameMatch, wanted: ListedWork) -> bool:
    work = match.work
    if wanted.kind is not None and work.kind != wanted.kind:
        return False
    return wanted.year is None or (work.year is not None and abs(work.year - wanted.year) <= 1)


def _only(matches: list[NameMatch]) -> list[NameMatch]:
    """Return the work that a part of a title means; none where several have it, or where it is only alike."""
    return matches if len(matches) == 1 and matches[0].looseness != ALIKE else []
