"""Bad numbers, deep payloads and failures of the native code are named where they happen, and poison nothing."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import qdrant_edge
from qdrant_client import models

from indexer.engine import BadRequest, EdgeClient, EngineError, EngineUnavailable
from indexer.engine.points import MAX_PAYLOAD_LEVELS
from indexer.engine.shard import translated

from .conftest import fill, work

NAN = math.nan
GOOD = [1.0, 0.0]
LEG = models.Prefetch(query=GOOD, using="text", limit=6)


def _below(key: str, **bounds: float) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key=key, range=models.Range(**bounds))])


def _query(edge: EdgeClient, query: Any, **arguments: Any) -> Any:
    return edge.query_points("g1", query, **{"using": "text"} | arguments)


NAN_CALLS: dict[str, Callable[[EdgeClient], Any]] = {
    "dense query": lambda edge: _query(edge, [NAN, 1.0]),
    "sparse query": lambda edge: _query(edge, models.SparseVector(indices=[1], values=[NAN]), using="bm25"),
    "example": lambda edge: _query(
        edge, models.RecommendQuery(recommend=models.RecommendInput(positive=[1, [NAN, 1.0]]))
    ),
    "target": lambda edge: _query(
        edge, models.DiscoverQuery(discover=models.DiscoverInput(target=[NAN, 1.0], context=[]))
    ),
    "one leg of a fusion": lambda edge: edge.query_points(
        "g1",
        models.FusionQuery(fusion=models.Fusion.RRF),
        prefetch=[LEG, models.Prefetch(query=[NAN, 1.0], using="text")],
    ),
    "weight of a fusion": lambda edge: edge.query_points(
        "g1", models.RrfQuery(rrf=models.Rrf(weights=[NAN])), prefetch=[LEG]
    ),
    "threshold": lambda edge: _query(edge, GOOD, score_threshold=NAN),
    "constant of a formula": lambda edge: edge.query_points(
        "g1", models.FormulaQuery(formula=models.SumExpression(sum=["$score", NAN])), prefetch=LEG
    ),
    "range of an indexed integer": lambda edge: edge.count("g1", _below("year", gt=NAN)),
    "range of an indexed float": lambda edge: edge.count("g1", _below("rating", lte=NAN)),
    "range without an index": lambda edge: edge.count("g1", _below("facts.length", lt=NAN)),
    "radius": lambda edge: edge.count(
        "g1",
        models.Filter(
            must=[
                models.FieldCondition(
                    key="place", geo_radius=models.GeoRadius(center=models.GeoPoint(lon=1, lat=1), radius=NAN)
                )
            ]
        ),
    ),
    "start of an order": lambda edge: edge.scroll("g1", order_by=models.OrderBy(key="rating", start_from=NAN)),
    "stored dense vector": lambda edge: edge.upsert("g1", [models.PointStruct(id=9, vector={"text": [NAN, 1.0]})]),
    "stored sparse vector": lambda edge: edge.update_vectors(
        "g1", [models.PointVectors(id=1, vector={"bm25": models.SparseVector(indices=[1], values=[NAN])})]
    ),
    "payload": lambda edge: edge.set_payload("g1", {"rating": NAN}, [1]),
}


@pytest.mark.parametrize("case", NAN_CALLS)
def test_nan_is_refused(edge: EdgeClient, case: str) -> None:
    fill(edge, "g1")
    edge.create_payload_index("g1", "rating", models.PayloadSchemaType.FLOAT)
    before = edge.scroll("g1", with_vectors=True)
    with pytest.raises(BadRequest, match="NaN"):
        NAN_CALLS[case](edge)
    assert edge.scroll("g1", with_vectors=True) == before


@pytest.mark.parametrize(("lon", "lat"), [(200, 0), (0, 100), (NAN, 0)])
def test_places_off_the_globe_are_refused(edge: EdgeClient, lon: float, lat: float) -> None:
    fill(edge, "g1")
    box = models.GeoBoundingBox(
        top_left=models.GeoPoint(lon=-5, lat=lat), bottom_right=models.GeoPoint(lon=lon, lat=-5)
    )
    with pytest.raises(BadRequest, match="GeoPoint"):
        edge.count("g1", models.Filter(must=[models.FieldCondition(key="place", geo_bounding_box=box)]))


def _nested(n_levels: int) -> dict[str, Any]:
    payload: dict[str, Any] = {"end": True}
    for _ in range(n_levels - 1):
        payload = {"inner": payload}
    return payload


def test_the_deepest_payload_that_is_taken_is_read_again(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.set_payload("g1", _nested(MAX_PAYLOAD_LEVELS), [1])
    edge.set_payload("g1", _nested(MAX_PAYLOAD_LEVELS - 3), [2], key="a.b.c")
    edge.finish("g1")
    (first, second), _ = edge.scroll("g1", limit=2)
    assert json.dumps(first.payload).count("inner") == MAX_PAYLOAD_LEVELS - 1
    assert json.dumps(second.payload).count("inner") == MAX_PAYLOAD_LEVELS - 4


DEEP: dict[str, Callable[[EdgeClient], Any]] = {
    "point": lambda edge: edge.upsert(
        "g1", [work(8), work(9).model_copy(update={"payload": _nested(MAX_PAYLOAD_LEVELS + 1)})]
    ),
    "list": lambda edge: edge.overwrite_payload("g1", {"list": json.loads("[" * 127 + "]" * 127)}, [1]),
    "payload": lambda edge: edge.set_payload("g1", _nested(MAX_PAYLOAD_LEVELS + 1), [1]),
    "payload below a key": lambda edge: edge.set_payload("g1", _nested(MAX_PAYLOAD_LEVELS - 2), [1], key="a.b[0]"),
}


@pytest.mark.parametrize("case", DEEP)
def test_a_deeper_payload_is_refused_and_the_others_stay_readable(edge: EdgeClient, case: str) -> None:
    fill(edge, "g1")
    with pytest.raises(BadRequest, match="nested deeper than 127 levels"):
        DEEP[case](edge)
    assert edge.count("g1", _below("facts.length", gt=0)).count == 6
    assert len(edge.scroll("g1")[0]) == 6


def test_a_payload_that_contains_itself_is_refused(edge: EdgeClient) -> None:
    fill(edge, "g1")
    payload: dict[str, Any] = {}
    payload["self"] = payload
    with pytest.raises(BadRequest, match="JSON"):
        edge.set_payload("g1", payload, [1])


def _break(edge: EdgeClient, name: str) -> EngineError:
    """Write a payload that Edge cannot read, past the client, and let a write meet it."""
    point = qdrant_edge.Point(1, {"text": GOOD}, _nested(MAX_PAYLOAD_LEVELS + 1))
    edge._catalog.open(name).shard.update(qdrant_edge.UpdateOperation.upsert_points([point]))
    with pytest.raises(EngineError, match="recursion limit") as failure:
        edge.set_payload(name, {"seen": True}, [1])
    assert not isinstance(failure.value, BadRequest)
    return failure.value


def test_a_collection_whose_write_failed_is_red_and_cannot_be_finished(tmp_path: Path) -> None:
    with EdgeClient(tmp_path / "index") as edge:
        fill(edge, "g1")
        failure = _break(edge, "g1")
        status = edge.get_collection("g1")
        assert status.status == models.CollectionStatus.RED
        assert status.optimizer_status == models.OptimizersStatusOneOf1(error=str(failure))
    with EdgeClient(tmp_path / "index") as again:
        assert again.get_collection("g1").status == models.CollectionStatus.RED
        with pytest.raises(EngineError, match="build it again"):
            again.finish("g1")
        again.delete_collection("g1")
        fill(again, "g1")
        again.finish("g1")
        assert again.get_collection("g1").status == models.CollectionStatus.GREEN


def test_a_refused_write_does_not_make_a_collection_red(edge: EdgeClient) -> None:
    fill(edge, "g1")
    with pytest.raises(BadRequest):
        edge.set_payload("g1", {"seen": True}, [77])
    edge.finish("g1")
    assert edge.get_collection("g1").status == models.CollectionStatus.GREEN


def test_a_panic_of_the_native_code_is_an_error_of_the_engine(edge: EdgeClient) -> None:
    fill(edge, "g1")
    edge.create_payload_index("g1", "rating", models.PayloadSchemaType.FLOAT)
    edge.set_payload("g1", {"rating": 0.5}, [1, 2])
    condition = qdrant_edge.FieldCondition("rating", range=qdrant_edge.RangeFloat(gt=NAN))
    request = qdrant_edge.CountRequest(True, qdrant_edge.Filter(must=[condition]))
    with pytest.raises(EngineUnavailable, match="Qdrant Edge has failed"):
        edge._catalog.open("g1").shard.count(request)
    assert edge.count("g1").count == 6


def test_an_interrupt_is_no_panic() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        translated(interrupted)()


FORMULAS: dict[str, tuple[Any, str]] = {
    "missing key": (models.SumExpression(sum=["$score", "absent"]), "absent"),
    "root of a negative number": (models.SqrtExpression(sqrt=models.NegExpression(neg="year")), "√-200"),
    "division by zero": (models.DivExpression(div=models.DivParams(left=1.0, right=0.0)), "1.0/0"),
    "logarithm": (models.LnExpression(ln=models.SumExpression(sum=["year", -2001.0])), "ln"),
}


@pytest.mark.parametrize("case", FORMULAS)
@pytest.mark.parametrize("depth", [1, 2])
def test_an_error_of_a_formula_is_a_bad_request_that_names_it(edge: EdgeClient, case: str, depth: int) -> None:
    fill(edge, "g1")
    formula, reason = FORMULAS[case]
    query: dict[str, Any] = {"query": models.FormulaQuery(formula=formula), "prefetch": LEG}
    if depth == 2:
        query = {"query": GOOD, "using": "text", "prefetch": models.Prefetch(**query, limit=6)}
    with pytest.raises(BadRequest, match=r"fails for point \d") as refusal:
        edge.query_points("g1", **query)
    assert reason in str(refusal.value)
    assert refusal.value.status_code == 400


def test_a_formula_is_only_blamed_for_points_that_the_filter_lets_through(edge: EdgeClient) -> None:
    fill(edge, "g1")
    one_over = models.DivExpression(div=models.DivParams(left=1.0, right=models.SumExpression(sum=["year", -2001.0])))
    arguments: dict[str, Any] = {"query": models.FormulaQuery(formula=one_over), "prefetch": LEG}
    with pytest.raises(BadRequest, match="point 1"):
        edge.query_points("g1", **arguments)
    assert len(edge.query_points("g1", **arguments, query_filter=_below("year", gt=2001)).points) == 5


KILLED = """
import os, tarfile
from pathlib import Path
from indexer.engine import EdgeClient

edge = EdgeClient(Path({folder!r}))
tarfile.TarFile.add = lambda *arguments, **named: os._exit(9)
edge.create_snapshot("g1")
"""


def test_what_a_killed_snapshot_left_is_removed_by_the_next_writer(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with EdgeClient(folder) as edge:
        fill(edge, "g1")
        kept = edge.create_snapshot("g1")
    subprocess.run([sys.executable, "-c", KILLED.format(folder=str(folder))], check=False, env=os.environ)
    snapshots = folder / "snapshots" / "g1"
    assert len(list(snapshots.iterdir())) == 3
    (snapshots / "g1-early.snapshot.checksum").write_text("0" * 64)
    with EdgeClient(folder) as edge:
        assert sorted(path.name for path in snapshots.iterdir()) == [kept.name, f"{kept.name}.checksum"]
        assert [each.name for each in edge.list_snapshots("g1")] == [kept.name]


def test_the_longest_name_of_a_collection_can_be_backed_up(edge: EdgeClient) -> None:
    name = "ж" * 127
    fill(edge, name)
    snapshot = edge.create_snapshot(name)
    assert edge.recover_snapshot("g2", str(edge.path / "snapshots" / name / snapshot.name))
    assert edge.count("g2").count == 6
    with pytest.raises(BadRequest, match="255 bytes"):
        fill(edge, "ж" * 128)
