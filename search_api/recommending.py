"""Rank works by what a person likes: by their content, and by what people who like the same works like too.

Each leg's score of a work is a sum over the likes, less a quarter of that over the dislikes, so that each like's part
in a hit is known:

    text      cosines of the text vectors, less what is usual for the kind
    bm25      products of the tf-idf weights of terms
    taste     the dot product with the person's vector (`indexer.taste`), where the index has taste vectors
    genres    cosines of the genres
    makers    how many likes share a director or author
    profile   cosines of the values and tags, standardised within the kind

nDCG@100 of held-out readers among 3,039 books, given four fifths of their likes, then 1, 3 and 5 likes:

    terms alone          .231  .137  .216  .239
    authors alone        .230  .113  .185  .216
    all content          .276  .170  .241  .264
    taste alone          .371  .229  .324  .365
    taste and content    .385  .231  .329  .369
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.engine import Engine
from indexer.known.fields import UNKNOWN, kind_number
from indexer.legs import TASTE, Leg
from search_api.account import part
from search_api.background import Background, read_background
from search_api.errors import RequestRefused
from search_api.fusion import NO_WORKS, Ranking, Rows, Scores, fuse, order_ranking, union
from search_api.generation import Generation
from search_api.given_works import describe_unknown, refuse_both
from search_api.preferences import weigh_refusals
from search_api.ranking_settings import GENRES, KNOWN, MAKERS, PROFILE, Fusion
from search_api.records import RecommendRequest
from search_api.retrieval import (
    LeftOut,
    LegQuery,
    engine_filter,
    fetch_points,
    find_allowed,
    find_candidates,
    keep_allowed,
    note_candidates,
)
from search_api.work_table import Floats, WorkTable, to_units

DISLIKE = -0.25
"""The weight of a dislike in the legs of content; a like has 1. Of 148 readers with two dislikes or more, half of the
dislikes given: nDCG@100 of .358, .359 and .360 from four fifths of their likes by -.1, -.25 and -.5 (without: .357),
.319, .317 and .316 from three likes (without: .327): people dislike books of the kinds that they read."""
DEPTH, SCALED = 500, 200
"""How many candidates each leg has, and how many of them make the scale of its scores."""
MOST_TERMS = 150
"""The terms of the likes that are searched for, by weight times IDF: .227 with 64 (see above), .236 with 150, .232 with
400 of four fifths of the likes; fewer cost 3 likes: .202 with 64, .215 with 150."""
MOST_FOLDED, MOST_READ = 200, 80
"""Of so many likes the taste vectors are read, and of so many the content too, at equal distances in their order: to
read the vectors `text` and `bm25` of 500 works takes 24 ms."""

CONTENT_WEIGHTS: Mapping[str, float] = {"text": 0.1, "bm25": 1.0, GENRES: 0.6, MAKERS: 2.0, PROFILE: 0.6}
"""Chosen on 150 held-out readers, by the mean of the four figures: .239; .234 by genres .3, makers 1.5, profile .2."""
TASTE_WEIGHTS: Mapping[str, float] = {"book": 6.0, "movie": 3.0}
"""The weight of `taste` beside these, by the kind of the likes. The four figures for books by this weight: .276, .170,
.241, .264 (0), .380, .227, .322, .362 (3), .385, .231, .329, .369 (6), .385, .231, .330, .370 (10). For films content
should weigh twice as much beside taste as for books, .3 and .15 in sums of standardised scores."""
VALUES_WEIGHT, ONLY_VALUES_WEIGHT = 3.0, 4.0
"""The weight of the values asked for, beside likes and without any. Of 150 readers with one like and the five values
that stand out among all their likes: .221 (0), .233 (1), .241 (2), .252 (4)."""
KNOWN_OF_ONE_FILM, KNOWN_WITHOUT_LIKES = 0.5, 1.5
"""The weight of `known` where one film is liked, and where nothing is: popularity helps no other profile."""


@dataclass(frozen=True)
class Likes:
    """The works of a profile that the catalogue has, and what of their content is read.

    Attributes:
        liked: The rows of the likes in their order, each once.
        disliked: Those of the dislikes.
        read: The rows whose content is read: likes, then dislikes.
        weights: The weight of each of these, float32 (n_read,).
        texts: Their text vectors less what is usual, float32 (n_read, dim).
        terms: Terms that weigh most, int64 (n_terms,).
        term_weights: The tf-idf weight of each term in each work, float32 (n_read, n_terms).
        taste: The taste vectors of the likes among `read`, (n, dim); None: the index has none.
        person: The taste vector of the person.
    """

    liked: Rows
    disliked: Rows
    read: Rows
    weights: Floats
    texts: Floats
    terms: NDArray[np.int64]
    term_weights: Floats
    taste: Floats | None = None
    person: Floats | None = None

    @cached_property
    def profile(self) -> Rows:
        """The works of the profile, which are not shown."""
        return np.concatenate((self.liked, self.disliked))


@dataclass(frozen=True)
class Recommended:
    """Works ranked for a profile.

    Attributes:
        likes: The profile.
        ranking: The candidates, best first.
        legs: Each leg's ranking.
        weights: The weight of each leg.
        works_filter: The works to choose from.
        not_shown: The ids of the works that are left out: those of the profile, and further ones.
    """

    likes: Likes
    ranking: Ranking
    legs: Mapping[str, Ranking]
    weights: Mapping[str, float]
    works_filter: models.Filter | None
    not_shown: tuple[str, ...]


def background_of(engine: Engine, generation: Generation) -> Background:
    """Return what is usual among the works of a generation; it is read once."""
    return generation.background.get_or_make(
        "background", lambda: read_background(engine, generation.name, generation.table, generation.profiles)
    )


def read_likes(engine: Engine, generation: Generation, request: RecommendRequest) -> Likes:
    """Return the works of a profile with their vectors.

    Raises:
        RequestRefused: No like is known and no value is asked for, or a work is both liked and disliked.
    """
    refuse_both("dislikes", request.likes, request.dislikes)
    table = generation.table
    liked, disliked = (table.rows_of(dict.fromkeys(ids)) for ids in (request.likes, request.dislikes))
    if not len(liked) and not any(request.values.values()):
        missing = describe_unknown(table, request.likes)
        problem = f"{missing}; like works that it has" if missing else "give the ids of works that are liked"
        raise RequestRefused("likes", f"{problem}, or ask for values")
    folded = tuple(rows[spread(len(rows), MOST_FOLDED)] for rows in (liked, disliked))
    places = tuple(spread(len(rows), MOST_READ) for rows in folded)
    parts = tuple(rows[own] for rows, own in zip(folded, places, strict=True))
    read = np.concatenate(parts)
    weights = np.repeat(np.array([1.0, DISLIKE], dtype=np.float32), [len(part) for part in parts])
    vectors = _fetch(engine, generation, read, ("text", "bm25"))
    background = background_of(engine, generation)
    texts = np.array(
        [
            np.asarray(each["text"], dtype=np.float32) - background.usual(int(table.kinds[row])).text
            for row, each in zip(read, vectors, strict=True)
        ],
        dtype=np.float32,
    )
    terms, term_weights = _weigh_terms([each["bm25"] for each in vectors], weights, background)
    taste = person = None
    if generation.taste and len(liked):
        every = _fetch(engine, generation, np.concatenate(folded), (TASTE,))
        own_taste, other_taste = np.split(np.array([each[TASTE] for each in every], np.float32), [len(folded[0])])
        taste = own_taste[places[0]]
        person = generation.taste.fold_in(own_taste, other_taste)
    return Likes(liked, disliked, read, weights, texts, terms, term_weights, taste, person)


def spread(n_works: int, most: int) -> Rows:
    """Return the places of at most `most` of some works, at equal distances."""
    return np.linspace(0, n_works - 1, min(n_works, most)).astype(np.intp)


def _fetch(engine: Engine, generation: Generation, rows: Rows, legs: Sequence[Leg]) -> list[Any]:
    """Return the vectors of works, in their order."""
    points = generation.table.points[rows].tolist()
    return [each.vector for each in fetch_points(engine, generation.name, points, legs, with_payload=False)]


def _weigh_terms(vectors: Sequence[Any], weights: Floats, background: Background) -> tuple[NDArray[np.int64], Floats]:
    """Return the terms that weigh most in some works, and the tf-idf weights of these terms in each work.

    The weights of a work have unit length over all its terms.
    """
    indices = [np.asarray(each.indices, dtype=np.int64) for each in vectors]
    works = np.repeat(np.arange(len(vectors)), [len(each) for each in indices])
    terms, places = np.unique(np.concatenate([np.zeros(0, np.int64), *indices]), return_inverse=True)
    values = np.concatenate([np.zeros(0, np.float32), *(np.asarray(each.values, dtype=np.float32) for each in vectors)])
    idf = background.idf(terms)
    tf_idf = values * idf[places]
    lengths = np.sqrt(np.bincount(works, weights=tf_idf**2, minlength=len(vectors)))
    tf_idf /= np.maximum(lengths, 1e-6)[works]
    sums = np.bincount(places, weights=tf_idf * weights[works], minlength=len(terms)) if len(terms) else np.zeros(0)
    best = np.sort(np.argsort(-sums * idf, kind="stable")[:MOST_TERMS])
    best = best[sums[best] > 0]
    columns = np.full(len(terms), UNKNOWN, dtype=np.intp)
    columns[best] = np.arange(len(best))
    matrix = np.zeros((len(vectors), len(best)), dtype=np.float32)
    is_best = columns[places] != UNKNOWN
    matrix[works[is_best], columns[places][is_best]] = tf_idf[is_best]
    return terms[best], matrix


def recommend_works(
    engine: Engine,
    generation: Generation,
    request: RecommendRequest,
    legs: Mapping[str, float] | None = None,
) -> Recommended:
    """Return the candidates for a profile, best first.

    Args:
        engine: The engine.
        generation: The serving generation.
        request: The profile and the filters.
        legs: Weights of legs in place of their own, for measurements.

    Raises:
        RequestRefused: As for `read_likes`.
    """
    likes = read_likes(engine, generation, request)
    table = generation.table
    twins = [row for row in likes.profile.tolist() if table.is_twin[row]]
    of_profile = (*table.ids_of(likes.profile.tolist()), *(i for row in twins for i in _twins_of(generation, row)))
    not_shown = tuple(dict.fromkeys((*of_profile, *request.without)))
    works_filter = engine_filter(request.filters, LeftOut(not_shown))
    weights = {**_leg_weights(generation, request, likes), **(legs or {})}
    with part("legs"):
        rankings: dict[str, Ranking] = dict(
            find_candidates(engine, generation, _queries(generation, request, likes), works_filter, DEPTH)
        )
        if likes.person is not None:
            rankings[TASTE] = _find_by_taste(engine, generation, request, likes.person, works_filter)
        note_candidates(rankings)
    rankings = {leg: ranking for leg, ranking in rankings.items() if weights.get(leg)}
    pool = _by_makers(table, likes) if weights.get(MAKERS) else NO_WORKS.rows
    if weights.get(KNOWN):
        pool = np.concatenate((pool, table.best(request.filters.kind, "known")))
    if len(pool):
        pool = keep_allowed(engine, generation, np.unique(pool), works_filter)
    rows = np.union1d(union(rankings.values()), pool)
    others = {leg: ranking.part(SCALED) for leg, ranking in rankings.items()}
    rankings = {leg: ranking.part(0, SCALED) for leg, ranking in rankings.items()}
    for leg, scores in _scores_in_memory(generation, likes, rows, background_of(engine, generation)).items():
        if weights.get(leg):
            ranked = order_ranking(rows, scores.astype(np.float64))
            rankings[leg], others[leg] = ranked.part(0, SCALED), ranked.part(SCALED)
    fusion = Fusion(method="dbsf", weights=weights)
    ranking = _order(generation, request, rows, fuse(rows, rankings, fusion, others))
    return Recommended(likes, ranking, rankings, weights, works_filter, not_shown)


def _order(generation: Generation, request: RecommendRequest, rows: Rows, fused: Scores) -> Ranking:
    """Return works by falling score; what has an unwanted value loses, and comes last where it is refused outright."""
    unwanted = {value_id: weight for value_id, weight in request.values.items() if weight < 0}
    if not unwanted or not len(rows):
        return order_ranking(rows, fused)
    costs, refused = weigh_refusals(unwanted, rows, generation.profiles)
    order = np.lexsort((rows, -(fused + costs), refused))
    # A work's score is never above that of the work before it.
    return Ranking(rows[order], np.minimum.accumulate((fused + costs)[order]))


def _twins_of(generation: Generation, row: int) -> tuple[str, ...]:
    """Return the ids of the works that are the same as one and differ only in their source."""
    return generation.names.duplicates(generation.table.ids[row])


def _leg_weights(generation: Generation, request: RecommendRequest, likes: Likes) -> dict[str, float]:
    weights = dict.fromkeys((TASTE, KNOWN, "values", *CONTENT_WEIGHTS), 0.0)
    if not len(likes.liked):
        return {**weights, "values": ONLY_VALUES_WEIGHT, KNOWN: KNOWN_WITHOUT_LIKES}
    weights |= CONTENT_WEIGHTS
    if generation.taste and likes.person is not None:
        learnt = [
            TASTE_WEIGHTS.get(kind, 1.0) for kind, block in generation.taste.blocks.items() if likes.person[block].any()
        ]
        weights[TASTE] = sum(learnt) / len(learnt) if learnt else 0.0
    if len(likes.liked) == 1 and generation.table.kinds[likes.liked[0]] == kind_number("movie"):
        weights[KNOWN] = KNOWN_OF_ONE_FILM
    if any(request.values.values()):
        weights["values"] = VALUES_WEIGHT
    return weights


def _queries(generation: Generation, request: RecommendRequest, likes: Likes) -> dict[Leg, LegQuery]:
    """Return the queries of the legs that the engine ranks all works by, but `taste`."""
    queries: dict[Leg, LegQuery] = {}
    if len(likes.liked):
        queries["text"] = likes.weights @ likes.texts
    if len(likes.terms):
        sums = likes.weights @ likes.term_weights
        queries["bm25"] = models.SparseVector(indices=likes.terms.tolist(), values=sums.tolist())
    values = request.values
    wanted = [(n, values[i]) for n, i in enumerate(generation.facts.value_ids) if values.get(i, 0) > 0]
    if wanted:
        queries["values"] = models.SparseVector(indices=[n for n, _ in wanted], values=[w for _, w in wanted])
    return queries


def _find_by_taste(
    engine: Engine,
    generation: Generation,
    request: RecommendRequest,
    person: Floats,
    works_filter: models.Filter | None,
) -> Ranking:
    """Return the candidates by taste. Where both films and books are liked, each kind is put on a scale of its own."""
    taste = generation.taste
    kinds = [
        kind
        for kind, block in (taste.blocks.items() if taste else ())
        if person[block].any() and request.filters.kind in (None, kind)
    ]
    found = []
    for kind in kinds:
        of_kind = models.FieldCondition(key="kind", match=models.MatchValue(value=kind))
        only = models.Filter(must=[of_kind, works_filter] if works_filter else [of_kind])
        query: dict[Leg, LegQuery] = {TASTE: person}
        found.append(find_candidates(engine, generation, query, only, DEPTH)[TASTE])
    if len(found) < 2:
        return found[0] if found else NO_WORKS
    scores = np.concatenate([each.scores / max(each.scores.std(), 1e-9) for each in found if each.n_works])
    rows = np.concatenate([each.rows for each in found if each.n_works])
    return order_ranking(rows, scores)


def _by_makers(table: WorkTable, likes: Likes) -> Rows:
    """Return the works of the makers that most likes share, at most DEPTH."""
    shared = shared_makers(table, slice(None), likes.read, likes.weights)
    shared[table.is_twin] = 0
    shared[likes.profile] = 0
    rows = np.flatnonzero(shared > 0)
    best: Rows = np.argsort(-shared[rows], kind="stable")[:DEPTH]
    return rows[best]


def shared_makers(table: WorkTable, rows: Rows | slice, liked_rows: Rows, weights: Floats) -> Floats:
    """Return the sum of the weights of the likes that share a maker with each of some works: float32 (n_rows,)."""
    own = table.makers[liked_rows]
    liked, places = np.unique(own, return_inverse=True)
    sums = np.bincount(places.ravel(), weights=np.repeat(weights, own.shape[1]), minlength=len(liked))
    makers = table.makers[rows]
    shared = np.zeros(len(makers), dtype=np.float32)
    if not len(liked):
        return shared
    for column in makers.T:
        found = np.minimum(np.searchsorted(liked, column), len(liked) - 1)
        shared += np.where((liked[found] == column) & (column != UNKNOWN), sums[found], 0.0).astype(np.float32)
    return shared


def _scores_in_memory(
    generation: Generation, likes: Likes, rows: Rows, background: Background
) -> dict[str, NDArray[Any]]:
    """Return the scores of works in the legs whose columns are in memory."""
    table = generation.table
    scores: dict[str, NDArray[Any]] = {KNOWN: np.asarray(table.known)[rows]}
    if len(likes.read):
        scores[GENRES] = table.genre_directions(rows) @ (likes.weights @ table.genre_directions(likes.read))
        scores[MAKERS] = shared_makers(table, rows, likes.read, likes.weights)
        own = standard_profiles(generation, background, likes.read)
        scores[PROFILE] = standard_profiles(generation, background, rows) @ (likes.weights @ own)
    return scores


def standard_profiles(generation: Generation, background: Background, rows: Rows) -> Floats:
    """Return the values of works, standardised within their kind and scaled to unit length: (n, n_dimensions)."""
    strengths = generation.profiles.all_strengths(rows)
    kinds = generation.table.kinds[rows]
    for kind in np.unique(kinds):
        usual = background.usual(int(kind))
        of_kind = kinds == kind
        strengths[of_kind] = (strengths[of_kind] - usual.strengths) / np.maximum(usual.deviations, np.float32(1e-3))
    return to_units(strengths)


def fill_up(engine: Engine, generation: Generation, recommended: Recommended, depth: int) -> list[tuple[int, float]]:
    """Return the candidates, then the best-known other works with score 0, until there are `depth` works."""
    ranked = list(zip(recommended.ranking.rows.tolist(), recommended.ranking.scores.tolist(), strict=True))
    if len(ranked) >= depth:
        return ranked
    allowed = find_allowed(engine, generation, recommended.works_filter)
    others = np.setdiff1d(allowed, recommended.ranking.rows)
    others = others[np.argsort(-np.asarray(generation.table.known)[others], kind="stable")]
    return ranked + [(row, 0.0) for row in others.tolist()]
