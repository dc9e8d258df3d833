"""A service whose index is on a server says which address does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import FakeEncoder
from fastapi.testclient import TestClient
from homes import copy_home
from qdrant_stand_in import Node, stand_in

import indexer.exchange
from indexer.exchange import publish
from indexer.settings import IndexSettings
from search_api.search import open_search
from search_api.service.app import create_app
from search_api.settings import SearchSettings


@pytest.fixture
def nodes(tmp_path: Path, small_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Node]]:
    monkeypatch.setattr(indexer.exchange, "SERVER_GRACE_SECONDS", 0.0)
    with stand_in(tmp_path / "server", n_nodes=2) as running:
        publish(IndexSettings(home=copy_home(small_home, tmp_path / "built")), running[0].url)
        yield running


def test_readyz_names_the_addresses_that_do_not_answer(nodes: list[Node], tmp_path: Path) -> None:
    settings = SearchSettings(home=tmp_path / "home", qdrant_url=",".join(node.url for node in nodes))
    search = open_search(settings, FakeEncoder())
    with TestClient(create_app(settings, search)) as client:
        assert "unanswered" not in client.get("/readyz").json()
        nodes[0].stop()
        assert client.get("/v1/search?q=hope").status_code == 200
        (line,) = client.get("/readyz").json()["unanswered"]
        assert line.startswith(f"{nodes[0].url}: ")
        nodes[1].stop()
        answer = client.get("/v1/search?q=winter")
        assert answer.status_code == 503
        assert all(node.url in answer.json()["detail"] for node in nodes)


def test_a_reader_without_the_home_folder_of_the_build_gives_the_same_answers(
    nodes: list[Node], small_home: Path, tmp_path: Path
) -> None:
    elsewhere = SearchSettings(home=tmp_path / "elsewhere", qdrant_url=nodes[0].url)
    hits = []
    for settings in (SearchSettings(home=copy_home(small_home, tmp_path / "own")), elsewhere):
        search = open_search(settings, FakeEncoder())
        with TestClient(create_app(settings, search)) as client:
            found = client.get("/v1/search?q=a widower keeps a lighthouse").json()["hits"]
            hits.append([(hit["id"], pytest.approx(hit["score"], abs=1e-4)) for hit in found])
    assert hits[0] == hits[1]
    assert hits[0]
