"""Fuse the legs' rankings into one. Pure; a method that the engine has too gives the engine's scores.

The legs are fused here, not in the engine, because an answer shows each hit's score and rank in every leg, which the
engine's fusion drops; and because the engine's DBSF takes no weights, and the engine has no min-max fusion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_api.ranking_settings import DEFAULT_FUSIONS, Fusion, FusionMethod, Fusions, QueryKind
from search_api.records import IntegerRange, Intent

Scores = NDArray[np.float64]
Rows = NDArray[np.intp]
"""Works by their rows in the table of works: intp (n,)."""


class Ranking(NamedTuple):
    """Works by their rows, best first, with their scores: of equal scores, the smaller row comes first."""

    rows: Rows
    scores: Scores

    @property
    def n_works(self) -> int:
        """How many works there are."""
        return len(self.rows)

    def part(self, first: int, end: int | None = None) -> Ranking:
        """Return the works from one place up to, not including, another."""
        return Ranking(self.rows[first:end], self.scores[first:end])


NO_WORKS = Ranking(np.zeros(0, dtype=np.intp), np.zeros(0))

RRF_K = 61
"""Qdrant counts ranks from zero: its k=61 is the textbook's 60 (Cormack, Clarke and Büttcher 2009)."""

YEARS_TO_FADE = 5.0
"""The distance in years at which a work's bonus falls to 1/e. nDCG@10 of films with 3, 5 and 8: .194, .196 and .196;
with half the weight of `year` .191, with one and a half times .192."""


def order_ranking(rows: Rows, scores: Scores) -> Ranking:
    """Return works by falling score, then by row."""
    order = np.lexsort((rows, -scores))
    return Ranking(rows[order], scores[order])


def union(rankings: Iterable[Ranking]) -> Rows:
    """Return the rows of all works of some rankings, each once, sorted."""
    all_rows = [ranking.rows for ranking in rankings]
    return np.unique(np.concatenate(all_rows)) if all_rows else NO_WORKS.rows


def kind_of_query(intent: Intent) -> QueryKind:
    """Return the kind of a query. Each kind has its own fusion and cleaning."""
    if intent.subject:
        return "subject"
    if intent.is_guess:
        return "guess"
    if intent.only_mood:
        return "mood"
    if intent.like or intent.like_people:
        return "liked"
    return "described" if intent.is_description else "other"


def fusion_for(intent: Intent, fusions: Fusions = DEFAULT_FUSIONS) -> Fusion:
    """Return the fusion for an intent, by its kind. Beside other words, values weigh as much as they are sure."""
    fusion = fusions.of(kind_of_query(intent))
    sureness = max((*intent.values.values(), *intent.tags.values()), default=1.0)
    if intent.only_mood or not 0 < sureness < 1:
        return fusion
    return fusion.model_copy(
        update={"weights": {**fusion.weights, "values": sureness * fusion.weights.get("values", 1.0)}}
    )


def fuse(rows: Rows, rankings: Mapping[str, Ranking], fusion: Fusion, others: Mapping[str, Ranking]) -> Scores:
    """Return each work's fused score, float64 (n,); a leg adds nothing to works that are not its candidates.

    Args:
        rows: The works, which are those of all the rankings: sorted, intp (n,).
        rankings: The candidates of each leg.
        fusion: How they are fused.
        others: Works beyond a leg's candidates, with their scores in the leg. They are put on the scale that the
            leg's candidates make, and get at least 0; by RRF, which knows only ranks, they get 0.
    """
    normalise = _METHODS[fusion.method]
    fused = np.zeros(len(rows))
    for leg, ranking in rankings.items():
        weight = fusion.weights.get(leg, 1.0)
        if not ranking.n_works or weight <= 0:
            continue
        places = np.searchsorted(rows, ranking.rows)
        fused[places] += normalise(ranking.scores, ranking.scores, weight)
        further = others.get(leg, NO_WORKS)
        if further.n_works and fusion.method != "rrf":
            is_own = np.zeros(len(rows), dtype=np.bool_)
            is_own[places] = True
            further_places = np.searchsorted(rows, further.rows)
            is_new = ~is_own[further_places]
            added = np.maximum(normalise(ranking.scores, further.scores[is_new], weight), 0)
            fused[further_places[is_new]] += added
    return fused


def bonus_weight(fusion: Fusion, leg: str) -> float:
    """Return the bonus of the best work by `year` or `known`: about what a leg of that weight adds to its best work."""
    return max(0.0, fusion.weights.get(leg, 1.0)) * first_place(fusion)


def first_place(fusion: Fusion) -> float:
    """Return about what a leg of weight 1 adds to its best work."""
    return 1 / RRF_K if fusion.method == "rrf" else 1.0


def favour_years(years: NDArray[np.float32], remembered: IntegerRange, weight: float) -> Scores:
    """Return the bonus of works from about the remembered years, float64 (n,).

    A work `far` years outside the range gets weight * exp(-far / YEARS_TO_FADE); one whose year is unknown gets none.

    Args:
        years: The year of each work, NaN where it is unknown: float32 (n,).
        remembered: The years.
        weight: The bonus within the range.
    """
    first = -math.inf if remembered.gte is None else remembered.gte
    last = math.inf if remembered.lte is None else remembered.lte
    far = np.maximum(0.0, np.maximum(first - years.astype(np.float64), years - last))
    bonus: Scores = np.nan_to_num(weight * np.exp(-far / YEARS_TO_FADE), nan=0.0)
    return bonus


def _rrf(_: Scores, scores: Scores, weight: float) -> Scores:
    """Return reciprocal ranks: 1 / (rank / weight + k - 1), with ranks from one, as Qdrant weighs them."""
    reciprocal: Scores = 1 / (np.arange(1, len(scores) + 1) / weight + RRF_K - 1)
    return reciprocal


def _dbsf(ranking: Scores, scores: Scores, weight: float) -> Scores:
    """Return distribution-based scores: (s - low) / (high - low), low and high three deviations from the mean."""
    deviation = ranking.std(ddof=1) if len(ranking) > 1 else 0.0
    if deviation == 0:
        return np.full(len(scores), weight * 0.5)
    low = ranking.mean() - 3 * deviation
    fused: Scores = weight * (scores - low) / (6 * deviation)
    return fused


def _linear(ranking: Scores, scores: Scores, weight: float) -> Scores:
    """Return min-max scores: (s - min) / (max - min)."""
    spread = np.ptp(ranking)
    if spread == 0:
        return np.full(len(scores), weight * 0.5)
    fused: Scores = weight * (scores - ranking.min()) / spread
    return fused


_METHODS: Mapping[FusionMethod, Callable[[Scores, Scores, float], Scores]] = {
    "rrf": _rrf,
    "dbsf": _dbsf,
    "linear": _linear,
}
"""The methods: the scores that make a scale, the scores to put on it (by RRF: the same), and the weight."""
