"""With two copies of each shard, any node of three may die while works are searched or indexed: nothing is lost.

The tests with Qdrant itself run where EVOKE_TEST_QDRANT_BINARY names its program; the stand-in shows our own side.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from catalogues import make_records, write_catalogue
from fakes import FakeEncoder
from homes import build, open_home
from qdrant_client import models
from qdrant_cluster import BINARY, Cluster, server_cluster, stand_in_cluster

import indexer.filling
from indexer.engine import Engine, ServerClient, open_engine, open_engine_of
from indexer.pipeline import build_index
from indexer.schema import ALIAS
from indexer.settings import IndexSettings
from indexer.values.taxonomy import load_taxonomy
from search_api.records import SearchRequest
from search_api.search import CLUSTER_PATIENCE_SECONDS, Search

N_WORKS, BATCH = 100, 32
QUERIES = ("a lighthouse in winter", "two sisters and a river", "a killer on a ferry", "boats of the harbour")
SERVER = pytest.param(
    "server",
    marks=[
        pytest.mark.cluster,
        pytest.mark.skipif(not BINARY, reason="EVOKE_TEST_QDRANT_BINARY names no program of Qdrant"),
    ],
)


@pytest.fixture(params=["stand-in", SERVER])
def cluster(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setattr(indexer.filling, "SERVER_GRACE_SECONDS", 0.0)
    monkeypatch.setattr(indexer.filling, "FILL_BATCH", BATCH)
    run = server_cluster if request.param == "server" else stand_in_cluster
    with run(tmp_path / "cluster") as running:
        yield running


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("embedded") / "home"
    build(home, make_records(N_WORKS))
    return home


def settings_of(cluster: Cluster, tmp_path: Path) -> IndexSettings:
    return IndexSettings(
        home=tmp_path / "home",
        qdrant_url=",".join(cluster.urls),
        shard_number=3,
        replication_factor=2,
        write_consistency_factor=1,
    )


def build_there(settings: IndexSettings, tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "films.jsonl", make_records(N_WORKS))
    assert build_index([catalogue], settings, encoder=FakeEncoder()).n_works == N_WORKS


def open_there(settings: IndexSettings, tmp_path: Path) -> Search:
    engine = open_engine_of(settings, read_only=True, longest_seconds=5, patience_seconds=CLUSTER_PATIENCE_SECONDS)
    # Without caches, each search asks the engine.
    return Search(engine, FakeEncoder(), load_taxonomy(), known=tmp_path / "known-of-server", n_cached=0)


def answers(search: Search) -> list[list[tuple[str, float]]]:
    pages = [search.search(SearchRequest(query=query, limit=10)) for query in QUERIES]
    return [[(hit.id, round(hit.score, 3)) for hit in page.hits] for page in pages]


@pytest.mark.parametrize("victim", range(3))
def test_any_node_may_die_while_works_are_searched(
    cluster: Cluster, embedded: Path, tmp_path: Path, victim: int
) -> None:
    settings = settings_of(cluster, tmp_path)
    build_there(settings, tmp_path)
    with closing(open_there(settings, tmp_path)) as search, open_home(embedded) as own:
        expected = answers(own)
        assert answers(search) == expected
        cluster.kill(victim)
        assert [answers(search) for _ in range(5)] == [expected] * 5
        cluster.start(victim)
        assert [answers(search) for _ in range(5)] == [expected] * 5


@pytest.mark.parametrize("victim", range(3))
def test_any_node_may_die_while_works_are_indexed(
    cluster: Cluster, embedded: Path, tmp_path: Path, victim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(cluster, tmp_path)
    n_upserts = 0
    upsert = ServerClient.upsert

    def upsert_and_kill(engine: ServerClient, *arguments: object, **named: object) -> object:
        nonlocal n_upserts
        n_upserts += 1
        if n_upserts == 2:
            cluster.kill(victim)
        return upsert(engine, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ServerClient, "upsert", upsert_and_kill)
    build_there(settings, tmp_path)
    assert n_upserts > 2
    with closing(open_there(settings, tmp_path)) as search, open_home(embedded) as own:
        assert search.engine.count(ALIAS, exact=True).count == N_WORKS
        assert answers(search) == answers(own)


def test_the_alias_is_there_at_every_moment_of_a_swap(cluster: Cluster) -> None:
    with closing(open_engine(",".join(cluster.urls), patience_seconds=30)) as writer:
        for name in ("works-1", "works-2"):
            writer.create_collection(name, {"text": models.VectorParams(size=2, distance=models.Distance.DOT)})
        swap(writer, "works-1", first=True)
        ended = threading.Event()
        seen: list[tuple[str, ...]] = []

        def watch(url: str) -> None:
            with closing(open_engine(url, patience_seconds=30)) as reader:
                while not ended.is_set():
                    seen.append(tuple(alias.collection_name for alias in reader.get_aliases().aliases))

        threads = [threading.Thread(target=watch, args=(url,)) for url in cluster.urls]
        for thread in threads:
            thread.start()
        for number in range(20):
            swap(writer, f"works-{2 - number % 2}")
        ended.set()
        for thread in threads:
            thread.join()
    assert len(seen) > 3
    assert set(seen) <= {("works-1",), ("works-2",)}


def swap(engine: Engine, generation: str, *, first: bool = False) -> None:
    operations: list[models.AliasOperations] = [
        models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=generation, alias_name=ALIAS))
    ]
    if not first:
        operations.insert(0, models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=ALIAS)))
    engine.update_collection_aliases(operations)
