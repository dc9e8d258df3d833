"""`evoke tune`: which settings are chosen, which stay, and how index and search use them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogues import SMALL
from fakes import FakeEncoder
from homes import build
from judged import CORPUS, write_benchmark
from tracked import names_of_data, read_runs

import evoke
from evaluation.significance import Floats
from evaluation.tuning.records import Decision, FusionScores
from evaluation.tuning.space import fusions_to_try
from evaluation.tuning.tuning import choose_fusions, score_query
from indexer.bm25 import BM25
from search_api.candidates import Candidates
from search_api.fusion import Ranking, fuse, union
from search_api.ranking_settings import DEFAULT_FUSIONS, QUERY_KINDS, Cleaning, Cleanings, Fusion, Fusions, Tuned
from search_api.records import Intent

FUSIONS = fusions_to_try(DEFAULT_FUSIONS)
OTHER = QUERY_KINDS.index("other")
SERVING = FUSIONS[OTHER]
WORDS = {str(work["_id"]): str(work["text"]).partition(".")[0] for work in CORPUS}
"""The first sentence of each work. Its title would name the work, and a search does not show works that it names."""


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """The encoder that the verb uses; it loads no model."""
    fake = FakeEncoder()
    monkeypatch.setattr("evaluation.tuning.tuning.open_encoder", lambda _: fake)
    return fake


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """A benchmark of twelve queries."""
    queries = {f"q{n}": f"{WORDS[f'w{n % 8 + 1}']} and {WORDS[f'w{n % 7 + 1}']}" for n in range(12)}
    return write_benchmark(
        tmp_path / "films", queries=queries, qrels=[(f"q{n}", f"w{n % 8 + 1}", 1) for n in range(12)]
    )


def tune(*arguments: object, code: int = 0) -> None:
    assert evoke.main(["tune", *map(str, arguments)]) == code


def make_scores(scores: Floats, benchmarks: list[str] | None = None) -> FusionScores:
    """Return scores of queries of kind `other`; a fusion without a column in `scores` scores 0."""
    padded = np.zeros((len(scores), len(FUSIONS)))
    padded[:, OTHER : OTHER + scores.shape[1]] = scores
    return FusionScores(FUSIONS, padded, ["other"] * len(scores), benchmarks or ["films"] * len(scores))


def choose(scores: Floats, benchmarks: list[str] | None = None) -> tuple[Decision, Floats]:
    """Return the decision for queries of kind `other`, and their scores out of fold."""
    return list(choose_fusions(make_scores(scores, benchmarks), DEFAULT_FUSIONS))[OTHER]


def test_a_fusion_that_is_better_on_unseen_queries_is_chosen() -> None:
    scores = np.random.default_rng(1).uniform(size=(60, 3)) * 0.5
    scores[:, 1] = scores[:, 0] + 0.1
    decision, after = choose(scores)
    assert decision.chosen == FUSIONS[OTHER + 1] != SERVING
    assert astuple(decision.difference) == pytest.approx((0.1, 0.1, 0.1))
    assert after == pytest.approx(scores[:, 1])


def test_a_fusion_that_is_best_by_chance_is_not_chosen() -> None:
    scores = np.random.default_rng(2).uniform(size=(60, 400))
    assert scores.mean(axis=0).max() > scores[:, 0].mean() + 0.05
    decision, after = choose(scores)
    assert decision.found != SERVING
    assert decision.difference.low < 0
    assert decision.chosen == SERVING
    assert after == pytest.approx(scores[:, 0])


def test_too_few_queries_change_nothing() -> None:
    decision, _ = choose(np.array([[0.0, 1.0]] * 9))
    assert (decision.found, decision.chosen) == (None, SERVING)


def test_benchmarks_have_equal_weight() -> None:
    """One fusion gains .1 on 90 queries of the large benchmark, the other .2 on 30 of the small one."""
    scores = np.zeros((120, 3)) + 0.5
    scores[:90, 1] += 0.1
    scores[90:, 2] += 0.2
    decision, after = choose(scores, ["large"] * 90 + ["small"] * 30)
    assert decision.chosen == FUSIONS[OTHER + 2]
    assert decision.difference.value == pytest.approx(0.1)
    assert (after[:90].mean(), after[90:].mean()) == pytest.approx((0.5, 0.7))


def test_of_equally_good_fusions_the_one_most_similar_to_the_serving_one_is_found() -> None:
    """All fusions of depth 100 are equally good, so only the depth needs to change."""
    scores = np.array([[float(fusion.depth == 100) for fusion in FUSIONS[OTHER:]]] * 20)
    found = choose(scores)[0].found
    assert found is not None
    assert (found.method, found.depth, found.weights["values"]) == (SERVING.method, 100, SERVING.weights["values"])


def test_a_fusion_is_tried_as_search_fuses() -> None:
    rankings = {
        "text": Ranking(np.array([1, 2, 3]), np.array([0.9, 0.8, 0.1])),
        "bm25": Ranking(np.array([4, 3, 2]), np.array([9.0, 8.0, 1.0])),
    }
    candidates = Candidates(Intent(text="a query"), rankings)
    cut = {leg: ranking.part(0, 2) for leg, ranking in rankings.items()}

    def fused(legs: dict[str, Ranking], fusion: Fusion) -> dict[int, float]:
        rows = union(legs.values())
        return dict(zip(rows.tolist(), fuse(rows, legs, fusion, {}).tolist(), strict=True))

    fusions = [
        Fusion(method="linear", weights={"text": 2.0}),
        Fusion(method="linear", weights={"text": 2.0, "values": 3.0}),
        Fusion(method="rrf", weights={"text": 0.5}),
        Fusion(method="linear", weights={"text": 0.5}, depth=2),
    ]
    for work in range(1, 5):
        ranks = [
            sorted(scores, key=lambda each: (-scores[each], each)).index(work) + 1 if work in scores else None
            for scores in [fused(rankings, fusion) for fusion in fusions[:3]] + [fused(cut, fusions[3])]
        ]
        expected = [1 / np.log2(rank + 1) if rank else 0.0 for rank in ranks]
        assert score_query(candidates, {work: 1}, fusions) == pytest.approx(expected)


def test_the_same_benchmark_gives_the_same_file(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = films.parent / "tuning.json"
    tune(films, "-o", output)
    printed = capsys.readouterr().out
    assert all(f"\nfusion    {kind}" in printed and f"\ncleaning  {kind}" in printed for kind in QUERY_KINDS)
    assert "1 benchmarks, 12 queries" in printed
    first = output.read_bytes()
    figures = json.loads(first)["figures"]
    assert sum(kind["n_queries"] for kind in figures["kinds"].values()) == 12
    assert 0 < figures["benchmarks"]["films"]["before"] <= 1
    tune(films, "-o", output)
    assert output.read_bytes() == first


def test_a_tuning_is_logged(films: Path, home: Path) -> None:
    output = films.parent / "tuning.json"
    tune(films, "-o", output)
    (logged,) = read_runs(home)
    assert logged.data.params["output.sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    chosen = json.loads(output.read_bytes())
    assert json.loads(logged.data.params["fusion_ mood"]) == chosen["mood"]
    assert logged.data.metrics["films before"] == chosen["figures"]["benchmarks"]["films"]["before"]
    assert names_of_data(logged) == ["films, validation"]


def test_the_score_before_tuning_equals_that_of_the_evaluation(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.runner.open_encoder", lambda _: FakeEncoder())
    tune(films, "-o", films.parent / "tuning.json")
    before = json.loads((films.parent / "tuning.json").read_bytes())["figures"]["benchmarks"]["films"]["before"]
    results = films.parent / "results.json"
    assert evoke.main(["evaluate", str(films), "--systems", "evoke", "--json", str(results)]) == 0
    assert json.loads(results.read_bytes())["systems"]["evoke"]["nDCG@10"]["value"] == pytest.approx(before)


def test_search_fuses_each_kind_of_query_as_the_file_says(
    tmp_path: Path, small_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = Fusion(method="linear", depth=1)
    fusions = Fusions(described=one, mood=Fusion(method="rrf"), guess=one, other=Fusion(method="dbsf"))
    (tmp_path / "tuning.json").write_text(fusions.model_dump_json())
    monkeypatch.setenv("EVOKE_TUNING", str(tmp_path / "tuning.json"))
    monkeypatch.setenv("EVOKE_HOME", str(small_home))
    monkeypatch.setattr("search_api.search.open_encoder", lambda _: FakeEncoder())

    def scores(query: str) -> list[float]:
        assert evoke.main(["search", query, "--json", "--limit", "100"]) == 0
        return [hit["score"] for hit in json.loads(capsys.readouterr().out)["hits"] if hit["score"] > 0]

    description = "the lighthouse keeper and his daughter were on an island " * 5
    assert len(scores(description)) <= 2 < len(scores("lighthouse keepers"))
    assert max(scores("something funny")) <= 3 / 61 < max(scores("lighthouse keepers"))


def test_bm25_is_replaced_where_another_finds_the_right_works(films: Path) -> None:
    """Every query is a title; with equal field weights, descriptions that repeat the word three times outrank it."""
    words = [f"{a}{b}" for a in ("north", "salt", "glass", "night", "winter") for b in ("road", "ferry", "kite")]
    corpus = [{"_id": f"title-{word}", "title": word, "text": "An old tale, long and slow."} for word in words]
    corpus += [
        {"_id": f"text-{word}-{n}", "title": f"Other {n}", "text": f"{word}, {word} and {word}."}
        for word in words
        for n in range(12)
    ]
    queries = {f"q-{word}": f"the {word} tale" for word in words}
    folder = write_benchmark(
        films.parent / "titles", corpus, queries, [(f"q-{word}", f"title-{word}", 1) for word in words]
    )
    output = films.parent / "tuning.json"
    tune(folder, "-o", output)
    tuned = json.loads(output.read_bytes())
    assert tuned["bm25"] != BM25().model_dump()
    figures = tuned["figures"]["bm25"]
    assert figures["is_better"]
    assert figures["difference"]["low"] > 0
    assert figures["found"] == tuned["bm25"]
    assert tuned["figures"]["benchmarks"]["titles"]["after"] > tuned["figures"]["benchmarks"]["titles"]["before"]


def test_index_and_search_use_the_tuned_settings(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build(home, SMALL)
    monkeypatch.setattr("search_api.search.open_encoder", lambda _: FakeEncoder())
    monkeypatch.setattr("indexer.pipeline.open_encoder", lambda _: FakeEncoder())

    def find(query: str) -> dict[str, Any]:
        assert evoke.main(["search", query, "--json"]) == 0
        page: dict[str, Any] = json.loads(capsys.readouterr().out)
        return page

    query = "please recommend kites, storms and the truck"
    usual = find(query)
    tuned = Tuned.of_fusions(
        DEFAULT_FUSIONS, bm25=BM25(weights={"description": 0}), cleanings=Cleanings(other=Cleaning(unwrap=False))
    )
    (tmp_path / "tuning.json").write_text(tuned.model_dump_json())
    monkeypatch.setenv("EVOKE_TUNING", str(tmp_path / "tuning.json"))
    assert find(query)["intent"]["text"] == query != usual["intent"]["text"]
    assert evoke.main(["index", str(home.parent / "home.jsonl")]) == 0
    assert "0 embedded; now serving works-2" in capsys.readouterr().out
    assert not any(hit["legs"]["bm25"].get("rank") for hit in find("storms and trucks")["hits"])
    few = Tuned.of_fusions(DEFAULT_FUSIONS, cleanings=Cleanings.for_every_kind(Cleaning(most_terms=1)))
    (tmp_path / "tuning.json").write_text(few.model_dump_json())
    assert evoke.main(["index", str(home.parent / "home.jsonl")]) == 0
    capsys.readouterr()
    found = find("a boy builds kites, a boy and another boy")  # "boy" has the highest weight
    assert {hit["id"] for hit in found["hits"] if hit["legs"]["bm25"].get("rank")} == {"test:kite-maker"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "test"], "name validation"),
        (["--split", "train"], "no split 'train'"),
        (["--split", "empty"], "no judgement"),
        (["-o", "/no/such/folder/tuning.json"], "/no/such/folder"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(
    films: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (films / "qrels" / "empty.tsv").touch()
    (films / "qrels" / "test.tsv").write_text((films / "qrels" / "validation.tsv").read_text())
    tune(films, "-o", films.parent / "tuning.json", *arguments, code=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_two_benchmarks_of_the_same_name_are_refused(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_benchmark(films.parent / "more" / "films")
    tune(films, films.parent / "more" / "films", "-o", films.parent / "tuning.json", code=2)
    assert "two benchmarks are called 'films'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("[1", "is not a file of `evoke tune`"),
        ('{"described": {"method": "vote"}}', "described.method"),
        (json.dumps({kind: {"method": "rrf"} for kind in QUERY_KINDS[:-1]}), "other: Field required"),
    ],
)
def test_a_broken_tuning_file_is_refused_in_one_line(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str,
    message: str,
) -> None:
    build(home, SMALL)
    path = tmp_path / "tuning.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("EVOKE_TUNING", str(path))
    monkeypatch.setattr("search_api.search.open_encoder", lambda _: FakeEncoder())
    assert evoke.main(["search", "hope"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line
    assert message in line
