"""`EdgeClient` has the methods of `QdrantClient` with the same arguments, and says of the others what to use."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from qdrant_client import QdrantClient, models

from indexer.engine import BadRequest, EdgeClient, NotSupported
from indexer.engine.absent import ABSENT

from .conftest import fill, wanting, work

PUBLIC = sorted(name for name in dir(QdrantClient) if not name.startswith("_") and name != "DEFAULT_BATCH_SIZE")
SHARED = [name for name in PUBLIC if name in dir(EdgeClient)]
QUERY = [1.0, 0.0]


def _arguments(method: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Return names, kinds and defaults of a method's arguments, in order; Python itself refuses unknown ones."""
    parameters = inspect.signature(method).parameters.values()
    return [(each.name, each.kind, each.default) for each in parameters if each.kind != each.VAR_KEYWORD]


@pytest.mark.parametrize("name", SHARED)
def test_arguments_are_those_of_qdrant_client(name: str) -> None:
    assert _arguments(getattr(EdgeClient, name)) == _arguments(getattr(QdrantClient, name))


def test_every_public_name_is_there_or_said_to_be_absent() -> None:
    assert sorted([*SHARED, *ABSENT]) == PUBLIC


@pytest.mark.parametrize("name", ABSENT)
def test_an_absent_method_is_none_for_hasattr_and_says_what_to_use(edge: EdgeClient, name: str) -> None:
    assert not hasattr(edge, name)
    with pytest.raises(NotSupported, match=name):
        getattr(edge, name)


def test_unknown_names_and_arguments_are_refused(edge: EdgeClient) -> None:
    assert not hasattr(edge, "qurey_points")
    with pytest.raises(TypeError, match="shard"):
        edge.count("g1", shard="a")  # type: ignore[call-arg]


IDS = models.PointIdsList(points=[1], shard_key="eu")
SHARD_KEYS: dict[str, Callable[[EdgeClient], Any]] = {
    "count": lambda edge: edge.count("g1", None, True, "eu"),
    "facet": lambda edge: edge.facet("g1", "kind", shard_key_selector="eu"),
    "scroll": lambda edge: edge.scroll("g1", shard_key_selector="eu"),
    "retrieve": lambda edge: edge.retrieve("g1", [1], shard_key_selector="eu"),
    "query": lambda edge: edge.query_points("g1", QUERY, "text", shard_key_selector=["eu"]),
    "request": lambda edge: edge.query_batch_points(
        "g1", [models.QueryRequest(query=QUERY, using="text", shard_key="eu")]
    ),
    "groups": lambda edge: edge.query_points_groups("g1", "kind", QUERY, "text", shard_key_selector="eu"),
    "matrix": lambda edge: edge.search_matrix_pairs("g1", using="text", shard_key_selector="eu"),
    "lookup": lambda edge: edge.query_points(
        "g1", 1, "text", lookup_from=models.LookupLocation(collection="g1", vector="text", shard_key="eu")
    ),
    "lookup of a prefetch": lambda edge: edge.query_points(
        "g1",
        QUERY,
        "text",
        prefetch=models.Prefetch(
            query=1, using="text", lookup_from=models.LookupLocation(collection="g1", vector="text", shard_key="eu")
        ),
    ),
    "upsert": lambda edge: edge.upsert("g1", [work(9)], True, None, "eu"),
    "upload": lambda edge: edge.upload_points("g1", [work(9)], shard_key_selector="eu"),
    "upload of columns": lambda edge: edge.upload_collection("g1", [{"text": QUERY}], shard_key_selector="eu"),
    "delete": lambda edge: edge.delete("g1", [1], shard_key_selector="eu"),
    "selector of ids": lambda edge: edge.delete("g1", IDS),
    "selector of a filter": lambda edge: edge.clear_payload(
        "g1", models.FilterSelector(filter=wanting("kind", "film"), shard_key="eu")
    ),
    "payload": lambda edge: edge.set_payload("g1", {"a": 1}, [1], shard_key_selector="eu"),
    "new payload": lambda edge: edge.overwrite_payload("g1", {"a": 1}, [1], shard_key_selector="eu"),
    "less payload": lambda edge: edge.delete_payload("g1", ["kind"], [1], shard_key_selector="eu"),
    "vectors": lambda edge: edge.update_vectors(
        "g1", [models.PointVectors(id=1, vector={"text": QUERY})], shard_key_selector="eu"
    ),
    "fewer vectors": lambda edge: edge.delete_vectors("g1", ["text"], [1], shard_key_selector="eu"),
    "updates": lambda edge: edge.batch_update_points(
        "g1",
        [
            models.SetPayloadOperation(
                set_payload=models.SetPayload(
                    payload={"a": 1}, points=[1], shard_key=models.ShardKeyWithFallback(target="eu", fallback="us")
                )
            )
        ],
    ),
}


@pytest.mark.parametrize("case", SHARD_KEYS)
def test_a_shard_key_is_never_ignored(edge: EdgeClient, case: str) -> None:
    fill(edge, "g1")
    before = edge.scroll("g1", with_vectors=True)
    with pytest.raises(NotSupported, match="shard key"):
        SHARD_KEYS[case](edge)
    assert edge.scroll("g1", with_vectors=True) == before


def test_what_is_given_as_a_dict_is_read_as_a_request_to_a_server(edge: EdgeClient) -> None:
    fill(edge, "g1")
    films: Any = {"must": [{"key": "kind", "match": {"value": "film"}}]}
    assert edge.count("g1", films).count == 3
    selector: Any = {"include": ["year"]}
    assert edge.retrieve("g1", [1], selector)[0].payload == {"year": 2001}
    params: Any = {"exact": True}
    prefetch: Any = [{"query": QUERY, "using": "text", "limit": 3}]
    query: Any = {"fusion": "rrf"}
    answer = edge.query_points("g1", query, prefetch=prefetch, query_filter=films, search_params=params)
    assert [point.id for point in answer.points] == [5, 3, 1]
    with pytest.raises(BadRequest):
        edge.query_points("g1", QUERY, "text", query_filter={"mst": []})  # type: ignore[arg-type]


def test_a_schema_can_be_given_as_dicts(edge: EdgeClient) -> None:
    given: Any = {"text": {"size": 2, "distance": "Dot"}}, {"bm25": {"modifier": "idf"}}
    edge.create_collection("g1", *given, hnsw_config={"m": 8}, quantization_config={"scalar": {"type": "int8"}})  # type: ignore[arg-type]
    text_index: Any = {"type": "text", "tokenizer": "word"}
    edge.create_payload_index("g1", "title", text_index)
    edge.create_payload_index("g1", "year", "integer")
    points: Any = [{"id": n, "vector": {"text": [n, 1.0]}, "payload": {"year": 2000 + n}} for n in (1, 2)]
    edge.upsert("g1", points)
    change: Any = {"m": 12}
    edge.update_collection("g1", hnsw_config=change, vectors_config={"text": {"on_disk": True}})  # type: ignore[dict-item]
    operation: Any = {"create_alias": {"collection_name": "g1", "alias_name": "works"}}
    edge.update_collection_aliases([operation])
    newest: Any = {"key": "year", "direction": "desc"}
    assert [point.id for point in edge.scroll("works", order_by=newest)[0]] == [2, 1]
    info = edge.get_collection("works")
    assert isinstance(info.config.params.vectors, dict)
    assert (info.config.params.vectors["text"].on_disk, info.config.hnsw_config.m) == (True, 12)
    assert info.payload_schema["title"].data_type == models.PayloadSchemaType.TEXT
    wrong: Any = {"size": "two"}
    for refused in (
        lambda: edge.create_collection("g2", wrong),
        lambda: edge.update_collection("g1", hnsw_config=wrong),
        lambda: edge.update_collection_aliases([wrong]),
        lambda: edge.create_payload_index("g1", "title", wrong),
        lambda: edge.scroll("g1", order_by=wrong),
        lambda: edge.delete_payload("g1", "year", [1]),
        lambda: edge.update_vectors("g1", [wrong]),
        lambda: edge.search_matrix_pairs("g1", {"mst": []}, using="text"),  # type: ignore[arg-type]
        lambda: edge.count("g1", ["year"]),  # type: ignore[arg-type]
        lambda: edge.upsert("g1", [3]),  # type: ignore[list-item]
    ):
        with pytest.raises(BadRequest):
            refused()


@pytest.mark.parametrize("selector", [3, "3", None, models.PointStruct(id=3, vector={})])
def test_what_is_no_selector_is_refused(edge: EdgeClient, selector: Any) -> None:
    fill(edge, "g1")
    with pytest.raises(BadRequest, match="list of ids or a filter"):
        edge.delete("g1", selector)


def test_the_settings_of_a_server_by_default_are_accepted(edge: EdgeClient) -> None:
    assert edge.create_collection(
        "g1",
        models.VectorParams(size=2, distance=models.Distance.DOT),
        shard_number=1,
        sharding_method=models.ShardingMethod.AUTO,
        replication_factor=1,
        write_consistency_factor=1,
        wal_config=models.WalConfigDiff(wal_capacity_mb=32, wal_segments_ahead=0),
        optimizers_config=models.OptimizersConfigDiff(flush_interval_sec=5, default_segment_number=0),
        strict_mode_config=models.StrictModeConfig(enabled=False),
    )
