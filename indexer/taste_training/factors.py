"""Learn the factors of works by alternating least squares, with settings that are chosen on people held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from indexer.taste.content import Floats
from indexer.taste.taste import fold_in_many, sum_of_units
from indexer.taste_training.likes import Likes, split_likes, split_users

N_ITERATIONS = 12
N_VALIDATED = 500
SHARE_VALIDATED = 0.1
MOST_LIKES = 1_000_000
"""The settings are chosen on the people who have the first so many likes: a trial then takes at most half a minute."""
DEPTH = 100


@dataclass(frozen=True)
class Recipe:
    """The settings of a training.

    Attributes:
        n_factors: The number of factors.
        regularisation: lambda of the training.
        alpha: The weight of a like; what is not liked weighs 1.
        fold_in: lambda of the fold-in.
    """

    n_factors: int = 128
    regularisation: float = 30.0
    alpha: float = 10.0
    fold_in: float = 10.0


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


STEPS: tuple[tuple[str, tuple[float, ...]], ...] = (
    ("regularisation", (3.0, 10.0, 60.0)),
    ("alpha", (4.0, 25.0)),
    ("n_factors", (64, 192)),
)
"""What is tried in place of the default recipe's settings, one setting after the other."""
FOLD_INS = (1 / 10, 1 / 3, 1.0)
"""What is tried as lambda of the fold-in, as a part of the training's: no factors are learnt for it."""


def learn_factors(matrix: Any, recipe: Recipe, seed: int) -> Floats:
    """Return the factors of works, float32 (n_works, n_factors).

    Args:
        matrix: Likes, a CSR matrix (n_users, n_works).
        recipe: The settings.
        seed: Decides the factors to begin with.
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    model = AlternatingLeastSquares(
        factors=recipe.n_factors,
        regularization=recipe.regularisation,
        alpha=recipe.alpha,
        iterations=N_ITERATIONS,
        random_state=seed,
        num_threads=1,  # with more, sums are added in another order, and the same seed gives other factors
    )
    with threadpool_limits(1, "blas"):
        model.fit(matrix, show_progress=False)
    return np.asarray(model.item_factors, dtype=np.float32)


def choose_recipe(likes: Likes, seed: int) -> tuple[Recipe, list[Trial]]:
    """Return the best recipe, and all trials; with too few people to measure with, the default recipe."""
    learnt, validated = split_users(likes, SHARE_VALIDATED, N_VALIDATED, seed)
    if len(validated) < 20:
        return Recipe(), []
    learnt = np.random.default_rng(seed).permutation(learnt)
    counts = np.cumsum(np.diff(likes.matrix.indptr)[learnt])
    matrix = likes.matrix[np.sort(learnt[: int(np.searchsorted(counts, MOST_LIKES)) + 1])]
    trials = _try(matrix, likes, validated, Recipe(), seed)
    best = max(trials, key=lambda trial: trial.mean)
    for name, values in STEPS:
        for value in values:
            trials += _try(matrix, likes, validated, replace(best.recipe, **{name: type(getattr(best.recipe, name))(value)}), seed)
        best = max(trials, key=lambda trial: trial.mean)
    for trial in trials:
        _record(trial)
    return best.recipe, trials


def _try(matrix: Any, likes: Likes, validated: Any, recipe: Recipe, seed: int) -> list[Trial]:
    factors = learn_factors(matrix, recipe, seed)
    gram = factors.T @ factors
    few = measure(likes, validated, 3, seed, lambda given: factors @ sum_of_units(factors[given]))
    tried = []
    for part in FOLD_INS:
        own = replace(recipe, fold_in=part * recipe.regularisation)

        def score(given: Any, own: Recipe = own) -> Floats:
            return factors @ fold_in_many(factors[given], factors[:0], gram, own.alpha, own.fold_in)

        tried.append(Trial(own, measure(likes, validated, 0.8, seed, score), few))
    return tried


def measure(likes: Likes, users: Any, given: float | int, seed: int, score: Callable[[Any], Floats]) -> float:
    """Return the mean nDCG@100 over people, all works but the given ones ranked."""
    return float(np.mean(list(_ndcgs(likes, users, given, seed, score)) or [0.0]))


def _ndcgs(
    likes: Likes, users: Any, given: float | int, seed: int, score: Callable[[Any], Floats]
) -> Iterator[float]:
    discounts = 1 / np.log2(np.arange(2, DEPTH + 2))
    for _, shown, hidden in split_likes(likes, users, given, seed):
        scores = score(shown).copy()
        scores[shown] = -np.inf
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        gains = np.isin(best, hidden) * discounts[: len(best)]
        yield float(gains.sum() / discounts[: len(hidden)].sum())


def _record(trial: Trial) -> None:
    try:
        import mlflow  # type: ignore[import-not-found]
    except ImportError:
        return
    with mlflow.start_run():
        mlflow.log_params(asdict(trial.recipe))
        mlflow.log_metrics({"ndcg_strong": trial.strong, "ndcg_few": trial.few})
