"""Convert a collection's schema from `qdrant_client.models` to Qdrant Edge."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

import qdrant_edge as edge
from pydantic import BaseModel
from qdrant_client import models

from indexer.engine.errors import BadRequest, NotSupported, refusing

VectorsConfig = models.VectorParams | Mapping[str, models.VectorParams] | None
SparseVectorsConfig = Mapping[str, models.SparseVectorParams] | None

FORBIDDEN_IN_NAMES = frozenset('<>:"/\\|?*\0\x1f')
MAX_NAME_BYTES = 255
"""The longest name of a folder on Linux file systems."""

NO_VECTOR = "?"
"""A sparse vector that no point has: Edge makes no shard without vectors. A request cannot name it."""

MAX_VECTOR_SIZE = 65_536
HNSW_M, HNSW_EF_CONSTRUCT, HNSW_FULL_SCAN_THRESHOLD_KB = 16, 100, 10_000
"""The server's defaults; Edge requires all three when one is given."""

_DISTANCES = {each: getattr(edge.Distance, each.value) for each in models.Distance}

Named = TypeVar("Named")


@refusing
def edge_config(request: models.CreateCollection) -> edge.EdgeConfig:
    """Return the shard configuration of a collection, with the write-ahead log off."""
    sparse = (request.sparse_vectors or {}) if has_vectors(request) else {NO_VECTOR: models.SparseVectorParams()}
    return edge.EdgeConfig(
        vectors=_dense_vectors(request.vectors),
        sparse_vectors={name: _sparse_params(params) for name, params in sparse.items()},
        on_disk_payload=request.on_disk_payload,
        hnsw_config=_hnsw(request.hnsw_config),
        quantization_config=_quantization(request.quantization_config),
        optimizers=_optimizers(request.optimizers_config),
        payload_memory=_same_name(edge.Memory, request.payload.memory if request.payload else None),
        id_tracker_memory=_same_name(edge.Memory, request.id_tracker.memory if request.id_tracker else None),
        wal_enabled=False,
    )


def has_vectors(request: models.CreateCollection) -> bool:
    """Return whether the points of a collection can have vectors."""
    return bool(request.vectors or request.sparse_vectors)


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
    """Refuse the names that a server refuses, and those that are too long for a folder; all others are safe as one."""
    if not name or name.startswith(".") or FORBIDDEN_IN_NAMES.intersection(name):
        raise BadRequest(f"Collection name {name!r} is not allowed")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise BadRequest(f"Collection name {name!r} is longer than {MAX_NAME_BYTES} bytes")


@refusing
def edge_index(schema: models.PayloadSchemaType | BaseModel | str) -> Any:
    """Return the payload index in Edge's types: a type, or a type's parameters."""
    if isinstance(schema, dict):
        schema = models.CreateFieldIndex(field_name="any", field_schema=schema).field_schema
    if isinstance(schema, str):
        return _same_name(edge.PayloadSchemaType, models.PayloadSchemaType(schema))
    if not isinstance(schema, BaseModel):
        raise BadRequest(f"A payload index needs a type or a type's parameters, not {schema!r}")
    parameters = {key: value for key, value in schema if value is not None and key != "type"}
    for key, convert in _INDEX_PARTS.items():
        if key in parameters:
            parameters[key] = convert(parameters[key])
    return getattr(edge, type(schema).__name__)(**parameters)


@refusing
def edge_vector_name(
    name: str, config: models.DenseVectorNameConfig | models.SparseVectorNameConfig
) -> edge.UpdateOperation:
    """Return Edge's operation that adds a named vector."""
    if isinstance(config, models.SparseVectorNameConfig):
        sparse = config.sparse
        return edge.UpdateOperation.create_sparse_vector(
            name, _modifier(sparse.modifier), _same_name(edge.VectorStorageDatatype, sparse.datatype)
        )
    dense = config.dense
    return edge.UpdateOperation.create_dense_vector(
        name,
        dense.size,
        _DISTANCES[dense.distance],
        _multivector(dense.multivector_config),
        _same_name(edge.VectorStorageDatatype, dense.datatype),
    )


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
        multivector_config=_multivector(params.multivector_config),
        datatype=_same_name(edge.VectorStorageDatatype, params.datatype),
        quantization_config=_quantization(params.quantization_config),
        hnsw_config=_hnsw(params.hnsw_config),
        memory=_same_name(edge.Memory, params.memory),
    )


def _multivector(config: models.MultiVectorConfig | None) -> edge.MultiVectorConfig | None:
    return edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim) if config else None


def _modifier(modifier: models.Modifier | None) -> edge.Modifier | None:
    return edge.Modifier.Idf if modifier == models.Modifier.IDF else None


def _quantization(config: models.QuantizationConfig | None) -> Any:
    given: dict[str, Any]
    match config:
        case None:
            return None
        case models.ScalarQuantization(scalar=part):
            kind: Any = edge.ScalarQuantizationConfig
            given = {"type": edge.ScalarType.Int8, "quantile": part.quantile}
        case models.ProductQuantization(product=part):
            kind = edge.ProductQuantizationConfig
            given = {"compression": _same_name(edge.CompressionRatio, part.compression)}
        case models.BinaryQuantization(binary=part):
            kind = edge.BinaryQuantizationConfig
            given = {
                "encoding": _same_name(edge.BinaryQuantizationEncoding, part.encoding),
                "query_encoding": _same_name(edge.BinaryQuantizationQueryEncoding, part.query_encoding),
            }
        case models.TurboQuantization(turbo=part):
            kind = edge.TurboQuantQuantizationConfig
            given = {"bits": _same_name(edge.TurboQuantBitSize, part.bits)}
        case _:
            raise BadRequest(f"Unknown quantization: {config!r}")
    return kind(**given, always_ram=part.always_ram, memory=_same_name(edge.Memory, part.memory))


def _sparse_params(params: models.SparseVectorParams) -> edge.EdgeSparseVectorParams:
    index = params.index or models.SparseIndexParams()
    return edge.EdgeSparseVectorParams(
        full_scan_threshold=index.full_scan_threshold,
        on_disk=index.on_disk,
        modifier=_modifier(params.modifier),
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
    for name, usual in _SERVER_OPTIMIZERS.items():
        if name in given and given.pop(name) not in usual:
            raise NotSupported(
                f"The embedded engine takes no {name}: it writes to disk when `finish` or `close` is called, and "
                "`finish` optimizes one segment after another, each with all cores"
            )
    return edge.EdgeOptimizersConfig(**given)


def _same_name(kind: type[Named], value: Enum | None) -> Named | None:
    """Return the member of an Edge enumeration with the model's name; case does not matter."""
    if value is None:
        return None
    wanted = _bare(value.value)
    for name in dir(kind):
        if _bare(name) == wanted:
            member: Named = getattr(kind, name)
            return member
    raise NotSupported(f"The embedded engine has no {kind.__name__} {value.value}")


def _bare(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def _stopwords(model: models.StopwordsInterface) -> Any:
    if isinstance(model, models.StopwordsSet):
        languages: Any = {_same_name(edge.Language, each) for each in model.languages or []}
        return edge.StopwordsSet(languages, set(model.custom or []))
    return _same_name(edge.Language, model)


def _stemmer(model: models.SnowballParams | models.DisabledStemmerParams) -> Any:
    if isinstance(model, models.SnowballParams):
        language: Any = _same_name(edge.SnowballLanguage, model.language)
        return edge.SnowballParams(language)
    return edge.DisabledStemmer()


_INDEX_PARTS: dict[str, Callable[[Any], Any]] = {
    "memory": lambda memory: _same_name(edge.Memory, memory),
    "tokenizer": lambda tokenizer: _same_name(edge.TokenizerType, tokenizer),
    "stopwords": _stopwords,
    "stemmer": _stemmer,
    "scoring": lambda scoring: scoring if isinstance(scoring, bool) else edge.TextScoringParams(),
}

_SERVER_OPTIMIZERS: dict[str, tuple[Any, ...]] = {
    "memmap_threshold": (0,),
    "flush_interval_sec": (5,),
    "max_optimization_threads": (1, models.MaxOptimizationThreadsSetting.AUTO),
}
"""Settings that mean nothing here, with what they are where nobody set them: on a server or in local mode."""
