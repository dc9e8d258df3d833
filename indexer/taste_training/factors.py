"""Learn the factors of works by alternating least squares, with settings that are chosen on people held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from crawler.progress import show_progress
from indexer.taste.content import Floats
from indexer.taste.taste import fold_in_many, sum_of_units
from indexer.taste_training.likes import Ints, Likes, split_likes, split_users

N_ITERATIONS = 12
N_TRIAL_ITERATIONS = 6
"""Half as many iterations order the recipes alike: nDCG@100 is .331 after 4, .332 after 6, .332 after 12 of books."""
N_VALIDATED = 400
SHARE_VALIDATED = 0.1
MOST_LIKES = 1_000_000
"""The settings are chosen on people who have so many likes together: a trial then takes at most ten seconds."""
LEAST_VALIDATED = 20
"""With fewer people to measure with, a difference between recipes is chance."""
DEPTH = 100


@dataclass(frozen=True)
class Recipe:
    """The settings of a training.

    Attributes:
        n_factors: The number of factors.
        regularisation: lambda of the training.
        alpha: The weight of a like; what is not liked weighs 1.
    """

    n_factors: int = 128
    regularisation: float = 30.0
    alpha: float = 10.0

    @property
    def fold_in(self) -> float:
        """The lambda of the fold-in. A third of the training's finds .378 of the liked books, the same finds .369."""
        return self.regularisation / 3


@dataclass(frozen=True)
class Trial:
    """A recipe with its nDCG@100 on people held out, for 80% of their likes given and for three."""

    recipe: Recipe
    strong: float
    few: float

    @property
    def mean(self) -> float:
        """What recipes are chosen by."""
        return (self.strong + self.few) / 2

    @property
    def metrics(self) -> dict[str, float]:
        """The figures by name."""
        return {"ndcg100_strong": self.strong, "ndcg100_few": self.few}


STEPS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("regularisation", (10.0, 60.0)),
    ("alpha", (4.0, 25.0)),
    ("n_factors", (64, 256)),
)
"""What is tried in place of the default recipe's settings, one setting after the other. The number of factors comes
last, since a trial of 256 takes three times as long as one of 128."""


def learn_factors(matrix: Any, recipe: Recipe, seed: int, n_iterations: int = N_ITERATIONS) -> Floats:
    """Return the factors of works, float32 (n_works, n_factors); the same on any number of cores.

    Args:
        matrix: Likes, a CSR matrix (n_users, n_works).
        recipe: The settings.
        seed: Decides the factors to begin with.
        n_iterations: How often the factors of people and works are computed in turn.
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # after the import, which loads a BLAS; implicit has threads of its own
        model = AlternatingLeastSquares(
            factors=recipe.n_factors,
            regularization=recipe.regularisation,
            alpha=recipe.alpha,
            iterations=n_iterations,
            random_state=seed,
        )
        model.fit(matrix, show_progress=False)
    return np.asarray(model.item_factors, dtype=np.float32)


def choose_recipe(likes: Likes, seed: int) -> tuple[Recipe, list[Trial]]:
    """Return the best recipe, and all trials; with too few people to measure with, the default recipe."""
    learnt, validated = split_users(likes, SHARE_VALIDATED, N_VALIDATED, seed)
    if len(validated) < LEAST_VALIDATED:
        return Recipe(), []
    drawn = np.random.default_rng(seed).permutation(learnt)
    n_likes = np.cumsum(np.diff(likes.matrix.indptr)[drawn])
    matrix = likes.matrix[np.sort(drawn[: int(np.searchsorted(n_likes, MOST_LIKES)) + 1])]
    trials = [_try(matrix, likes, validated, Recipe(), seed)]
    with show_progress("trials", "choosing settings", 1 + sum(len(values) for _, values in STEPS)) as progress:
        progress.update(1)
        for name, values in STEPS:
            best = max(trials, key=lambda trial: trial.mean)
            for value in values:
                trials.append(_try(matrix, likes, validated, replace(best.recipe, **{name: value}), seed))
                progress.update(1)
    return max(trials, key=lambda trial: trial.mean).recipe, trials


def _try(matrix: Any, likes: Likes, validated: Ints, recipe: Recipe, seed: int) -> Trial:
    factors = learn_factors(matrix, recipe, seed, N_TRIAL_ITERATIONS)
    gram = factors.T @ factors

    def fold_in(given: Ints) -> Floats:
        return factors @ fold_in_many(factors[given], factors[:0], gram, recipe.alpha, recipe.fold_in)

    def sum_likes(given: Ints) -> Floats:
        return factors @ sum_of_units(factors[given])

    return Trial(recipe, measure(likes, validated, 0.8, seed, fold_in), measure(likes, validated, 3, seed, sum_likes))


def measure(likes: Likes, users: Ints, given: float | int, seed: int, score: Callable[[Ints], Floats]) -> float:
    """Return the mean nDCG@100 over people, all works but the given ones ranked."""
    return float(np.mean(list(_ndcgs(likes, users, given, seed, score)) or [0.0]))


def _ndcgs(
    likes: Likes, users: Ints, given: float | int, seed: int, score: Callable[[Ints], Floats]
) -> Iterator[float]:
    for _, shown, hidden in split_likes(likes, users, given, seed):
        scores = score(shown).copy()
        scores[shown] = -np.inf
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        yield ndcg(np.isin(best, hidden), len(hidden), DEPTH)


def ndcg(found: ArrayLike, n_find: int, depth: int) -> float:
    """Return the gains of a ranking, each divided by log2(rank + 1), by those of a perfect one.

    Args:
        found: Whether each of its works was to be found, best first.
        n_find: How many works were to be found.
        depth: How many works of the ranking are measured.
    """
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    return float(discounts[: np.size(found)] @ np.asarray(found)[:depth] / discounts[:n_find].sum())
