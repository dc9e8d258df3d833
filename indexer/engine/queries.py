"""Convert queries from `qdrant_client.models` to Qdrant Edge; ids of examples become their stored vectors."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import qdrant_edge as edge
from qdrant_client import models

from indexer.engine.averages import average_vector
from indexer.engine.checks import as_model, check_limit, check_number, check_query, check_shard_key
from indexer.engine.errors import BadRequest, NotSupported, refusing
from indexer.engine.filters import edge_filter
from indexer.engine.formula import edge_formula
from indexer.engine.ordering import DEFAULT_LIMIT
from indexer.engine.points import PointId, WithPayload, WithVectors, edge_with_payload, edge_with_vectors
from indexer.engine.vectors import UNNAMED, edge_vector

DEFAULT_RRF_K = 2
"""Qdrant's default: the first rank scores 1 / 2."""

Prefetches = models.Prefetch | list[models.Prefetch] | None


class Lookup(NamedTuple):
    """Finds the vectors of examples that are given by their ids."""

    vector: Callable[[PointId, str, models.LookupLocation | None], Any]
    """Returns the vector of a point, by its id, the vector's name, and where to look."""
    is_own: Callable[[models.LookupLocation], bool]
    """Returns whether a location is the collection that is searched."""


class Scoring(NamedTuple):
    """A query in Edge's types, and the points that it names as examples, which are left out of its answers."""

    query: Any
    mentioned: list[PointId]


@dataclass(frozen=True)
class Examples:
    """The examples of one query; an id is looked up when its vector is needed."""

    lookup: Lookup
    vector_name: str
    location: models.LookupLocation | None
    mentioned: list[PointId]

    def vector(self, example: Any) -> Any:
        """Return the vector of an example: a vector itself, or the stored vector of the point whose id it is."""
        if not isinstance(example, int | str | uuid.UUID):
            return edge_vector(example)
        if self.location is None or self.lookup.is_own(self.location):
            self.mentioned.append(example)
        return self.lookup.vector(example, self.vector_name, self.location)

    def vectors(self, examples: Sequence[Any] | None) -> list[Any]:
        """Return the vectors of several examples."""
        return [self.vector(example) for example in examples or []]


@refusing
def edge_request(lookup: Lookup, request: models.QueryRequest, limit: int, offset: int) -> edge.QueryRequest:
    """Return a request in Edge's types for `limit` points after the first `offset`, answered by ids and scores only."""
    scoring = _edge_scoring(lookup, request.query, request.using, limit, request.lookup_from)
    return edge.QueryRequest(
        limit=limit,
        offset=offset,
        query=scoring.query,
        prefetches=_edge_prefetches(lookup, request.prefetch),
        filter=edge_filter(_without(scoring.mentioned, request.filter)),
        params=_edge_params(request.params),
        score_threshold=request.score_threshold,
        with_payload=False,
        with_vector=False,
    )


@refusing
def edge_scroll(
    *,
    scroll_filter: models.Filter | None,
    limit: int,
    order_by: str | models.OrderBy | None,
    offset: PointId | None,
    with_payload: WithPayload,
    with_vectors: WithVectors,
) -> edge.ScrollRequest:
    """Return Edge's request for the arguments of `QdrantClient.scroll`."""
    check_limit(limit)
    if order_by is not None and offset is not None:
        raise BadRequest("Offset is not supported in conjunction with `order_by` scroll parameter")
    return edge.ScrollRequest(
        offset=offset,
        limit=limit,
        filter=edge_filter(scroll_filter),
        with_payload=edge_with_payload(with_payload),
        with_vector=edge_with_vectors(with_vectors),
        order_by=None if order_by is None else _edge_order(order_by),
    )


@refusing
def edge_facet(key: str, limit: int, exact: bool, facet_filter: models.Filter | None) -> edge.FacetRequest:
    """Return Edge's request for the arguments of `QdrantClient.facet`."""
    check_limit(limit)
    return edge.FacetRequest(key, limit, exact, edge_filter(facet_filter))


def _edge_order(order_by: str | models.OrderBy) -> edge.OrderBy:
    if isinstance(order_by, str):
        return edge.OrderBy(order_by)
    order: models.OrderBy = as_model(models.OrderBy, order_by)
    start: Any = order.start_from
    check_number(start, "start_from")
    descending = order.direction == models.Direction.DESC
    return edge.OrderBy(
        order.key,
        edge.Direction.Desc if descending else edge.Direction.Asc,
        start.isoformat() if hasattr(start, "isoformat") else start,
    )


def _edge_prefetches(lookup: Lookup, prefetch: Prefetches) -> list[edge.Prefetch]:
    if prefetch is None:
        return []
    return [_edge_prefetch(lookup, each) for each in (prefetch if isinstance(prefetch, list) else [prefetch])]


def _edge_prefetch(lookup: Lookup, model: models.Prefetch) -> edge.Prefetch:
    limit = DEFAULT_LIMIT if model.limit is None else model.limit
    check_query(model.query, model.using, model.prefetch, model.score_threshold)
    check_limit(limit)
    scoring = _edge_scoring(lookup, model.query, model.using, limit, model.lookup_from)
    return edge.Prefetch(
        limit=limit,
        query=scoring.query,
        prefetches=_edge_prefetches(lookup, model.prefetch),
        params=_edge_params(model.params),
        filter=edge_filter(_without(scoring.mentioned, model.filter)),
        score_threshold=model.score_threshold,
    )


def _edge_scoring(
    lookup: Lookup, query: Any, using: str | None, limit: int, location: models.LookupLocation | None
) -> Scoring:
    if query is None:
        return Scoring(None, [])
    if location is not None:
        check_shard_key(location.shard_key)
    name = location.vector if location is not None and location.vector is not None else using
    examples = Examples(lookup, name or UNNAMED, location, [])
    if isinstance(query, list | np.ndarray | models.SparseVector | int | str | uuid.UUID):
        return Scoring(edge.Query.Nearest(examples.vector(query), using), examples.mentioned)
    convert = _QUERIES.get(type(query))
    if convert is None:
        raise NotSupported(
            f"The embedded engine cannot query by {type(query).__name__}: embed texts and images before, such as with "
            "the package fastembed"
        )
    return Scoring(convert(query, using, limit, examples), examples.mentioned)


def _nearest(query: models.NearestQuery, using: str | None, limit: int, examples: Examples) -> Any:
    vector = examples.vector(query.nearest)
    if query.mmr is None:
        return edge.Query.Nearest(vector, using)
    if isinstance(vector, edge.SparseVector):
        raise NotSupported("The embedded engine has no maximal marginal relevance for sparse vectors")
    diversity = 0.5 if query.mmr.diversity is None else query.mmr.diversity
    n_candidates = limit if query.mmr.candidates_limit is None else query.mmr.candidates_limit
    return edge.Mmr(vector, 1.0 - diversity, n_candidates, using)


def _recommend(query: models.RecommendQuery, using: str | None, _limit: int, examples: Examples) -> Any:
    positives = examples.vectors(query.recommend.positive)
    negatives = examples.vectors(query.recommend.negative)
    strategy = query.recommend.strategy or models.RecommendStrategy.AVERAGE_VECTOR
    if strategy == models.RecommendStrategy.AVERAGE_VECTOR:
        return edge.Query.Nearest(average_vector(positives, negatives), using)
    if not positives and not negatives:
        raise BadRequest("A recommendation needs a positive or a negative example")
    given = edge.RecommendQuery(positives, negatives)
    if strategy == models.RecommendStrategy.BEST_SCORE:
        return edge.Query.RecommendBestScore(given, using)
    return edge.Query.RecommendSumScores(given, using)


def _discover(query: models.DiscoverQuery, using: str | None, _limit: int, examples: Examples) -> Any:
    target = examples.vector(query.discover.target)
    return edge.Query.Discover(edge.DiscoverQuery(target, _pairs(query.discover.context, examples)), using)


def _context(query: models.ContextQuery, using: str | None, _limit: int, examples: Examples) -> Any:
    return edge.Query.Context(edge.ContextQuery(_pairs(query.context, examples)), using)


def _pairs(given: models.ContextPair | list[models.ContextPair], examples: Examples) -> list[edge.ContextPair]:
    pairs = given if isinstance(given, list) else [given]
    return [edge.ContextPair(examples.vector(each.positive), examples.vector(each.negative)) for each in pairs]


def _feedback(query: models.RelevanceFeedbackQuery, using: str | None, _limit: int, examples: Examples) -> Any:
    given = query.relevance_feedback
    for each in given.feedback:
        check_number(each.score, "feedback score")
    target = examples.vector(given.target)
    judged = [edge.FeedbackItem(examples.vector(each.example), each.score) for each in given.feedback]
    naive = given.strategy.naive
    for name, coefficient in naive:
        check_number(coefficient, f"feedback coefficient {name}")
    strategy = edge.NaiveFeedbackStrategy(naive.a, naive.b, naive.c)
    return edge.Query.FeedbackNaive(edge.FeedbackNaiveQuery(target, judged, strategy), using)


def _text(query: models.TextQuery, using: str | None, _limit: int, _examples: Examples) -> Any:
    if using is None:
        raise BadRequest("A text query needs `using`, the payload key with a text index that has `scoring`")
    if isinstance(query.text, str):
        return edge.TextQuery(using, query.text)
    bm25 = None if query.text.scoring is None else query.text.scoring.bm25
    return edge.TextQuery(using, query.text.query, None if bm25 is None else edge.Bm25Params(bm25.k, bm25.b))


def _fusion(query: models.FusionQuery, *_: Any) -> Any:
    return edge.Fusion.Dbsf() if query.fusion == models.Fusion.DBSF else edge.Fusion.Rrf(DEFAULT_RRF_K)


def _rrf(query: models.RrfQuery, *_: Any) -> Any:
    return edge.Fusion.Rrf(DEFAULT_RRF_K if query.rrf.k is None else query.rrf.k, query.rrf.weights)


_QUERIES: dict[type, Callable[[Any, str | None, int, Examples], Any]] = {
    models.NearestQuery: _nearest,
    models.RecommendQuery: _recommend,
    models.DiscoverQuery: _discover,
    models.ContextQuery: _context,
    models.RelevanceFeedbackQuery: _feedback,
    models.TextQuery: _text,
    models.FusionQuery: _fusion,
    models.RrfQuery: _rrf,
    models.FormulaQuery: lambda query, *_: edge_formula(query),
    models.OrderByQuery: lambda query, *_: _edge_order(query.order_by),
    models.SampleQuery: lambda *_: edge.Sample.Random,
}


def _without(mentioned: Sequence[PointId], model: models.Filter | None) -> models.Filter | None:
    """Return the filter, extended to leave out the points that the query itself names."""
    if not mentioned:
        return model
    unwanted = models.HasIdCondition(has_id=list(mentioned))
    if model is None:
        return models.Filter(must_not=[unwanted])
    given = model.must_not if isinstance(model.must_not, list) else [model.must_not] if model.must_not else []
    return model.model_copy(update={"must_not": [*given, unwanted]})


def _edge_params(model: models.SearchParams | None) -> edge.SearchParams | None:
    model = as_model(models.SearchParams, model)
    if model is None:
        return None
    corpus = model.idf.corpus if isinstance(model.idf, models.IdfCorpusParams) else None
    return edge.SearchParams(
        hnsw_ef=model.hnsw_ef,
        exact=bool(model.exact),
        quantization=None if model.quantization is None else _edge_quantization(model.quantization),
        indexed_only=bool(model.indexed_only),
        acorn=None if model.acorn is None else _edge_acorn(model.acorn),
        idf=None if corpus is None else edge.IdfParams(edge_filter(corpus)),
    )


def _edge_quantization(model: models.QuantizationSearchParams) -> edge.QuantizationSearchParams:
    return edge.QuantizationSearchParams(bool(model.ignore), model.rescore, model.oversampling)


def _edge_acorn(model: models.AcornSearchParams) -> edge.AcornSearchParams:
    return edge.AcornSearchParams(bool(model.enable), model.max_selectivity)
