"""An index is built on, published to and pulled from a server whose connections fail."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from catalogues import SMALL, make_records, write_catalogue
from fakes import FakeEncoder
from homes import build, copy_home, open_home, read_points
from qdrant_stand_in import Fault, Node, stand_in

import indexer.exchange
import indexer.filling
from indexer.collection import generations
from indexer.engine import EngineUnavailable, open_engine, open_engine_of
from indexer.errors import ExchangeRefused
from indexer.exchange import Exchanged, publish, pull
from indexer.pipeline import build_index
from indexer.schema import ALIAS
from indexer.serving import serving_generation
from indexer.settings import IndexSettings
from indexer.values.taxonomy import load_taxonomy
from search_api.records import SearchRequest
from search_api.search import Search

QUERIES = ("hope in winter", "a killer on a ferry", "funny film about sisters", "book that teaches", "the stars answer")


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    monkeypatch.setattr(indexer.filling, "SERVER_GRACE_SECONDS", 0.0)
    monkeypatch.setattr(indexer.exchange, "SERVER_GRACE_SECONDS", 0.0)
    monkeypatch.setattr(indexer.exchange, "BATCH", 4)
    with stand_in(tmp_path / "server") as (running,):
        yield running


def answers(search: Search) -> list[list[tuple[str, float]]]:
    pages = [search.search(SearchRequest(query=query, limit=10)) for query in QUERIES]
    return [[(hit.id, pytest.approx(hit.score, abs=1e-4)) for hit in page.hits] for page in pages]


def answers_of_server(settings: IndexSettings, tmp_path: Path) -> list[list[tuple[str, float]]]:
    engine = open_engine_of(settings, read_only=True)
    with closing(Search(engine, FakeEncoder(), load_taxonomy(), known=tmp_path / "known-of-server")) as search:
        return answers(search)


def answers_of_home(home: Path) -> list[list[tuple[str, float]]]:
    with open_home(home) as search:
        return answers(search)


def fail_often(seed: int) -> list[Fault | None]:
    """Return what goes wrong with the next requests: with one in three something."""
    draw = random.Random(seed)
    faults: list[Fault | None] = ["cut", "lost", "halved", "503", "500", None, None, None, None, None, None, None]
    return draw.choices(faults, k=60)


@pytest.mark.parametrize("seed", range(2))
def test_a_build_whose_connections_fail_gives_the_answers_of_the_embedded_engine(
    node: Node, small_home: Path, tmp_path: Path, seed: int
) -> None:
    settings = IndexSettings(home=tmp_path / "home", qdrant_url=node.url)
    catalogue = write_catalogue(tmp_path / "films.jsonl", SMALL)
    node.faults = fail_often(seed)
    report = build_index([catalogue], settings, encoder=FakeEncoder())
    assert report.n_works == len(SMALL)
    node.faults = []
    assert answers_of_server(settings, tmp_path) == answers_of_home(small_home)


def test_a_build_that_finds_no_server_ends_and_the_next_one_goes_on(node: Node, tmp_path: Path) -> None:
    settings = IndexSettings(home=tmp_path / "home", qdrant_url=node.url, qdrant_retry_seconds=1)
    catalogue = write_catalogue(tmp_path / "films.jsonl", make_records(200))
    n_upserts = 0

    def die_while_filling(asked: str) -> Fault | None:
        nonlocal n_upserts
        n_upserts += asked.endswith("/points") and asked.startswith("PUT")
        return "cut" if n_upserts > 1 else None

    node.spoil = die_while_filling
    with pytest.raises(EngineUnavailable, match=rf"{node.url}: .*; tried for 1 s; the index is unchanged: run"):
        build_index([catalogue], settings, encoder=FakeEncoder())
    node.spoil = lambda _: None
    report = build_index([catalogue], settings, encoder=FakeEncoder())
    assert (report.changes["unchanged"], report.n_embedded) == (200, 0)
    with closing(open_engine(node.url)) as engine:
        assert engine.count(ALIAS).count == 200
        assert generations(engine) == [serving_generation(engine)]


def test_a_published_index_answers_as_the_embedded_one(node: Node, small_home: Path, tmp_path: Path) -> None:
    home = copy_home(small_home, tmp_path / "home")
    node.faults = fail_often(3)
    assert publish(IndexSettings(home=home), node.url) == Exchanged("works-1", len(SMALL), len(SMALL))
    node.faults = []
    served = IndexSettings(home=tmp_path / "elsewhere", qdrant_url=node.url)
    assert answers_of_server(served, tmp_path) == answers_of_home(small_home)
    assert publish(IndexSettings(home=home), node.url).n_carried == 0  # it is there
    assert not (home / "publishing.json").exists()


def test_a_publication_that_ended_goes_on_and_the_old_index_serves_until_then(node: Node, tmp_path: Path) -> None:
    home = tmp_path / "home"
    build(home, SMALL[:3])
    settings = IndexSettings(home=home, qdrant_retry_seconds=0)
    publish(settings, node.url)
    build(home, SMALL)
    n_upserts = 0

    def die_at_the_second(asked: str) -> Fault | None:
        nonlocal n_upserts
        n_upserts += asked.endswith("/points") and asked.startswith("PUT")
        return "503" if n_upserts > 1 else None

    node.spoil = die_at_the_second
    with pytest.raises(EngineUnavailable):
        publish(settings, node.url)
    node.spoil = lambda _: None
    with closing(open_engine(node.url)) as engine:
        assert engine.count(ALIAS).count == 3
    n_left = len(SMALL) - indexer.exchange.BATCH
    assert publish(settings, node.url) == Exchanged("works-2", len(SMALL), n_left)
    with closing(open_engine(node.url)) as engine:
        assert engine.count(ALIAS).count == len(SMALL)
        assert generations(engine) == ["works-2"]


def test_a_pulled_index_is_the_published_one(node: Node, small_home: Path, tmp_path: Path) -> None:
    publish(IndexSettings(home=copy_home(small_home, tmp_path / "home")), node.url)
    node.faults = fail_often(5)
    pulled = IndexSettings(home=tmp_path / "pulled")
    assert pull(pulled, node.url) == Exchanged("works-1", len(SMALL), len(SMALL))
    assert read_points(pulled.home) == read_points(small_home)
    assert answers_of_home(pulled.home) == answers_of_home(small_home)
    assert pull(pulled, node.url).n_carried == 0


def test_what_cannot_be_published_or_pulled_is_refused(node: Node, small_home: Path, tmp_path: Path) -> None:
    empty = IndexSettings(home=tmp_path / "empty")
    with pytest.raises(ExchangeRefused, match="no index to publish"):
        publish(empty, node.url)
    with pytest.raises(ExchangeRefused, match=f"{node.url} has no index"):
        pull(empty, node.url)
    with pytest.raises(ExchangeRefused, match="works of its own"):
        pull(IndexSettings(home=copy_home(small_home, tmp_path / "home")), node.url)
    with pytest.raises(ExchangeRefused, match="EVOKE_QDRANT_URL"):
        pull(IndexSettings(home=tmp_path / "third", qdrant_url=node.url), node.url)
