"""The methods of `EdgeClient` that read."""

# QdrantClient's own signatures are long, and some of their arguments mean nothing within one process.
# ruff: noqa: ARG002

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from qdrant_client import models
from qdrant_client.http.models import QueryResponse

from indexer.engine.catalog import Catalog, OpenCollection
from indexer.engine.checks import check_limit, check_offset, check_query
from indexer.engine.errors import BadRequest, EngineError
from indexer.engine.filters import edge_filter
from indexer.engine.information import collection_info
from indexer.engine.ordering import DEFAULT_LIMIT, Fetch, Page, ranked_batch
from indexer.engine.points import (
    PointId,
    WithPayload,
    WithVectors,
    edge_with_payload,
    edge_with_vectors,
    filled_points,
    model_id,
    records,
    scored_points,
)
from indexer.engine.queries import Lookup, Prefetches, edge_facet, edge_request, edge_scroll
from indexer.engine.vectors import UNNAMED


class EdgeReader:
    """Queries on the collections of a folder, with `QdrantClient`'s methods, arguments, results and errors."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._closed = False
        self._catalog = Catalog(path, read_only=read_only)

    def close(self) -> None:
        """Flush and close every collection."""
        self._closed = True
        self._catalog.close()

    def forget(self, collection_name: str) -> None:
        """Let go of a collection that was deleted while this client read it; until then it goes on answering."""
        self._catalog.forget(collection_name)

    def collection_exists(self, collection_name: str) -> bool:
        """Return whether a collection or alias has this name."""
        self._check_open()
        return self._catalog.resolve(collection_name) in self._catalog.names()

    def get_collections(self) -> models.CollectionsResponse:
        """Return the names of all collections."""
        self._check_open()
        return models.CollectionsResponse(
            collections=[models.CollectionDescription(name=name) for name in self._catalog.names()]
        )

    def get_collection(self, collection_name: str) -> models.CollectionInfo:
        """Return counts, configuration and status: grey until finished, then green."""
        collection = self._open(collection_name)
        return collection_info(collection.stored, collection.shard.info())

    def get_aliases(self) -> models.CollectionsAliasesResponse:
        """Return all aliases."""
        self._check_open()
        return models.CollectionsAliasesResponse(
            aliases=[
                models.AliasDescription(alias_name=alias, collection_name=name)
                for alias, name in sorted(self._catalog.aliases.read().items())
            ]
        )

    def get_collection_aliases(self, collection_name: str) -> models.CollectionsAliasesResponse:
        """Return the aliases of one collection."""
        aliases = self.get_aliases().aliases
        return models.CollectionsAliasesResponse(
            aliases=[each for each in aliases if each.collection_name == collection_name]
        )

    def retrieve(
        self,
        collection_name: str,
        ids: Sequence[PointId],
        with_payload: WithPayload = True,
        with_vectors: WithVectors = False,
        consistency: models.ReadConsistency | None = None,
        timeout: int | None = None,
    ) -> list[models.Record]:
        """Return the points of these ids that exist, in the order of `ids`."""
        return self._records(self._open(collection_name), list(ids), with_payload, with_vectors)

    def scroll(
        self,
        collection_name: str,
        scroll_filter: models.Filter | None = None,
        limit: int = DEFAULT_LIMIT,
        order_by: str | models.OrderBy | None = None,
        offset: PointId | None = None,
        with_payload: WithPayload = True,
        with_vectors: WithVectors = False,
        consistency: models.ReadConsistency | None = None,
        timeout: int | None = None,
    ) -> tuple[list[models.Record], int | str | None]:
        """Return points in the order of their ids (or of a payload value), and the id of the next page."""
        request = edge_scroll(
            scroll_filter=scroll_filter,
            limit=limit,
            order_by=order_by,
            offset=offset,
            with_payload=with_payload,
            with_vectors=with_vectors,
        )
        points, following = self._open(collection_name).shard.scroll(request)
        return records(points), None if following is None else model_id(following)

    def count(
        self,
        collection_name: str,
        count_filter: models.Filter | None = None,
        exact: bool = True,
        timeout: int | None = None,
    ) -> models.CountResult:
        """Return how many points pass the filter."""
        shard = self._open(collection_name).shard
        return models.CountResult(count=shard.count(edge.CountRequest(exact, edge_filter(count_filter))))

    def facet(
        self,
        collection_name: str,
        key: str,
        facet_filter: models.Filter | None = None,
        limit: int = DEFAULT_LIMIT,
        exact: bool = False,
        consistency: models.ReadConsistency | None = None,
        timeout: int | None = None,
    ) -> models.FacetResponse:
        """Return the most frequent values of an indexed payload key with their counts, ties by value."""
        request = edge_facet(key, limit, exact, facet_filter)
        hits = self._open(collection_name).shard.facet(request).hits
        return models.FacetResponse(hits=[models.FacetValueHit(value=hit.value, count=hit.count) for hit in hits])

    def query_points(
        self,
        collection_name: str,
        query: Any = None,
        using: str | None = None,
        prefetch: Prefetches = None,
        query_filter: models.Filter | None = None,
        search_params: models.SearchParams | None = None,
        limit: int = DEFAULT_LIMIT,
        offset: int | None = None,
        with_payload: WithPayload = True,
        with_vectors: WithVectors = False,
        score_threshold: float | None = None,
        lookup_from: models.LookupLocation | None = None,
        consistency: models.ReadConsistency | None = None,
        timeout: int | None = None,
    ) -> QueryResponse:
        """Return the best points of a query, of fused queries, or of a query over the results of others."""
        request = models.QueryRequest.model_construct(
            query=query,
            using=using,
            prefetch=prefetch,
            filter=query_filter,
            params=search_params,
            limit=limit,
            offset=offset,
            with_payload=with_payload,  # type: ignore[arg-type]
            with_vector=with_vectors,  # type: ignore[arg-type]
            score_threshold=score_threshold,
            lookup_from=lookup_from,
        )
        return self.query_batch_points(collection_name, [request])[0]

    def query_batch_points(
        self,
        collection_name: str,
        requests: Sequence[models.QueryRequest],
        consistency: models.ReadConsistency | None = None,
        timeout: int | None = None,
    ) -> list[QueryResponse]:
        """Return the answers to several queries, searched together."""
        collection = self._open(collection_name)
        return [
            QueryResponse.model_construct(points=self._filled(collection, hits, request))
            for hits, request in zip(self._hits(collection, requests), requests, strict=True)
        ]

    def rank_points(
        self, collection_name: str, requests: Sequence[models.QueryRequest]
    ) -> list[list[tuple[models.ExtendedPointId, float]]]:
        """Return the ids and scores of the answers to several queries, searched together."""
        answers = self._hits(self._open(collection_name), requests)
        return [
            [(point if isinstance(point := hit.id, int) else model_id(point), hit.score) for hit in hits]
            for hits in answers
        ]

    def _hits(
        self, collection: OpenCollection, requests: Sequence[models.QueryRequest]
    ) -> list[Sequence[edge.ScoredPoint]]:
        """Return the answers to several queries, found in one pass over the segments."""
        for request in requests:
            check_limit(_limit(request))
            check_offset(request.offset)
            check_query(request.query, request.using, request.prefetch, request.score_threshold)
        lookup = self._lookup(collection)

        def search(fetches: Mapping[int, Fetch]) -> list[list[edge.ScoredPoint]]:
            asked = [edge_request(lookup, requests[place], *fetch) for place, fetch in fetches.items()]
            return collection.shard.query_batch(edge.QueryBatchRequest(asked))

        pages = [Page(each.query, each.prefetch, each.offset or 0, _limit(each)) for each in requests]
        return ranked_batch(search, pages)

    def _filled(
        self, collection: OpenCollection, hits: Sequence[edge.ScoredPoint], request: models.QueryRequest
    ) -> list[models.ScoredPoint]:
        """Return the answers to a query as models, with the payload and vectors that it asks for."""
        points = scored_points(hits)
        if not (request.with_payload or request.with_vector):
            return points
        ids = [hit.id for hit in hits]
        return filled_points(points, self._records(collection, ids, request.with_payload, request.with_vector))

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError(f"The engine at {self.path} is closed")

    def _open(self, collection_name: str) -> OpenCollection:
        self._check_open()
        return self._catalog.open(collection_name)

    def _records(
        self, collection: OpenCollection, ids: list[PointId], with_payload: WithPayload, with_vectors: WithVectors
    ) -> list[models.Record]:
        wanted = edge_with_payload(with_payload), edge_with_vectors(with_vectors)
        return records(collection.shard.retrieve(ids, *wanted))

    def _lookup(self, collection: OpenCollection) -> Lookup:
        def stored_vector(point_id: PointId, name: str, location: models.LookupLocation | None) -> Any:
            source = collection if location is None else self._open(location.collection)
            found = source.shard.retrieve([point_id], False, True)
            if not found:
                raise BadRequest(f"Point {point_id} is not found in the collection")
            vectors = found[0].vector
            vector = (vectors if isinstance(vectors, dict) else {UNNAMED: vectors}).get(name)
            if vector is None:
                raise BadRequest(f"Vector with name {name} for point {point_id} not found")
            return vector

        return stored_vector


def _limit(request: models.QueryRequest) -> int:
    return DEFAULT_LIMIT if request.limit is None else request.limit
