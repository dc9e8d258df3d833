"""Ask the engine: filters and the legs' queries become requests, and its answers become candidates and works."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from indexer.engine import Engine
from indexer.facts import FACTS, Choice, Filters, IntegerRange
from indexer.legs import LEGS, Leg
from indexer.schema import PRIMARY_SCORE, point_id
from search_api.fusion import Ranking, order_ranking
from search_api.generation import Generation

LegQuery = models.SparseVector | Sequence[float] | NDArray[np.float32]


def find_candidates(
    engine: Engine,
    generation: Generation,
    queries: Mapping[Leg, LegQuery],
    works_filter: models.Filter | None,
    depth: int,
    *,
    exact: bool = False,
) -> dict[str, Ranking]:
    """Return each leg's best `depth` works as (work id, score), by falling score, then by id."""
    answers = engine.rank_points(
        generation.name,
        requests=[leg_request(leg, query, works_filter, depth, exact=exact) for leg, query in queries.items()],
    )
    return {leg: _ranking(points, leg, generation.work_ids) for leg, points in zip(queries, answers, strict=True)}


def find_among(
    engine: Engine,
    generation: Generation,
    queries: Mapping[Leg, LegQuery],
    works_filter: models.Filter | None,
    points: Sequence[int],
) -> dict[str, Ranking]:
    """Return the scores of some works in each leg, as far as they pass the filter, by falling score, then by id."""
    among = models.HasIdCondition(has_id=list(points))
    only = models.Filter(must=[among, works_filter] if works_filter else [among])
    requests = [leg_request(leg, query, only, len(points)) for leg, query in queries.items()]
    answers = engine.rank_points(generation.name, requests=requests)
    return {leg: _ranking(found, leg, generation.work_ids) for leg, found in zip(queries, answers, strict=True)}


def leg_request(
    leg: Leg, query: LegQuery, works_filter: models.Filter | None, depth: int, *, exact: bool = False
) -> models.QueryRequest:
    """Return the engine's request for one leg.

    It fetches no payloads, since a page shows ten of 600 candidates: to read each candidate's id from its payload would
    take 20 of the 40 ms of a search among 350 works.
    """
    return models.QueryRequest(
        query=query if isinstance(query, models.SparseVector) else _to_list(query),
        using=leg,
        filter=works_filter,
        limit=depth,
        with_payload=False,
        params=models.SearchParams(exact=True) if exact else None,
    )


def find_idf(engine: Engine, generation: str, terms: Iterable[int]) -> dict[int, float]:
    """Return the engine's IDF of terms by term id; a term that no work has is left out.

    It is the score of the best work for a query of that term alone, divided by the work's weight of the term. A request
    for each term takes about as long as one request for all.
    """
    wanted = list(terms)
    requests = [
        models.QueryRequest(
            query=models.SparseVector(indices=[term], values=[1.0]), using="bm25", limit=1, with_vector=["bm25"]
        )
        for term in wanted
    ]
    answers = engine.query_batch_points(generation, requests=requests) if requests else []
    return {
        term: _idf_of(answer.points[0], term) for term, answer in zip(wanted, answers, strict=True) if answer.points
    }


def _idf_of(best: models.ScoredPoint, term: int) -> float:
    vectors: Any = best.vector
    weights: dict[int, float] = dict(zip(vectors["bm25"].indices, vectors["bm25"].values, strict=True))
    return best.score / weights[term]


def find_with_terms(engine: Engine, generation: Generation, terms: Sequence[int], most: int) -> frozenset[str]:
    """Return the ids of the works that have all of some terms; none if one of the terms has more than `most` works."""
    requests = [
        leg_request("bm25", models.SparseVector(indices=[term], values=[1.0]), None, most + 1) for term in terms
    ]
    answers = engine.rank_points(generation.name, requests=requests)
    if not answers or any(len(points) > most for points in answers):
        return frozenset()
    return frozenset.intersection(
        *(frozenset(generation.work_ids[point] for point, score in points if score > 0) for points in answers)
    )


def find_allowed(engine: Engine, generation: Generation, works_filter: models.Filter) -> set[str]:
    """Return the ids of all works that pass a filter."""
    n_works = generation.facts.n_works
    records, _ = engine.scroll(generation.name, scroll_filter=works_filter, limit=n_works, with_payload=False)
    return {generation.work_ids[record.id] for record in records}


def keep_allowed(
    engine: Engine, generation: str, work_ids: Sequence[str], works_filter: models.Filter | None
) -> list[str]:
    """Return those of a few works that pass a filter, in their order."""
    ids = models.HasIdCondition(has_id=[point_id(work_id) for work_id in work_ids])
    only = models.Filter(must=[ids, *([works_filter] if works_filter else [])])
    records, _ = engine.scroll(generation, scroll_filter=only, limit=len(work_ids), with_payload=["id"])
    allowed = {(record.payload or {})["id"] for record in records}
    return [work_id for work_id in work_ids if work_id in allowed]


def count_ranked(
    engine: Engine,
    generation: Generation,
    filters: Filters,
    without: Collection[str] = (),
    unsaid: Collection[str] = (),
) -> int:
    """Return how many works an answer ranks, exactly: those that pass the filters, less the works in `without`.

    Without filters the number is known; the engine would take 2 ms to count 25,924 works.
    """
    if engine_filter(filters) is None:
        return len(generation.work_ids) - sum(point_id(work_id) in generation.work_ids for work_id in set(without))
    return count_works(engine, generation.name, engine_filter(filters, without, unsaid))


def count_works(engine: Engine, generation: str, works_filter: models.Filter | None) -> int:
    """Return how many works pass a filter, exactly."""
    return engine.count(generation, count_filter=works_filter, exact=True).count


def fetch_works(
    engine: Engine, generation: str, work_ids: Sequence[str], vectors: Sequence[Leg] = ()
) -> list[models.Record]:
    """Return the points of works in the order of `work_ids`; an unknown id is left out."""
    if not work_ids:
        return []
    ids = [point_id(work_id) for work_id in work_ids]
    records = engine.retrieve(generation, ids, with_payload=True, with_vectors=list(vectors) or False)
    by_id = {record.id: record for record in records}
    return [by_id[one] for one in ids if one in by_id]


def engine_filter(filters: Filters, without: Iterable[str] = (), unsaid: Collection[str] = ()) -> models.Filter | None:
    """Return filters in the engine's form; None when every work passes.

    Args:
        filters: The filters.
        without: The ids of works that do not pass.
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
            must += _scored(value_id, scores.gte, models.Range(gte=scores.gte))
        if scores.lte is not None:
            must_not.append(models.Filter(must=_scored(value_id, scores.lte, models.Range(gt=scores.lte))))
    if left_out := [point_id(work_id) for work_id in without]:
        must_not.append(models.HasIdCondition(has_id=left_out))
    return models.Filter(must=must or None, must_not=must_not or None) if must or must_not else None


def _wanted(key: str, wanted: object, must_not: list[models.Condition]) -> list[models.Condition]:
    """Return the conditions that a filter sets for a fact; those that it forbids go to `must_not`."""
    match wanted:
        case str():
            return [_is(key, wanted)]
        case IntegerRange(gte=gte, lte=lte) if (gte, lte) != (None, None):
            return [models.FieldCondition(key=key, range=models.Range(gte=gte, lte=lte))]
        case Choice(any=any_, all=all_, none=none):
            if none:
                must_not.append(_is_any(key, none))
            conditions: list[models.Condition] = [_is_any(key, any_)] if any_ else []
            return conditions + [_is(key, name.casefold()) for name in all_]
    return []


def _scored(value_id: str, least: float, scores: models.Range) -> list[models.Condition]:
    """Return the conditions on a value's score; `least` is the lower end of the range.

    Scores have no index: to read those of 25,924 works from their payloads takes 1.4 s. A range above PRIMARY_SCORE is
    asked for together with the indexed primary values, which leaves few payloads to read.
    """
    exactly = models.FieldCondition(key=f"{FACTS['values'].key}.{value_id}", range=scores)
    return [_is("primary_values", value_id), exactly] if least >= PRIMARY_SCORE else [exactly]


def _is(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _is_any(key: str, names: Iterable[str]) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchAny(any=[name.casefold() for name in names]))


def _ranking(
    points: Iterable[tuple[models.ExtendedPointId, float]], leg: Leg, work_ids: Mapping[models.ExtendedPointId, str]
) -> Ranking:
    ranks_all = LEGS[leg].ranks_all
    return order_ranking([(work_ids[point], score) for point, score in points if ranks_all or score > 0])


def _to_list(vector: Any) -> list[float]:
    return vector.tolist() if isinstance(vector, np.ndarray) else list(vector)
