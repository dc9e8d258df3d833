"""Points, payloads and vectors between `qdrant_client.models` and Qdrant Edge."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import qdrant_edge as edge
from pydantic_core import to_jsonable_python
from qdrant_client import models

from indexer.engine.errors import BadRequest, NotSupported

PointId = int | str | uuid.UUID
WithPayload = bool | Sequence[str] | models.PayloadSelectorInclude | models.PayloadSelectorExclude | None
WithVectors = bool | Sequence[str] | None


def edge_points(points: models.Batch | Iterable[models.PointStruct]) -> list[edge.Point]:
    """Points ready to be upserted."""
    if isinstance(points, models.Batch):
        return _batch_points(points)
    return [_edge_point(point.id, point.vector, point.payload) for point in points]


def edge_vector(vector: Any) -> Any:
    """One vector, dense, sparse or many rows, as query or as part of a point."""
    if isinstance(vector, models.SparseVector):
        if len(vector.indices) != len(vector.values):
            raise BadRequest("Sparse vector needs as many values as indices")
        if len(set(vector.indices)) != len(vector.indices):
            raise BadRequest("Sparse vector indices must be unique")
        return edge.SparseVector(vector.indices, vector.values)
    if isinstance(vector, np.ndarray):
        return vector.tolist()
    if isinstance(vector, list):
        return vector
    raise NotSupported(f"The embedded engine takes vectors, not {type(vector).__name__}")


def model_vector(vector: Any) -> Any:
    """Vectors of a point as `qdrant_client` gives them."""
    if isinstance(vector, dict):
        return {name: model_vector(each) for name, each in vector.items()}
    if isinstance(vector, edge.SparseVector):
        return models.SparseVector(indices=vector.indices, values=vector.values)
    return vector


def edge_payload(payload: dict[str, Any] | None) -> dict[str, Any]:
    """A payload of plain JSON values; moments and UUIDs become strings, as on their way to a server."""
    jsonable: dict[str, Any] = to_jsonable_python(payload or {})
    return jsonable


def edge_with_payload(selector: WithPayload) -> Any:
    """Which part of the payload Edge should answer with."""
    if selector is None or isinstance(selector, bool):
        return bool(selector)
    if isinstance(selector, models.PayloadSelectorInclude):
        return edge.PayloadSelector.Include(selector.include)
    if isinstance(selector, models.PayloadSelectorExclude):
        return edge.PayloadSelector.Exclude(selector.exclude)
    if isinstance(selector, str):
        raise BadRequest(f"with_payload must be a bool, a list of keys or a selector, got {selector!r}")
    return list(selector)


def edge_with_vectors(selector: WithVectors) -> bool | list[str]:
    """Which vectors Edge should answer with."""
    if selector is None or isinstance(selector, bool):
        return bool(selector)
    if isinstance(selector, str):
        raise BadRequest(f"with_vectors must be a bool or a list of names, got {selector!r}")
    return list(selector)


def scored_points(points: Sequence[edge.ScoredPoint]) -> list[models.ScoredPoint]:
    """Edge's hits as models, in the same order.

    The fields are Edge's own and of the right type, so pydantic's validation is left out.
    """
    return [
        models.ScoredPoint.model_construct(
            id=model_id(point.id),
            version=point.version,
            score=point.score,
            payload=point.payload,
            vector=model_vector(point.vector),
            order_value=point.order_value,
        )
        for point in points
    ]


def records(points: Sequence[edge.Record]) -> list[models.Record]:
    """Edge's records as models, in the same order."""
    return [
        models.Record.model_construct(
            id=model_id(point.id),
            payload=point.payload,
            vector=model_vector(point.vector),
            order_value=point.order_value,
        )
        for point in points
    ]


def model_id(point_id: PointId) -> int | str:
    """A point id as `qdrant_client` gives it: a number, or a UUID as a string."""
    return point_id if isinstance(point_id, int) else str(point_id)


def _edge_point(point_id: PointId, vector: Any, payload: dict[str, Any] | None) -> edge.Point:
    vectors = {n: edge_vector(v) for n, v in vector.items()} if isinstance(vector, dict) else edge_vector(vector)
    try:
        return edge.Point(point_id, vectors, edge_payload(payload))
    except (TypeError, ValueError, OverflowError) as error:
        raise BadRequest(f"Point {point_id!r} cannot be stored: {error}") from error


def _batch_points(batch: models.Batch) -> list[edge.Point]:
    n_points = len(batch.ids)
    if isinstance(batch.vectors, dict):
        if any(len(column) != n_points for column in batch.vectors.values()):
            raise BadRequest("Batch needs as many vectors of each name as ids")
        vectors: list[Any] = [{name: column[i] for name, column in batch.vectors.items()} for i in range(n_points)]
    else:
        vectors = list(batch.vectors)
    payloads = batch.payloads or [{}] * n_points
    if len(vectors) != n_points or len(payloads) != n_points:
        raise BadRequest("Batch needs as many vectors and payloads as ids")
    return [_edge_point(*each) for each in zip(batch.ids, vectors, payloads, strict=True)]
