"""EdgeClient: Qdrant Edge, in this process, behind the interface of `QdrantClient`."""

# QdrantClient's own signatures are long, and some of their arguments mean nothing within one process.
# ruff: noqa: ARG002

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

import qdrant_edge as edge
from pydantic_core import to_jsonable_python
from qdrant_client import QdrantClient, models

from indexer.engine.alias import change_aliases
from indexer.engine.catalog import StoredCollection
from indexer.engine.errors import BadRequest, NotSupported, refusing
from indexer.engine.filters import edge_filter
from indexer.engine.folder import sync_tree
from indexer.engine.interruptible import run_interruptibly
from indexer.engine.lock import WriterLock
from indexer.engine.manifest import MANIFEST, Damage, write_manifest
from indexer.engine.points import (
    PointId,
    edge_payload,
    edge_points,
)
from indexer.engine.reading import EdgeReader
from indexer.engine.schema import SparseVectorsConfig, VectorsConfig, check_schema, edge_index
from indexer.engine.shard import load_shard
from indexer.engine.snapshots import delete_snapshot, list_snapshots, unpack_snapshot, write_snapshot

Selector = list[PointId] | models.Filter | models.PointIdsList | models.FilterSelector
Update = edge.UpdateOperation


class EdgeClient(EdgeReader):
    """Collections in a folder, with `QdrantClient`'s methods, arguments, results and errors.

    Additions to `QdrantClient` are `finish`, `copy_collection`, `rank_points`, `forget`, `read_only`, and those for
    damage. One writer builds a collection and finishes it; from then on any number of threads and processes read it.
    Known differences to
    `QdrantClient`:

    Writing
        - There is no write-ahead log. Points are safely on disk after `finish` or `create_snapshot`; a kill before that
          loses the collection being written, and no other.
        - A finished collection refuses writes. Until then its status is grey, and read-only clients do not see it.
        - There is one shard on one machine. More shards or replicas, quantization other than scalar, inference, and
          stop words or a stemmer for a payload index raise NotSupported. `wait`, `ordering`, `consistency` and
          `timeout` are ignored.
        - A batch with one bad point is refused as a whole. Changing points whose ids do not exist is refused (as by a
          server; in local mode it depends on the method). A null set on a point without payload is kept (as on a
          server).
        - A float of 16 digits or more may be returned with a different last digit (as by a server).
    Reading
        - Equal scores are ordered by id. Within a prefetch, where equal scores take ranks, the order is the engine's,
          and under a `HasIdCondition` it changes from call to call; so does the choice among more than 2,000 equals.
        - A filter beside prefetches is applied inside each prefetch, not to their results; its `should` and
          `min_should` become alternatives to theirs (as on a server), so put such filters into `must`.
        - Conditions on an indexed key see only values of the index's type, and facets and orders need an index (as on
          a server; local mode has no indexes).
        - Replaced and deleted points count in the IDF until their segment is rebuilt. `finish` rebuilds segments that
          are small, much changed or not indexed.
        - An id that is retrieved twice is returned once (as by a server). Unknown vector names are refused.
        - A field condition may hold one condition; several raise NotSupported.
        - Groups, discovery, context, relevance feedback, text queries, slices, distance matrices, MMR of sparse vectors
          and methods missing here raise NotSupported; unknown arguments raise TypeError.
        - Readers need permission to write to the files, because Edge opens them for writing. They change times
          only, and the order of keys in two JSON files.
        - Point versions are operation numbers; operation ids are 0.
    """

    def __init__(self, path: str | Path, *, read_only: bool = False) -> None:
        """Open a folder; create it unless `read_only`.

        Args:
            path: The folder.
            read_only: Take no lock, refuse writes, and see finished collections only. Any number of processes may read.

        Raises:
            EngineLocked: Another client writes to this folder.
        """
        super().__init__(Path(path), read_only=read_only)
        self._writing = threading.RLock()
        self._lock: WriterLock | None = None
        if not read_only:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = WriterLock(self.path)
            self._catalog.clear_leftovers()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if hasattr(QdrantClient, name):
                raise NotSupported(f"The embedded engine has no {name}")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def close(self) -> None:
        """Flush and close every collection, and release the writer's lock."""
        if not self._closed:
            super().close()
            if self._lock is not None:
                self._lock.release()

    # Collections

    def create_collection(
        self,
        collection_name: str,
        vectors_config: VectorsConfig = None,
        sparse_vectors_config: SparseVectorsConfig = None,
        shard_number: int | None = None,
        replication_factor: int | None = None,
        write_consistency_factor: int | None = None,
        on_disk_payload: bool | None = None,
        hnsw_config: models.HnswConfigDiff | None = None,
        optimizers_config: models.OptimizersConfigDiff | None = None,
        timeout: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> bool:
        """Create an empty collection; return True."""
        for name, number in (
            ("shard_number", shard_number),
            ("replication_factor", replication_factor),
            ("write_consistency_factor", write_consistency_factor),
        ):
            if number not in (None, 1):
                raise NotSupported(f"The embedded engine is one shard on one machine, so {name} cannot be {number}")
        check_schema(vectors_config, sparse_vectors_config)
        request = models.CreateCollection(
            vectors=dict(vectors_config) if isinstance(vectors_config, Mapping) else vectors_config,
            sparse_vectors=dict(sparse_vectors_config) if sparse_vectors_config else None,
            on_disk_payload=on_disk_payload,
            hnsw_config=hnsw_config,
            optimizers_config=optimizers_config,
            metadata=to_jsonable_python(metadata),
        )
        with self._write_access():
            self._catalog.create(collection_name, StoredCollection(request=request, created_at=datetime.now(UTC)))
        return True

    def update_collection(
        self, collection_name: str, metadata: dict[str, Any] | None = None, timeout: int | None = None
    ) -> bool:
        """Merge these metadata into those of the collection; return True."""
        with self._write_access():
            collection = self._open(collection_name)
            merged = {**(collection.stored.request.metadata or {}), **to_jsonable_python(metadata or {})}
            request = collection.stored.request.model_copy(update={"metadata": merged})
            self._catalog.save(collection, collection.stored.model_copy(update={"request": request}))
        return True

    def delete_collection(self, collection_name: str, timeout: int | None = None) -> bool:
        """Delete a collection and its aliases; return whether there was one."""
        with self._write_access():
            aliases = self._catalog.aliases.read()
            kept = {alias: name for alias, name in aliases.items() if name != collection_name}
            if kept != aliases:
                self._catalog.aliases.write(kept)
            return self._catalog.delete(collection_name)

    def finish(self, collection_name: str) -> None:
        """Complete a collection: optimise it (build its vector index), write it to disk, and refuse further writes.

        Blocks: 18 s for 30,000 points of 384 dimensions on two cores. A finished collection is left as it is. After an
        interrupt the collection stays unfinished, and this client must not use it again.
        """
        with self._write_access():
            collection = self._open(collection_name)
            if collection.stored.finished_at is not None:
                return
            try:
                run_interruptibly(collection.shard.optimize)
            except KeyboardInterrupt:
                self._catalog.forget(collection_name)  # to close it would wait for the call that still runs on it
                raise
            collection.shard.flush()
            # The first load after the last write changes the files; later loads change no content.
            shard = load_shard(collection.path.parent / "shard")
            sync_tree(collection.path.parent)
            write_manifest(collection.path.parent / "shard", collection.path.parent / MANIFEST)
            finished = collection.stored.model_copy(update={"finished_at": datetime.now(UTC), "has_manifest": True})
            self._catalog.save(collection, finished, shard)

    def copy_collection(self, source: str, target: str) -> None:
        """Add a collection with all points of a finished one, to be changed and finished.

        The copy of 30,000 points of 384 dimensions takes 100 MB on disk. `finish` then builds the vector index of what
        was changed, and leaves the rest as it is.

        Raises:
            BadRequest: The source is not finished.
        """
        with self._write_access():
            self._catalog.copy(self._catalog.resolve(source), target)

    # Damage and backup

    def adopt(self, collection_name: str, folder: Path) -> None:
        """Take a folder with the files of a finished collection, on the same disk, as a new collection; check it first.

        Raises:
            EngineDamaged, BadRequest: The files are damaged, or not those of a collection. Nothing changed.
        """
        with self._write_access():
            self._catalog.restore(collection_name, lambda fresh: _move_files(folder, fresh))

    def find_damage(self, collection_name: str, *, read_all: bool = False) -> list[Damage]:
        """Return how the files of a collection differ from what `finish` wrote.

        Args:
            collection_name: The collection.
            read_all: Read every file; otherwise only those whose size or time has changed, as opening does.
        """
        self._check_open()
        return self._catalog.find_damage(collection_name, read_all=read_all)

    def set_aside(self, name: str) -> Path:
        """Move a damaged collection, or the file `ALIASES`, to the folder `damaged`; return its path there."""
        with self._write_access():
            return self._catalog.set_aside(name)

    def forget_set_aside(self) -> None:
        """Remove what was set aside."""
        with self._write_access():
            self._catalog.forget_set_aside()

    # Aliases

    def update_collection_aliases(
        self, change_aliases_operations: Sequence[models.AliasOperations], timeout: int | None = None
    ) -> bool:
        """Apply all operations at once, on disk and visible to all processes when this returns; return True."""
        with self._write_access():
            aliases = self._catalog.aliases
            aliases.write(change_aliases(aliases.read(), change_aliases_operations, set(self._catalog.names())))
        return True

    # Writing

    def create_payload_index(
        self,
        collection_name: str,
        field_name: str,
        field_schema: Any = None,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Index a payload key: makes filters on it fast, and facets and orders possible."""
        if field_schema is None:
            raise NotSupported("The embedded engine needs the field_schema of a payload index")
        return self._update(collection_name, refusing(Update.create_field_index)(field_name, edge_index(field_schema)))

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

    def upsert(
        self,
        collection_name: str,
        points: models.Batch | Sequence[models.PointStruct],
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        update_filter: models.Filter | None = None,
        update_mode: models.UpdateMode | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Add points; a point with the same id is replaced."""
        converted = edge_points(points, self._open(collection_name).shapes)
        if not converted:
            raise BadRequest("Empty update request")
        mode = None if update_mode is None else _UPDATE_MODES[update_mode]
        return self._update(collection_name, Update.upsert_points(converted, edge_filter(update_filter), mode))

    def upload_points(
        self, collection_name: str, points: Iterable[models.PointStruct], batch_size: int = 64, wait: bool = True
    ) -> None:
        """Upsert a stream of points in batches."""
        stream = iter(points)
        while batch := list(islice(stream, batch_size)):
            self.upsert(collection_name, batch)

    def delete(
        self,
        collection_name: str,
        points_selector: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete points by id or filter."""
        return self._select(collection_name, points_selector, Update.delete_points, Update.delete_points_by_filter)

    def set_payload(
        self,
        collection_name: str,
        payload: dict[str, Any],
        points: Selector,
        key: str | None = None,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Set keys of the payload; other keys stay."""
        arguments = edge_payload(payload), key
        return self._select(collection_name, points, Update.set_payload, Update.set_payload_by_filter, *arguments)

    def overwrite_payload(
        self,
        collection_name: str,
        payload: dict[str, Any],
        points: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Replace the whole payload."""
        new = edge_payload(payload)
        return self._select(collection_name, points, Update.overwrite_payload, Update.overwrite_payload_by_filter, new)

    def delete_payload(
        self,
        collection_name: str,
        keys: Sequence[str],
        points: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete keys of the payload."""
        gone = list(keys)
        return self._select(collection_name, points, Update.delete_payload, Update.delete_payload_by_filter, gone)

    def clear_payload(
        self,
        collection_name: str,
        points_selector: Selector,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete the whole payload."""
        return self._select(collection_name, points_selector, Update.clear_payload, Update.clear_payload_by_filter)

    # Backup

    def create_snapshot(self, collection_name: str, wait: bool = True) -> models.SnapshotDescription:
        """Back up a collection as one file below `snapshots/`; return its name, size and SHA-256."""
        with self._write_access():
            collection = self._open(collection_name)
            collection.shard.flush()
            return write_snapshot(collection.path.parent, self._snapshots(collection.name))

    def list_snapshots(self, collection_name: str) -> list[models.SnapshotDescription]:
        """Return the snapshots of a collection, oldest first."""
        self._check_open()
        return list_snapshots(self._snapshots(self._catalog.resolve(collection_name)))

    def delete_snapshot(self, collection_name: str, snapshot_name: str, wait: bool = True) -> bool:
        """Delete a snapshot; return whether there was one."""
        with self._write_access():
            return delete_snapshot(self._snapshots(self._catalog.resolve(collection_name)), snapshot_name)

    def recover_snapshot(
        self, collection_name: str, location: str, checksum: str | None = None, wait: bool = True
    ) -> bool:
        """Create or replace a collection from a snapshot file (a path or a `file://` URL); return True.

        Raises:
            BadRequest: The file is missing, is not a snapshot, or has another SHA-256 than `checksum`.
        """
        with self._write_access():
            self._catalog.restore(collection_name, lambda folder: unpack_snapshot(location, checksum, folder))
        return True

    def _snapshots(self, collection_name: str) -> Path:
        return self.path / "snapshots" / collection_name

    # Inside

    def _write_access(self) -> threading.RLock:
        self._check_open()
        if self.read_only:
            raise NotSupported(f"The engine at {self.path} is open for reading only")
        return self._writing

    def _update(self, collection_name: str, operation: edge.UpdateOperation) -> models.UpdateResult:
        with self._write_access():
            collection = self._open(collection_name)
            if collection.stored.finished_at is not None:
                raise BadRequest(f"Collection {collection.name} is finished: build another and swap the alias")
            collection.shard.update(operation)
        return models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)

    def _select(
        self, collection_name: str, selector: Selector, by_ids: Any, by_filter: Any, *arguments: Any
    ) -> models.UpdateResult:
        if isinstance(selector, models.FilterSelector):
            selector = selector.filter
        if isinstance(selector, models.Filter):
            return self._update(collection_name, refusing(by_filter)(edge_filter(selector), *arguments))
        ids = selector.points if isinstance(selector, models.PointIdsList) else list(selector)
        if not ids:
            raise BadRequest("Empty update request")
        return self._update(collection_name, refusing(by_ids)(ids, *arguments))


def _move_files(source: Path, target: Path) -> None:
    for path in source.iterdir():
        path.rename(target / path.name)


_UPDATE_MODES = {
    models.UpdateMode.UPSERT: edge.UpdateMode.Upsert,
    models.UpdateMode.INSERT_ONLY: edge.UpdateMode.InsertOnly,
    models.UpdateMode.UPDATE_ONLY: edge.UpdateMode.UpdateOnly,
}
