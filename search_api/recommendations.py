"""Answer a profile with a page of works, each with the liked work that speaks most for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.engine import Engine
from indexer.known.fields import UNKNOWN
from indexer.legs import TASTE, Leg
from indexer.values.taxonomy import Taxonomy
from search_api.account import part
from search_api.diversity import Variety, diversify
from search_api.fusion import Rows
from search_api.generation import Generation
from search_api.given_works import describe_unknown
from search_api.ranking_settings import GENRES, MAKERS, PROFILE
from search_api.recommending import (
    Likes,
    Recommended,
    background_of,
    fill_up,
    recommend_works,
    standard_profiles,
)
from search_api.records import Hit, Intent, Page, RecommendRequest, Unmet
from search_api.retrieval import LeftOut, count_ranked, fetch_points
from search_api.sorting import n_sorted, sort_best
from search_api.untold import set_untold_aside
from search_api.views import leg_scores, record_to_hit, record_to_liked, usual_values
from search_api.work_table import Floats, to_units

PARTS = ("likes", "dislikes", "without")
"""The fields of a profile that have ids of works."""
MOST_SHOWN = 100
"""The most likes, and dislikes, that the intent of a page repeats."""


def recommend(
    engine: Engine, generation: Generation, taxonomy: Taxonomy, request: RecommendRequest, *, quotes: bool = True
) -> Page:
    """Return the page of works that a profile asks for.

    Args:
        engine: The engine that has the index.
        generation: The generation to recommend from.
        taxonomy: The taxonomy of the values.
        request: The profile, and which part of the answer to return.
        quotes: Whether sentences of reviews are shown.

    Raises:
        RequestRefused: No like is known and no value is asked for, or a work is both liked and disliked.
    """
    with part("ranking"):
        recommended = recommend_works(engine, generation, request)
    total = count_ranked(engine, generation, request.filters, LeftOut(recommended.not_shown))
    end = min(request.offset + request.limit, total)
    table = generation.table
    kinds = {int(table.kinds[row]) for row in recommended.likes.liked}
    variety = Variety(by_maker=not request.filters.creators, by_kind=request.filters.kind is None and len(kinds) != 1)
    n_ranked = min(n_sorted(end, request.sort), total)
    ranked = diversify(fill_up(engine, generation, recommended, n_ranked), table, variety, n_ranked)
    page = sort_best(engine, generation, ranked, request.sort)[request.offset : end]
    intent = to_intent(generation, request, recommended.likes)
    intent = set_untold_aside(intent, taxonomy, generation.profiles.is_there)
    with part("hits"):
        hits = _to_hits(engine, generation, taxonomy, recommended, intent, page, quotes=quotes)
    return Page(
        query="",
        intent=intent,
        total=total,
        offset=request.offset,
        limit=request.limit,
        took_ms=0,
        hits=hits,
    )


def to_intent(generation: Generation, request: RecommendRequest, likes: Likes) -> Intent:
    """Return a profile as it was understood: the works that the catalogue has, and for each field a note on others."""
    notes = {name: describe_unknown(generation.table, getattr(request, name)) for name in PARTS}
    unmet = tuple(Unmet(part=name, note=note) for name, note in notes.items() if note)
    return Intent(
        text="",
        values={value_id: weight for value_id, weight in request.values.items() if weight},
        like=generation.table.refer_to(likes.liked[:MOST_SHOWN]),
        unlike=generation.table.refer_to(likes.disliked[:MOST_SHOWN]),
        filters=request.filters,
        unmet=unmet,
    )


def _to_hits(
    engine: Engine,
    generation: Generation,
    taxonomy: Taxonomy,
    recommended: Recommended,
    intent: Intent,
    page: Sequence[tuple[int, float]],
    *,
    quotes: bool,
) -> tuple[Hit, ...]:
    """Return the hits of a page, with their reasons."""
    table = generation.table
    rows = np.array([row for row, _ in page], dtype=np.intp)
    vectors: tuple[Leg, ...] = ("text", "bm25", TASTE) if generation.taste else ("text", "bm25")
    records = fetch_points(engine, generation.name, table.points[rows].tolist(), vectors=vectors)
    speaking = find_speaking(engine, generation, recommended, rows, [record.vector for record in records])
    speaking_rows = list(dict.fromkeys(row for row in speaking if row is not None))
    payloads = fetch_points(engine, generation.name, table.points[speaking_rows].tolist())
    liked = {row: record_to_liked(record) for row, record in zip(speaking_rows, payloads, strict=True)}
    legs = leg_scores([recommended.legs], rows.tolist())
    wishes = intent.model_copy(update={"like": (), "unlike": ()})
    usual = usual_values(records)
    hits = []
    for place, ((row, score), record) in enumerate(zip(page, records, strict=True)):
        like = speaking[place]
        because = [liked[like]] if like is not None else []
        hit = record_to_hit(record, score, legs[row], wishes, {}, taxonomy, liked=because, usual=usual, quotes=quotes)
        reasons = (*(f"Because you liked {each.title}" for each in because), *hit.reasons)
        hits.append(hit.model_copy(update={"reasons": reasons}))
    return tuple(hits)


def find_speaking(
    engine: Engine, generation: Generation, recommended: Recommended, rows: Rows, vectors: Sequence[Any]
) -> list[int | None]:
    """Return the like that adds most to the score of each of some works, by its row; None if no like adds anything."""
    likes = recommended.likes
    n_likes = int((likes.weights > 0).sum())
    if not n_likes or not len(rows):
        return [None] * len(rows)
    added = np.zeros((len(rows), n_likes), dtype=np.float64)
    for leg, parts in _parts(engine, generation, recommended, rows, vectors).items():
        ranking, weight = recommended.legs.get(leg), recommended.weights.get(leg, 0.0)
        if ranking is not None and ranking.n_works > 1 and weight and (deviation := ranking.scores.std(ddof=1)) > 0:
            added += weight * parts[:, :n_likes] / (6 * deviation)  # as the fusion scales the scores of the leg
    return [int(likes.read[each.argmax()]) if each.max() > 0 else None for each in added]


def _parts(
    engine: Engine, generation: Generation, recommended: Recommended, rows: Rows, vectors: Sequence[Any]
) -> dict[str, Floats]:
    """Return what each like adds to the score of each of some works, by leg: (n_rows, n_read)."""
    likes, table, background = recommended.likes, generation.table, background_of(engine, generation)
    texts = np.array([each["text"] for each in vectors], dtype=np.float32)
    query_length = max(float(np.linalg.norm(likes.weights @ likes.texts)), 1e-6)
    words = np.zeros((len(rows), len(likes.terms)), dtype=np.float32)
    for place, each in enumerate(vectors):
        indices = np.asarray(each["bm25"].indices, dtype=np.int64)
        columns = np.minimum(np.searchsorted(likes.terms, indices), max(len(likes.terms) - 1, 0))
        is_asked = likes.terms[columns] == indices if len(likes.terms) else np.zeros(len(indices), dtype=np.bool_)
        words[place, columns[is_asked]] = np.asarray(each["bm25"].values, dtype=np.float32)[is_asked]
    parts = {
        "text": texts @ likes.texts.T / query_length,
        "bm25": (words * background.idf(likes.terms)) @ likes.term_weights.T,
        GENRES: table.genre_directions(rows) @ table.genre_directions(likes.read).T,
        PROFILE: standard_profiles(generation, background, rows)
        @ standard_profiles(generation, background, likes.read).T,
        MAKERS: share_makers(table.makers[rows], table.makers[likes.read]),
    }
    if likes.taste is not None and TASTE in recommended.legs:
        parts[TASTE] = _taste_parts(recommended, rows, np.array([each[TASTE] for each in vectors]), likes.taste)
    return parts


def share_makers(makers: NDArray[np.int64], of_likes: NDArray[np.int64]) -> Floats:
    """Return how many makers works, given by theirs (n, 2), share with each like: float32 (n, n_likes)."""
    same = makers[:, None, :, None] == of_likes[None, :, None, :]
    shared: Floats = (same & (makers != UNKNOWN)[:, None, :, None]).sum(axis=(2, 3)).astype(np.float32)
    return shared


def _taste_parts(recommended: Recommended, rows: Rows, own: Floats, liked: Floats) -> Floats:
    """Return a work's score by taste, shared among the likes by the cosines of their vectors with its own."""
    person = recommended.likes.person
    shares = np.maximum(own @ to_units(liked).T, 0)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-6)
    scores = np.maximum(own @ person, 0) if person is not None else np.zeros(len(rows))
    parts: Floats = shares * scores[:, None]
    return parts
