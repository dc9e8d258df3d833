"""One order of answers: score, then id.

Qdrant leaves the order of equal scores open: fusion hands them out in the order of a hash table, another one each
time, and a search keeps whichever of them its heap kept, others for another limit. Reciprocal ranks are equal all the
time (two first places), so the pages of a query would repeat works and skip works. Hence the engine is asked for all
candidates of a query over prefetches, and for the whole group of equals at the end of a page of any other query.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from qdrant_client import models

DEFAULT_LIMIT = 10
# Beyond this many equals at the end of a page, which of them are on it is the engine's choice.
MAX_EQUALS = 2_000


class Scored(Protocol):
    """A point of Edge's or of `qdrant_client`'s, with what decides its place."""

    @property
    def id(self) -> Any:
        """A number or a UUID."""

    @property
    def score(self) -> float:
        """What the points are ordered by, one way or the other."""


Point = TypeVar("Point", bound=Scored)


def orders_by_score(query: Any) -> bool:
    """Whether a query's answers stand in the order of their scores."""
    if isinstance(query, models.NearestQuery):
        return query.mmr is None
    return query is not None and not isinstance(query, models.OrderByQuery | models.SampleQuery)


def n_candidates(prefetch: models.Prefetch | list[models.Prefetch]) -> int:
    """How many points the prefetches of a query can give at most."""
    prefetches = prefetch if isinstance(prefetch, list) else [prefetch]
    return sum(DEFAULT_LIMIT if each.limit is None else each.limit for each in prefetches)


def window(points: Sequence[Point], offset: int, limit: int) -> list[Point]:
    """The points from `offset` on, at most `limit`, equals by id; numbers before UUIDs.

    `points` stand in the order of their scores and hold all equals of the last one wanted.
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
    """The same window, from a search that gives the best n: asked for more while equals may be missing.

    A tenth more at once, because a third of the searches by BM25 end among equals (400 short queries, 200 of 25,924
    works each), seldom more than ten, and to search again costs as much as the first time.
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
    """One page of a query's answers in the one order.

    Args:
        search: Gives so many of the best points after having skipped so many.
        query: The query, which decides whether scores decide.
        prefetch: Its prefetches, if any.
        offset: How many points stand before the page.
        limit: How many points are on it.
    """
    if not orders_by_score(query):
        return search(limit, offset)
    if prefetch:
        return window(search(n_candidates(prefetch), 0), offset, limit)
    return fetch_window(lambda n_points: search(n_points, 0), offset, limit)


def _id_order(point: Scored) -> tuple[bool, Any]:
    return not isinstance(point.id, int), point.id
