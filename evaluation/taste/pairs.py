"""Measure how well similar works are distinguished from others, by pairs that people judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from crawler.tables.cells import whole_imdb_id
from evaluation.errors import RatingsTooFew
from evaluation.taste.records import PairsResult
from indexer.ratings.joining import WorkFinder
from indexer.ratings.links import read_links
from indexer.ratings.reading import rows_of
from indexer.ratings.records import RatedWork
from indexer.value_training.calibration import area_under_curve
from search_api.records import RecommendRequest
from search_api.search import Search

DEPTH = 3_000
"""How many works are ranked for each work of a pair; works beyond are equally far."""
LEAST_PAIRS = 10


class Pair(NamedTuple):
    """Two works by id, and how similar people find them."""

    one: str
    other: str
    grade: float


def read_pairs(path: Path, links: Sequence[Path], finder: WorkFinder) -> list[Pair]:
    """Return the pairs of a table whose works are in the store.

    The first two columns name works: by IMDb ids, by the ids of `links`, or by the store's own. The last column has the
    grade. A first line without a grade is a header.

    Raises:
        RatingsTooFew: Fewer than LEAST_PAIRS pairs can be used.
    """
    named = read_links(links)
    pairs = []
    for _, row in rows_of(path, "\t" if path.name.removesuffix(".gz").endswith(".tsv") else ","):
        if row is None or len(row) < 3:
            continue
        try:
            grade = float(row[-1])
        except ValueError:
            continue
        found = [_find(each.strip(), named, finder) for each in row[:2]]
        if found[0] is not None and found[1] is not None and np.isfinite(grade):
            pairs.append(Pair(found[0], found[1], grade))
    if len(pairs) < LEAST_PAIRS:
        raise RatingsTooFew(
            f"{path}: {len(pairs)} pairs are of works in the catalogue: at least {LEAST_PAIRS} are needed"
        )
    return pairs


def _find(name: str, named: Mapping[str, RatedWork], finder: WorkFinder) -> str | None:
    work = named.get(name) or RatedWork({"imdb": whole_imdb_id(name)})
    row = finder.find(work)
    return finder.work_ids[row] if row is not None else None


def measure_pairs(search: Search, pairs: Sequence[Pair]) -> PairsResult:
    """Return the area under the curve of the ranks that the works of pairs have for each other.

    A pair counts as similar if its grade is above the middle of the grades.
    """
    rankings: dict[str, dict[str, int]] = {}
    for work_id in dict.fromkeys(each for pair in pairs for each in (pair.one, pair.other)):
        ranked = search.rank_for(RecommendRequest(likes=(work_id,)), DEPTH)
        rankings[work_id] = {other: rank for rank, other in enumerate(ranked)}
    grades = np.array([pair.grade for pair in pairs])
    similar = grades > (grades.min() + grades.max()) / 2
    nearness = np.array(
        [-_rank(rankings, pair.one, pair.other) - _rank(rankings, pair.other, pair.one) for pair in pairs]
    )
    return PairsResult(len(pairs), int(similar.sum()), area_under_curve(nearness, similar))


def _rank(rankings: Mapping[str, Mapping[str, int]], one: str, other: str) -> int:
    return rankings[one].get(other, DEPTH)
