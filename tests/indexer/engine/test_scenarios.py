"""Every call that the rest of Evoke makes to an engine, on every engine."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from indexer.engine import BadRequest, CollectionExists, CollectionNotFound, Engine, NotSupported

from .conftest import fill, swap_to, wanting, work

NewName = Callable[[], str]


def ids(response: Any) -> list[Any]:
    return [point.id for point in response.points]


def test_a_collection_is_created_described_and_deleted(engine: Engine, new_name: NewName) -> None:
    name = new_name()
    assert not engine.collection_exists(name)
    fill(engine, name)
    assert engine.collection_exists(name)
    assert name in [each.name for each in engine.get_collections().collections]
    info = engine.get_collection(name)
    assert info.points_count == 6
    assert info.config.params.vectors["text"].size == 2  # type: ignore[index]
    assert info.config.metadata == {"schema": 1}
    assert engine.delete_collection(name)
    assert not engine.collection_exists(name)


def test_metadata_is_merged(engine: Engine, works: str) -> None:
    engine.update_collection(works, metadata={"model": "small"})
    assert engine.get_collection(works).config.metadata == {"schema": 1, "model": "small"}


def test_a_finished_collection_is_green_and_answers(engine: Engine, works: str) -> None:
    engine.finish(works)
    assert engine.get_collection(works).status == models.CollectionStatus.GREEN
    assert ids(engine.query_points(works, [1.0, 0.0], using="text", limit=2)) == [6, 5]


def test_points_are_upserted_as_a_batch(engine: Engine, works: str) -> None:
    batch = models.Batch(ids=[7, 1], vectors={"text": [[7.0, 1.0], [-1.0, 1.0]]}, payloads=[{"kind": "play"}, {}])
    engine.upsert(works, batch)
    assert engine.count(works).count == 7
    assert [each.payload for each in engine.retrieve(works, [7, 1])] == [{"kind": "play"}, {}]


def test_points_are_deleted_by_id_and_by_filter(engine: Engine, works: str) -> None:
    engine.delete(works, [1])
    engine.delete(works, models.FilterSelector(filter=wanting("kind", "book")))
    assert [each.id for each in engine.scroll(works)[0]] == [3, 5]


def test_parts_of_a_payload_are_returned(engine: Engine, works: str) -> None:
    def payload(selector: Any) -> Any:
        return engine.retrieve(works, [1], with_payload=selector)[0].payload

    assert payload(["facts.length"]) == {"facts": {"length": 10}}
    assert payload(models.PayloadSelectorExclude(exclude=["facts"])) == {"kind": "film", "year": 2001}
    assert payload(False) is None


def test_vectors_are_returned_by_name(engine: Engine, works: str) -> None:
    (record,) = engine.retrieve(works, [2], with_vectors=["bm25"])
    assert record.vector == {"bm25": models.SparseVector(indices=[2, 99], values=[1.0, 0.5])}


def test_payloads_change(engine: Engine, works: str) -> None:
    engine.set_payload(works, {"seen": True}, [1])
    engine.delete_payload(works, ["year"], [1])
    engine.overwrite_payload(works, {"kind": "play"}, [2])
    engine.clear_payload(works, [3])
    first, second, third = (each.payload for each in engine.retrieve(works, [1, 2, 3]))
    assert first == {"kind": "film", "seen": True, "facts": {"length": 10}}
    assert (second, third) == ({"kind": "play"}, {})
    # A boolean is not an integer: 1 does not match True.
    assert engine.count(works, wanting("seen", True)).count == 1
    assert engine.count(works, wanting("seen", 1)).count == 0


def test_a_scroll_continues_where_it_stopped(engine: Engine, works: str) -> None:
    page, following = engine.scroll(works, limit=4)
    assert [each.id for each in page] == [1, 2, 3, 4]
    page, following = engine.scroll(works, limit=4, offset=following)
    assert ([each.id for each in page], following) == ([5, 6], None)


def test_a_scroll_can_be_ordered_by_year(engine: Engine, works: str) -> None:
    order = models.OrderBy(key="year", direction=models.Direction.DESC)
    assert [each.id for each in engine.scroll(works, order_by=order, limit=2)[0]] == [6, 5]


def test_values_are_counted(engine: Engine, works: str) -> None:
    newer = models.Filter(must=[models.FieldCondition(key="year", range=models.Range(gt=2001))])
    hits = engine.facet(works, "kind", facet_filter=newer, exact=True).hits
    assert [(hit.value, hit.count) for hit in hits] == [("book", 3), ("film", 2)]


def test_reciprocal_ranks_are_weighted(engine: Engine, works: str) -> None:
    found = engine.query_points(
        works,
        prefetch=[
            models.Prefetch(query=[1.0, 0.0], using="text", limit=3),
            models.Prefetch(query=models.SparseVector(indices=[1], values=[1.0]), using="bm25", limit=3),
        ],
        query=models.RrfQuery(rrf=models.Rrf(k=60, weights=[1.0, 3.0])),
    ).points
    # 1 / (k - 1 + r / weight) with ranks r from one: a weight divides the rank, it does not multiply the reciprocal.
    assert [each.id for each in found] == [1, 6, 5, 4]
    expected = [1 / (59 + 1 / 3), 1 / (59 + 1), 1 / (59 + 2), 1 / (59 + 3)]
    assert [each.score for each in found] == pytest.approx(expected, rel=1e-5)


def test_the_filter_beside_prefetches_applies_to_each(engine: Engine, works: str) -> None:
    legs = [models.Prefetch(query=[1.0, 0.0], using="text", limit=2), models.Prefetch(query=[0.0, 1.0], using="text")]
    fused = models.FusionQuery(fusion=models.Fusion.DBSF)
    assert set(ids(engine.query_points(works, fused, prefetch=legs, query_filter=wanting("kind", "film")))) == {1, 3, 5}


def test_equal_scores_are_ordered_by_id_on_every_page(engine: Engine, new_name: NewName) -> None:
    name = new_name()
    engine.create_collection(name, {"text": models.VectorParams(size=2, distance=models.Distance.DOT)})
    numbers = list(range(1, 101))
    for number in reversed(numbers):
        is_odd = number % 2 == 1
        vector = {"text": [1.0, float(is_odd)]}
        engine.upsert(name, [models.PointStruct(id=number, vector=vector, payload={"odd": is_odd})])
    plain = {"query": [1.0, -1.0], "using": "text"}
    legs = [
        models.Prefetch(query=[1.0, 0.0], using="text", limit=100, filter=wanting("odd", is_odd))
        for is_odd in (False, True)
    ]
    formula = models.FormulaQuery(formula=models.SumExpression(sum=["$score[0]", "$score[1]"]))
    even_then_odd = numbers[1::2] + numbers[::2]
    assert paged(engine, name, **plain) == even_then_odd
    assert paged(engine, name, **plain, prefetch=legs) == even_then_odd
    assert paged(engine, name, query=formula, prefetch=legs) == numbers
    # An odd and an even number share each rank; none may be repeated or missing.
    assert sorted(paged(engine, name, query=models.FusionQuery(fusion=models.Fusion.RRF), prefetch=legs)) == numbers


def paged(engine: Engine, name: str, **query: Any) -> list[Any]:
    return [each for offset in range(0, 100, 10) for each in ids(engine.query_points(name, **query, offset=offset))]


def test_answers_to_an_example_leave_out_the_example(engine: Engine, works: str) -> None:
    like = models.RecommendQuery(recommend=models.RecommendInput(positive=[6], negative=[1]))
    assert ids(engine.query_points(works, like, using="text", limit=2)) == [5, 4]
    assert ids(engine.query_points(works, 6, using="text", limit=2)) == [5, 4]


def test_examples_can_come_from_another_collection(engine: Engine, works: str, new_name: NewName) -> None:
    other = new_name()
    fill(engine, other)
    source = models.LookupLocation(collection=other, vector="text")
    assert ids(engine.query_points(works, 6, using="text", limit=2, lookup_from=source)) == [6, 5]


def test_several_queries_are_answered_in_turn(engine: Engine, works: str) -> None:
    requests = [
        models.QueryRequest(query=[1.0, 0.0], using="text", limit=1),
        models.QueryRequest(query=[-1.0, 0.0], using="text", limit=2, with_payload=["year"]),
    ]
    first, second = engine.query_batch_points(works, requests)
    assert (ids(first), ids(second)) == ([6], [1, 2])
    assert second.points[0].payload == {"year": 2001}


def test_ranked_points_are_the_ids_and_scores_of_the_queries(engine: Engine, works: str) -> None:
    requests = [
        models.QueryRequest(query=[1.0, 0.0], using="text", limit=3, offset=1),
        models.QueryRequest(query=[-1.0, 0.0], using="text"),
    ]
    answers = engine.query_batch_points(works, requests)
    assert engine.rank_points(works, requests) == [[(p.id, p.score) for p in answer.points] for answer in answers]


def test_queries_take_numpy_vectors(engine: Engine, works: str) -> None:
    assert ids(engine.query_points(works, np.array([1.0, 0.0], dtype=np.float32), using="text", limit=1)) == [6]


def test_an_alias_stands_for_its_collection(engine: Engine, works: str, new_name: NewName) -> None:
    alias, renamed, second = new_name(), new_name(), new_name()
    fill(engine, second)
    engine.upsert(second, [work(7)])
    engine.update_collection_aliases(swap_to(alias, works))
    assert engine.count(alias).count == 6
    engine.update_collection_aliases(swap_to(alias, second))
    assert engine.count(alias).count == 7
    rename = models.RenameAlias(old_alias_name=alias, new_alias_name=renamed)
    engine.update_collection_aliases([models.RenameAliasOperation(rename_alias=rename)])
    assert [each.alias_name for each in engine.get_collection_aliases(second).aliases] == [renamed]
    assert renamed in [each.alias_name for each in engine.get_aliases().aliases]
    engine.delete_collection(second)
    assert not engine.collection_exists(renamed)


def test_if_one_alias_operation_is_refused_none_takes_effect(engine: Engine, works: str, new_name: NewName) -> None:
    alias = new_name()
    with pytest.raises(CollectionNotFound):
        engine.update_collection_aliases([*swap_to(alias, works), *swap_to(alias, "test-absent")])
    assert engine.get_collection_aliases(works).aliases == []


SPARSE = models.SparseVector(indices=[1], values=[1.0])
REFUSED: dict[str, tuple[Callable[[Engine, str], Any], type[Exception]]] = {
    "unknown collection": (lambda engine, _: engine.count("test-absent"), CollectionNotFound),
    "query of an unknown collection": (lambda engine, _: engine.query_points("test-absent", [1.0]), CollectionNotFound),
    "collection exists": (
        lambda engine, name: engine.create_collection(name, models.VectorParams(size=1, distance=models.Distance.DOT)),
        CollectionExists,
    ),
    "wrong dimension": (lambda engine, name: engine.query_points(name, [1.0], using="text"), BadRequest),
    "unknown vector": (lambda engine, name: engine.query_points(name, [1.0, 2.0], using="taste"), BadRequest),
    "sparse query of a dense vector": (
        lambda engine, name: engine.query_points(name, SPARSE, using="text"),
        BadRequest,
    ),
    "unknown example": (lambda engine, name: engine.query_points(name, 77, using="text"), BadRequest),
    "fusion without prefetch": (
        lambda engine, name: engine.query_points(name, models.FusionQuery(fusion=models.Fusion.RRF)),
        BadRequest,
    ),
    "no limit": (lambda engine, name: engine.query_points(name, [1.0, 2.0], using="text", limit=0), BadRequest),
    "negative offset": (
        lambda engine, name: engine.query_points(name, [1.0, 2.0], using="text", offset=-1),
        BadRequest,
    ),
    "half a point": (
        lambda engine, name: engine.upsert(name, [work(8), models.PointStruct(id=9, vector={"text": [1.0]})]),
        BadRequest,
    ),
    "unknown vector of a point": (
        lambda engine, name: engine.upsert(name, [models.PointStruct(id=9, vector={"taste": [1.0]})]),
        BadRequest,
    ),
    "id that is not a UUID": (
        lambda engine, name: engine.upsert(name, [models.PointStruct(id="nine", vector={})]),
        BadRequest,
    ),
    "broken key": (lambda engine, name: engine.count(name, wanting("facts[", 1)), BadRequest),
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_engine_refuses_bad_requests_with_the_same_error(engine: Engine, works: str, case: str) -> None:
    call, kind = REFUSED[case]
    with pytest.raises(kind) as refusal:
        call(engine, works)
    # Code written for a server or for local mode catches the error too.
    assert isinstance(refusal.value, ValueError)
    assert isinstance(refusal.value, UnexpectedResponse)
    assert refusal.value.status_code in {400, 404, 409, 422}
    assert engine.count(works).count == 6


def test_snapshots_are_listed_and_deleted(engine: Engine, works: str) -> None:
    try:
        snapshot = engine.create_snapshot(works)
    except NotSupported:
        pytest.skip("local mode has no snapshots")
    assert snapshot is not None
    assert [each.name for each in engine.list_snapshots(works)] == [snapshot.name]
    assert engine.delete_snapshot(works, snapshot.name)
    assert engine.list_snapshots(works) == []
