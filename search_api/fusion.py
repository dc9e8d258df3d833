"""Rankings to one ranking. Pure; each method is the engine's own where the engine has it (a test compares them).

The legs are fused here rather than in the engine, because an answer shows each leg's score and rank of every hit, which
the engine's fusion drops, and because the engine's DBSF takes no weights and it has no min-max.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import gt, itemgetter

import numpy as np

from search_api.records import Fusion, Fusions, Intent, QueryKind

Ranking = Sequence[tuple[str, float]]
"""Candidates of one leg with their scores, best first."""

TITLE_WEIGHT = 4.0
"""A work named by the whole query outweighs first places in two legs."""

RRF_K = 61
"""Qdrant counts ranks from zero: its k=61 is the textbook's 60 (Cormack, Clarke and Büttcher 2009)."""

DEFAULT_FUSION = Fusion(method="dbsf", weights={"title": TITLE_WEIGHT, "values": 2.0})
"""Chosen on validation queries; docs/ranking.md has the table."""

MOOD_FUSION = Fusion(method="dbsf", weights={"title": TITLE_WEIGHT, "values": 6.0, "text": 0.5})
"""For words that ask for values and say nothing else, such as "something funny"."""

GUESS_FUSION = Fusion(method="dbsf", weights={"title": TITLE_WEIGHT, "values": 4.0})
"""For words whose values were guessed from their meaning, such as "make me believe in people again".

nDCG@10 by these two on the validation queries of films and books .408 and .728, by the default weights .316 and .708;
on paraphrases of them that name no value (180 and 120, written without knowledge of the taxonomy's words) .290 and
.569, without guessing .216 and .483."""


YEAR = "year"
"""Weighs how near a work is to the year that a description names, which no leg looks for: 1, unless said otherwise."""

DEFAULT_FUSIONS = Fusions(described=DEFAULT_FUSION, mood=MOOD_FUSION, guess=GUESS_FUSION, other=DEFAULT_FUSION)


def order_ranking(scored: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    """Gives works by score falling, then id.

    Two stable sorts by one key each are twice as fast as one by a pair, and the one by id is seldom needed.
    """
    ranked = sorted(scored, key=itemgetter(1), reverse=True)
    scores = [score for _, score in ranked]
    if all(map(gt, scores, scores[1:])):
        return ranked
    return sorted(sorted(ranked, key=itemgetter(0)), key=itemgetter(1), reverse=True)


def kind_of_query(intent: Intent) -> QueryKind:
    """Gives the kind of query that was understood: kinds are fused, and tuned, each in their own way."""
    if intent.is_guess:
        return "guess"
    if intent.only_mood:
        return "mood"
    return "described" if intent.is_description else "other"


def fusion_for(intent: Intent, fusions: Fusions = DEFAULT_FUSIONS) -> Fusion:
    """Gives the fusion for what was understood."""
    return fusions.of(kind_of_query(intent))


def fuse(rankings: Mapping[str, Ranking], fusion: Fusion) -> dict[str, float]:
    """Gives each candidate's fused score; a candidate that a leg does not know gets nothing from it."""
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
    """Gives what a work of just the remembered year gets: as much as the first of a leg does."""
    first_place = 1 / RRF_K if fusion.method == "rrf" else 1.0
    return max(0.0, fusion.weights.get(YEAR, 1.0)) * first_place


def _rrf(ranking: Ranking, weight: float) -> list[float]:
    """Reciprocal ranks: 1 / (rank / weight + k - 1), with ranks from one, as Qdrant weighs them."""
    return [1 / (rank / weight + RRF_K - 1) for rank in range(1, len(ranking) + 1)]


def _dbsf(ranking: Ranking, weight: float) -> list[float]:
    """Distribution-based scores: (s - low) / (high - low), low and high three deviations from the mean."""
    scores = np.array([score for _, score in ranking])
    deviation = scores.std(ddof=1) if len(scores) > 1 else 0.0
    if deviation == 0:
        return [weight * 0.5] * len(scores)
    low = scores.mean() - 3 * deviation
    fused: list[float] = (weight * (scores - low) / (6 * deviation)).tolist()
    return fused


def _linear(ranking: Ranking, weight: float) -> list[float]:
    """Min-max scores: (s - min) / (max - min)."""
    scores = np.array([score for _, score in ranking])
    spread = np.ptp(scores)
    if spread == 0:
        return [weight * 0.5] * len(scores)
    fused: list[float] = (weight * (scores - scores.min()) / spread).tolist()
    return fused


_METHODS: Mapping[str, Callable[[Ranking, float], list[float]]] = {"rrf": _rrf, "dbsf": _dbsf, "linear": _linear}
