"""Search for the best of many settings on some queries, and score it on other queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluation.significance import SEED, Floats

N_FOLDS = 5
MOST_ROUNDS = 3
"""Rounds of coordinate ascent at most, to bound its time."""
_ROUNDING = 1e-12

T = TypeVar("T")
Mask = NDArray[np.bool_]


def find_best(scores: Floats, shares: Floats) -> int:
    """Return the first column with the highest weighted mean.

    Args:
        scores: One row a query, (n_queries, n_columns).
        shares: The weight of each query, (n_queries,).
    """
    return int((shares[:, None] * scores).sum(axis=0).argmax())


def coordinate_ascent(
    start: T, coordinates: Sequence[Callable[[T], Iterable[T]]], objective: Callable[[T], float]
) -> T:
    """Return the setting where coordinate ascent ends.

    One coordinate after the other is set to its best value, until a whole round improves nothing. Of equal settings the
    earlier one stays.

    Args:
        start: The setting to start from.
        coordinates: Each returns the settings that differ from a given one in one coordinate.
        objective: What to maximise.
    """
    best, most = start, objective(start)
    for _ in range(MOST_ROUNDS):
        before = best
        for vary in coordinates:
            for other in list(vary(best)):
                if (reached := objective(other)) > most + _ROUNDING:
                    best, most = other, reached
        if best is before:
            break
    return best


def score_out_of_fold(n_queries: int, find: Callable[[Mask], T], score: Callable[[T], Floats]) -> Floats:
    """Return each query's score under the setting that was found on the other folds: (n_queries,).

    Args:
        n_queries: How many queries there are; folds are drawn with a fixed seed.
        find: Returns the best setting on the queries of a mask, (n_queries,).
        score: Returns the score of every query under a setting, (n_queries,).
    """
    fold = np.random.default_rng(SEED).permutation(n_queries) % N_FOLDS
    unseen = np.empty(n_queries)
    for held_out in (fold == number for number in range(N_FOLDS)):
        unseen[held_out] = score(find(~held_out))[held_out]
    return unseen
