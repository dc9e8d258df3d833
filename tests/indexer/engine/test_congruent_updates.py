"""Updates leave a collection as those of `QdrantClient` do, in local mode and on a server."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from indexer.engine import EdgeClient

from .library import SPARSE_VECTORS, VECTORS, differences, fill_library, library_vectors, library_work, plain

N_WORKS = 12
FILMS = models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchValue(value="film"))])
NEW = library_vectors(8_000)


@pytest.fixture(params=["memory", pytest.param("server", marks=pytest.mark.server)])
def reference(request: pytest.FixtureRequest) -> Iterator[QdrantClient]:
    url = request.getfixturevalue("server_url") if request.param == "server" else None
    client = QdrantClient(url=url) if url else QdrantClient(":memory:")
    yield client
    client.close()


def new_works(*numbers: int) -> list[models.PointStruct]:
    return [library_work(number + 100).model_copy(update={"id": number}) for number in numbers]


def columns(count: int) -> dict[str, Any]:
    rows = [library_vectors(number) for number in range(count)]
    return {name: np.array([row[name] for row in rows], dtype=np.float32) for name in ("mood", "pace")}


def named(name: str, config: Any) -> Callable[[Any, str], Any]:
    def change(client: Any, collection: str) -> Any:
        client.create_vector_name(collection, name, config)
        vector = models.SparseVector(indices=[1, 4], values=[0.5, 1.0]) if name == "topics" else [1.0, 0.0]
        client.update_vectors(collection, [models.PointVectors(id=3, vector={name: vector})])
        return client.query_points(collection, vector, using=name, with_vectors=[name], with_payload=False)

    return change


UPDATES: dict[str, Callable[[Any, str], Any]] = {
    "replace points": lambda client, name: client.upsert(name, new_works(2, 30)),
    "a batch": lambda client, name: client.upsert(
        name,
        models.Batch(
            ids=[2, 30],
            payloads=[{"kind": "film"}, {"kind": "play"}],
            vectors={key: [NEW[key], NEW[key]] for key in ("mood", "terms", "scenes")},
        ),
    ),
    "only new points": lambda client, name: client.upsert(
        name, new_works(2, 30), update_mode=models.UpdateMode.INSERT_ONLY
    ),
    "only known points": lambda client, name: client.upsert(
        name, new_works(2, 30), update_mode=models.UpdateMode.UPDATE_ONLY
    ),
    "known points that pass a filter": lambda client, name: client.upsert(name, new_works(3, 4), update_filter=FILMS),
    "upload points": lambda client, name: client.upload_points(name, iter(new_works(*range(20, 45))), batch_size=4),
    "upload new points": lambda client, name: client.upload_points(
        name, new_works(2, 30), 64, 1, None, 3, True, None, None, models.UpdateMode.INSERT_ONLY
    ),
    "upload columns": lambda client, name: client.upload_collection(
        name, columns(5), [{"n": number} for number in range(5)], [5, 6, 7, 40, 41], batch_size=2
    ),
    "upload rows": lambda client, name: client.upload_collection(
        name, [library_vectors(number) for number in range(3)], ids=[5, 6, 40]
    ),
    "delete ids": lambda client, name: client.delete(name, [2, 3, 400]),
    "delete by a filter": lambda client, name: client.delete(name, FILMS),
    "delete by a selector": lambda client, name: client.delete(name, models.FilterSelector(filter=FILMS)),
    "delete by a selector of ids": lambda client, name: client.delete(name, models.PointIdsList(points=[4])),
    "set payload": lambda client, name: client.set_payload(name, {"kind": "essay", "n": 1}, [2, 3]),
    "set payload below a key": lambda client, name: client.set_payload(name, {"n": 1}, [2, 3], key="about.author"),
    "set payload by a filter": lambda client, name: client.set_payload(name, {"n": [1, None]}, FILMS),
    "overwrite payload": lambda client, name: client.overwrite_payload(name, {"kind": "essay"}, [2]),
    "delete payload": lambda client, name: client.delete_payload(name, ["kind", "cast[].age"], [2, 5]),
    "clear payload": lambda client, name: client.clear_payload(name, FILMS),
    "update vectors": lambda client, name: client.update_vectors(
        name,
        [
            models.PointVectors(id=2, vector={"mood": NEW["mood"], "terms": NEW["terms"]}),
            models.PointVectors(id=3, vector={"scenes": NEW["scenes"]}),
        ],
    ),
    "update vectors that pass a filter": lambda client, name: client.update_vectors(
        name, [models.PointVectors(id=each, vector={"pace": NEW["pace"]}) for each in (2, 3)], update_filter=FILMS
    ),
    "delete vectors": lambda client, name: client.delete_vectors(name, ["mood", "terms"], [2, 3]),
    "delete vectors by a filter": lambda client, name: client.delete_vectors(name, ["scenes"], FILMS),
    "several updates": lambda client, name: client.batch_update_points(
        name,
        [
            models.UpsertOperation(upsert=models.PointsList(points=new_works(30, 31))),
            models.UpsertOperation(
                upsert=models.PointsBatch(batch=models.Batch(ids=[32], vectors={"mood": [NEW["mood"]]}))
            ),
            models.DeleteOperation(delete=models.PointIdsList(points=[2])),
            models.SetPayloadOperation(set_payload=models.SetPayload(payload={"n": 1}, filter=FILMS)),
            models.SetPayloadOperation(set_payload=models.SetPayload(payload={"n": 2}, points=[4], key="about")),
            models.OverwritePayloadOperation(overwrite_payload=models.SetPayload(payload={"n": 3}, points=[5])),
            models.DeletePayloadOperation(delete_payload=models.DeletePayload(keys=["tags"], points=[7])),
            models.ClearPayloadOperation(clear_payload=models.PointIdsList(points=[8])),
            models.UpdateVectorsOperation(
                update_vectors=models.UpdateVectors(points=[models.PointVectors(id=9, vector={"mood": NEW["mood"]})])
            ),
            models.DeleteVectorsOperation(delete_vectors=models.DeleteVectors(points=[10], vector=["pace"])),
        ],
    ),
    "an empty collection of the same name": lambda client, name: client.recreate_collection(
        name, VECTORS, SPARSE_VECTORS
    ),
    "another dense vector": named(
        "taste",
        models.DenseVectorNameConfig(dense=models.DenseVectorConfig(size=2, distance=models.Distance.DOT)),
    ),
    "another sparse vector": named("topics", models.SparseVectorNameConfig(sparse=models.SparseVectorConfig())),
    "one vector less": lambda client, name: client.delete_vector_name(name, "scenes"),
}


def _after(client: Any, update: Callable[[Any, str], Any]) -> Any:
    name = f"test-{uuid.uuid4().hex[:12]}"
    fill_library(client, name, N_WORKS, indexed=[])
    try:
        answer = update(client, name)
        points, _ = client.scroll(name, limit=100, with_vectors=True)
        vectors = client.get_collection(name).config.params
        return plain([answer, points, sorted(vectors.vectors), sorted(vectors.sparse_vectors)])
    finally:
        client.delete_collection(name)


@pytest.mark.filterwarnings("ignore:`recreate_collection` method is deprecated")
@pytest.mark.parametrize("update", UPDATES)
def test_an_update_leaves_what_it_leaves_in_qdrant(edge: EdgeClient, reference: QdrantClient, update: str) -> None:
    assert differences(_after(edge, UPDATES[update]), _after(reference, UPDATES[update])) == []


def test_uploaded_rows_without_ids_get_new_ones(edge: EdgeClient, reference: QdrantClient) -> None:
    def upload(client: Any, name: str) -> None:
        client.upload_collection(name, iter([library_vectors(number) for number in range(3)]))

    n_points = [len(_after(client, upload)[1]) for client in (edge, reference)]
    assert n_points == [N_WORKS + 3, N_WORKS + 3]


def test_points_need_no_vectors(edge: EdgeClient, reference: QdrantClient) -> None:
    taste = models.DenseVectorNameConfig(dense=models.DenseVectorConfig(size=2, distance=models.Distance.DOT))
    answers = []
    for client in (edge, reference):
        name = f"test-{uuid.uuid4().hex[:12]}"
        client.create_collection(name)
        client.upload_points(name, [models.PointStruct(id=n, vector={}, payload={"n": n % 2}) for n in range(6)])
        odd = models.Filter(must=[models.FieldCondition(key="n", match=models.MatchValue(value=1))])
        answers.append([client.scroll(name, odd, with_vectors=True), client.query_points(name), client.count(name)])
        client.create_vector_name(name, "taste", taste)
        client.update_vectors(name, [models.PointVectors(id=3, vector={"taste": [1.0, 0.5]})])
        answers[-1].append(client.query_points(name, [1.0, 1.0], using="taste"))
        client.delete_vector_name(name, "taste")
        answers[-1].append(client.scroll(name, with_vectors=True))
        client.delete_collection(name)
    assert differences(plain(answers[0]), plain(answers[1])) == []


def test_a_collection_of_local_mode_moves_to_the_embedded_engine(edge: EdgeClient) -> None:
    local = QdrantClient(":memory:")
    fill_library(local, "works", N_WORKS, indexed=[])
    local.migrate(edge)
    moved, kept = (client.scroll("works", limit=100, with_vectors=True) for client in (edge, local))
    assert differences(plain(moved), plain(kept)) == []
    local.close()
