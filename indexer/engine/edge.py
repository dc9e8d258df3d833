"""EdgeClient: Qdrant Edge, in this process, behind the interface of `QdrantClient`."""

# QdrantClient's own signatures are long, and some of their arguments mean nothing within one process.
# ruff: noqa: ARG002

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from pydantic_core import to_jsonable_python
from qdrant_client import models

from indexer.engine.absent import ABSENT
from indexer.engine.alias import as_alias_operation, change_aliases
from indexer.engine.catalog import StoredCollection
from indexer.engine.changes import (
    changed_schema,
    check_unsupported,
    single,
    with_metadata,
    with_vector_name,
    without_vector_name,
)
from indexer.engine.errors import EngineError, NotSupported, refusing
from indexer.engine.folder import sync_tree
from indexer.engine.interruptible import run_interruptibly
from indexer.engine.lock import WriterLock
from indexer.engine.manifest import MANIFEST, Damage, write_manifest
from indexer.engine.schema import (
    NO_VECTOR,
    SparseVectorsConfig,
    VectorsConfig,
    check_schema,
    edge_vector_name,
    has_vectors,
)
from indexer.engine.shard import load_shard
from indexer.engine.snapshots import clear_snapshots, delete_snapshot, list_snapshots, unpack_snapshot, write_snapshot
from indexer.engine.updating import EdgeWriter, Update


class EdgeClient(EdgeWriter):
    """Collections in a folder, with `QdrantClient`'s methods, arguments, results and errors.

    Additions to `QdrantClient` are `finish`, `copy_collection`, `rank_points`, `forget`, `read_only`, and those for
    damage. One writer builds a collection and finishes it; from then on any number of threads and processes read it.
    docs/python.md says how a collection lives. Known differences to `QdrantClient`:

    Writing
        - There is no write-ahead log. Points are safely on disk after `finish`, `close` or `create_snapshot`; a kill
          before that loses the collection being written, and no other.
        - A finished collection refuses writes, all but those of metadata. Until then its status is grey, and read-only
          clients do not see it. After a write that failed in the middle its status is red, and it cannot be finished.
        - There is one shard on one machine: shard keys, more shards or replicas, strict mode, a configured write-ahead
          log and inference raise NotSupported. `wait`, `ordering` and `consistency` ask for less than is given.
          `timeout`, and of uploads `parallel`, `method` and `max_retries`, have no effect.
        - A batch with one bad point is refused as a whole. Changing points whose ids do not exist is refused (as by a
          server; in local mode it depends on the method). A null set on a point without payload is kept (as on a
          server). A payload is nested at most 127 levels (as on a server). NaN is refused in payloads too.
        - A float of 16 digits or more may be returned with a different last digit (as by a server).
    Reading
        - Equal scores are ordered by id. Within a prefetch, where equal scores take ranks, the order is the engine's,
          and under a `HasIdCondition` it changes from call to call; so does the choice among more than 2,000 equals.
        - A filter beside prefetches is applied inside each prefetch, not to their results; its `should` and
          `min_should` become alternatives to theirs (as on a server), so put such filters into `must`.
        - Conditions on an indexed key see only values of the index's type, and facets and orders need an index (as on
          a server; local mode has no indexes). An index finds no place exactly at the north pole by its distance.
        - Replaced and deleted points count in the IDF until their segment is rebuilt. `finish` rebuilds segments that
          are small, much changed or not indexed.
        - An id that is retrieved twice is returned once (as by a server). Unknown vector names are refused.
        - A field condition may hold one condition; several raise NotSupported, as do slices and MMR of sparse vectors.
        - Numbers of vectors have the digits that a server writes: 0.1, not 0.10000000149011612 as in local mode.
        - Methods missing here (`indexer/engine/absent.py`) raise NotSupported, which says what to use in their place;
          unknown arguments raise TypeError.
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
        self._lock: WriterLock | None = None
        if not read_only:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = WriterLock(self.path)
            self._catalog.clear_leftovers()
            clear_snapshots(self.path / "snapshots")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name in ABSENT:
                raise NotSupported(f"The embedded engine has no {name}: {ABSENT[name]}")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def close(self, grpc_grace: float | None = None) -> None:
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
        sharding_method: models.ShardingMethod | None = None,
        replication_factor: int | None = None,
        write_consistency_factor: int | None = None,
        on_disk_payload: bool | None = None,
        hnsw_config: models.HnswConfigDiff | None = None,
        optimizers_config: models.OptimizersConfigDiff | None = None,
        wal_config: models.WalConfigDiff | None = None,
        quantization_config: models.QuantizationConfig | None = None,
        timeout: int | None = None,
        strict_mode_config: models.StrictModeConfig | None = None,
        metadata: dict[str, Any] | None = None,
        payload: models.PayloadStorageParams | None = None,
        id_tracker: models.IdTrackerParams | None = None,
    ) -> bool:
        """Create an empty collection; return True. It takes writes until `finish`, and none after."""
        single(
            shard_number=shard_number,
            replication_factor=replication_factor,
            write_consistency_factor=write_consistency_factor,
        )
        check_unsupported(sharding_method, wal_config, strict_mode_config)
        request = refusing(models.CreateCollection)(
            vectors=dict(vectors_config) if isinstance(vectors_config, Mapping) else vectors_config,
            sparse_vectors=dict(sparse_vectors_config) if sparse_vectors_config else None,
            on_disk_payload=on_disk_payload,
            hnsw_config=hnsw_config,
            optimizers_config=optimizers_config,
            quantization_config=quantization_config,
            metadata=to_jsonable_python(metadata),
            payload=payload,
            id_tracker=id_tracker,
        )
        check_schema(request.vectors, request.sparse_vectors)
        with self._write_access():
            self._catalog.create(collection_name, StoredCollection(request=request, created_at=datetime.now(UTC)))
        return True

    def recreate_collection(
        self,
        collection_name: str,
        vectors_config: VectorsConfig = None,
        sparse_vectors_config: SparseVectorsConfig = None,
        shard_number: int | None = None,
        sharding_method: models.ShardingMethod | None = None,
        replication_factor: int | None = None,
        write_consistency_factor: int | None = None,
        on_disk_payload: bool | None = None,
        hnsw_config: models.HnswConfigDiff | None = None,
        optimizers_config: models.OptimizersConfigDiff | None = None,
        wal_config: models.WalConfigDiff | None = None,
        quantization_config: models.QuantizationConfig | None = None,
        timeout: int | None = None,
        strict_mode_config: models.StrictModeConfig | None = None,
        metadata: dict[str, Any] | None = None,
        payload: models.PayloadStorageParams | None = None,
        id_tracker: models.IdTrackerParams | None = None,
    ) -> bool:
        """Delete a collection, if there is one, and create an empty one of this name; return True."""
        arguments = {name: value for name, value in locals().items() if name != "self"}
        with self._write_access():
            self.delete_collection(collection_name)
            return self.create_collection(**arguments)

    def update_collection(
        self,
        collection_name: str,
        optimizers_config: models.OptimizersConfigDiff | None = None,
        collection_params: models.CollectionParamsDiff | None = None,
        vectors_config: Mapping[str, models.VectorParamsDiff] | None = None,
        hnsw_config: models.HnswConfigDiff | None = None,
        quantization_config: models.QuantizationConfigDiff | None = None,
        timeout: int | None = None,
        sparse_vectors_config: SparseVectorsConfig = None,
        strict_mode_config: models.StrictModeConfig | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> bool:
        """Change parameters of a collection, and merge metadata into its own; return True.

        `finish` builds by the new parameters. Of a finished collection only metadata can be changed.
        """
        check_unsupported(None, None, strict_mode_config)
        change = refusing(models.UpdateCollection)(
            optimizers_config=optimizers_config,
            params=collection_params,
            vectors=vectors_config,
            hnsw_config=hnsw_config,
            quantization_config=quantization_config,
            sparse_vectors=sparse_vectors_config,
        )
        with self._write_access():
            if any(part is not None for _, part in change):
                unfinished = self._open_unfinished(collection_name)
                self._catalog.reconfigure(unfinished, changed_schema(unfinished.stored.request, change))
            collection = self._open(collection_name)
            request = with_metadata(collection.stored.request, metadata or {})
            self._catalog.save(collection, collection.stored.model_copy(update={"request": request}))
        return True

    def create_vector_name(
        self,
        collection_name: str,
        vector_name: str,
        vector_name_config: models.DenseVectorNameConfig | models.SparseVectorNameConfig,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Add a named vector to a collection; its points have none of this name yet."""
        with self._write_access():
            old = self._open_unfinished(collection_name).stored.request
            new = with_vector_name(old, vector_name, vector_name_config)
            return self._update_vectors(collection_name, edge_vector_name(vector_name, vector_name_config), old, new)

    def delete_vector_name(
        self,
        collection_name: str,
        vector_name: str,
        wait: bool = True,
        ordering: models.WriteOrdering | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Remove a named vector from a collection and from all its points."""
        with self._write_access():
            old = self._open_unfinished(collection_name).stored.request
            new = without_vector_name(old, vector_name)
            return self._update_vectors(collection_name, Update.delete_vector_name(vector_name), old, new)

    def _update_vectors(
        self, collection_name: str, operation: Any, old: models.CreateCollection, new: models.CreateCollection
    ) -> models.UpdateResult:
        if not has_vectors(new):
            none = models.SparseVectorNameConfig(sparse=models.SparseVectorConfig())
            self._update(collection_name, edge_vector_name(NO_VECTOR, none))
        result = self._update(collection_name, operation)
        if not has_vectors(old):
            self._update(collection_name, Update.delete_vector_name(NO_VECTOR))
        collection = self._open(collection_name)
        self._catalog.save(collection, collection.stored.model_copy(update={"request": new}))
        return result

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

        Raises:
            EngineError: A write to it failed in the middle.
        """
        with self._write_access():
            collection = self._open(collection_name)
            if collection.stored.finished_at is not None:
                return
            if collection.stored.failed is not None:
                raise EngineError(
                    f"Collection {collection.name} lacks a write: {collection.stored.failed}: build it again"
                )
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
        operations = [as_alias_operation(each) for each in change_aliases_operations]
        with self._write_access():
            aliases = self._catalog.aliases
            aliases.write(change_aliases(aliases.read(), operations, set(self._catalog.names())))
        return True

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
        self,
        collection_name: str,
        location: str,
        api_key: str | None = None,
        checksum: str | None = None,
        priority: models.SnapshotPriority | None = None,
        wait: bool = True,
    ) -> bool:
        """Create or replace a collection from a snapshot file (a path or a `file://` URL); return True.

        A file needs no `api_key`, and where there are no replicas every `priority` means the snapshot.

        Raises:
            BadRequest: The file is missing, is not a snapshot, or has another SHA-256 than `checksum`.
        """
        with self._write_access():
            self._catalog.restore(collection_name, lambda folder: unpack_snapshot(location, checksum, folder))
        return True

    def _snapshots(self, collection_name: str) -> Path:
        return self.path / "snapshots" / collection_name


def _move_files(source: Path, target: Path) -> None:
    for path in source.iterdir():
        path.rename(target / path.name)
