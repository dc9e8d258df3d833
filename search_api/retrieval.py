"""Ask the engine: filters and the legs' queries become requests, and its answers become candidates and works."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.engine import Engine
from indexer.facts import FACTS, Choice, Facet, Filters, IntegerRange, range_name
from indexer.legs import RANKING_ALL, Leg
from indexer.schema import TWIN_KEY, has_score, point_id
from search_api.account import note
from search_api.fusion import NO_WORKS, Ranking, Rows, Scores, order_ranking
from search_api.generation import Generation
from search_api.work_table import WorkTable

LegQuery = models.SparseVector | Sequence[float] | NDArray[np.float32]
LegVectors = Mapping[Leg, NDArray[np.float32]]
"""The vectors of some works by leg, float32 (n, dim): those of a leg with sparse vectors too, and dense ones of unit
length."""

NO_VECTORS: LegVectors = {}
KEPT_LEGS: tuple[Leg, ...] = ("text", "values")
"""The legs whose vectors are kept of the best-known works. The engine takes 2.1 ms for the scores of 500 works in both,
to reach each vector and to return each score."""


def find_candidates(
    engine: Engine,
    generation: Generation,
    queries: Mapping[Leg, LegQuery],
    works_filter: models.Filter | None,
    depth: int,
    *,
    exact: bool = False,
) -> dict[str, Ranking]:
    """Return each leg's best `depth` works, by falling score, then by row."""
    requests = [leg_request(generation, leg, query, works_filter, depth, exact=exact) for leg, query in queries.items()]
    answers = engine.rank_points(generation.name, requests=requests)
    return {leg: _ranking(points, leg, generation.table) for leg, points in zip(queries, answers, strict=True)}


def find_candidates_and_among(
    engine: Engine,
    generation: Generation,
    queries: Mapping[Leg, LegQuery],
    works_filter: models.Filter | None,
    depth: int,
    among: Rows,
    vectors: LegVectors = NO_VECTORS,
) -> tuple[dict[str, Ranking], dict[str, Ranking]]:
    """Return each leg's best `depth` works, and the scores of some other works in each leg.

    All are asked in one batch. The other works must pass the filter too; they are ranked in the same way.

    Args:
        engine: The engine.
        generation: The generation to search.
        queries: The legs' queries.
        works_filter: The filter that all works must pass.
        depth: How many works of each leg are returned.
        among: The other works.
        vectors: Their vectors, as far as they are kept. The engine is asked for the scores of the other legs.
    """
    requests = [leg_request(generation, leg, query, works_filter, depth) for leg, query in queries.items()]
    asked = [leg for leg in queries if leg not in vectors] if len(among) else []
    if asked:
        points = models.HasIdCondition.model_construct(has_id=generation.table.points[among].tolist())
        only = models.Filter(must=[points, works_filter] if works_filter else [points])
        requests += [leg_request(generation, leg, queries[leg], only, len(among)) for leg in asked]
    answers = iter(engine.rank_points(generation.name, requests=requests))
    best = {str(leg): _ranking(next(answers), leg, generation.table) for leg in queries}
    others = {str(leg): _ranking(next(answers), leg, generation.table) for leg in asked}
    if vectors and len(among):
        key = (among.tobytes(), "" if works_filter is None else works_filter.model_dump_json(exclude_none=True))
        kept = generation.allowed.get_or_make(
            key, lambda: np.isin(among, keep_allowed(engine, generation, among, works_filter))
        )
        for leg in queries.keys() & vectors.keys():
            scores = score_vectors(vectors[leg], queries[leg])[
                kept
            ]  # to pick 500 vectors takes longer than to score them
            others[leg] = _positive(order_ranking(among[kept], scores), leg)
    return best, {str(leg): others[leg] for leg in queries if leg in others}


def note_candidates(rankings: Mapping[str, Ranking]) -> None:
    """Enter into the account of the call how many works each leg found."""
    for leg, ranking in rankings.items():
        note(f"candidates_{leg}", ranking.n_works)


def fetch_vectors(engine: Engine, generation: Generation, rows: Rows) -> LegVectors:
    """Return the vectors of works, except those of words, of which each has some hundreds."""
    points = generation.table.points[rows].tolist()
    found = fetch_points(engine, generation.name, points, KEPT_LEGS, with_payload=False)
    kept: dict[Leg, NDArray[np.float32]] = {}
    for leg in KEPT_LEGS:
        own: list[Any] = [record.vector[leg] for record in found if isinstance(record.vector, dict)]
        if len(own) != len(rows):
            continue
        if isinstance(own[0], models.SparseVector):
            kept[leg] = np.zeros((len(own), len(generation.facts.value_ids)), dtype=np.float32)
            for place, vector in enumerate(own):
                kept[leg][place, vector.indices] = vector.values
        else:
            kept[leg] = np.array(own, dtype=np.float32)
    return kept


def score_vectors(vectors: NDArray[np.float32], query: LegQuery) -> Scores:
    """Return the scores that the engine gives vectors: cosines of dense ones, products of others, float64 (n,)."""
    if isinstance(query, models.SparseVector):
        return (vectors[:, query.indices] @ np.array(query.values, dtype=np.float32)).astype(np.float64)
    direction = np.asarray(query, dtype=np.float32)
    length = np.linalg.norm(direction)
    return (vectors @ (direction / length if length else direction)).astype(np.float64)


def leg_request(
    generation: Generation,
    leg: Leg,
    query: LegQuery,
    works_filter: models.Filter | None,
    depth: int,
    *,
    exact: bool = False,
) -> models.QueryRequest:
    """Return the engine's request for one leg.

    It fetches no payloads, since a page shows ten of 600 candidates: to read each candidate's id from its payload would
    take 20 of the 40 ms of a search among 350 works.
    """
    if isinstance(query, models.SparseVector):
        vector: Any = _with_idf(generation, query) if leg == "bm25" else query
    else:
        vector = _to_list(query)
    return models.QueryRequest(
        query=vector,
        using=leg,
        filter=works_filter,
        limit=depth,
        with_payload=False,
        params=models.SearchParams(exact=True) if exact else generation.text_params if leg == "text" else None,
    )


def find_idf(generation: Generation, terms: Sequence[int]) -> dict[int, float]:
    """Return the IDF of terms by term id; a term that no work has is left out."""
    counts, weights = generation.table.count_works_with(terms), generation.table.idf(terms)
    return {term: float(weight) for term, count, weight in zip(terms, counts, weights, strict=True) if count}


def _with_idf(generation: Generation, query: models.SparseVector) -> models.SparseVector:
    """Return a query of terms, each weight multiplied by the IDF of its term."""
    weights = np.asarray(query.values, dtype=np.float64) * generation.table.idf(query.indices)
    return models.SparseVector(indices=query.indices, values=weights.tolist())


def find_with_terms(engine: Engine, generation: Generation, terms: Sequence[int], most: int) -> Rows:
    """Return the works that have all of some terms; none if one of the terms has more than `most` works."""
    requests = [
        leg_request(generation, "bm25", models.SparseVector(indices=[term], values=[1.0]), None, most + 1)
        for term in terms
    ]
    answers = engine.rank_points(generation.name, requests=requests)
    if not answers or any(len(points) > most for points in answers):
        return NO_WORKS.rows
    found = [_ranking(points, "bm25", generation.table).rows for points in answers]
    return functools.reduce(np.intersect1d, found)


def find_allowed(engine: Engine, generation: Generation, works_filter: models.Filter | None) -> Rows:
    """Return all works that pass a filter."""
    n_works = max(1, generation.facts.n_works)
    records, _ = engine.scroll(generation.name, scroll_filter=works_filter, limit=n_works, with_payload=False)
    return generation.table.rows_of_points([record.id for record in records])


def keep_allowed(engine: Engine, generation: Generation, rows: Rows, works_filter: models.Filter | None) -> Rows:
    """Return those of a few works that pass a filter, in their order."""
    if works_filter is None or not len(rows):
        return rows
    points = generation.table.points[rows].tolist()
    only = models.Filter(must=[models.HasIdCondition(has_id=points), works_filter])
    records, _ = engine.scroll(generation.name, scroll_filter=only, limit=len(points), with_payload=False)
    return rows[np.isin(rows, generation.table.rows_of_points([record.id for record in records]))]


def count_ranked(
    engine: Engine, generation: Generation, filters: Filters, without: LeftOut, unsaid: Collection[str] = ()
) -> int:
    """Return how many works an answer ranks, exactly: those that pass the filters, less those that are left out.

    Without filters the number is known; the engine would take 2 ms to count 25,924 works.
    """
    table = generation.table
    if engine_filter(filters) is None:
        rows = table.rows_of(dict.fromkeys(without.works))
        n_twins = table.n_twins - len(table.rows_of(without.shown_twins))
        return table.n_works - n_twins - int((~table.is_twin[rows]).sum())
    return count_works(engine, generation.name, engine_filter(filters, without, unsaid))


def count_works(engine: Engine, generation: str, works_filter: models.Filter | None) -> int:
    """Return how many works pass a filter, exactly."""
    return engine.count(generation, count_filter=works_filter, exact=True).count


def count_facet(
    engine: Engine, generation: str, facet: Facet, works_filter: models.Filter | None, limit: int
) -> Sequence[tuple[str | int, int]]:
    """Return a facet's entries with their exact numbers of works: the most frequent first, ranges in their order."""
    if not facet.ranges:
        found = engine.facet(generation, facet.key, facet_filter=works_filter, limit=limit, exact=True)
        return [(hit.value, hit.count) for hit in found.hits]
    others: list[models.Condition] = [works_filter] if works_filter else []
    counts = [
        (range_name(each), count_works(engine, generation, models.Filter(must=[_within(facet.key, each), *others])))
        for each in facet.ranges
    ]
    return [(name, count) for name, count in counts if count][:limit]


def fetch_works(
    engine: Engine, generation: str, work_ids: Sequence[str], vectors: Sequence[Leg] = ()
) -> list[models.Record]:
    """Return the points of works in the order of `work_ids`; an unknown id is left out."""
    return fetch_points(engine, generation, [point_id(work_id) for work_id in work_ids], vectors)


def fetch_points(
    engine: Engine, generation: str, points: Sequence[int], vectors: Sequence[Leg] = (), *, with_payload: bool = True
) -> list[models.Record]:
    """Return points in the order of their ids; an unknown one is left out."""
    if not points:
        return []
    records = engine.retrieve(generation, points, with_payload=with_payload, with_vectors=list(vectors) or False)
    by_id = {record.id: record for record in records}
    return [by_id[one] for one in points if one in by_id]


class LeftOut(NamedTuple):
    """The works that an answer leaves out, besides those that a filter does.

    Attributes:
        works: Works, by their ids.
        shown_twins: Works that stay although they are the same as a better-known one, by their ids.
    """

    works: tuple[str, ...] = ()
    shown_twins: tuple[str, ...] = ()


TWIN = models.FieldCondition(key=TWIN_KEY, match=models.MatchValue(value=True))
"""The condition that a work is the same as a better-known one."""


def engine_filter(
    filters: Filters, without: LeftOut | None = None, unsaid: Collection[str] = ()
) -> models.Filter | None:
    """Return filters in the engine's form; None when every work passes.

    Args:
        filters: The filters.
        without: What is left out besides; None: nothing.
        unsaid: The names of facts; a work of which one is unknown passes the filter for it.
    """
    must: list[models.Condition] = []
    must_not: list[models.Condition] = []
    for name, fact in FACTS.items():
        wanted = _wanted(fact.key, getattr(filters, name), must_not)
        if wanted and name in unsaid:
            unknown = models.IsEmptyCondition(is_empty=models.PayloadField(key=fact.key))
            wanted = [models.Filter(should=[models.Filter(must=wanted), unknown])]
        must += wanted
    for value_id, scores in filters.values.items():
        # The payload leaves out a value that a work does not have: its score is 0.
        if scores.gte:
            must.append(has_score(value_id, scores.gte))
        if scores.lte is not None:
            must_not.append(has_score(value_id, scores.lte, more=True))
    if without:
        must_not += _left_out(without)
    return models.Filter(must=must or None, must_not=must_not or None) if must or must_not else None


def _left_out(without: LeftOut) -> list[models.Condition]:
    """Return the conditions under which a work is left out."""
    shown = [point_id(work_id) for work_id in without.shown_twins]
    is_shown = models.Filter(must=[TWIN], must_not=[models.HasIdCondition(has_id=shown)])
    conditions: list[models.Condition] = [is_shown if shown else TWIN]
    if without.works:
        conditions.append(models.HasIdCondition(has_id=[point_id(work_id) for work_id in without.works]))
    return conditions


def _wanted(key: str, wanted: object, must_not: list[models.Condition]) -> list[models.Condition]:
    """Return the conditions that a filter sets for a fact; those that it forbids go to `must_not`."""
    match wanted:
        case str():
            return [_is(key, wanted)]
        case IntegerRange() if wanted != IntegerRange():
            return [_within(key, wanted)]
        case Choice(any=any_, all=all_, none=none):
            if none:
                must_not.append(_is_any(key, none))
            conditions: list[models.Condition] = [_is_any(key, any_)] if any_ else []
            return conditions + [_is(key, name.casefold()) for name in all_]
    return []


def _is(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _within(key: str, numbers: IntegerRange) -> models.FieldCondition:
    return models.FieldCondition(key=key, range=models.Range(gte=numbers.gte, lte=numbers.lte))


def _is_any(key: str, names: Iterable[str]) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchAny(any=[name.casefold() for name in names]))


def _ranking(points: Sequence[tuple[models.ExtendedPointId, float]], leg: Leg, table: WorkTable) -> Ranking:
    if not points:
        return NO_WORKS
    ids, scores = zip(*points, strict=True)
    return _positive(order_ranking(table.rows_of_points(ids), np.array(scores, dtype=np.float64)), leg)


def _positive(ranking: Ranking, leg: Leg) -> Ranking:
    """Return the works that are candidates of a leg: those with a positive score, unless it ranks all."""
    if not ranking.n_works or leg in RANKING_ALL or ranking.scores[-1] > 0:
        return ranking
    return ranking.part(0, int((ranking.scores > 0).sum()))


def _to_list(vector: Any) -> list[float]:
    return vector.tolist() if isinstance(vector, np.ndarray) else list(vector)
