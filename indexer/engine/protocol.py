"""Engine: the interface of a storage engine that the rest of Evoke uses.

Names, arguments, types and results are those of `QdrantClient`; only `finish`, `copy_collection`, `rank_points` and
`forget` are added.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from qdrant_client import models
from qdrant_client.http.models import QueryResponse


class Engine(Protocol):
    """A storage engine: `ServerClient` or `EdgeClient`. Errors are those of `indexer.engine.errors`."""

    def close(self) -> None:
        """Release all resources."""

    def create_collection(
        self,
        collection_name: str,
        vectors_config: models.VectorParams | Mapping[str, models.VectorParams] | None = None,
        sparse_vectors_config: Mapping[str, models.SparseVectorParams] | None = None,
        *,
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

    def update_collection(
        self, collection_name: str, *, metadata: dict[str, Any] | None = None, timeout: int | None = None
    ) -> bool:
        """Merge these metadata into those of the collection; return True."""

    def delete_collection(self, collection_name: str, timeout: int | None = None) -> bool:
        """Delete a collection and its aliases; return whether there was one."""

    def collection_exists(self, collection_name: str) -> bool:
        """Return whether a collection or alias has this name."""

    def get_collection(self, collection_name: str) -> models.CollectionInfo:
        """Return counts, configuration and status."""

    def get_collections(self) -> models.CollectionsResponse:
        """Return the names of all collections."""

    def finish(self, collection_name: str) -> None:
        """Complete a collection that will not be written to again, and wait until it answers at full speed.

        Embedded: build the vector index, write all to disk, refuse later writes. Server: wait until it is green.
        """

    def copy_collection(self, source: str, target: str) -> None:
        """Add a collection with all points of a finished one, to be changed and finished.

        Raises:
            NotSupported: The engine is a server, where a copy costs as much as filling a new collection.
        """

    def update_collection_aliases(
        self, change_aliases_operations: Sequence[models.AliasOperations], timeout: int | None = None
    ) -> bool:
        """Apply all operations at once; return True."""

    def get_aliases(self) -> models.CollectionsAliasesResponse:
        """Return all aliases."""

    def get_collection_aliases(self, collection_name: str) -> models.CollectionsAliasesResponse:
        """Return the aliases of one collection."""

    def create_payload_index(
        self, collection_name: str, field_name: str, field_schema: Any = None, *, wait: bool = True
    ) -> models.UpdateResult:
        """Index a payload key: makes filters on it fast, and facets and orders possible."""

    def delete_payload_index(self, collection_name: str, field_name: str, *, wait: bool = True) -> models.UpdateResult:
        """Drop the index of a payload key."""

    def upsert(
        self,
        collection_name: str,
        points: models.Batch | Sequence[models.PointStruct],
        wait: bool = True,
        *,
        update_filter: models.Filter | None = None,
        update_mode: models.UpdateMode | None = None,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Add points; a point with the same id is replaced."""

    def upload_points(
        self, collection_name: str, points: Iterable[models.PointStruct], batch_size: int = 64, *, wait: bool = False
    ) -> None:
        """Upsert a stream of points in batches."""

    def delete(
        self, collection_name: str, points_selector: Any, wait: bool = True, *, timeout: int | None = None
    ) -> models.UpdateResult:
        """Delete points by id or filter."""

    def set_payload(
        self,
        collection_name: str,
        payload: dict[str, Any],
        points: Any,
        key: str | None = None,
        wait: bool = True,
        *,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Set keys of the payload; other keys stay."""

    def overwrite_payload(
        self,
        collection_name: str,
        payload: dict[str, Any],
        points: Any,
        wait: bool = True,
        *,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Replace the whole payload."""

    def delete_payload(
        self,
        collection_name: str,
        keys: Sequence[str],
        points: Any,
        wait: bool = True,
        *,
        timeout: int | None = None,
    ) -> models.UpdateResult:
        """Delete keys of the payload."""

    def clear_payload(
        self, collection_name: str, points_selector: Any, wait: bool = True, *, timeout: int | None = None
    ) -> models.UpdateResult:
        """Delete the whole payload."""

    def retrieve(
        self,
        collection_name: str,
        ids: Sequence[Any],
        with_payload: Any = True,
        with_vectors: Any = False,
        *,
        timeout: int | None = None,
    ) -> list[models.Record]:
        """Return the points of these ids that exist."""

    def scroll(
        self,
        collection_name: str,
        scroll_filter: models.Filter | None = None,
        limit: int = 10,
        order_by: str | models.OrderBy | None = None,
        offset: Any = None,
        with_payload: Any = True,
        with_vectors: Any = False,
        *,
        timeout: int | None = None,
    ) -> tuple[list[models.Record], Any]:
        """Return points in the order of their ids (or of a payload value), and the id of the next page."""

    def count(
        self,
        collection_name: str,
        count_filter: models.Filter | None = None,
        exact: bool = True,
        *,
        timeout: int | None = None,
    ) -> models.CountResult:
        """Return how many points pass the filter."""

    def facet(
        self,
        collection_name: str,
        key: str,
        facet_filter: models.Filter | None = None,
        limit: int = 10,
        exact: bool = False,
        *,
        timeout: int | None = None,
    ) -> models.FacetResponse:
        """Return the most frequent values of an indexed payload key, with their counts."""

    def query_points(
        self,
        collection_name: str,
        query: Any = None,
        using: str | None = None,
        prefetch: models.Prefetch | list[models.Prefetch] | None = None,
        query_filter: models.Filter | None = None,
        search_params: models.SearchParams | None = None,
        limit: int = 10,
        offset: int | None = None,
        with_payload: Any = True,
        with_vectors: Any = False,
        score_threshold: float | None = None,
        lookup_from: models.LookupLocation | None = None,
        *,
        timeout: int | None = None,
    ) -> QueryResponse:
        """Return the best points of a query, of fused queries, or of a query over the results of others."""

    def query_batch_points(
        self, collection_name: str, requests: Sequence[models.QueryRequest], *, timeout: int | None = None
    ) -> list[QueryResponse]:
        """Return the answers to several queries."""

    def rank_points(
        self, collection_name: str, requests: Sequence[models.QueryRequest]
    ) -> list[list[tuple[models.ExtendedPointId, float]]]:
        """Return only the ids and scores of the answers to several queries.

        To build the models of `query_batch_points` takes as long as the embedded search.
        """

    def forget(self, collection_name: str) -> None:
        """Let go of a collection that was deleted while this client read it; until then it may go on answering."""

    def create_snapshot(self, collection_name: str) -> models.SnapshotDescription | None:
        """Back up a collection where the engine keeps its snapshots."""

    def list_snapshots(self, collection_name: str) -> list[models.SnapshotDescription]:
        """Return the snapshots of a collection."""

    def delete_snapshot(self, collection_name: str, snapshot_name: str) -> bool | None:
        """Delete a snapshot."""

    def recover_snapshot(self, collection_name: str, location: str, *, checksum: str | None = None) -> bool | None:
        """Create or replace a collection from a snapshot at a URL."""


ENGINE_METHODS = sorted(
    name
    for name in vars(Engine)
    if not name.startswith("_") and name not in ("finish", "copy_collection", "rank_points", "forget")
)
"""The methods that both engines share with `QdrantClient`."""
