"""Refuse requests that a server refuses before it looks at the collection, and shard keys, which one shard lacks."""

import math
from typing import Any, TypeVar

from pydantic import BaseModel
from qdrant_client import models

from indexer.engine.errors import BadRequest, NotSupported

Model = TypeVar("Model", bound=BaseModel)

MAX_MMR_CANDIDATES = 16_384


def check_query(query: Any, using: str | None, prefetch: Any, score_threshold: float | None) -> None:
    """Refuse contradictions in one level of a query.

    Raises:
        BadRequest: The query contradicts itself.
    """
    if prefetch and query is None:
        raise BadRequest("A query is needed to merge the prefetches.")
    if score_threshold is not None:
        check_number(score_threshold, "score_threshold")
    if score_threshold is not None and query is None:
        raise BadRequest("A query is needed to use the score_threshold.")
    if score_threshold is not None and isinstance(query, models.OrderByQuery):
        raise BadRequest("Can't use score_threshold with an order_by query.")
    if isinstance(query, models.FusionQuery | models.RrfQuery | models.FormulaQuery) and not prefetch:
        raise BadRequest("A fusion or a formula needs prefetches.")
    if isinstance(query, models.FusionQuery | models.RrfQuery) and using:
        raise BadRequest("Fusion queries cannot be combined with the 'using' field.")
    if isinstance(query, models.RrfQuery):
        _check_rrf(query.rrf, prefetch)
    if isinstance(query, models.NearestQuery) and query.mmr is not None:
        _check_mmr(query.mmr)


def check_shard_key(shard_key: Any) -> None:
    """Refuse a shard key.

    Raises:
        NotSupported: There is one.
    """
    if shard_key is not None:
        raise NotSupported(
            f"The embedded engine is one shard, so there is no shard key {shard_key!r}: store it in the payload, index "
            "it, and filter by it"
        )


def check_number(number: float, name: str) -> None:
    """Refuse NaN, which JSON lacks: Edge takes it for 0, for the least number, or panics, depending on the index."""
    if isinstance(number, float) and math.isnan(number):
        raise BadRequest(f"{name} must be a number, not NaN")


def as_model(kind: type[Model], given: Any) -> Any:
    """Return a model that was given as a dict; a model, or None, as it is.

    Raises:
        BadRequest: The dict does not describe such a model, or it is something else.
    """
    if given is None or isinstance(given, kind):
        return given
    if not isinstance(given, dict):
        raise BadRequest(f"A {kind.__name__} is needed, not {given!r}")
    try:
        return kind.model_validate(given)
    except ValueError as error:
        raise BadRequest(str(error)) from error


def check_limit(limit: int, least: int = 1, name: str = "limit") -> None:
    """Refuse a limit below the least one."""
    if limit < least:
        raise BadRequest(f"{name} value {limit} is invalid: it must be {least} or larger")


def check_offset(offset: int | None) -> None:
    """Refuse a negative offset."""
    if offset is not None and offset < 0:
        raise BadRequest(f"offset value {offset} is invalid: it must be 0 or larger")


def _check_rrf(rrf: models.Rrf, prefetch: Any) -> None:
    if rrf.k is not None and rrf.k < 1:
        raise BadRequest(f"rrf k value {rrf.k} is invalid: it must be 1 or larger")
    for weight in rrf.weights or []:
        check_number(weight, "rrf weight")
    n_prefetches = len(prefetch) if isinstance(prefetch, list) else 1
    if rrf.weights is not None and len(rrf.weights) != n_prefetches:
        raise BadRequest(f"{len(rrf.weights)} RRF weights for {n_prefetches} prefetches")


def _check_mmr(mmr: models.Mmr) -> None:
    if mmr.diversity is not None and not 0 <= mmr.diversity <= 1:
        raise BadRequest(f"mmr diversity {mmr.diversity} is invalid: it must be from 0 to 1")
    if mmr.candidates_limit is not None and not 0 <= mmr.candidates_limit <= MAX_MMR_CANDIDATES:
        raise BadRequest(f"mmr candidates_limit {mmr.candidates_limit} is invalid: 0 to {MAX_MMR_CANDIDATES}")
