"""Say why a formula failed: Edge says only that the query was cancelled."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from qdrant_client import models
from qdrant_client.hybrid.formula import evaluate_expression

from indexer.engine.errors import BadRequest

Scores = dict[models.ExtendedPointId, float]
CANCELLED = "Operation cancelled"
"""How the message of a failed formula begins."""


class Level(NamedTuple):
    """A formula and the prefetches whose answers it scores, with the filter that applies to all of them."""

    formula: models.FormulaQuery
    prefetches: Sequence[models.Prefetch]
    filter: models.Filter | None


def formula_levels(query: Any, prefetch: Any, wanted: models.Filter | None) -> Iterator[Level]:
    """Yield the formulas of a query, those of its prefetches first: these are evaluated first."""
    prefetches = prefetch if isinstance(prefetch, list) else [] if prefetch is None else [prefetch]
    for each in prefetches:
        yield from formula_levels(each.query, each.prefetch, each.filter)
    if isinstance(query, models.FormulaQuery):
        yield Level(query, prefetches, wanted)


def formula_error(
    requests: Sequence[models.QueryRequest],
    search: Callable[[models.QueryRequest], Scores],
    payloads_of: Callable[[list[models.ExtendedPointId]], Mapping[models.ExtendedPointId, models.Record]],
) -> BadRequest | None:
    """Return what is wrong with a formula of the requests, and for which point; None if they have no formula.

    Args:
        requests: Queries that Edge has cancelled.
        search: Returns the scores of the answers to a query.
        payloads_of: Returns points with payload and vectors.
    """
    levels = [level for each in requests for level in formula_levels(each.query, each.prefetch, each.filter)]
    for level in levels:
        scores = [search(_alone(each, level.filter)) for each in level.prefetches]
        records = payloads_of(list(dict.fromkeys(point_id for leg in scores for point_id in leg)))
        for point_id, record in records.items():
            if (fault := _fault(level.formula, scores, record)) is not None:
                return BadRequest(f"The formula fails for point {point_id}: {fault}")
    if not levels:
        return None
    return BadRequest("The formula fails: a key without value or default, or a result that is not finite")


def _alone(prefetch: models.Prefetch, wanted: models.Filter | None) -> models.QueryRequest:
    both = [each for each in (prefetch.filter, wanted) if each is not None]
    parts = {name: value for name, value in prefetch if name != "filter"}
    return models.QueryRequest.model_construct(**parts, filter=models.Filter(must=both) if both else None)


def _fault(query: models.FormulaQuery, scores: list[Scores], record: models.Record) -> str | None:
    vectors = record.vector if isinstance(record.vector, dict) else {"": record.vector}
    has_vector = {name: vector is not None for name, vector in vectors.items()}
    try:
        evaluate_expression(query.formula, record.id, scores, record.payload or {}, has_vector, query.defaults or {})
    except (ValueError, TypeError, ArithmeticError) as error:
        return str(error)
    return None
