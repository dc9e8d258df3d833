"""Order the best works of an answer by a fact or a value, as a request asks.

Only the best works are put into another order. A sort of all works that pass the filters would begin with works that
hardly answer the request: every work has some score, so the newest of 28,963 works would be the newest of them all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.engine import Engine
from search_api.fusion import Rows
from search_api.generation import Generation
from search_api.records import BEST, Sort, sorted_value

MOST_SORTED = 200
"""How many of the works that rank best are put into another order."""
MINUTES_A_PAGE = 1.5
"""How long a page takes to read, so that films and books compare: 200 pages are about five hours."""

Keys = NDArray[np.float64]


def n_sorted(n_shown: int, sort: Sort) -> int:
    """Return how many works must be ranked to show so many in an order."""
    return n_shown if sort == BEST else max(n_shown, MOST_SORTED)


def sort_best(
    engine: Engine, generation: Generation, ranked: Sequence[tuple[int, float]], sort: Sort
) -> list[tuple[int, float]]:
    """Return ranked works with the best MOST_SORTED of them in the order asked for.

    Works of which the fact is unknown come after those, and equal works keep the order of their ranks.

    Args:
        engine: The engine that has the works.
        generation: The generation that they are in.
        ranked: Works by their rows, with their scores, best first: at least MOST_SORTED, as far as there are so many.
        sort: The order.
    """
    if sort == BEST:
        return list(ranked)
    best = ranked[:MOST_SORTED]
    rows = np.array([row for row, _ in best], dtype=np.intp)
    order = np.argsort(_keys(engine, generation, rows, sort), kind="stable")  # NaN comes last
    return [best[place] for place in order.tolist()] + list(ranked[MOST_SORTED:])


def _keys(engine: Engine, generation: Generation, rows: Rows, sort: Sort) -> Keys:
    """Return what works are ordered by, the least first, NaN where it is unknown: float64 (n,)."""
    if value_id := sorted_value(sort):
        return -generation.profiles.strengths(rows, [value_id])[:, 0].astype(np.float64)
    if sort == "shortest":
        return _reading_minutes(engine, generation, rows)
    years = generation.table.years[rows].astype(np.float64)
    return -years if sort == "newest" else years


def _reading_minutes(engine: Engine, generation: Generation, rows: Rows) -> Keys:
    """Return how long works take to see or to read: float64 (n,), NaN where it is unknown."""
    points = generation.table.points[rows].tolist()
    minutes = _read_numbers(engine, generation.name, "runtime_minutes", points)
    pages = _read_numbers(engine, generation.name, "page_count", points)
    lengths = minutes | {point: n_pages * MINUTES_A_PAGE for point, n_pages in pages.items() if point not in minutes}
    return np.array([lengths.get(point, np.nan) for point in points], dtype=np.float64)


def _read_numbers(engine: Engine, generation: str, key: str, points: Sequence[int]) -> dict[int, float]:
    """Return a number of those points that have it, from its index: 0.3 ms for 200 points, whose payloads take 8 ms."""
    only = models.Filter(must=models.HasIdCondition(has_id=list(points)))
    records, _ = engine.scroll(
        generation, scroll_filter=only, limit=max(1, len(points)), order_by=models.OrderBy(key=key), with_payload=False
    )
    return {int(record.id): float(record.order_value) for record in records}  # type: ignore[arg-type]
