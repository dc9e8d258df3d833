"""The engines under test: embedded, qdrant_client's own in memory, and a live server if there is one.

Tests with the fixture `engine` run on all three. The server is the one at EVOKE_TEST_QDRANT_URL, or else a container
that Docker starts; without both the test is skipped with the reason.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from qdrant_client import models

from indexer.engine import EdgeClient, Engine, open_engine

SERVER_IMAGE = "qdrant/qdrant:v1.20.0"


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    if url := os.environ.get("EVOKE_TEST_QDRANT_URL"):
        yield url
        return
    if "DOCKER_HOST" not in os.environ and not Path("/var/run/docker.sock").exists():
        pytest.skip("no EVOKE_TEST_QDRANT_URL, and no Docker here")
    from docker.errors import DockerException
    from testcontainers.community.qdrant import QdrantContainer

    try:
        container = QdrantContainer(SERVER_IMAGE).start()
    except DockerException as error:
        pytest.skip(f"no EVOKE_TEST_QDRANT_URL, and Docker does not answer: {error}")
    yield f"http://{container.rest_host_address}"
    container.stop()


@pytest.fixture(params=["edge", "memory", pytest.param("server", marks=pytest.mark.server)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    location = {
        "edge": lambda: tmp_path / "index",
        "memory": lambda: ":memory:",
        "server": lambda: request.getfixturevalue("server_url"),
    }[request.param]()
    opened = open_engine(location, api_key=os.environ.get("EVOKE_TEST_QDRANT_API_KEY"))
    yield opened
    for collection in opened.get_collections().collections:
        if collection.name.startswith("test-"):
            opened.delete_collection(collection.name)
    opened.close()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[EdgeClient]:
    with EdgeClient(tmp_path / "index") as opened:
        yield opened


@pytest.fixture
def new_name() -> Callable[[], str]:
    """Return a function that makes unused names; the `engine` fixture deletes collections of these names."""
    return lambda: f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def works(engine: Engine, new_name: Callable[[], str]) -> str:
    """A collection of six works with a dense and a sparse vector and a few facts."""
    name = new_name()
    fill(engine, name)
    return name


def fill(engine: Engine, name: str) -> None:
    engine.create_collection(
        name,
        {"text": models.VectorParams(size=2, distance=models.Distance.DOT)},
        {"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        metadata={"schema": 1},
    )
    engine.create_payload_index(name, "kind", models.PayloadSchemaType.KEYWORD)
    engine.create_payload_index(name, "year", models.PayloadSchemaType.INTEGER)
    engine.upsert(name, [work(number) for number in range(1, 7)])


def work(number: int) -> models.PointStruct:
    """Return work n: text vector (n, 1), terms n and 99, a film if n is odd and a book if it is even."""
    return models.PointStruct(
        id=number,
        vector={"text": [float(number), 1.0], "bm25": models.SparseVector(indices=[number, 99], values=[1.0, 0.5])},
        payload={"kind": "film" if number % 2 else "book", "year": 2000 + number, "facts": {"length": number * 10}},
    )


def wanting(key: str, value: str | int | bool) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key=key, match=models.MatchValue(value=value))])


def swap_to(alias: str, collection: str) -> list[models.AliasOperations]:
    return [
        models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)),
        models.CreateAliasOperation(create_alias=models.CreateAlias(alias_name=alias, collection_name=collection)),
    ]
