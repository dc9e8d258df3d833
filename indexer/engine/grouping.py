"""Group the answers of a query by a payload value: a server does this, Edge does not."""

import uuid
from collections.abc import Callable, Sequence

from qdrant_client import models
from qdrant_client.local.payload_value_extractor import value_by_key

GroupId = int | str
Groups = dict[GroupId, list[models.ExtendedPointId]]
Ranking = Sequence[tuple[models.ExtendedPointId, Sequence[GroupId]]]
"""Ids of points from the best to the worst, each with the groups that it is in."""

WIDENING = 4
"""How many times as many points each further search for groups asks for."""


def group_ids(payload: models.Payload | None, key: str) -> list[GroupId]:
    """Return the groups of a point: the words and whole numbers under a payload key; none if it has other values."""
    values = value_by_key(payload or {}, key) or []
    # Not `isinstance`: a bool is an int in Python, but no group on a server.
    return list(dict.fromkeys(values)) if all(type(value) in (int, str) for value in values) else []


def holder_of(key: str) -> bool | list[str]:
    """Return what to select of a payload so that the values under a key keep their places in its lists.

    A selection of `tags[1]` has one tag, at place 0.
    """
    return True if '"' in key else [key.partition("[")[0]]


def find_groups(
    search: Callable[[int], Ranking], n_groups: int, group_size: int, *, complete: bool
) -> tuple[Groups, bool]:
    """Return the best groups, each with its best points, both from the best to the worst.

    Args:
        search: Returns the best n points.
        n_groups: How many groups are wanted.
        group_size: How many points a group may hold.
        complete: Search on until every group is full; otherwise until there are enough groups.

    Returns:
        The groups, and whether no further search would add a point to them.
    """
    n_points = n_groups * group_size
    while True:
        ranking = search(n_points)
        groups = _groups(ranking, n_groups, group_size)
        has_enough = len(groups) == n_groups
        is_full = has_enough and all(len(points) == group_size for points in groups.values())
        is_complete = is_full or len(ranking) < n_points
        if is_complete or (has_enough and not complete):
            return groups, is_complete
        n_points *= WIDENING


def _groups(ranking: Ranking, n_groups: int, group_size: int) -> Groups:
    groups: Groups = {}
    for point_id, ids in ranking:
        for group_id in ids:
            if group_id not in groups and len(groups) == n_groups:
                continue
            points = groups.setdefault(group_id, [])
            if len(points) < group_size:
                points.append(point_id)
    return groups


def widened(prefetch: models.Prefetch, group_size: int, default_limit: int) -> models.Prefetch:
    """Return a prefetch with limits that leave room for groups, as a server widens them."""
    inner = prefetch.prefetch if isinstance(prefetch.prefetch, list) else [prefetch.prefetch or ()]
    limit = default_limit if prefetch.limit is None else prefetch.limit
    below = [widened(each, group_size, default_limit) for each in inner if isinstance(each, models.Prefetch)]
    return prefetch.model_copy(update={"limit": limit * group_size, "prefetch": below or None})


def lookup_id(group_id: GroupId) -> GroupId | None:
    """Return the id of the point that a group's id names; None for a word that is no UUID."""
    if isinstance(group_id, int):
        return group_id if group_id >= 0 else None
    try:
        return str(uuid.UUID(group_id))
    except ValueError:
        return None
