"""To choose among many by judged queries: the best by one part of them, and what it is worth on the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluation.significance import SEED, Floats

N_FOLDS = 5
MOST_ROUNDS = 3
"""Of a climb_coordinates, to bound the time that it takes."""
_ROUNDING = 1e-12

T = TypeVar("T")
Mask = NDArray[np.bool_]


def find_best(scores: Floats, shares: Floats) -> int:
    """Gives the first column with the highest mean. `scores` is (n_queries, n_columns), `shares` (n_queries,)."""
    return int((shares[:, None] * scores).sum(axis=0).argmax())


def climb_coordinates(start: T, coordinates: Sequence[Callable[[T], Iterable[T]]], worth: Callable[[T], float]) -> T:
    """Gives where coordinate ascent from a start ends: one after the other is set to its best, until none improves.

    A coordinate gives what else it could be. Of equals the one that was there first stays.
    """
    best, most = start, worth(start)
    for _ in range(MOST_ROUNDS):
        before = best
        for vary in coordinates:
            for other in list(vary(best)):
                if (reached := worth(other)) > most + _ROUNDING:
                    best, most = other, reached
        if best is before:
            break
    return best


def score_unseen(n_queries: int, find: Callable[[Mask], T], score: Callable[[T], Floats]) -> Floats:
    """Gives each query's score by what is found on the queries of the other folds.

    `find` gives the best by the queries of a mask, `score` what it reaches on each query, (n_queries,).
    """
    fold = np.random.default_rng(SEED).permutation(n_queries) % N_FOLDS
    unseen = np.empty(n_queries)
    for held_out in (fold == number for number in range(N_FOLDS)):
        unseen[held_out] = score(find(~held_out))[held_out]
    return unseen
