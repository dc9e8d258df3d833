"""Order answers by score, then by id.

Qdrant does not define the order of equal scores. A fusion returns them in the order of a hash table, which changes from
call to call; a search returns those that its heap kept, which depend on the limit. Reciprocal ranks are often equal
(two first places), so pages of a query would repeat some works and skip others. Therefore a query over prefetches
fetches all its candidates, and any other query fetches the whole group of equal scores at the end of a page.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from qdrant_client import models

DEFAULT_LIMIT = 10
MAX_EQUALS = 2_000
"""If more points than this have the score at the end of a page, the engine chooses which of them are on the page."""


class Scored(Protocol):
    """A point of Edge or of `qdrant_client`, with the two fields that order it."""

    @property
    def id(self) -> Any:
        """A number or a UUID."""

    @property
    def score(self) -> float:
        """The score, by which points are sorted."""


Point = TypeVar("Point", bound=Scored)


def orders_by_score(query: Any) -> bool:
    """Return whether a query's answers are sorted by score."""
    if isinstance(query, models.NearestQuery):
        return query.mmr is None
    return query is not None and not isinstance(query, models.OrderByQuery | models.SampleQuery)


def n_candidates(prefetch: models.Prefetch | list[models.Prefetch]) -> int:
    """Return the largest number of points that the prefetches of a query can return."""
    prefetches = prefetch if isinstance(prefetch, list) else [prefetch]
    return sum(DEFAULT_LIMIT if each.limit is None else each.limit for each in prefetches)


def window(points: Sequence[Point], offset: int, limit: int) -> list[Point]:
    """Return at most `limit` points from `offset` on, those with equal scores by id; numbers come before UUIDs.

    `points` must be sorted by score and contain all points with the same score as the last one wanted.
    """
    end = min(offset + limit, len(points))
    while 0 < end < len(points) and points[end].score == points[end - 1].score:
        end += 1
    ordered = list(points[:end])
    scores = [point.score for point in ordered]
    start = 0
    for stop in range(1, end + 1):
        if stop == end or scores[stop] != scores[start]:
            if stop - start > 1:
                ordered[start:stop] = sorted(ordered[start:stop], key=_id_order)
            start = stop
    return ordered[offset : offset + limit]


def fetch_window(fetch: Callable[[int], Sequence[Point]], offset: int, limit: int) -> list[Point]:
    """Return the window from a search for the best n points, repeated with a larger n if equal scores may be missing.

    The first search asks for a tenth more than needed. A third of BM25 searches end among equal scores, seldom more
    than ten of them (400 short queries, the best 200 of 25,924 works each), and a second search costs as much as the
    first.
    """
    n_wanted = offset + limit
    n_asked = n_wanted + 1 + n_wanted // 10
    points = fetch(n_asked)
    while len(points) == n_asked < n_wanted + MAX_EQUALS and points[-1].score == points[n_wanted - 1].score:
        n_asked = min(4 * n_asked, n_wanted + MAX_EQUALS)
        points = fetch(n_asked)
    return window(points, offset, limit)


def ranked(
    search: Callable[[int, int], Sequence[Point]], query: Any, prefetch: Any, offset: int, limit: int
) -> Sequence[Point]:
    """Return one page of a query's answers, by score and then by id.

    Args:
        search: Returns the best n points after the first m: called with n, m.
        query: The query, from which follows whether answers are sorted by score.
        prefetch: Its prefetches, if any.
        offset: How many points come before the page.
        limit: How many points are on the page.
    """
    if not orders_by_score(query):
        return search(limit, offset)
    if prefetch:
        return window(search(n_candidates(prefetch), 0), offset, limit)
    return fetch_window(lambda n_points: search(n_points, 0), offset, limit)


def _id_order(point: Scored) -> tuple[bool, Any]:
    return not isinstance(point.id, int), point.id
