"""Find the candidates of an answer, and what weighs for and against each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.engine import Engine
from indexer.legs import LEGS
from search_api.fusion import Ranking, bonus_weight, favour_years, first_place, fuse, order_ranking
from search_api.generation import Generation
from search_api.leg_queries import UNLIKE_WEIGHT, LegQueries, liked_ids, says_nothing
from search_api.preferences import AUDIENCES, Preferences, weigh_preferences
from search_api.ranking_settings import KIN, KNOWN, PROFILE, TITLE, YEAR, Fusion
from search_api.records import Intent, Standing
from search_api.retrieval import find_among, find_candidates, find_with_terms, keep_allowed
from search_api.work_table import Floats, WorkTable

MOST_NAMESAKES = 10
"""How many works that have the query as their title are candidates of the leg `title`."""

SHARES = (0.5, 1.0)
"""The share of the mean score of a leg's candidates from which a work is relevant at all, and fully so. Requests of
conversations, an answer in the first 10 and 50: .172 and .376 if every known work is favoured, .188 and .360 from a
share of 0 on, .188 and .346 from .3, .183 and .346 from .5, .174 and .329 from .7. Without it, "neorealism" finds
superheroes."""

SHARES_OF_WORDS = (0.8, 1.1)
"""The same by the words alone: .172 and .311 from .9 to 1.2, .172 and .323 from .8 to 1.1, .181 and .325 from .7 to
1.0, which puts well-known works of the same mood before those about the subject."""
SHARES_OF_SUBJECT = (0.95, 1.3)
"""The same for words that name a subject: with less, films of casinos are among those about chess."""

LEAST_OF_AUDIENCE = 0.4
"""The share of the bonus for an audience that a work has which is not what else was asked for."""
MOST_SHARE_OF_REFUSED, LEAST_COMMON = 0.05, 20
"""A refused word that a larger share of works has, and more than a few, is too common to say anything: "end"."""

STANDINGS: Mapping[Standing | None, tuple[str, float]] = {
    None: ("known", 1.0),
    "popular": ("known", 2.0),
    "acclaimed": ("acclaim", 2.0),
    "lesser-known": ("known", -0.5),
}
"""The column of the work table that `known` scores by, and a factor of its weight, by the standing asked for."""


@dataclass(frozen=True)
class Candidates:
    """The candidates for an intent.

    Attributes:
        intent: What was understood of the query.
        rankings: Each leg's candidates.
        years: The year of each work, for an intent with `remembered_years`.
        others: Works beyond a leg's candidates, with their scores in the leg.
        known: How well known the candidates are, in [-1, 2]; a work that is left out has 0.
        preferences: What the intent refuses and for whom it asks, by candidate.
    """

    intent: Intent
    rankings: Mapping[str, Ranking]
    years: Mapping[str, int]
    others: Mapping[str, Ranking] = field(default_factory=dict)
    known: Mapping[str, float] = field(default_factory=dict)
    preferences: Preferences = field(default_factory=Preferences)

    def fuse(self, fusion: Fusion) -> dict[str, float]:
        """Return the fused score of each candidate; of a leg only the first `fusion.depth` count as candidates."""
        rankings = {leg: ranking[: fusion.depth] for leg, ranking in self.rankings.items()}
        others = {leg: [*self.rankings.get(leg, ())[fusion.depth :], *own] for leg, own in self.others.items()}
        fused = fuse(rankings, fusion, others)
        remembered = self.intent.remembered_years
        if remembered:
            fused = favour_years(fused, self.years, remembered, bonus_weight(fusion, YEAR))
        known_weight, unit = bonus_weight(fusion, KNOWN), first_place(fusion)
        relevance = _relevance(rankings, others, self.intent) if self.known or self.preferences.audience else {}
        is_open = not (self.intent.subject or self.intent.values or self.intent.tags or self.intent.like)
        for work_id in fused:
            relevant = relevance.get(work_id, 0.0)
            for_audience = self.preferences.audience.get(work_id, 0.0)
            for_audience *= 1.0 if is_open else LEAST_OF_AUDIENCE + (1 - LEAST_OF_AUDIENCE) * relevant
            known = known_weight * self.known.get(work_id, 0.0) * relevant
            fused[work_id] += known + unit * (for_audience + self.preferences.bonus.get(work_id, 0.0))
        return fused

    def order(self, fusion: Fusion) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        """Return the fused works, best first, and apart from them those that come after all other works."""
        ranked = order_ranking(self.fuse(fusion).items())
        last = self.preferences.last
        return [w for w in ranked if w[0] not in last], [w for w in ranked if w[0] in last]


def _relevance(rankings: Mapping[str, Ranking], others: Mapping[str, Ranking], intent: Intent) -> dict[str, float]:
    """Return how relevant works are, in [0, 1], by the legs of what a request says.

    All are where nothing but facts is asked for. By likeness, or a mood and nothing else, the leg of the index counts
    in which a work does best. Otherwise the words count: else the best-known works of all would answer a request for
    "lighthouse". Where they name no subject that the catalogue has, a work must also have the values asked for.
    """
    if says_nothing(intent) and not rankings.get("values"):
        return dict.fromkeys((i for legs in (rankings, others) for ranking in legs.values() for i, _ in ranking), 1.0)
    if intent.only_mood or intent.like or intent.like_people or intent.is_description:
        return _shares(rankings, others, LEGS, *SHARES)
    shares = SHARES_OF_SUBJECT if intent.subject else SHARES_OF_WORDS
    by_words = _shares(rankings, others, ("text", "bm25"), *shares)
    if intent.subject or not rankings.get("values"):
        return by_words
    by_values = _shares(rankings, others, ("values",), *SHARES)
    return {work_id: share * by_values.get(work_id, 0.0) for work_id, share in by_words.items()}


def _shares(
    rankings: Mapping[str, Ranking], others: Mapping[str, Ranking], legs: Iterable[str], least: float, full: float
) -> dict[str, float]:
    """Return 0 for works with `least` of the mean score of a leg's candidates, 1 from `full` on, by the best leg."""
    best: dict[str, float] = {}
    for leg in legs:
        if ranking := rankings.get(leg, ()):
            mean = sum(score for _, score in ranking) / len(ranking)
            for work_id, score in (*ranking, *others.get(leg, ())):
                share = score / mean if mean > 0 else 0.0
                best[work_id] = max(best.get(work_id, 0.0), share)
    return {work_id: min(max(share - least, 0.0) / (full - least), 1.0) ** 2 for work_id, share in best.items()}


def find(
    engine: Engine, generation: Generation, queries: LegQueries, works_filter: models.Filter | None, depth: int
) -> Candidates:
    """Return the candidates of a request: each leg's best `depth` works, the best known, and namesakes of the query."""
    intent, table = queries.intent, generation.table
    rankings = find_candidates(engine, generation, queries.legs, works_filter, depth)
    if named := generation.names.named_by(queries.query)[:MOST_NAMESAKES]:
        allowed = keep_allowed(engine, generation.name, named, works_filter)
        rankings[TITLE] = [(work_id, 1.0 - place / MOST_NAMESAKES) for place, work_id in enumerate(allowed)]
    others: dict[str, Ranking] = {}
    if not rankings.get(TITLE):
        others |= _find_known(engine, generation, queries, works_filter)
    ids = list(dict.fromkeys(i for legs in (rankings, others) for ranking in legs.values() for i, _ in ranking))
    rows = table.rows_of(ids)
    if intent.like or intent.like_people or intent.unlike:
        for leg, scores in _likeness(generation, intent, rows).items():
            ranked = order_ranking(zip(ids, scores.tolist(), strict=True))
            rankings[leg], others[leg] = ranked[:depth], ranked[depth:]
    preferences = weigh_preferences(intent, ids, table, generation.profiles.get)
    seeks_title = bool(rankings.get(TITLE)) and not (intent.values or intent.tags or intent.subject)
    known = {} if seeks_title else _known(queries, table, ids, rows)
    most = max(LEAST_COMMON, int(MOST_SHARE_OF_REFUSED * len(generation.work_ids)))
    refused = [find_with_terms(engine, generation, terms, most) for terms in queries.refused]
    preferences = replace(preferences, last=preferences.last.union(*refused) & {*ids})
    return Candidates(intent, rankings, generation.years, others, known, preferences)


def _find_known(
    engine: Engine, generation: Generation, queries: LegQueries, works_filter: models.Filter | None
) -> dict[str, Ranking]:
    """Return the scores of the best-known works in each leg; of the best rated, where these are asked for."""
    intent = queries.intent
    column, factor = STANDINGS[intent.standing]
    if not queries.favours_known or factor < 0:
        return {}
    genres = AUDIENCES[intent.audience].genres if intent.audience else frozenset()
    year = intent.filters.year
    years = (-math.inf if year.gte is None else year.gte, math.inf if year.lte is None else year.lte) if year else None
    pool = generation.table.best(intent.filters.kind, column, genres, years)
    return find_among(engine, generation, queries.legs, works_filter, pool) if pool else {}


def _known(queries: LegQueries, table: WorkTable, ids: Sequence[str], rows: NDArray[np.intp]) -> dict[str, float]:
    """Return the scores of the leg `known`."""
    if not queries.favours_known:
        return {}
    column, factor = STANDINGS[queries.intent.standing]
    scores: Floats = factor * getattr(table, column)[rows]
    return {work_id: score for work_id, score in zip(ids, scores.tolist(), strict=True) if score}


def _likeness(generation: Generation, intent: Intent, rows: NDArray[np.intp]) -> dict[str, Floats]:
    """Return how alike works are to those that an intent names, by the legs `profile` and `kin`."""
    table = generation.table
    named = [(work_id, 1.0) for work_id in liked_ids(intent, generation)]
    named += [(work.id, UNLIKE_WEIGHT) for work in intent.unlike]
    named = [(work_id, weight) for work_id, weight in named if work_id in table.rows]
    if not named:
        return {}
    liked = table.rows_of(work_id for work_id, _ in named)
    weights = np.array([weight for _, weight in named], dtype=np.float32)
    return {
        PROFILE: generation.profiles.get().likeness(rows, liked, weights),
        KIN: table.kinship(rows, liked, weights),
    }
