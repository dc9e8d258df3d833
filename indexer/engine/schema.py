"""Convert a collection's schema from `qdrant_client.models` to Qdrant Edge."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import qdrant_edge as edge
from pydantic import BaseModel
from qdrant_client import models

from indexer.engine.errors import BadRequest, NotSupported, refusing

VectorsConfig = models.VectorParams | Mapping[str, models.VectorParams] | None
SparseVectorsConfig = Mapping[str, models.SparseVectorParams] | None

FORBIDDEN_IN_NAMES = frozenset('<>:"/\\|?*\0\x1f')
MAX_VECTOR_SIZE = 65_536
HNSW_M, HNSW_EF_CONSTRUCT, HNSW_FULL_SCAN_THRESHOLD_KB = 16, 100, 10_000
"""The server's defaults; Edge requires all three when one is given."""

_DISTANCES = {each: getattr(edge.Distance, each.value) for each in models.Distance}

Named = TypeVar("Named")


@refusing
def edge_config(request: models.CreateCollection) -> edge.EdgeConfig:
    """Return the shard configuration of a collection, with the write-ahead log off."""
    return edge.EdgeConfig(
        vectors=_dense_vectors(request.vectors),
        sparse_vectors={name: _sparse_params(params) for name, params in (request.sparse_vectors or {}).items()},
        on_disk_payload=request.on_disk_payload,
        hnsw_config=_hnsw(request.hnsw_config),
        optimizers=_optimizers(request.optimizers_config),
        wal_enabled=False,
    )


def check_schema(vectors: VectorsConfig, sparse_vectors: SparseVectorsConfig) -> None:
    """Refuse the vector names and sizes that a server refuses."""
    dense = vectors if isinstance(vectors, Mapping) else {} if vectors is None else {"": vectors}
    for name in [*dense, *(sparse_vectors or {})]:
        if name in (".", "..") or FORBIDDEN_IN_NAMES.intersection(name) or len(name.encode()) > 200:
            raise BadRequest(f"Vector name {name!r} is not allowed")
    if "" in (sparse_vectors or {}):
        raise BadRequest("Sparse vector name cannot be empty")
    if twice := dense.keys() & (sparse_vectors or {}).keys():
        raise BadRequest(f"Vector names are both dense and sparse: {', '.join(sorted(twice))}")
    for name, params in dense.items():
        if not 1 <= params.size <= MAX_VECTOR_SIZE:
            raise BadRequest(f"Vector {name!r} has size {params.size}, not 1 to {MAX_VECTOR_SIZE}")


def check_collection_name(name: str) -> None:
    """Refuse the names that a server refuses; all others are safe as names of folders."""
    if not name or len(name) > 255 or name.startswith(".") or FORBIDDEN_IN_NAMES.intersection(name):
        raise BadRequest(f"Collection name {name!r} is not allowed")


@refusing
def edge_index(schema: models.PayloadSchemaType | BaseModel | str) -> Any:
    """Return the payload index in Edge's types: a type, or a type's parameters."""
    if isinstance(schema, str):
        return _same_name(edge.PayloadSchemaType, models.PayloadSchemaType(schema))
    parameters = {key: value for key, value in schema if value is not None and key != "type"}
    for key, kind in (("memory", edge.Memory), ("tokenizer", edge.TokenizerType)):
        if key in parameters:
            parameters[key] = _same_name(kind, parameters[key])
    if extra := parameters.keys() & {"stopwords", "stemmer", "scoring"}:
        raise NotSupported(f"The embedded engine takes no {', '.join(sorted(extra))} in a payload index")
    return getattr(edge, type(schema).__name__)(**parameters)


def index_type(schema: models.PayloadSchemaType | BaseModel | str) -> models.PayloadSchemaType:
    """Return the type of a payload index, given as a type or as parameters."""
    return models.PayloadSchemaType(schema if isinstance(schema, str) else schema.type.value)  # type: ignore[attr-defined]


def _dense_vectors(config: VectorsConfig) -> Any:
    if isinstance(config, models.VectorParams):
        return _dense_params(config)
    return {name: _dense_params(params) for name, params in (config or {}).items()}


def _dense_params(params: models.VectorParams) -> edge.EdgeVectorParams:
    return edge.EdgeVectorParams(
        params.size,
        _DISTANCES[params.distance],
        on_disk=params.on_disk,
        multivector_config=edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)
        if params.multivector_config
        else None,
        datatype=_same_name(edge.VectorStorageDatatype, params.datatype),
        quantization_config=_quantization(params.quantization_config),
        hnsw_config=_hnsw(params.hnsw_config),
        memory=_same_name(edge.Memory, params.memory),
    )


def _quantization(config: models.QuantizationConfig | None) -> edge.ScalarQuantizationConfig | None:
    if config is None:
        return None
    if not isinstance(config, models.ScalarQuantization):
        raise NotSupported("The embedded engine takes scalar quantization only")
    scalar = config.scalar
    return edge.ScalarQuantizationConfig(
        edge.ScalarType.Int8,
        quantile=scalar.quantile,
        always_ram=scalar.always_ram,
        memory=_same_name(edge.Memory, scalar.memory),
    )


def _sparse_params(params: models.SparseVectorParams) -> edge.EdgeSparseVectorParams:
    index = params.index or models.SparseIndexParams()
    return edge.EdgeSparseVectorParams(
        full_scan_threshold=index.full_scan_threshold,
        on_disk=index.on_disk,
        modifier=edge.Modifier.Idf if params.modifier == models.Modifier.IDF else None,
        datatype=_same_name(edge.VectorStorageDatatype, index.datatype),
        memory=_same_name(edge.Memory, index.memory),
    )


def _hnsw(config: models.HnswConfigDiff | None) -> edge.HnswIndexConfig | None:
    if config is None:
        return None
    given = config.model_dump(exclude_none=True, exclude={"memory"})
    return edge.HnswIndexConfig(
        **{
            "m": HNSW_M,
            "ef_construct": HNSW_EF_CONSTRUCT,
            "full_scan_threshold": HNSW_FULL_SCAN_THRESHOLD_KB,
            "memory": _same_name(edge.Memory, config.memory),
        }
        | given
    )


def _optimizers(config: models.OptimizersConfigDiff | None) -> edge.EdgeOptimizersConfig | None:
    if config is None:
        return None
    given = config.model_dump(exclude_none=True)
    if extra := given.keys() & {"memmap_threshold", "flush_interval_sec", "max_optimization_threads"}:
        raise NotSupported(f"The embedded engine takes no {', '.join(sorted(extra))}")
    return edge.EdgeOptimizersConfig(**given)


def _same_name(kind: type[Named], value: Enum | None) -> Named | None:
    """Return the member of an Edge enumeration with the model's name; case does not matter."""
    if value is None:
        return None
    wanted = str(value.value).replace("-", "").lower()
    for name in dir(kind):
        if name.lower() == wanted:
            member: Named = getattr(kind, name)
            return member
    raise NotSupported(f"The embedded engine has no {kind.__name__} {value.value}")
