"""Describe an embedded collection as `get_collection` does."""

from __future__ import annotations

import qdrant_edge as edge
from qdrant_client import models

from indexer.engine.catalog import StoredCollection
from indexer.engine.schema import HNSW_EF_CONSTRUCT, HNSW_FULL_SCAN_THRESHOLD_KB, HNSW_M


def collection_info(stored: StoredCollection, info: edge.ShardInfo) -> models.CollectionInfo:
    """Return counts, configuration, payload indexes and status.

    The status is grey until the collection is finished, then green; red if a write failed in the middle.
    """
    request = stored.request
    hnsw = request.hnsw_config or models.HnswConfigDiff()
    return models.CollectionInfo(
        status=_status(stored),
        optimizer_status=models.OptimizersStatusOneOf.OK
        if stored.failed is None
        else models.OptimizersStatusOneOf1(error=stored.failed),
        indexed_vectors_count=info.indexed_vectors_count,
        points_count=info.points_count,
        segments_count=info.segments_count,
        payload_schema={
            key: models.PayloadIndexInfo(data_type=_index_type(index), points=index.points)
            for key, index in info.payload_schema.items()
        },
        created_at=stored.created_at,
        config=models.CollectionConfig(
            params=models.CollectionParams(
                vectors=request.vectors,
                sparse_vectors=request.sparse_vectors,
                shard_number=1,
                replication_factor=1,
                write_consistency_factor=1,
                payload=request.payload,
                id_tracker=request.id_tracker,
                on_disk_payload=request.on_disk_payload,
            ),
            hnsw_config=models.HnswConfig(
                **{
                    "m": HNSW_M,
                    "ef_construct": HNSW_EF_CONSTRUCT,
                    "full_scan_threshold": HNSW_FULL_SCAN_THRESHOLD_KB,
                    **hnsw.model_dump(exclude_none=True),
                }
            ),
            optimizer_config=models.OptimizersConfig(
                **{
                    "default_segment_number": 0,
                    "flush_interval_sec": 0,
                    **(request.optimizers_config or models.OptimizersConfigDiff()).model_dump(exclude_none=True),
                }
            ),
            quantization_config=request.quantization_config,
            metadata=request.metadata,
        ),
    )


def _status(stored: StoredCollection) -> models.CollectionStatus:
    if stored.failed is not None:
        return models.CollectionStatus.RED
    return models.CollectionStatus.GREY if stored.finished_at is None else models.CollectionStatus.GREEN


def _index_type(index: edge.PayloadIndexInfo) -> models.PayloadSchemaType:
    return models.PayloadSchemaType(str(index.data_type).rsplit(".", 1)[-1].lower())
