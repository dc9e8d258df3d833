"""Change the schema of a collection: what `update_collection` and the methods of named vectors ask for."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from qdrant_client import models

from indexer.engine.checks import as_model
from indexer.engine.errors import BadRequest, NotSupported
from indexer.engine.schema import check_schema
from indexer.engine.vectors import UNNAMED

Vectors = dict[str, models.VectorParams]


def single(**counts: int | None) -> None:
    """Refuse more than one shard or replica.

    Raises:
        NotSupported: A count is another than one.
    """
    for name, count in counts.items():
        if count not in (None, 1):
            raise NotSupported(
                f"The embedded engine is one shard on one machine, so {name} cannot be {count}: leave it out, or use a "
                "server"
            )


def check_unsupported(
    sharding_method: models.ShardingMethod | None,
    wal_config: models.WalConfigDiff | None,
    strict_mode_config: models.StrictModeConfig | None,
) -> None:
    """Refuse what only a server has, unless it is what a server has by default.

    Raises:
        NotSupported: It is something else.
    """
    if sharding_method not in (None, models.ShardingMethod.AUTO):
        raise NotSupported("The embedded engine is one shard: filter by a payload key in place of shard keys")
    wal_config = as_model(models.WalConfigDiff, wal_config)
    strict_mode_config = as_model(models.StrictModeConfig, strict_mode_config)
    given = {} if wal_config is None else wal_config.model_dump(exclude_none=True)
    if any(_SERVER_WAL[name] != value for name, value in given.items()):
        raise NotSupported("The embedded engine has no write-ahead log: `finish` and `close` write all points to disk")
    if strict_mode_config is not None and strict_mode_config.enabled:
        raise NotSupported("The embedded engine has no strict mode: check requests before you make them")


_SERVER_WAL = {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}


def changed_schema(request: models.CreateCollection, change: models.UpdateCollection) -> models.CreateCollection:
    """Return a collection's schema with the changes that are not None."""
    changes: dict[str, Any] = {
        "optimizers_config": _merged(request.optimizers_config, change.optimizers_config),
        "hnsw_config": _merged(request.hnsw_config, change.hnsw_config),
        "quantization_config": _quantization(request.quantization_config, change.quantization_config),
    }
    if change.params is not None:
        single(
            replication_factor=change.params.replication_factor,
            write_consistency_factor=change.params.write_consistency_factor,
        )
        if change.params.read_fan_out_factor or change.params.read_fan_out_delay_ms:
            raise NotSupported("The embedded engine has no replicas to read from: leave out read_fan_out")
        for name in ("on_disk_payload", "payload", "id_tracker"):
            if (given := getattr(change.params, name)) is not None:
                changes[name] = given
    vectors = _named(request.vectors)
    for name, vector in (change.vectors or {}).items():
        vectors[name] = _changed_vector(_existing(vectors, name), vector)
    sparse = dict(request.sparse_vectors or {})
    for name, parameters in (change.sparse_vectors or {}).items():
        sparse[name] = _merged(_existing(sparse, name), parameters)
    return request.model_copy(update=changes | _vectors(vectors, sparse))


def with_metadata(request: models.CreateCollection, metadata: Mapping[str, Any]) -> models.CreateCollection:
    """Return a collection's schema with more metadata."""
    return request.model_copy(update={"metadata": {**(request.metadata or {}), **to_jsonable_python(metadata)}})


def with_vector_name(
    request: models.CreateCollection, name: str, config: models.DenseVectorNameConfig | models.SparseVectorNameConfig
) -> models.CreateCollection:
    """Return a collection's schema with one more named vector."""
    vectors, sparse = _named(request.vectors), dict(request.sparse_vectors or {})
    if name in vectors or name in sparse:
        raise BadRequest(f"Vector name {name!r} already exists")
    if isinstance(config, models.DenseVectorNameConfig):
        vectors[name] = models.VectorParams(**dict(config.dense))
    else:
        index = models.SparseIndexParams(datatype=config.sparse.datatype)
        sparse[name] = models.SparseVectorParams(modifier=config.sparse.modifier, index=index)
    check_schema(vectors, sparse)
    return request.model_copy(update=_vectors(vectors, sparse))


def without_vector_name(request: models.CreateCollection, name: str) -> models.CreateCollection:
    """Return a collection's schema without one of its named vectors."""
    vectors, sparse = _named(request.vectors), dict(request.sparse_vectors or {})
    if name not in vectors and name not in sparse:
        raise BadRequest(f"Not existing vector name error: {name}")
    vectors.pop(name, None)
    sparse.pop(name, None)
    check_schema(vectors, sparse)
    return request.model_copy(update=_vectors(vectors, sparse))


def _named(vectors: models.VectorsConfig | None) -> Vectors:
    return {UNNAMED: vectors} if isinstance(vectors, models.VectorParams) else dict(vectors or {})


def _vectors(vectors: Vectors, sparse: dict[str, Any]) -> dict[str, Any]:
    only = vectors.get(UNNAMED) if len(vectors) == 1 else None
    return {"vectors": only or vectors, "sparse_vectors": sparse or None}


def _existing(vectors: Mapping[str, Any], name: str) -> Any:
    if name not in vectors:
        raise BadRequest(f"Not existing vector name error: {name}")
    return vectors[name]


def _changed_vector(vector: models.VectorParams, change: models.VectorParamsDiff) -> models.VectorParams:
    changes = {name: part for name, part in change if part is not None}
    changes["hnsw_config"] = _merged(vector.hnsw_config, change.hnsw_config)
    changes["quantization_config"] = _quantization(vector.quantization_config, change.quantization_config)
    return vector.model_copy(update=changes)


def _merged(old: Any, change: BaseModel | None) -> Any:
    if old is None or change is None:
        return change or old
    return old.model_copy(update={name: part for name, part in change if part is not None})


def _quantization(old: Any, change: Any) -> Any:
    if isinstance(change, models.Disabled):
        return None
    return old if change is None else change
