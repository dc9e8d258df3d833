"""The methods of `EdgeClient` that answer queries."""

# QdrantClient's own signatures are long, and some of their arguments mean nothing within one process.
# ruff: noqa: ARG002

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import qdrant_edge as edge
from qdrant_client import models
from qdrant_client.conversions.common_types import ShardKeySelector
from qdrant_client.http.models import QueryResponse

from indexer.engine.catalog import OpenCollection
from indexer.engine.checks import as_model, check_limit, check_offset, check_query, check_shard_key
from indexer.engine.errors import BadRequest, EngineError, refusing
from indexer.engine.formula_faults import CANCELLED, formula_error
from indexer.engine.grouping import GroupId, Ranking, find_groups, group_ids, holder_of, lookup_id, widened
from indexer.engine.ordering import DEFAULT_LIMIT, Fetch, Page, orders_by_score, ranked_batch, scores_together
from indexer.engine.points import PointId, WithPayload, WithVectors, filled_points, model_id, scored_points
from indexer.engine.queries import Lookup, Prefetches, edge_request
from indexer.engine.reading import EdgeReader
from indexer.engine.vectors import UNNAMED


class EdgeQuerier(EdgeReader):
    """Queries on the collections of a folder, with `QdrantClient`'s methods, arguments, results and errors."""

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
        shard_key_selector: ShardKeySelector | None = None,
        timeout: int | None = None,
    ) -> QueryResponse:
        """Return the best points of a query, of fused queries, or of a query over the results of others."""
        request = _request(
            shard_key=shard_key_selector,
            query=query,
            using=using,
            prefetch=prefetch,
            filter=query_filter,
            params=search_params,
            limit=limit,
            offset=offset,
            with_payload=with_payload,
            with_vector=with_vectors,
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

    def query_points_groups(
        self,
        collection_name: str,
        group_by: str,
        query: Any = None,
        using: str | None = None,
        prefetch: Prefetches = None,
        query_filter: models.Filter | None = None,
        search_params: models.SearchParams | None = None,
        limit: int = DEFAULT_LIMIT,
        group_size: int = 3,
        with_payload: WithPayload = True,
        with_vectors: WithVectors = False,
        score_threshold: float | None = None,
        with_lookup: str | models.WithLookup | None = None,
        lookup_from: models.LookupLocation | None = None,
        consistency: models.ReadConsistency | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        timeout: int | None = None,
    ) -> models.GroupsResult:
        """Return the best `limit` groups of points with equal values of a payload key, each with its best points."""
        check_limit(limit)
        check_limit(group_size)
        request = _request(
            shard_key=shard_key_selector,
            query=query,
            using=using,
            prefetch=prefetch,
            filter=query_filter,
            params=search_params,
            with_payload=with_payload,
            with_vector=with_vectors,
            score_threshold=score_threshold,
            lookup_from=lookup_from,
        )
        if request.prefetch:
            prefetches = request.prefetch if isinstance(request.prefetch, list) else [request.prefetch]
            wider = [widened(each, group_size, DEFAULT_LIMIT) for each in prefetches]
            request = request.model_copy(update={"prefetch": wider})
        collection = self._open(collection_name)
        hits: dict[models.ExtendedPointId, models.ScoredPoint] = {}

        def search(n_points: int, wanted: models.Filter | None = None) -> Ranking:
            asked = request.model_copy(update={"limit": n_points, "filter": wanted or request.filter})
            found = scored_points(self._hits(collection, [asked])[0])
            hits.update((point.id, point) for point in found)
            payloads = self._records(collection, [point.id for point in found], holder_of(group_by), False)
            groups_of = {record.id: group_ids(record.payload, group_by) for record in payloads}
            return [(point.id, groups_of.get(point.id, [])) for point in found]

        # A filter on a group's value finds its best points at once, as on a server: within each prefetch too, where it
        # changes the scores of what is fused.
        by_filter = orders_by_score(query) and not (request.prefetch and scores_together(query))
        groups, are_complete = find_groups(search, limit, group_size, complete=not by_filter)
        if by_filter and (request.prefetch or not are_complete):
            groups = {group: self._group(search, group, group_by, group_size, request.filter) for group in groups}
        if by_filter and request.prefetch:
            # The best point of a group may be one that only its own search has found.
            tops = models.Filter(must=[models.HasIdCondition(has_id=[ids[0] for ids in groups.values()])])
            places = {point_id: place for place, (point_id, _) in enumerate(search(limit, tops))}
            groups = dict(sorted(groups.items(), key=lambda group: places[group[1][0]]))
        shown = self._shown(collection, [hits[each] for each in dict.fromkeys(chain(*groups.values()))], request)
        filled = {point.id: point for point in shown}
        lookups = self._lookups(list(groups), with_lookup)
        return models.GroupsResult(
            groups=[
                models.PointGroup(
                    id=group, hits=[filled[each] for each in ids if each in filled], lookup=lookups.get(group)
                )
                for group, ids in groups.items()
            ]
        )

    def _group(
        self, search: Any, group: GroupId, key: str, group_size: int, wanted: models.Filter | None
    ) -> list[models.ExtendedPointId]:
        """Return the best points of one group."""
        is_in_group = models.FieldCondition(key=key, match=models.MatchValue(value=group))
        within = models.Filter(must=[is_in_group, *([] if wanted is None else [wanted])])

        def search_group(n_points: int) -> Ranking:
            # A point with other values than words and whole numbers matches the filter, but is in no group.
            return [(each, [group] if group in groups else []) for each, groups in search(n_points, within)]

        return find_groups(search_group, 1, group_size, complete=True)[0].get(group, [])

    def _lookups(self, groups: list[GroupId], given: str | models.WithLookup | None) -> dict[GroupId, models.Record]:
        """Return the points of another collection that the ids of groups name."""
        if given is None:
            return {}
        source = models.WithLookup(collection=given) if isinstance(given, str) else given
        ids = {group: point_id for group in groups if (point_id := lookup_id(group)) is not None}
        with_payload = True if source.with_payload is None else source.with_payload
        found = self.retrieve(source.collection, list(ids.values()), with_payload, source.with_vectors)
        by_id = {record.id: record for record in found}
        return {group: by_id[point_id] for group, point_id in ids.items() if point_id in by_id}

    # Distances between the points of a sample

    def search_matrix_pairs(
        self,
        collection_name: str,
        query_filter: models.Filter | None = None,
        limit: int = 3,
        sample: int = 10,
        using: str | None = None,
        consistency: models.ReadConsistency | None = None,
        timeout: int | None = None,
        shard_key_selector: ShardKeySelector | None = None,
    ) -> models.SearchMatrixPairsResponse:
        """Return the nearest points of each point of a random sample, within the sample, as pairs."""
        check_shard_key(shard_key_selector)
        rows = self._nearest_in_sample(collection_name, query_filter, limit, sample, using)
        return models.SearchMatrixPairsResponse(
            pairs=[
                models.SearchMatrixPair(a=point_id, b=hit.id, score=hit.score)
                for point_id, hits in rows.items()
                for hit in hits
            ]
        )

    def search_matrix_offsets(
        self,
        collection_name: str,
        query_filter: models.Filter | None = None,
        limit: int = 3,
        sample: int = 10,
        using: str | None = None,
        consistency: models.ReadConsistency | None = None,
        timeout: int | None = None,
        shard_key_selector: ShardKeySelector | None = None,
    ) -> models.SearchMatrixOffsetsResponse:
        """Return the nearest points of each point of a random sample, within the sample, as places in the sample."""
        check_shard_key(shard_key_selector)
        rows = self._nearest_in_sample(collection_name, query_filter, limit, sample, using)
        places = {point_id: place for place, point_id in enumerate(rows)}
        cells = [(places[point_id], places[hit.id], hit.score) for point_id, hits in rows.items() for hit in hits]
        return models.SearchMatrixOffsetsResponse(
            offsets_row=[row for row, _, _ in cells],
            offsets_col=[column for _, column, _ in cells],
            scores=[score for _, _, score in cells],
            ids=list(places),
        )

    def _nearest_in_sample(
        self, collection_name: str, query_filter: models.Filter | None, limit: int, sample: int, using: str | None
    ) -> dict[models.ExtendedPointId, list[models.ScoredPoint]]:
        check_limit(limit)
        check_limit(sample, 2, "sample")
        name = using or UNNAMED
        given = [] if query_filter is None else [as_model(models.Filter, query_filter)]
        has_vector = models.Filter(must=[*given, models.HasVectorCondition(has_vector=name)])
        random = models.SampleQuery(sample=models.Sample.RANDOM)
        drawn = self.query_points(
            collection_name, random, query_filter=has_vector, limit=sample, with_payload=False, with_vectors=[name]
        ).points
        ids = sorted((point.id for point in drawn), key=lambda each: (isinstance(each, str), each))
        if len(ids) < 2:
            return {}
        within = models.Filter(must=[models.HasIdCondition(has_id=ids)])
        # A query by id leaves out the point itself.
        requests = [_request(query=each, using=using, filter=within, limit=limit, with_payload=False) for each in ids]
        answers = self.query_batch_points(collection_name, requests)
        return {point_id: answer.points for point_id, answer in zip(ids, answers, strict=True)}

    # Inside

    def _hits(
        self, collection: OpenCollection, requests: Sequence[models.QueryRequest]
    ) -> list[Sequence[edge.ScoredPoint]]:
        """Return the answers to several queries, found in one pass over the segments."""
        for request in requests:
            check_shard_key(request.shard_key)
            check_limit(_limit(request))
            check_offset(request.offset)
            check_query(request.query, request.using, request.prefetch, request.score_threshold)
        lookup = self._lookup(collection)

        def search(fetches: Mapping[int, Fetch]) -> list[list[edge.ScoredPoint]]:
            asked = [edge_request(lookup, requests[place], *fetch) for place, fetch in fetches.items()]
            try:
                return collection.shard.query_batch(edge.QueryBatchRequest(asked))
            except EngineError as error:
                if str(error).startswith(CANCELLED) and (fault := self._formula_error(collection, requests)):
                    raise fault from error
                raise

        pages = [Page(each.query, each.prefetch, each.offset or 0, _limit(each)) for each in requests]
        return ranked_batch(search, pages)

    def _formula_error(self, collection: OpenCollection, requests: Sequence[models.QueryRequest]) -> BadRequest | None:
        lookup = self._lookup(collection)

        def search(request: models.QueryRequest) -> dict[models.ExtendedPointId, float]:
            hits = collection.shard.query(edge_request(lookup, request, _limit(request), 0))
            return {model_id(hit.id): hit.score for hit in hits}

        def payloads_of(ids: list[models.ExtendedPointId]) -> dict[models.ExtendedPointId, models.Record]:
            return {record.id: record for record in self._records(collection, ids, True, True)}

        return formula_error(requests, search, payloads_of)

    def _filled(
        self, collection: OpenCollection, hits: Sequence[edge.ScoredPoint], request: models.QueryRequest
    ) -> list[models.ScoredPoint]:
        """Return the answers to a query as models, with the payload and vectors that it asks for."""
        return self._shown(collection, scored_points(hits), request)

    def _shown(
        self, collection: OpenCollection, points: list[models.ScoredPoint], request: models.QueryRequest
    ) -> list[models.ScoredPoint]:
        if not (request.with_payload or request.with_vector):
            return points
        ids = [point.id for point in points]
        return filled_points(points, self._records(collection, ids, request.with_payload, request.with_vector))

    def _lookup(self, collection: OpenCollection) -> Lookup:
        def stored_vector(point_id: PointId, name: str, location: models.LookupLocation | None) -> Any:
            source = collection if location is None else self._open(location.collection)
            if name not in source.shapes:
                raise BadRequest(f"Not existing vector name error: {name}")
            found = source.shard.retrieve([point_id], False, True)
            if not found:
                raise BadRequest(f"Point {point_id} is not found in the collection")
            vectors = found[0].vector
            vector = (vectors if isinstance(vectors, dict) else {UNNAMED: vectors}).get(name)
            if vector is None:
                raise BadRequest(f"Vector with name {name} for point {point_id} not found")
            return vector

        return Lookup(stored_vector, lambda location: self._catalog.resolve(location.collection) == collection.name)


def _limit(request: models.QueryRequest) -> int:
    return DEFAULT_LIMIT if request.limit is None else request.limit


@refusing
def _request(**parts: Any) -> models.QueryRequest:
    """Return a request; only one with parts that are given as dicts is validated, which takes as long as a search."""
    prefetch = parts.get("prefetch")
    plain = [*parts.values(), *(prefetch if isinstance(prefetch, list) else ())]
    if any(isinstance(part, dict) for part in plain):
        return models.QueryRequest(**parts)
    return models.QueryRequest.model_construct(**parts)
