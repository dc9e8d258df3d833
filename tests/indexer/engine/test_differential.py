"""EdgeClient and `QdrantClient(':memory:')` give the same answers on random worlds.

Answers by score are compared in full, without a cut: the reference ranks all its points, and each of Edge's must have
the same score, stand where its score puts it, and precede equal scores of higher id. Differences that the adapter
cannot remove are named in the docstring of EdgeClient and excluded here, each with a comment.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from indexer.engine import EdgeClient

from .questions import EVERYTHING, diversities, orders, searches
from .worlds import FACET_KEYS, INDEXES, ORDER_KEYS, World, filters, payloads, point_id, point_ids, points, worlds

NAME = "works"
# A shard is about a hundred small files: a folder in memory makes creating and deleting them ten times faster.
MEMORY_FOLDER = next((path for path in ["/dev/shm"] if Path(path).is_dir()), None)  # noqa: S108
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
Twins = tuple[EdgeClient, QdrantClient]


@contextmanager
def twins(world: World, indexes: set[str]) -> Iterator[Twins]:
    """Open the two engines with the same empty collection."""
    with tempfile.TemporaryDirectory(dir=MEMORY_FOLDER) as folder, EdgeClient(folder) as edge:
        memory = QdrantClient(":memory:")
        for engine in (edge, memory):
            dense: Any = world.dense[""] if list(world.dense) == [""] else world.dense
            engine.create_collection(NAME, dense, world.sparse)
        for key in indexes:
            edge.create_payload_index(NAME, key, INDEXES[key])
        yield edge, memory
        memory.close()


@st.composite
def filled_worlds(draw: st.DrawFn) -> tuple[World, list[models.PointStruct], set[str]]:
    world = draw(worlds())
    drawn = draw(points(world, draw(st.integers(1, 14))))
    optional = draw(st.sets(st.sampled_from(sorted(INDEXES))))
    return world, drawn, optional | set(FACET_KEYS) | set(ORDER_KEYS)


def answer(call: Any, **arguments: Any) -> Any:
    """Return the result of a call, or "refused"."""
    try:
        return call(NAME, **arguments)
    except ValueError:
        return "refused"


@few
@given(st.data(), filled_worlds())
def test_counts_and_scrolls_with_filters_are_equal(data: st.DataObject, filled: Any) -> None:
    world, drawn, indexes = filled
    with twins(world, indexes) as (edge, memory):
        for engine in (edge, memory):
            engine.upsert(NAME, drawn)
        for _ in range(8):
            wanted = data.draw(filters(world, len(drawn)))
            assert edge.count(NAME, wanted) == memory.count(NAME, wanted)
            offset = data.draw(st.none() | point_ids(len(drawn)))
            limit = data.draw(st.integers(1, 9))
            page = {"scroll_filter": wanted, "offset": offset, "limit": limit}
            assert edge.scroll(NAME, **page) == memory.scroll(NAME, **page)


@few
@given(st.data(), filled_worlds())
def test_answers_by_score_are_equal(data: st.DataObject, filled: Any) -> None:
    world, drawn, indexes = filled
    with twins(world, indexes) as (edge, memory):
        for engine in (edge, memory):
            engine.upsert(NAME, drawn)
        if data.draw(st.booleans()):
            edge.finish(NAME)
        for _ in range(6):
            query = data.draw(searches(world, len(drawn)))
            limit, offset = data.draw(st.integers(1, 8)), data.draw(st.integers(0, 4))
            found = answer(edge.query_points, **query, limit=limit, offset=offset)
            ranking = answer(memory.query_points, **query, limit=EVERYTHING)
            if "refused" in (found, ranking):
                assert found == ranking
                continue
            assert_window(found.points, ranking.points, offset, limit)


def assert_window(found: list[models.ScoredPoint], ranking: list[models.ScoredPoint], offset: int, limit: int) -> None:
    expected = ranking[offset : offset + limit]
    assert [each.score for each in found] == pytest.approx([each.score for each in expected], rel=1e-5, abs=1e-5)
    scores = {each.id: each.score for each in ranking}
    contents = {each.id: each.payload for each in ranking}
    for each in found:
        assert each.score == pytest.approx(scores[each.id], rel=1e-5, abs=1e-5)
        assert each.payload == contents[each.id]
    for first, second in pairwise(found):
        if first.score == second.score:
            assert id_order(first.id) < id_order(second.id)


def id_order(given_id: Any) -> tuple[bool, Any]:
    return isinstance(given_id, str), given_id


@few
@given(st.data(), filled_worlds())
def test_diverse_answers_are_equal(data: st.DataObject, filled: Any) -> None:
    world, drawn, indexes = filled
    with twins(world, indexes) as (edge, memory):
        for engine in (edge, memory):
            engine.upsert(NAME, drawn)
        for _ in range(5):
            query = data.draw(diversities(world, len(drawn)))
            found, expected = answer(edge.query_points, **query), answer(memory.query_points, **query)
            if "refused" in (found, expected):
                assert found == expected
                continue
            assert [each.id for each in found.points] == [each.id for each in expected.points]
            scores = [each.score for each in expected.points]
            assert [each.score for each in found.points] == pytest.approx(scores, rel=1e-5, abs=1e-5)


@few
@given(st.data(), filled_worlds())
def test_facets_and_orders_are_equal(data: st.DataObject, filled: Any) -> None:
    world, drawn, indexes = filled
    with twins(world, indexes) as (edge, memory):
        for engine in (edge, memory):
            engine.upsert(NAME, drawn)
        for _ in range(5):
            wanted = data.draw(st.none() | filters(world, len(drawn)))
            facet = {
                "key": data.draw(st.sampled_from(FACET_KEYS)),
                "facet_filter": wanted,
                "limit": data.draw(st.integers(1, 4)),
                "exact": True,
            }
            assert edge.facet(NAME, **facet) == memory.facet(NAME, **facet)
            order = data.draw(orders())
            found, _ = edge.scroll(NAME, wanted, limit=EVERYTHING, order_by=order)
            expected, _ = memory.scroll(NAME, wanted, limit=EVERYTHING, order_by=order)
            assert [each.order_value for each in found] == [each.order_value for each in expected]
            assert sorted((each.order_value, id_order(each.id)) for each in found) == sorted(
                (each.order_value, id_order(each.id)) for each in expected
            )


KEYS_ABOVE = [None, "nested", "nested.deep", "cast[0]", "cast[]", "new.deep"]


@st.composite
def changes(draw: st.DrawFn, world: World, n_points: int) -> tuple[str, dict[str, Any]]:
    """Draw a method that changes some points, with its arguments."""
    payload_changes = ["set_payload", "overwrite_payload", "delete_payload", "clear_payload"]
    operation = draw(st.sampled_from(["upsert", "delete", *payload_changes, "update_vectors", "delete_vectors"]))
    if operation == "upsert":
        return operation, {"points": draw(points(world, draw(st.integers(1, 3))))}
    ids = st.lists(st.integers(0, n_points - 1).map(point_id), min_size=1, max_size=3)
    chosen = draw(ids | filters(world, n_points))
    if operation in ("delete", "clear_payload"):
        return operation, {"points_selector": chosen}
    name = draw(st.sampled_from(world.names))
    if operation == "update_vectors":
        new = [models.PointVectors(id=each, vector={name: world.vector(name)}) for each in draw(ids)]
        return operation, {"points": new, "update_filter": draw(st.none() | filters(world, n_points))}
    if operation == "delete_vectors":
        return operation, {"vectors": [name], "points": chosen}
    if operation == "delete_payload":
        keys = draw(st.lists(st.sampled_from(["kind", "year", "nested.kind", "cast[].age"])))
        return operation, {"keys": keys, "points": chosen}
    # No nulls: setting one removes the key, but Edge and a server store it if a point has no payload at all.
    payload = {key: value for key, value in draw(payloads()).items() if value is not None}
    below = {"key": draw(st.sampled_from(KEYS_ABOVE))} if operation == "set_payload" else {}
    return operation, {"payload": payload, "points": chosen} | below


@few
@given(st.data(), filled_worlds())
def test_changes_leave_the_same_points(data: st.DataObject, filled: Any) -> None:
    world, drawn, indexes = filled
    with twins(world, indexes) as (edge, memory):
        for engine in (edge, memory):
            engine.upsert(NAME, drawn)
        for _ in range(5):
            operation, arguments = data.draw(changes(world, len(drawn)))
            chosen = arguments.get("points_selector", arguments.get("points"))
            if operation not in ("upsert", "delete") and isinstance(chosen, list):
                # Edge and a server refuse to change a missing point; local mode raises another error.
                ids = {getattr(each, "id", each): each for each in chosen}
                chosen[:] = [ids[each.id] for each in memory.retrieve(NAME, list(ids))]
            refusals = [answer(getattr(each, operation), **arguments) == "refused" for each in (edge, memory)]
            assert refusals[0] == refusals[1]
            found, _ = edge.scroll(NAME, limit=EVERYTHING, with_vectors=True)
            expected, _ = memory.scroll(NAME, limit=EVERYTHING, with_vectors=True)
            assert [(each.id, each.payload) for each in found] == [(each.id, each.payload) for each in expected]
            for ours, theirs in zip(found, expected, strict=True):
                assert_same_vectors(ours.vector, theirs.vector)


def assert_same_vectors(ours: Any, theirs: Any) -> None:
    ours, theirs = (each if isinstance(each, dict) else {"": each} for each in (ours, theirs))
    assert ours.keys() == theirs.keys()
    for name, vector in ours.items():
        if isinstance(vector, models.SparseVector):
            assert vector.indices == theirs[name].indices
            assert vector.values == pytest.approx(theirs[name].values, abs=1e-5)
        else:
            assert vector == pytest.approx(theirs[name], abs=1e-5)
