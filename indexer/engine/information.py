"""Describe an embedded collection as `get_collection` does."""

from __future__ import annotations

import qdrant_edge as edge
from qdrant_client import models

from indexer.engine.catalog import StoredCollection
from indexer.engine.schema import HNSW_EF_CONSTRUCT, HNSW_FULL_SCAN_THRESHOLD_KB, HNSW_M


def collection_info(stored: StoredCollection, info: edge.ShardInfo) -> models.CollectionInfo:
    """Return counts, configuration, payload indexes and status: grey until the collection is finished, then green."""
    request = stored.request
    hnsw = request.hnsw_config or models.HnswConfigDiff()
    return models.CollectionInfo(
        status=models.CollectionStatus.GREY if stored.finished_at is None else models.CollectionStatus.GREEN,
        optimizer_status=models.OptimizersStatusOneOf.OK,
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
            metadata=request.metadata,
        ),
    )


def _index_type(index: edge.PayloadIndexInfo) -> models.PayloadSchemaType:
    return models.PayloadSchemaType(str(index.data_type).rsplit(".", 1)[-1].lower())
