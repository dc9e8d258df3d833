"""Convert vectors between `qdrant_client.models` and Qdrant Edge, and check that they fit a collection."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson
import qdrant_edge as edge
from qdrant_client import models

from indexer.engine.errors import BadRequest, NotSupported

UNNAMED = ""


class VectorShape(NamedTuple):
    """The shape of the vectors of one name."""

    size: int | None
    """Numbers in a row; None for a sparse vector."""
    many_rows: bool


def vector_shapes(request: models.CreateCollection) -> dict[str, VectorShape]:
    """Return the shape of each vector of a collection, by name."""
    dense = request.vectors or {}
    named = {UNNAMED: dense} if isinstance(dense, models.VectorParams) else dense
    shapes = {name: VectorShape(each.size, each.multivector_config is not None) for name, each in named.items()}
    return shapes | {name: VectorShape(None, many_rows=False) for name in request.sparse_vectors or {}}


def edge_vectors(vectors: Any, shapes: Mapping[str, VectorShape]) -> Any:
    """Return a point's vectors in Edge's types.

    A bad vector is refused here: Edge would refuse it only after it has stored the points before it.
    """
    if isinstance(vectors, list) and not vectors and UNNAMED not in shapes:
        return {}
    if not isinstance(vectors, dict):
        return _fitting_vector(vectors, UNNAMED, shapes)
    return {name: _fitting_vector(vector, name, shapes) for name, vector in vectors.items()}


def edge_vector(vector: Any) -> Any:
    """Return one vector (dense, sparse or multivector) in Edge's types.

    A NaN is refused here: Edge would find nothing for it, and say nothing.
    """
    if isinstance(vector, models.SparseVector):
        if len(vector.indices) != len(vector.values):
            raise BadRequest("A sparse vector needs as many values as indices")
        if len(set(vector.indices)) != len(vector.indices):
            raise BadRequest("The indices of a sparse vector must be unique")
        _check_row(vector.values)
        return edge.SparseVector(vector.indices, vector.values)
    if isinstance(vector, np.ndarray):
        vector = vector.tolist()
    if not isinstance(vector, list):
        raise NotSupported(
            f"The embedded engine takes vectors, not {type(vector).__name__}: embed texts and images before, such as "
            "with the package fastembed"
        )
    if vector and isinstance(vector[0], np.ndarray):
        vector = [row.tolist() for row in vector]
    for row in vector if vector and isinstance(vector[0], list) else [vector]:
        _check_row(row)
    return vector


def _check_row(row: Any) -> None:
    # The sum is a cheap first test. It is NaN if a number is, and also if there are infinities of both signs.
    try:
        is_suspicious = math.isnan(sum(row))
    except (TypeError, OverflowError) as error:
        raise BadRequest(f"A vector needs rows of numbers: {error}") from error
    if is_suspicious and any(map(math.isnan, row)):
        raise BadRequest("A vector must not contain NaN")


def model_vector(vector: Any) -> Any:
    """Return a point's vectors in the types of `qdrant_client`, with the digits that a server writes."""
    if isinstance(vector, dict):
        return {name: model_vector(each) for name, each in vector.items()}
    if isinstance(vector, edge.SparseVector):
        return models.SparseVector.model_construct(indices=vector.indices, values=_shortest(vector.values))
    return _shortest(vector) if vector else vector


def _shortest(numbers: Any) -> Any:
    """Return numbers of 32 bits with as few digits as name them: 0.1, where Edge returns 0.10000000149011612."""
    rows = np.asarray(numbers, dtype=np.float32)
    if not np.isfinite(rows).all():
        return numbers
    return orjson.loads(orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY))


def _fitting_vector(vector: Any, name: str, shapes: Mapping[str, VectorShape]) -> Any:
    shape = shapes.get(name)
    if shape is None:
        raise BadRequest(f"Not existing vector name error: {name}")
    converted = edge_vector(vector)
    if isinstance(converted, edge.SparseVector) != (shape.size is None):
        raise BadRequest(f"Conversion between sparse and regular vectors failed for vector {name!r}")
    if shape.size is None:
        return converted
    rows = converted if shape.many_rows else [converted]
    if not rows:
        raise BadRequest(f"Vector {name!r} has no rows")
    for row in rows:
        if not isinstance(row, list) or len(row) != shape.size:
            given = len(row) if isinstance(row, list) else "a number"
            raise BadRequest(f"Vector dimension error: expected dim: {shape.size}, got {given} for vector {name!r}")
    return converted
