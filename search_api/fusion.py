"""Fuse the legs' rankings into one. Pure; a method that the engine has too gives the engine's scores.

The legs are fused here, not in the engine, because an answer shows each hit's score and rank in every leg, which the
engine's fusion drops; and because the engine's DBSF takes no weights, and the engine has no min-max fusion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import gt, itemgetter

import numpy as np

from search_api.ranking_settings import DEFAULT_FUSIONS, YEAR, Fusion, FusionMethod, Fusions, QueryKind
from search_api.records import IntegerRange, Intent

Ranking = Sequence[tuple[str, float]]
"""Candidates of one leg, as (work id, score), best first."""

RRF_K = 61
"""Qdrant counts ranks from zero: its k=61 is the textbook's 60 (Cormack, Clarke and Büttcher 2009)."""

YEARS_TO_FADE = 5.0
"""The distance in years at which a work's bonus falls to 1/e. nDCG@10 of films with 3, 5 and 8: .194, .196 and .196;
with half the weight of `year` .191, with one and a half times .192."""


def order_ranking(scored: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return works by falling score, then by id.

    Two stable sorts by one key each are twice as fast as one sort by a pair, and the sort by id is seldom needed.
    """
    ranked = sorted(scored, key=itemgetter(1), reverse=True)
    scores = [score for _, score in ranked]
    if all(map(gt, scores, scores[1:])):
        return ranked
    return sorted(sorted(ranked, key=itemgetter(0)), key=itemgetter(1), reverse=True)


def kind_of_query(intent: Intent) -> QueryKind:
    """Return the kind of a query. Each kind has its own fusion and cleaning."""
    if intent.is_guess:
        return "guess"
    if intent.only_mood:
        return "mood"
    return "described" if intent.is_description else "other"


def fusion_for(intent: Intent, fusions: Fusions = DEFAULT_FUSIONS) -> Fusion:
    """Return the fusion for an intent, by its kind."""
    return fusions.of(kind_of_query(intent))


def fuse(rankings: Mapping[str, Ranking], fusion: Fusion) -> dict[str, float]:
    """Return each candidate's fused score; a leg adds nothing to works that are not its candidates."""
    normalise = _METHODS[fusion.method]
    fused: dict[str, float] = {}
    for leg, ranking in rankings.items():
        weight = fusion.weights.get(leg, 1.0)
        if not ranking or weight <= 0:
            continue
        for (candidate, _), score in zip(ranking, normalise(ranking, weight), strict=True):
            fused[candidate] = fused.get(candidate, 0.0) + score
    return fused


def year_weight(fusion: Fusion) -> float:
    """Return the bonus of a work from a remembered year: about what a leg of that weight adds to its best work."""
    first_place = 1 / RRF_K if fusion.method == "rrf" else 1.0
    return max(0.0, fusion.weights.get(YEAR, 1.0)) * first_place


def favour_years(
    scores: Mapping[str, float], years: Mapping[str, int], remembered: IntegerRange, weight: float
) -> dict[str, float]:
    """Return scores with a bonus for works from about the remembered years.

    A work `far` years outside the range gets weight * exp(-far / YEARS_TO_FADE) more. `years` lacks works whose year
    is unknown: these get no bonus.
    """
    first = -math.inf if remembered.gte is None else remembered.gte
    last = math.inf if remembered.lte is None else remembered.lte
    favoured = dict(scores)
    for work_id in favoured.keys() & years.keys():
        far = max(0, first - years[work_id], years[work_id] - last)
        favoured[work_id] += weight * math.exp(-far / YEARS_TO_FADE)
    return favoured


def _rrf(ranking: Ranking, weight: float) -> list[float]:
    """Return reciprocal ranks: 1 / (rank / weight + k - 1), with ranks from one, as Qdrant weighs them."""
    return [1 / (rank / weight + RRF_K - 1) for rank in range(1, len(ranking) + 1)]


def _dbsf(ranking: Ranking, weight: float) -> list[float]:
    """Return distribution-based scores: (s - low) / (high - low), low and high three deviations from the mean."""
    scores = np.array([score for _, score in ranking])
    deviation = scores.std(ddof=1) if len(scores) > 1 else 0.0
    if deviation == 0:
        return [weight * 0.5] * len(scores)
    low = scores.mean() - 3 * deviation
    fused: list[float] = (weight * (scores - low) / (6 * deviation)).tolist()
    return fused


def _linear(ranking: Ranking, weight: float) -> list[float]:
    """Return min-max scores: (s - min) / (max - min)."""
    scores = np.array([score for _, score in ranking])
    spread = np.ptp(scores)
    if spread == 0:
        return [weight * 0.5] * len(scores)
    fused: list[float] = (weight * (scores - scores.min()) / spread).tolist()
    return fused


_METHODS: Mapping[FusionMethod, Callable[[Ranking, float], list[float]]] = {
    "rrf": _rrf,
    "dbsf": _dbsf,
    "linear": _linear,
}
