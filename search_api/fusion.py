"""Fuse the legs' rankings into one. Pure; a method that the engine has too gives the engine's scores.

The legs are fused here, not in the engine, because an answer shows each hit's score and rank in every leg, which the
engine's fusion drops; and because the engine's DBSF takes no weights, and the engine has no min-max fusion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import gt, itemgetter
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from search_api.ranking_settings import DEFAULT_FUSIONS, Fusion, FusionMethod, Fusions, QueryKind
from search_api.records import IntegerRange, Intent

Ranking = Sequence[tuple[str, float]]
"""Candidates of one leg, as (work id, score), best first."""
Scores = NDArray[np.float64]

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


def fuse(
    rankings: Mapping[str, Ranking], fusion: Fusion, others: Mapping[str, Ranking] = MappingProxyType({})
) -> dict[str, float]:
    """Return each candidate's fused score; a leg adds nothing to works that are not its candidates.

    Args:
        rankings: The candidates of each leg.
        fusion: How they are fused.
        others: Works beyond a leg's candidates, with their scores in the leg. They are put on the scale that the
            leg's candidates make, and get at least 0; by RRF, which knows only ranks, they get 0.
    """
    normalise = _METHODS[fusion.method]
    fused: dict[str, float] = dict.fromkeys((work_id for ranking in others.values() for work_id, _ in ranking), 0.0)
    for leg, ranking in rankings.items():
        weight = fusion.weights.get(leg, 1.0)
        if not ranking or weight <= 0:
            continue
        scores = np.array([score for _, score in ranking])
        for (candidate, _), score in zip(ranking, normalise(scores, scores, weight).tolist(), strict=True):
            fused[candidate] = fused.get(candidate, 0.0) + score
        own = {candidate for candidate, _ in ranking}
        further = [(candidate, score) for candidate, score in others.get(leg, ()) if candidate not in own]
        if further and fusion.method != "rrf":
            added = np.maximum(normalise(scores, np.array([score for _, score in further]), weight), 0)
            for (candidate, _), score in zip(further, added.tolist(), strict=True):
                fused[candidate] += score
    return fused


def bonus_weight(fusion: Fusion, leg: str) -> float:
    """Return the bonus of the best work by `year` or `known`: about what a leg of that weight adds to its best work."""
    return max(0.0, fusion.weights.get(leg, 1.0)) * first_place(fusion)


def first_place(fusion: Fusion) -> float:
    """Return about what a leg of weight 1 adds to its best work."""
    return 1 / RRF_K if fusion.method == "rrf" else 1.0


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
