"""A build that changes a few of many works changes only these, and gives the index that a full build gives."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from catalogues import make_records
from fakes import FakeEncoder
from homes import build, open_home, read_points, titles
from qdrant_client import models

import indexer.filling
from indexer.collection import swap_generation
from indexer.engine import open_engine
from indexer.schema import GenerationFacts
from indexer.served import ServedContent
from indexer.serving import read_facts, serving_generation
from search_api.records import SearchRequest

N_WORKS = 60
RECORDS = make_records(N_WORKS)
TOWN = "A volcano erupts, buries the town, dams its river and lights the harbour. The mayor counts boats."


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with sixty works. To read only."""
    folder = tmp_path_factory.mktemp("sixty") / "home"
    build(folder, RECORDS)
    return folder


@pytest.fixture
def built_home(start: Path, home: Path) -> Path:
    """A copy of the home with sixty works, to change."""
    return Path(shutil.copytree(start, home))


def facts_of(home: Path) -> GenerationFacts:
    engine = open_engine(home / "index", read_only=True)
    generation = serving_generation(engine)
    assert generation is not None
    facts = read_facts(engine, generation)
    engine.close()
    assert facts is not None
    return facts


def bm25_scores(home: Path, queries: Sequence[str]) -> list[dict[str, float]]:
    """Return the scores of works in the leg `bm25`, by id, for each query."""
    with open_home(home) as search:
        rankings = [search.find_candidates(SearchRequest(query=each), 100).rankings["bm25"] for each in queries]
        table = search.serving().table
        return [dict(zip(table.ids_of(each.rows), each.scores.tolist(), strict=True)) for each in rankings]


def changed(place: int, **facts: Any) -> dict[str, Any]:
    return {**RECORDS[place], **facts}


def other_text(place: int) -> str:
    """Return another description of a record with as many terms, so that the mean length of works stays."""
    n_terms = len([word for word in RECORDS[place]["description"].split() if word != "The"])
    return " ".join(f"Volcano{number}." for number in range(n_terms))


def test_one_changed_work_is_embedded_labelled_and_written_alone(built_home: Path, labelled: list[str]) -> None:
    encoder = FakeEncoder()
    report = build(built_home, [changed(7, description=TOWN)], encoder)
    assert (report.n_embedded, labelled, report.n_works) == (1, ["test:00007"], N_WORKS)
    facts = facts_of(built_home)
    assert (facts.n_changed, facts.n_works) == (1, N_WORKS)
    with open_home(built_home) as search:
        assert titles(search, "a volcano buries a town", limit=1) == [RECORDS[7]["title"]]
        assert search.work("test:00007").description == TOWN


def test_after_small_changes_the_index_is_as_if_built_at_once(built_home: Path, tmp_path: Path) -> None:
    description = other_text(3)
    rating = {"mean": 8.1, "count": 900, "scale": 10}
    new = {**RECORDS[5], "source_id": "new", "attribution": "A new source"}
    build(built_home, [changed(3, description=description)])
    build(built_home, [changed(4, rating=rating)])
    final = [*RECORDS[:3], changed(3, description=description), changed(4, rating=rating), *RECORDS[6:], new]
    report = build(built_home, final, prune=True)
    assert report.n_pruned == 1
    facts = facts_of(built_home)
    assert facts.n_changed == 4
    build(tmp_path / "fresh", final)
    fresh = facts_of(tmp_path / "fresh")
    assert fresh.n_changed == 0
    assert (facts.fingerprint, facts.attributions, facts.n_works) == (
        fresh.fingerprint, fresh.attributions, fresh.n_works,
    )  # fmt: skip
    assert read_points(built_home) == read_points(tmp_path / "fresh")
    queries = ["volcano harbour", "a mayor", "boats of the town"]
    scores = [bm25_scores(home, queries) for home in (built_home, tmp_path / "fresh")]
    assert scores[0] == scores[1]
    assert any(scores[0])


def test_an_index_that_was_changed_is_up_to_date(built_home: Path) -> None:
    new = [changed(3, description=other_text(3))]
    assert build(built_home, new).generation is not None
    report = build(built_home, new)
    assert (report.generation, report.n_embedded) == (None, 0)


def test_a_change_that_is_taken_back_gives_the_first_index(built_home: Path, start: Path) -> None:
    build(built_home, [changed(3, description=other_text(3))])
    encoder = FakeEncoder()
    report = build(built_home, [RECORDS[3]], encoder)
    assert (report.generation is not None, encoder.embedded) == (True, [])
    assert facts_of(built_home).fingerprint == facts_of(start).fingerprint
    assert read_points(built_home) == read_points(start)


def test_after_a_tenth_of_the_works_all_are_written_anew(built_home: Path) -> None:
    rating = {"mean": 8.1, "count": 900, "scale": 10}
    build(built_home, [changed(place, rating=rating) for place in range(4)])
    assert facts_of(built_home).n_changed == 4
    report = build(built_home, [changed(place, rating=rating) for place in range(10, 13)])
    assert "all works were written anew, since 7 works changed since that was last done" in report.notes
    assert facts_of(built_home).n_changed == 0


def test_another_mean_length_writes_all_works_anew(built_home: Path) -> None:
    before = facts_of(built_home).mean_terms
    report = build(built_home, [changed(3, description="A very long text. " * 40)])
    after = facts_of(built_home)
    assert (after.n_changed, after.mean_terms > before * 1.01) == (0, True)
    expected = f"all works were written anew, since their mean length is now {after.mean_terms:.1f} terms, and not"
    assert any(note.startswith(expected) for note in report.notes)


def test_a_change_that_moves_a_record_to_another_work_changes_both(built_home: Path) -> None:
    twin = {**RECORDS[8], "source": "imdb", "source_id": "tt0000071", "ids": {}}
    assert build(built_home, [twin]).n_works == N_WORKS
    with open_home(built_home) as search:
        assert len(search.work("test:00008").sources) == 2
    assert build(built_home, [{**twin, "title": "Far Away"}]).n_works == N_WORKS + 1
    assert facts_of(built_home).n_changed == 3
    with open_home(built_home) as search:
        assert len(search.work("test:00008").sources) == 1
        assert search.work("imdb:tt0000071").title == "Far Away"


def test_a_build_that_was_killed_after_the_swap_is_remembered(
    built_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(ServedContent, "update", kill)
        with pytest.raises(Killed):
            build(built_home, [changed(3, description=other_text(3))])
    after = read_points(built_home)
    assert after["test:00003"][0]["description"] == other_text(3)
    build(built_home, [changed(4, description=other_text(4))])
    assert facts_of(built_home).n_changed == 2
    assert read_points(built_home).keys() == after.keys()


@pytest.mark.parametrize("step", ["copy_generation", "mark_twins", "verify_generation", "swap_generation"])
def test_a_build_that_stops_leaves_the_old_index_and_the_next_goes_on(
    built_home: Path, start: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    final = [changed(3, description=other_text(3))]
    with monkeypatch.context() as patch:
        patch.setattr(indexer.filling, step, kill)
        with pytest.raises(Killed):
            build(built_home, final)
    assert read_points(built_home) == read_points(start)
    encoder = FakeEncoder()
    report = build(built_home, final, encoder)
    assert (report.generation is not None, encoder.embedded, facts_of(built_home).n_changed) == (True, [], 1)
    assert read_points(built_home)["test:00003"][0]["description"] == other_text(3)
    assert len(list((built_home / "index" / "collections").iterdir())) == 1


def test_an_index_that_is_not_the_remembered_one_is_written_anew(built_home: Path, tmp_path: Path, start: Path) -> None:
    other = tmp_path / "other"
    build(other, make_records(N_WORKS, seed=2))
    shutil.rmtree(built_home / "index")
    shutil.copytree(other / "index", built_home / "index")  # a generation of the same name with other works
    build(built_home, [changed(3, title="Another Title")])
    points = read_points(built_home)
    assert points.keys() == read_points(start).keys()
    assert points["test:00003"][0]["title"] == "Another Title"
    assert facts_of(built_home).n_changed == 0


def test_an_index_that_was_removed_is_written_anew(built_home: Path, start: Path) -> None:
    shutil.rmtree(built_home / "index")
    build(built_home, [RECORDS[0]])
    assert read_points(built_home) == read_points(start)


def test_a_server_keeps_the_replaced_generation_while_readers_load_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = open_engine(":memory:")
    for name in ("works-1", "works-2"):
        engine.create_collection(name, {"text": models.VectorParams(size=2, distance=models.Distance.DOT)})
    swap_generation(engine, "works-1")
    kept: list[bool] = []
    monkeypatch.setattr(
        "time.sleep", lambda seconds: kept.append(bool(seconds) and engine.collection_exists("works-1"))
    )
    swap_generation(engine, "works-2", grace_seconds=indexer.filling.SERVER_GRACE_SECONDS)
    assert kept == [True]
    assert [each.name for each in engine.get_collections().collections] == ["works-2"]
