"""Recommendations are measured on people whom nothing was learnt from, by rankings of all works."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEncoder
from homes import build
from rated import film_id, imdb_id, make_films, make_ratings, write_movielens
from scipy.sparse import csr_matrix

import evoke
from evaluation.errors import RatingsTooFew
from evaluation.settings import EvaluationSettings
from evaluation.taste.measuring import MEASURES, measure_ranking
from evaluation.taste.peers import EASE_REGULARISATION, ease, item_knn, make_peers, rank
from evaluation.taste.protocols import cold_protocol, draw_cold, warm_protocols
from evaluation.taste.records import ProtocolResult, TasteEvaluation
from evaluation.taste.run import evaluate_taste
from indexer.taste_training.likes import Likes, split_users


def make_likes(n_users: int = 50, n_works: int = 40) -> Likes:
    """Return the likes of people who each like eight works."""
    draw = np.random.default_rng(3)
    rows = np.zeros((n_users, n_works), dtype=np.float32)
    for row in rows:
        row[draw.permutation(n_works)[:8]] = 1
    return Likes(csr_matrix(rows), csr_matrix(rows.shape), np.arange(n_works))


IDS = tuple(f"w{n:02}" for n in range(40))
STRENGTHS = {work_id: {"E1": n / 40, "E2": 1 - n / 40} for n, work_id in enumerate(IDS)}


def test_a_person_is_measured_with_or_learnt_from_never_both() -> None:
    learnt, measured = split_users(make_likes(), 0.2, 400, seed=1)
    assert len(measured) == 10
    assert sorted([*learnt, *measured]) == list(range(50))


def test_no_protocol_gives_what_is_to_be_found() -> None:
    likes = make_likes()
    protocols = warm_protocols(likes, np.arange(50), IDS, STRENGTHS, seed=1)
    assert [each.name for each in protocols] == ["strong", "few 1", "few 3", "few 5", "questionnaire"]
    assert [len(each.cases[0].likes) for each in protocols] == [6, 1, 3, 5, 1]
    for protocol in protocols:
        for case in protocol.cases:
            own = {IDS[column] for column in likes.likes_of(case.user)}
            assert {*case.likes, *case.find, *case.without} == own
            assert not case.find & {*case.likes, *case.without}


def test_values_of_a_questionnaire_are_told_by_works_that_are_not_to_be_found() -> None:
    rows = np.zeros((1, 40), dtype=np.float32)
    rows[0, :9] = 1  # all of these have more of E2 than is usual, and less of E1
    likes = Likes(csr_matrix(rows), csr_matrix(rows.shape), np.arange(40))
    (case,) = warm_protocols(likes, np.arange(1), IDS, STRENGTHS, seed=1)[-1].cases
    assert list(case.values) == ["E2"]


def test_in_cold_only_works_without_ratings_are_to_be_found() -> None:
    likes = make_likes()
    cold = draw_cold(likes, seed=1)
    protocol = cold_protocol(likes, np.arange(50), IDS, cold)
    assert len(cold) == 4
    assert protocol.pool == {IDS[column] for column in cold}
    assert protocol.cases
    assert all(case.find <= protocol.pool and not {*case.likes} & protocol.pool for case in protocol.cases)


def test_measures_are_those_of_the_literature() -> None:
    ranking = ["a", "x", "b", *(f"x{n}" for n in range(20)), "c"]
    found = dict(zip(MEASURES, measure_ranking(ranking, frozenset({"a", "b", "c", "d"})), strict=True))
    perfect = sum(1 / math.log2(rank + 1) for rank in range(1, 5))
    assert found["nDCG@10"] == pytest.approx((1 + 1 / 2) / perfect)
    assert found["nDCG@100"] == pytest.approx((1 + 1 / 2 + 1 / math.log2(25)) / perfect)
    assert (found["R@20"], found["R@50"], found["P@10"], found["R@10"]) == (0.5, 0.75, 0.2, 0.5)
    assert found["F1@10"] == pytest.approx(2 * 0.2 * 0.5 / 0.7)


def test_ease_solves_its_equation() -> None:
    matrix = make_likes().matrix.toarray().astype(np.float64)
    weights = ease(matrix.T @ matrix)
    column = 5
    others = [n for n in range(40) if n != column]
    rest = matrix[:, others]
    # The weights of a work are the ridge regression of its likes on those of all others.
    regressed = np.linalg.solve(rest.T @ rest + EASE_REGULARISATION * np.eye(39), rest.T @ matrix[:, column])
    assert weights[others, column] == pytest.approx(regressed, abs=1e-6)
    assert weights[column, column] == 0


def test_item_knn_has_the_cosines_of_the_likes() -> None:
    together = np.array([[4.0, 2.0], [2.0, 9.0]])
    assert item_knn(together) == pytest.approx(np.array([[0, 2 / 6], [2 / 6, 0]]))


def test_peers_rank_all_works_but_those_given() -> None:
    likes = make_likes()
    peers = make_peers(likes.matrix)
    for scores in peers.values():
        ranking = rank(scores(np.array([3, 4])), np.array([3, 4]), IDS, 100)
        assert sorted(ranking) == [work_id for work_id in IDS if work_id not in ("w03", "w04")]
    most_liked = max(range(40), key=lambda column: (likes.likers[column], -column))
    assert rank(peers["popularity"](np.array([])), np.array([], dtype=int), IDS, 1) == [IDS[most_liked]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rated")
    build(folder / "home", make_films())
    write_movielens(folder)
    lines = [f"{imdb_id(n)},{imdb_id(n + 2 if n % 4 < 2 else n + 1)},{5 if n % 4 < 2 else 1}" for n in range(40)]
    (folder / "pairs.csv").write_text("\n".join(["one,other,grade", *lines]) + "\n")
    return folder


@pytest.fixture(scope="module")
def evaluation(folder: Path) -> TasteEvaluation:
    settings = EvaluationSettings(home=folder / "home")
    files = [folder / "ratings.csv"], [folder / "links.csv"]
    return evaluate_taste(*files, settings, pairs=folder / "pairs.csv", encoder=FakeEncoder())


def test_recommendations_of_the_engine_beat_popularity(evaluation: TasteEvaluation) -> None:
    results = {result.name: result for result in evaluation.results}
    assert list(results) == ["strong", "few 1", "few 3", "few 5", "questionnaire", "cold"]
    strong = results["strong"]
    assert list(strong.systems) == ["evoke", "content", "popularity", "item-kNN", "EASE"]
    difference = strong.systems["popularity"].difference
    assert difference is not None
    assert difference.low > 0


def test_works_without_ratings_are_found_by_their_content(evaluation: TasteEvaluation) -> None:
    (cold,) = [result for result in evaluation.results if result.name == "cold"]
    assert cold.n_works == 6
    assert cold.systems["evoke"].measures["nDCG@10"].value > 0.6  # by chance .5: three of the six are of one's side


def test_similar_pairs_are_told_from_others(evaluation: TasteEvaluation) -> None:
    assert evaluation.pairs is not None
    assert (evaluation.pairs.n_pairs, evaluation.pairs.n_similar) == (40, 20)
    assert evaluation.pairs.auc > 0.9


def test_the_second_evaluation_builds_nothing_and_says_the_same(folder: Path, evaluation: TasteEvaluation) -> None:
    homes = sorted((folder / "home" / "evaluation").iterdir())
    before = [sorted(each.name for each in (home / "index").iterdir()) for home in homes]
    settings = EvaluationSettings(home=folder / "home")
    again = evaluate_taste([folder / "ratings.csv"], [folder / "links.csv"], settings, encoder=FakeEncoder())
    assert again.results == evaluation.results
    assert [sorted(each.name for each in (home / "index").iterdir()) for home in homes] == before


def test_too_few_people_are_refused(folder: Path, tmp_path: Path) -> None:
    ratings, links = write_movielens(tmp_path, make_ratings()[:120])
    with pytest.raises(RatingsTooFew, match="fewer than 10 people can be measured with"):
        evaluate_taste([ratings], [links], EvaluationSettings(home=folder / "home"), encoder=FakeEncoder())


def test_the_verb_prints_tables_and_writes_json(
    folder: Path, evaluation: TasteEvaluation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def show_all(*_: object, show: Callable[[ProtocolResult], None], **__: object) -> TasteEvaluation:
        for result in evaluation.results:
            show(result)
        return evaluation

    monkeypatch.setattr("evaluation.taste.run.evaluate_taste", show_all)
    monkeypatch.setenv("EVOKE_HOME", str(folder / "home"))
    target = folder / "figures.json"
    assert evoke.main(["evaluate", "--ratings", str(folder / "ratings.csv"), "--json", str(target)]) == 0
    shown = capsys.readouterr().out
    assert "movie, few 3 (three likes given): " in shown
    assert "similar pairs: AUC " in shown
    written = json.loads(target.read_bytes())
    assert len(written["results"]) == 6
    assert film_id(3) not in target.read_text()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--ratings", "r.csv", "--understanding", "u.jsonl"], "--ratings measures recommendations alone: leave out"),
        (["--links", "links.csv"], "--links belongs to --ratings: give both"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evoke.main(["evaluate", *arguments]) == 2
    assert line in capsys.readouterr().err
