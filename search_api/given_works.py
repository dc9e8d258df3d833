"""Check the works that a request gives by their ids."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.known.fields import UNKNOWN
from search_api.errors import RequestRefused
from search_api.words import listed
from search_api.work_table import WorkTable

MOST_NAMED = 5
"""The most unknown ids that a note names; it gives the number of all."""


def refuse_both(field: str, liked: Sequence[str], disliked: Sequence[str]) -> None:
    """Refuse works, given by id, that are liked and disliked.

    Raises:
        RequestRefused: A work is both; the error names `field`, that of the dislikes.
    """
    both = set(liked) & set(disliked)
    if both:
        raise RequestRefused(field, f"{min(both)!r} is liked too; give it once")


def describe_unknown(table: WorkTable, work_ids: Sequence[str]) -> str | None:
    """Return how many of some ids no work has, with the first of them; None if every one is known."""
    given = list(dict.fromkeys(work_ids))
    rows = table.find_rows(given).tolist()
    unknown = [work_id for work_id, row in zip(given, rows, strict=True) if row == UNKNOWN]
    if not unknown:
        return None
    more = f" and {len(unknown) - MOST_NAMED:,} more" if len(unknown) > MOST_NAMED else ""
    named = ", ".join(unknown[:MOST_NAMED]) if more else listed(unknown)
    verb = "is" if len(given) == 1 else "are"
    works = "work" if len(given) == 1 else "works"
    return f"{len(unknown):,} of {len(given):,} {works} {verb} not in this catalogue: {named}{more}"
