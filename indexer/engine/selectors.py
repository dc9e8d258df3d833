"""Which points an update changes: ids or a filter, in the ways in which `QdrantClient` takes them."""

from collections.abc import Sequence
from typing import Any

from qdrant_client import models

from indexer.engine.checks import check_shard_key
from indexer.engine.errors import BadRequest
from indexer.engine.points import PointId

Selector = Sequence[PointId] | models.Filter | models.PointIdsList | models.FilterSelector


def chosen(selector: Selector) -> list[PointId] | models.Filter:
    """Return the ids, or the filter, of a selector.

    Raises:
        BadRequest: It is no selector, or has no ids.
        NotSupported: It has a shard key.
    """
    if isinstance(selector, models.FilterSelector | models.PointIdsList):
        check_shard_key(selector.shard_key)
        selector = selector.filter if isinstance(selector, models.FilterSelector) else selector.points
    if isinstance(selector, models.Filter):
        return selector
    if isinstance(selector, str) or not isinstance(selector, Sequence):
        raise BadRequest(f"A selector of points is a list of ids or a filter, not {selector!r}")
    if not selector:
        raise BadRequest("Empty update request: a selector needs an id")
    return list(selector)


def selector_of(operation: Any) -> Selector:
    """Return the selector of a `SetPayload`, `DeletePayload` or `DeleteVectors`, which holds ids or a filter."""
    check_shard_key(operation.shard_key)
    if operation.points is not None and operation.filter is not None:
        raise BadRequest("An update names points by ids or by a filter, not by both")
    selector: Selector = operation.filter if operation.points is None else operation.points
    return selector
