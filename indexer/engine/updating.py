"""The methods of `EdgeClient` that change points, payloads, vectors and indexes."""

# QdrantClient's own signatures are long, and some of their arguments mean nothing within one process.
# ruff: noqa: ARG002

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from qdrant_client import models
from qdrant_client.conversions.common_types import ShardKeySelector

from indexer.engine.catalog import OpenCollection
from indexer.engine.checks import check_shard_key
from indexer.engine.errors import BadRequest, EngineError, NotSupported, RequestRefused, refusing
from indexer.engine.filters import edge_filter
from indexer.engine.points import PointId, check_depth, edge_payload, edge_point_vectors, edge_points
from indexer.engine.querying import EdgeQuerier
from indexer.engine.schema import edge_index
from indexer.engine.selectors import Selector, chosen, selector_of
from indexer.engine.uploads import points_of

Update = edge.UpdateOperation


class EdgeWriter(EdgeQuerier):
    """Updates of the collections in a folder, with `QdrantClient`'s methods, arguments, results and errors."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        super().__init__(path, read_only=read_only)
        self._writing = threading.RLock()

    # Points

    def upsert(
        self,
        collection_name: str,
        points: models.Batch | Sequence[models.PointStruct],
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        update_filter: models.Filter | None = None,
        update_mode: models.UpdateMode | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Add points; a point with the same id is replaced."""
        check_shard_key(shard_key_selector)
        converted = edge_points(points, self._open(collection_name).shapes)
        if not converted:
            raise BadRequest("Empty update request")
        mode = _update_mode(update_mode)
        return self._update(collection_name, Update.upsert_points(converted, edge_filter(update_filter), mode))

    def upload_points(
        self,
        collection_name: str,
        points: Iterable[models.PointStruct],
        batch_size: int = 64,
        parallel: int = 1,
        method: str | None = None,
        max_retries: int = 3,
        wait: bool = False,
        shard_key_selector: ShardKeySelector | None = None,
        update_filter: models.Filter | None = None,
        update_mode: models.UpdateMode | None = None,
    ) -> None:
        """Upsert a stream of points in batches, by this process whatever `parallel` is, since one process writes."""
        check_shard_key(shard_key_selector)
        if batch_size < 1:
            raise BadRequest(f"batch_size must be 1 or larger, not {batch_size}")
        stream = iter(points)
        while batch := list(islice(stream, batch_size)):
            self.upsert(collection_name, batch, update_filter=update_filter, update_mode=update_mode)

    def upload_collection(
        self,
        collection_name: str,
        vectors: Mapping[str, Any] | Iterable[Any],
        payload: Iterable[dict[Any, Any]] | None = None,
        ids: Iterable[PointId] | None = None,
        batch_size: int = 64,
        parallel: int = 1,
        method: str | None = None,
        max_retries: int = 3,
        wait: bool = False,
        shard_key_selector: ShardKeySelector | None = None,
        update_filter: models.Filter | None = None,
        update_mode: models.UpdateMode | None = None,
    ) -> None:
        """Upsert columns of vectors, payloads and ids in batches; without ids, points get random UUIDs."""
        self.upload_points(
            collection_name,
            points_of(vectors, payload, ids),
            batch_size,
            shard_key_selector=shard_key_selector,
            update_filter=update_filter,
            update_mode=update_mode,
        )

    def delete(
        self,
        collection_name: str,
        points_selector: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete points by id or filter."""
        check_shard_key(shard_key_selector)
        return self._select(collection_name, points_selector, Update.delete_points, Update.delete_points_by_filter)

    def batch_update_points(
        self,
        collection_name: str,
        update_operations: Sequence[Any],
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> list[models.UpdateResult]:
        """Apply several updates, in order. If one is refused, those before it stay and those after it are not made."""
        with self._write_access():
            return [self._apply(collection_name, each) for each in update_operations]

    def _apply(self, collection_name: str, operation: Any) -> models.UpdateResult:
        if type(operation) not in _OPERATIONS:
            raise BadRequest(f"Unknown update operation: {operation!r}")
        return _OPERATIONS[type(operation)](self, collection_name, operation)

    # Vectors

    def update_vectors(
        self,
        collection_name: str,
        points: Sequence[models.PointVectors],
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        update_filter: models.Filter | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Set vectors of points that exist; vectors of other names stay."""
        check_shard_key(shard_key_selector)
        converted = edge_point_vectors(points, self._open(collection_name).shapes)
        if not converted:
            raise BadRequest("Empty update request")
        return self._update(collection_name, Update.update_vectors(converted, edge_filter(update_filter)))

    def delete_vectors(
        self,
        collection_name: str,
        vectors: Sequence[str],
        points: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete vectors of these names from points; the points stay."""
        check_shard_key(shard_key_selector)
        shapes = self._open(collection_name).shapes
        if unknown := [name for name in vectors if name not in shapes]:
            raise BadRequest(f"Not existing vector name error: {unknown[0]}")
        if not vectors:
            raise BadRequest("Empty update request: name a vector")
        gone = list(vectors)
        return self._select(collection_name, points, Update.delete_vectors, Update.delete_vectors_by_filter, gone)

    # Payloads

    def set_payload(
        self,
        collection_name: str,
        payload: dict[str, Any],
        points: Selector,
        key: str | None = None,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Set keys of the payload; other keys stay."""
        check_shard_key(shard_key_selector)
        new = edge_payload(payload)
        if key is not None:
            check_depth(new, n_above=1 + key.count(".") + key.count("["))
        return self._select(collection_name, points, Update.set_payload, Update.set_payload_by_filter, new, key)

    def overwrite_payload(
        self,
        collection_name: str,
        payload: dict[str, Any],
        points: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Replace the whole payload."""
        check_shard_key(shard_key_selector)
        new = edge_payload(payload)
        return self._select(collection_name, points, Update.overwrite_payload, Update.overwrite_payload_by_filter, new)

    def delete_payload(
        self,
        collection_name: str,
        keys: Sequence[str],
        points: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete keys of the payload."""
        check_shard_key(shard_key_selector)
        if isinstance(keys, str):
            raise BadRequest(f"keys must be a list of payload keys, not {keys!r}")
        gone = list(keys)
        return self._select(collection_name, points, Update.delete_payload, Update.delete_payload_by_filter, gone)

    def clear_payload(
        self,
        collection_name: str,
        points_selector: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        shard_key_selector: ShardKeySelector | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete the whole payload."""
        check_shard_key(shard_key_selector)
        return self._select(collection_name, points_selector, Update.clear_payload, Update.clear_payload_by_filter)

    # Payload indexes

    def create_payload_index(
        self,
        collection_name: str,
        field_name: str,
        field_schema: Any = None,
        field_type: Any = None,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Index a payload key: makes filters on it fast, and facets and orders possible.

        `field_type` is an older name of `field_schema`.
        """
        schema = field_type if field_schema is None else field_schema
        if schema is None:
            raise NotSupported("The embedded engine needs the field_schema of a payload index, such as 'keyword'")
        return self._update(collection_name, refusing(Update.create_field_index)(field_name, edge_index(schema)))

    def delete_payload_index(
        self,
        collection_name: str,
        field_name: str,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Drop the index of a payload key."""
        return self._update(collection_name, refusing(Update.delete_field_index)(field_name))

    # Inside

    def _write_access(self) -> threading.RLock:
        self._check_open()
        if self.read_only:
            raise NotSupported(f"The engine at {self.path} is open for reading only")
        return self._writing

    def _open_unfinished(self, collection_name: str) -> OpenCollection:
        collection = self._open(collection_name)
        if collection.stored.finished_at is not None:
            raise BadRequest(
                f"Collection {collection.name} is finished, and not written again, since other processes may read its "
                "files: change a copy (copy_collection), finish it and swap the alias"
            )
        return collection

    def _update(self, collection_name: str, operation: edge.UpdateOperation) -> models.UpdateResult:
        with self._write_access():
            collection = self._open_unfinished(collection_name)
            try:
                collection.shard.update(operation)
            except RequestRefused:
                raise
            except EngineError as error:
                # Edge may have made a part of the change, and refuses all later ones until the folder is opened again.
                self._catalog.record_failure(collection, str(error))
                raise
        return models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)

    def _select(
        self, collection_name: str, selector: Selector, by_ids: Any, by_filter: Any, *arguments: Any
    ) -> models.UpdateResult:
        points = chosen(selector)
        if isinstance(points, models.Filter):
            return self._update(collection_name, refusing(by_filter)(edge_filter(points), *arguments))
        return self._update(collection_name, refusing(by_ids)(points, *arguments))


def _update_mode(mode: models.UpdateMode | str | None) -> edge.UpdateMode | None:
    if mode is None:
        return None
    try:
        return _UPDATE_MODES[models.UpdateMode(mode)]
    except ValueError as error:
        raise BadRequest(str(error)) from error


_UPDATE_MODES = {
    models.UpdateMode.UPSERT: edge.UpdateMode.Upsert,
    models.UpdateMode.INSERT_ONLY: edge.UpdateMode.InsertOnly,
    models.UpdateMode.UPDATE_ONLY: edge.UpdateMode.UpdateOnly,
}


def _upsert(client: EdgeWriter, name: str, operation: models.UpsertOperation) -> models.UpdateResult:
    part = operation.upsert
    points = part.batch if isinstance(part, models.PointsBatch) else part.points
    return client.upsert(
        name,
        points,
        shard_key_selector=part.shard_key,
        update_filter=part.update_filter,
        update_mode=part.update_mode,
    )


def _overwrite(client: EdgeWriter, name: str, part: models.SetPayload) -> models.UpdateResult:
    if part.key is not None:
        raise NotSupported("The embedded engine overwrites whole payloads: use set_payload for a part with a key")
    return client.overwrite_payload(name, part.payload, selector_of(part))


def _update_vectors(client: EdgeWriter, name: str, part: models.UpdateVectors) -> models.UpdateResult:
    return client.update_vectors(name, part.points, shard_key_selector=part.shard_key, update_filter=part.update_filter)


_OPERATIONS: dict[type, Callable[[EdgeWriter, str, Any], models.UpdateResult]] = {
    models.UpsertOperation: _upsert,
    models.DeleteOperation: lambda client, name, each: client.delete(name, each.delete),
    models.SetPayloadOperation: lambda client, name, each: client.set_payload(
        name, each.set_payload.payload, selector_of(each.set_payload), each.set_payload.key
    ),
    models.OverwritePayloadOperation: lambda client, name, each: _overwrite(client, name, each.overwrite_payload),
    models.DeletePayloadOperation: lambda client, name, each: client.delete_payload(
        name, each.delete_payload.keys, selector_of(each.delete_payload)
    ),
    models.ClearPayloadOperation: lambda client, name, each: client.clear_payload(name, each.clear_payload),
    models.UpdateVectorsOperation: lambda client, name, each: _update_vectors(client, name, each.update_vectors),
    models.DeleteVectorsOperation: lambda client, name, each: client.delete_vectors(
        name, each.delete_vectors.vector, selector_of(each.delete_vectors)
    ),
}
