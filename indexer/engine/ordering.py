"""Order answers by score, then by id.

Qdrant does not define the order of equal scores. A fusion returns them in the order of a hash table, which changes from
call to call; a search returns those that its heap kept, which depend on the limit. Reciprocal ranks are often equal
(two first places), so pages of a query would repeat some works and skip others. Therefore a query over prefetches
fetches all its candidates, and any other query fetches the whole group of equal scores at the end of a page.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

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


def scores_together(query: Any) -> bool:
    """Return whether the score of a point depends on which others its prefetches find."""
    return isinstance(query, models.FusionQuery | models.RrfQuery | models.FormulaQuery)


def n_candidates(prefetch: models.Prefetch | list[models.Prefetch]) -> int:
    """Return the largest number of points that the prefetches of a query can return."""
    prefetches = prefetch if isinstance(prefetch, list) else [prefetch]
    return sum(DEFAULT_LIMIT if each.limit is None else each.limit for each in prefetches)


def window(points: Sequence[Point], offset: int, limit: int) -> list[Point]:
    """Return at most `limit` points from `offset` on, those with equal scores by id; numbers come before UUIDs.

    `points` must be sorted by score and contain all points with the same score as the last one wanted.
    """
    scores = [point.score for point in points]
    end = min(offset + limit, len(scores))
    while 0 < end < len(scores) and scores[end] == scores[end - 1]:
        end += 1
    ordered = list(points[:end])
    equals = [place for place in range(1, end) if scores[place] == scores[place - 1]]
    stop = 0
    for place in equals:
        if place >= stop:
            start, stop = place - 1, place + 1
            while stop < end and scores[stop] == scores[start]:
                stop += 1
            ordered[start:stop] = sorted(ordered[start:stop], key=_id_order)
    return ordered[offset : offset + limit]


class Page(NamedTuple):
    """The part of a query's answers that is wanted, and what decides their order."""

    query: Any
    prefetch: Any
    offset: int
    limit: int


class Fetch(NamedTuple):
    """A search for the best `n_points` after the first `n_skipped`."""

    n_points: int
    n_skipped: int = 0


def ranked(
    search: Callable[[int, int], Sequence[Point]], query: Any, prefetch: Any, offset: int, limit: int
) -> Sequence[Point]:
    """Return one page of a query's answers, by score and then by id; `search` returns the best n after the first m."""
    page = Page(query, prefetch, offset, limit)
    return ranked_batch(lambda fetches: [search(*fetch) for fetch in fetches.values()], [page])[0]


def ranked_batch(
    search: Callable[[Mapping[int, Fetch]], Sequence[Sequence[Point]]], pages: Sequence[Page]
) -> list[Sequence[Point]]:
    """Return a page of the answers to each of several queries, by score and then by id.

    Args:
        search: Returns the answers to some of the queries, in order; given by the position of each query in `pages`.
            It is called for all queries once, and again for those whose page ends among equal scores.
        pages: The pages that are wanted.
    """
    answers: list[Sequence[Point]] = [()] * len(pages)
    fetches = {place: _first_fetch(page) for place, page in enumerate(pages)}
    while fetches:
        found = dict(zip(fetches, search(fetches), strict=True))
        wider: dict[int, Fetch] = {}
        for place, points in found.items():
            page = pages[place]
            if further := _wider_fetch(page, fetches[place], points):
                wider[place] = further
            else:
                answers[place] = window(points, page.offset, page.limit) if orders_by_score(page.query) else points
        fetches = wider
    return answers


def _first_fetch(page: Page) -> Fetch:
    """Return the first search for a page.

    It asks for a tenth more than needed. A third of BM25 searches end among equal scores, seldom more than ten of them
    (400 short queries, the best 200 of 25,924 works each), and a second search costs as much as the first.
    """
    if isinstance(page.query, models.SampleQuery):
        return Fetch(page.limit)  # a sample has no order, so an offset changes nothing
    if not orders_by_score(page.query):
        return Fetch(page.limit, page.offset)
    if page.prefetch:
        return Fetch(n_candidates(page.prefetch))
    n_wanted = page.offset + page.limit
    return Fetch(n_wanted + 1 + n_wanted // 10)


def _wider_fetch(page: Page, fetch: Fetch, points: Sequence[Point]) -> Fetch | None:
    """Return the next search for a page; None if the answers to the last one have all scores equal to its last."""
    n_wanted = page.offset + page.limit
    if page.prefetch or not orders_by_score(page.query) or not len(points) == fetch.n_points < n_wanted + MAX_EQUALS:
        return None
    if points[-1].score != points[n_wanted - 1].score:
        return None
    return Fetch(min(4 * fetch.n_points, n_wanted + MAX_EQUALS))


def _id_order(point: Scored) -> tuple[bool, Any]:
    return not isinstance(point.id, int), point.id
