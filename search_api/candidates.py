"""Find the candidates of an answer, and what weighs for and against each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.engine import Engine
from indexer.legs import LEGS
from search_api.account import part
from search_api.fusion import (
    NO_WORKS,
    Ranking,
    Rows,
    Scores,
    bonus_weight,
    favour_years,
    first_place,
    fuse,
    order_ranking,
    union,
)
from search_api.generation import Generation
from search_api.leg_queries import UNLIKE_WEIGHT, LegQueries, liked_ids, says_nothing
from search_api.preferences import AUDIENCES, Preferences, no_preferences, weigh_preferences
from search_api.ranking_settings import KIN, KNOWN, PROFILE, TITLE, YEAR, Fusion
from search_api.records import Intent, Standing
from search_api.retrieval import (
    NO_VECTORS,
    fetch_vectors,
    find_candidates_and_among,
    find_with_terms,
    keep_allowed,
    note_candidates,
)
from search_api.work_table import Floats

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
    "underrated": ("underrated", 2.0),
    "lesser-known": ("known", -0.5),
}
"""The column of the work table that `known` scores by, and a factor of its weight, by the standing asked for."""


class Weighed(NamedTuple):
    """What weighs for and against some works, beside their scores in the legs.

    Attributes:
        rows: The works, sorted: intp (n,).
        years: The year of each, NaN where it is unknown: float32 (n,).
        known: How well known each is, in [-1, 2]; 0 where that does not count: float32 (n,).
        preferences: What the intent refuses and for whom it asks, by work.
    """

    rows: Rows
    years: Floats
    known: Floats
    preferences: Preferences

    def of(self, rows: Rows) -> Weighed:
        """Return what weighs for other works, nothing for those that are not among these."""
        if np.array_equal(rows, self.rows):
            return self
        is_here = np.isin(rows, self.rows)
        places = np.searchsorted(self.rows, rows[is_here])

        def pick(own: NDArray[Any], missing: float) -> NDArray[Any]:
            picked = np.full(len(rows), missing, dtype=own.dtype)
            picked[is_here] = own[places]
            return picked

        preferences = Preferences(*(pick(own, 0) for own in self.preferences))
        return Weighed(rows, pick(self.years, np.nan), pick(self.known, 0), preferences)


NOTHING_WEIGHED = Weighed(
    NO_WORKS.rows, np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32), no_preferences(0)
)
"""Nothing weighs for or against any work."""


class Ordered(NamedTuple):
    """Fused works, best first, and apart from them those that come after all other works."""

    fitting: Ranking
    last: Ranking


@dataclass(frozen=True)
class Candidates:
    """The candidates for an intent.

    Attributes:
        intent: What was understood of the query.
        rankings: Each leg's candidates.
        others: Works beyond a leg's candidates, with their scores in the leg.
        weighed: What else weighs for and against the candidates.
    """

    intent: Intent
    rankings: Mapping[str, Ranking]
    others: Mapping[str, Ranking] = field(default_factory=dict)
    weighed: Weighed = NOTHING_WEIGHED

    def fuse(self, fusion: Fusion) -> tuple[Rows, Scores]:
        """Return the candidates, sorted by row, and the fused score of each.

        Of a leg only the first `fusion.depth` count as candidates.
        """
        rows, scores, _ = self._fuse(fusion)
        return rows, scores

    def order(self, fusion: Fusion) -> Ordered:
        """Return the fused works, best first, and apart from them those that come after all other works."""
        rows, scores, weighed = self._fuse(fusion)
        last = weighed.preferences.last
        return Ordered(order_ranking(rows[~last], scores[~last]), order_ranking(rows[last], scores[last]))

    def _fuse(self, fusion: Fusion) -> tuple[Rows, Scores, Weighed]:
        rankings = {leg: ranking.part(0, fusion.depth) for leg, ranking in self.rankings.items()}
        others = {
            leg: _joined(self.rankings[leg].part(fusion.depth), own) if leg in self.rankings else own
            for leg, own in self.others.items()
        }
        rows = union([*rankings.values(), *others.values()])
        weighed = self.weighed.of(rows)
        fused = fuse(rows, rankings, fusion, others)
        remembered = self.intent.remembered_years
        if remembered:
            fused += favour_years(weighed.years, remembered, bonus_weight(fusion, YEAR))
        preferences = weighed.preferences
        fused += first_place(fusion) * preferences.bonus
        if weighed.known.any() or preferences.audience.any():
            relevance = _relevance(rows, rankings, others, self.intent)
            is_open = not (self.intent.subject or self.intent.values or self.intent.tags or self.intent.like)
            fitting = 1.0 if is_open else LEAST_OF_AUDIENCE + (1 - LEAST_OF_AUDIENCE) * relevance
            fused += bonus_weight(fusion, KNOWN) * weighed.known * relevance
            fused += first_place(fusion) * preferences.audience * fitting
        return rows, fused, weighed


def _joined(one: Ranking, other: Ranking) -> Ranking:
    return Ranking(np.concatenate((one.rows, other.rows)), np.concatenate((one.scores, other.scores)))


def _relevance(rows: Rows, rankings: Mapping[str, Ranking], others: Mapping[str, Ranking], intent: Intent) -> Scores:
    """Return how relevant works are, float64 (n,) in [0, 1], by the legs of what a request says.

    All are where nothing but facts is asked for. By likeness, or a mood and nothing else, the leg of the index counts
    in which a work does best. Otherwise the words count: else the best-known works of all would answer a request for
    "lighthouse". Where they name no subject that the catalogue has, a work must also have the values asked for.
    """
    has_values = bool(rankings.get("values", NO_WORKS).n_works)
    if says_nothing(intent) and not has_values:
        return np.ones(len(rows))
    if intent.only_mood or intent.like or intent.like_people or intent.is_description:
        return _shares(rows, rankings, others, LEGS, *SHARES)
    shares = SHARES_OF_SUBJECT if intent.subject else SHARES_OF_WORDS
    by_words = _shares(rows, rankings, others, ("text", "bm25"), *shares)
    if intent.subject or not has_values:
        return by_words
    return by_words * _shares(rows, rankings, others, ("values",), *SHARES)


def _shares(
    rows: Rows,
    rankings: Mapping[str, Ranking],
    others: Mapping[str, Ranking],
    legs: Iterable[str],
    least: float,
    full: float,
) -> Scores:
    """Return 0 for works with `least` of the mean score of a leg's candidates, 1 from `full` on, by the best leg."""
    best = np.zeros(len(rows))
    for leg in legs:
        ranking = rankings.get(leg, NO_WORKS)
        mean = ranking.scores.mean() if ranking.n_works else 0.0
        if mean > 0:
            for part in (ranking, others.get(leg, NO_WORKS)):
                places = np.searchsorted(rows, part.rows)
                best[places] = np.maximum(best[places], part.scores / mean)
    return np.clip((best - least) / (full - least), 0.0, 1.0) ** 2


def find(
    engine: Engine, generation: Generation, queries: LegQueries, works_filter: models.Filter | None, depth: int
) -> Candidates:
    """Return the candidates of a request: each leg's best `depth` works, the best known, and namesakes of the query."""
    intent, table = queries.intent, generation.table
    named = table.rows_of(generation.names.named_by(queries.query)[:MOST_NAMESAKES])
    if len(named):
        named = keep_allowed(engine, generation, named, works_filter)
    pool, is_usual = (NO_WORKS.rows, False) if len(named) else _pool_of_known(generation, queries)
    # Other pools are seldom asked for twice, and to fetch their vectors takes longer than to ask for their scores.
    vectors = (
        generation.pools.get_or_make(pool.tobytes(), lambda: fetch_vectors(engine, generation, pool))
        if is_usual
        else NO_VECTORS
    )
    with part("legs"):
        rankings, others = find_candidates_and_among(
            engine, generation, queries.legs, works_filter, depth, pool, vectors
        )
        note_candidates(rankings)
    if len(named):
        rankings[TITLE] = Ranking(named, 1.0 - np.arange(len(named)) / MOST_NAMESAKES)
    rows = union([*rankings.values(), *others.values()])
    if intent.like or intent.like_people or intent.unlike:
        for leg, scores in _likeness(generation, intent, rows).items():
            ranked = order_ranking(rows, scores.astype(np.float64))
            rankings[leg], others[leg] = ranked.part(0, depth), ranked.part(depth)
    preferences = weigh_preferences(intent, rows, table, generation.profiles)
    seeks_title = bool(len(named)) and not (intent.values or intent.tags or intent.subject)
    known = np.zeros(len(rows), dtype=np.float32)
    if queries.favours_known and not seeks_title:
        column, factor = STANDINGS[intent.standing]
        known = np.float32(factor) * getattr(table, column)[rows]
    most = max(LEAST_COMMON, int(MOST_SHARE_OF_REFUSED * table.n_works))
    for terms in queries.refused:
        refused = np.isin(rows, find_with_terms(engine, generation, terms, most))
        preferences = preferences._replace(last=preferences.last | refused)
    return Candidates(intent, rankings, others, Weighed(rows, table.years[rows], known, preferences))


def _pool_of_known(generation: Generation, queries: LegQueries) -> tuple[Rows, bool]:
    """Return the best-known works that a request may mean, and whether they are those of all genres and years.

    They are the best rated ones, or those that few rate well, where these are asked for.
    """
    intent = queries.intent
    column, factor = STANDINGS[intent.standing]
    if not queries.favours_known or factor < 0:
        return NO_WORKS.rows, False
    genres = AUDIENCES[intent.audience].genres if intent.audience else frozenset()
    year = intent.filters.year
    years = (-math.inf if year.gte is None else year.gte, math.inf if year.lte is None else year.lte) if year else None
    pool = generation.table.best(intent.filters.kind, column, genres, years)
    return pool, len(pool) > 0 and not genres and years is None


def _likeness(generation: Generation, intent: Intent, rows: Rows) -> dict[str, Floats]:
    """Return how alike works are to those that an intent names, by the legs `profile` and `kin`."""
    table = generation.table
    named = [(work_id, 1.0) for work_id in liked_ids(intent, generation)]
    named += [(work.id, UNLIKE_WEIGHT) for work in intent.unlike]
    known = [(row, weight) for work_id, weight in named if (row := table.row_of(work_id)) is not None]
    if not known:
        return {}
    liked = np.array([row for row, _ in known], dtype=np.intp)
    weights = np.array([weight for _, weight in known], dtype=np.float32)
    return {
        PROFILE: generation.profiles.likeness(rows, liked, weights),
        KIN: table.kinship(rows, liked, weights),
    }
