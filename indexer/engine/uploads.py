"""Make points of what `upload_collection` takes: columns of vectors, payloads and ids."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

import numpy as np
from qdrant_client import models

from indexer.engine.errors import BadRequest
from indexer.engine.points import PointId


def points_of(
    vectors: Mapping[str, Any] | Iterable[Any], payload: Iterable[dict[Any, Any]] | None, ids: Iterable[PointId] | None
) -> Iterator[models.PointStruct]:
    """Yield one point a vector; the shortest column ends the points. Without `ids`, points get random UUIDs."""
    rows = _rows(vectors) if isinstance(vectors, Mapping) else vectors
    payloads: Iterable[Any] = repeat({}) if payload is None else payload
    # `ids` comes first: when it ends, no vector is taken from an iterator for nothing.
    for point_id, row, content in zip(_random_ids() if ids is None else ids, rows, payloads, strict=False):
        vector = row.tolist() if isinstance(row, np.ndarray) else row
        yield models.PointStruct.model_construct(id=point_id, vector=vector, payload=content or {})


def _rows(columns: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if len({len(column) for column in columns.values()}) > 1:
        raise BadRequest("Each named vector should have the same number of vectors")
    for parts in zip(*columns.values(), strict=True):
        yield dict(zip(columns, parts, strict=True))


def _random_ids() -> Iterator[str]:
    while True:
        yield str(uuid.uuid4())
