"""`evoke evaluate` from a folder to the table, the JSON, the runs and the exit code."""

from __future__ import annotations

import json
import math
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogues import make_record
from fakes import FakeEncoder
from judged import CORPUS, QRELS, QUERIES, add_line, write_benchmark
from rank_bm25 import BM25Okapi

import evoke
from evaluation.label_figures import measure_label, measure_labels
from evaluation.measures import MEASURES
from evaluation.query_vectors import CachedEncoder
from evaluation.settings import EvaluationSettings
from evaluation.systems import SYSTEMS, RankBM25, without_values
from indexer.bm25 import K1, B
from indexer.encoder.encoder import Vectors
from indexer.records import Features, ValueLabel, Work
from indexer.value_training.label_files import LabelledWork
from indexer.values.taxonomy import load_taxonomy
from search_api.ranking_settings import DEFAULT_FUSIONS, QUERY_KINDS, Fusions
from search_api.records import SearchRequest
from search_api.search import Search, open_search


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """The encoder that the verb uses; it loads no model."""
    fake = FakeEncoder()
    monkeypatch.setattr("evaluation.runner.open_encoder", lambda _: fake)
    return fake


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return write_benchmark(tmp_path / "films")


def evaluate(*arguments: object, code: int = 0) -> None:
    assert evoke.main(["evaluate", *map(str, arguments)]) == code


def measure(folder: Path, *arguments: object) -> dict[str, Any]:
    """Return the result that --json writes."""
    path = folder.parent / "results.json"
    evaluate(folder, "--json", path, *arguments)
    result: dict[str, Any] = json.loads(path.read_bytes())
    return result


def test_every_system_is_measured(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = measure(films)
    assert (result["benchmark"], result["split"], result["baseline"]) == ("films", "validation", "bm25")
    assert (result["n_works"], result["n_queries"], result["n_qrels"]) == (8, 3, 6)
    assert list(result["systems"]) == list(SYSTEMS)
    for name, measures in result["systems"].items():
        assert list(measures) == list(MEASURES)
        assert all(0 <= each["low"] <= each["value"] <= each["high"] <= 1 for each in measures.values())
        assert set(result["per_query"][name]["AP"]) == {"storms", "ferry", "kites"}
        assert 0 < result["latency_ms"][name]["p50"] <= result["latency_ms"][name]["p95"]
    assert set(result["comparisons"]) == set(SYSTEMS) - {"bm25"}
    printed = capsys.readouterr().out
    assert all(f"\n{name} " in printed for name in SYSTEMS)
    assert "films, validation: 3 queries, 6 judgements, 8 works" in printed


def test_the_baseline_is_measured_even_if_it_is_not_named(films: Path) -> None:
    result = measure(films, "--systems", "rrf", "--baseline-system", "dense")
    assert list(result["systems"]) == ["dense", "rrf"]
    assert list(result["comparisons"]) == ["rrf"]


def test_evoke_is_judged_by_what_search_answers(films: Path, home: Path, encoder: FakeEncoder) -> None:
    result = measure(films, "--systems", "evoke")
    (index,) = [each for each in (home / "evaluation").iterdir() if each.is_dir()]
    settings = EvaluationSettings(home=index)
    with closing(open_search(settings)) as opened, closing(Search(opened.engine, encoder, opened._taxonomy)) as search:
        for query_id, text in list(QUERIES.items())[:3]:
            places = [hit.id for hit in search.search(SearchRequest(query=text)).hits]
            relevant = {work for query, work, grade in QRELS if query == query_id and grade}
            first = min(place for place, work in enumerate(places, start=1) if work in relevant)
            assert result["per_query"]["evoke"]["RR"][query_id] == pytest.approx(1 / first)


def test_nothing_is_embedded_twice(films: Path, encoder: FakeEncoder) -> None:
    for _ in range(2):
        measure(films, "--systems", "dense")
        assert len(encoder.embedded) == len(CORPUS)


def test_another_corpus_has_an_index_of_its_own(films: Path, home: Path) -> None:
    (home / "kept").mkdir(parents=True)
    measure(films, "--systems", "bm25")
    add_line(films / "corpus.jsonl", {"_id": "w9", "title": "One More"})
    assert measure(films, "--systems", "bm25")["n_works"] == 9
    assert len([each for each in (home / "evaluation").iterdir() if each.is_dir()]) == 2
    assert {each.name for each in home.iterdir()} == {"kept", "evaluation"}


def test_a_server_is_left_alone(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOKE_QDRANT_URL", "http://127.0.0.1:9")
    assert measure(films, "--systems", "bm25")["n_works"] == 8


def test_several_benchmarks_are_a_list(films: Path) -> None:
    books = write_benchmark(films.parent / "books", qrels=QRELS[:3])
    path = films.parent / "both.json"
    evaluate(films, books, "--json", path, "--systems", "bm25", "dense")
    assert [(each["benchmark"], each["n_queries"]) for each in json.loads(path.read_bytes())] == [
        ("films", 3), ("books", 1),
    ]  # fmt: skip


def test_saved_runs_are_judged_as_their_systems_were(films: Path) -> None:
    runs = films.parent / "runs"
    own = measure(films, "--save-runs", runs)["per_query"]
    assert {path.name for path in runs.iterdir()} == {f"films.{name}.run" for name in SYSTEMS}
    for saved in runs.iterdir():
        saved.write_text(re.sub(r"\t(\S+)\n", r"\tforeign-\1\n", saved.read_text()))
    result = measure(films, "--systems", "bm25", "--run", *runs.iterdir(), "--baseline-system", "foreign-evoke")
    assert {f"foreign-{name}": judged for name, judged in own.items()}.items() <= result["per_query"].items()
    assert result["baseline"] == "foreign-evoke"
    assert list(result["latency_ms"]) == ["bm25"]


def test_a_run_may_name_ids_with_spaces(tmp_path: Path) -> None:
    corpus = [{"_id": "the one", "title": "Ferry"}, {"_id": "another", "title": "Kites"}]
    folder = write_benchmark(tmp_path / "films", corpus, {"a query": "ferry"}, [("a query", "the one", 1)])
    runs = tmp_path / "runs"
    measure(folder, "--save-runs", runs, "--systems", "dense", "evoke")
    result = measure(folder, "--systems", "bm25", "--run", runs / "films.dense.run", runs / "films.evoke.run")
    assert result["systems"]["evoke"]["RR"]["value"] == 1


def test_lenient_counts_what_it_allows_for(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_line(films / "qrels" / "validation.tsv", "storms\tw99\t1")
    (films.parent / "run").write_text("storms Q0 w1 1 0.5 mine\nmoon Q0 w1 1 0.5 mine\nferry Q0 w98 1 0.5 mine\n")
    evaluate(films, code=2)
    assert "--lenient" in capsys.readouterr().err
    result = measure(films, "--lenient", "--systems", "bm25", "--run", films.parent / "run")
    assert (result["n_queries"], result["n_qrels"]) == (3, 6)
    assert result["per_query"]["mine"]["RR"] == {"storms": 1, "ferry": 0, "kites": 0}
    printed = capsys.readouterr().out
    for counted in (
        "films: 1 judgements of absent works, left out",
        "run: 1 answers to queries that are not judged",
        "run: 1 answers with absent works",
        "run: 1 judged queries without an answer",
    ):
        assert counted in printed


RUN_LINES = {
    "storms Q0 w1 1 0.5": "run:1: has 5 fields",
    "storms Q0 w1 1 high mine": "run:1: the score 'high'",
    "storms Q0 w1 1 nan mine": "run:1: the score 'nan'",
    "storms Q0 w99 1 0.5 mine": "run:1: .* no work 'w99'",
    "storms Q0 w1 1 0.5 mine\nstorms Q0 w1 2 0.4 mine": "run:2: .*twice",
    "storms Q0 w1 1 0.5 mine\nferry Q0 w5 1 0.5 theirs": "run:2: the tag is 'theirs'",
    "moon Q0 w1 1 0.5 mine": "answers no query of films",
    "": "answers no query of films",
    "storms Q0 w1 1 0.5 bm25": "another system is called 'bm25'",
}


@pytest.mark.parametrize("lines", RUN_LINES)
def test_a_run_that_cannot_be_judged_is_refused(films: Path, lines: str, capsys: pytest.CaptureFixture[str]) -> None:
    (films.parent / "run").write_text(lines)
    evaluate(films, "--run", films.parent / "run", code=2)
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert re.search(RUN_LINES[lines], printed.err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--systems", "bm26"], "'bm26': there are rank-bm25, bm25"),
        (["--baseline-system", "best"], "'best'"),
        (["--split", "test"], "no split 'test': there are validation"),
        (["--json", "nowhere/results.json"], "nowhere"),
        (["--baseline", "missing.json"], "missing.json"),
        (["--labels", "missing.jsonl"], "missing.jsonl"),
    ],
)
def test_an_impossible_plan_is_refused_before_any_work(
    films: Path, home: Path, arguments: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate(films, *arguments, code=2)
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert not home.exists()


def test_two_folders_of_the_same_name_are_refused(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(films, write_benchmark(films.parent / "other" / "films"), code=2)
    assert "'films'" in capsys.readouterr().err


def test_a_judged_work_that_was_merged_with_another_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twins = [make_record("a", "Kites", "A boy builds kites.", kind="movie", ids={"imdb": "tt1"}) | {"source": source}
             for source in ("tmdb", "imdb")]  # fmt: skip
    evaluate(write_benchmark(tmp_path / "films", twins, qrels=[("kites", "tmdb:a", 1)]), "--systems", "bm25")
    evaluate(write_benchmark(tmp_path / "more", twins, qrels=[("kites", "imdb:a", 1)]), code=2)
    assert "1 judged works were merged with others, such as 'imdb:a'" in capsys.readouterr().err


def test_rejected_lines_are_counted(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_line(films / "corpus.jsonl", "{}")
    evaluate(films, "--systems", "bm25")
    assert "films: 1 lines were rejected: see " in capsys.readouterr().out


def test_the_gate_fails_when_a_measure_fell(films: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = films.parent / "before.json"
    evaluate(films, "--systems", "dense", "--json", path)
    evaluate(films, "--systems", "dense", "--baseline", path)
    (films / "qrels" / "validation.tsv").write_text("storms\tw7\t1\nferry\tw7\t1\nkites\tw2\t1\n")
    evaluate(films, "--systems", "dense", "--baseline", path, code=1)
    assert "fell: films, dense, nDCG@10 from " in capsys.readouterr().out


def test_labels_are_judged_on_the_labelled_works_of_the_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(3)
    corpus, labels = [], []
    for number in range(40):
        tags = [tag for tag in ("violence", "romantic") if draw.random() < 0.5]
        corpus.append(
            {"_id": str(number), "title": "A Film", "text": "It goes on.", "metadata": {"imdb_id": f"tt{number}"}}
        )
        labels.append({"imdb_id": f"tt{number}", "split": "train" if number < 10 else "validation", "tags": tags})
    folder = write_benchmark(tmp_path / "films", corpus, qrels=[("kites", "1", 1)])
    for label in labels:
        add_line(tmp_path / "labels.jsonl", label)
    result = measure(folder, "--systems", "bm25", "--labels", tmp_path / "labels.jsonl")
    n_said = sum("violence" in label["tags"] for label in labels[10:])
    violence = result["labels"]["T-violence"]
    assert (violence["name"], violence["n_works"], violence["n_said"]) == ("violence", 30, n_said)
    assert violence["auc"] == 0.5  # all texts are the same
    assert "violence" in capsys.readouterr().out
    (tmp_path / "labels.jsonl").write_text('{"imdb_id": "tt1", "split": "train", "tags": ["violence"]}')
    evaluate(folder, "--systems", "bm25", "--labels", tmp_path / "labels.jsonl")
    assert "the label files have no labels for its works in split validation" in capsys.readouterr().out


def test_a_label_counts_as_found_from_strength_one_half_up() -> None:
    strengths = np.array([0.9, 0.5, 0.49, 0.49, 0.1], dtype=np.float32)
    result = measure_label("hope", strengths, strengths, np.array([True, False, True, False, False]))
    assert (result.n_works, result.n_said) == (5, 2)
    assert (result.precision, result.recall, result.f1) == (1 / 2, 1 / 2, 1 / 2)
    assert result.auc == pytest.approx((3 + 1.5) / 6)  # of six pairs one is a tie and one is wrong


def test_ndcg_of_a_label_ranks_works_by_probability() -> None:
    said = np.array([True, False, True, False])
    probabilities = np.array([0.1, 0.8, 0.7, 0.6], dtype=np.float32)
    result = measure_label("hope", np.zeros(4, dtype=np.float32), probabilities, said)
    assert result.ndcg == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3)))


def make_labelled(n_works: int, n_reviewed: int) -> tuple[list[tuple[Work, Features]], list[LabelledWork]]:
    """Return works of which every other one is called violent; the first `n_reviewed` have reviews."""
    works, labelled = [], []
    empty = np.zeros(64, dtype=np.float32)
    for n in range(n_works):
        work = Work(id=f"{n:03}", title="A Film", ids={"imdb": f"tt{n}"}, n_reviews=3 if n < n_reviewed else 0)
        works.append((work, Features({}, (), empty, empty.reshape(1, -1), "en")))
        tags = {"violence": 1.0} if n % 2 else {"romantic": 1.0}
        labelled.append(LabelledWork(frozenset({("imdb", f"tt{n}")}), "validation", "tags", tags))
    return works, labelled


class ReviewReader:
    """A labeller that finds violence in works that have reviews, and nothing in others."""

    def __init__(self) -> None:
        self.taxonomy = load_taxonomy(None)

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        return [tuple(ValueLabel(each, score, score, None) for each, score in self._scores(work)) for work, _ in works]

    def _scores(self, work: Work) -> Iterator[tuple[str, float]]:
        for each in self.taxonomy.dimensions:
            yield each, 0.5 + (0.1 * (int(work.id) % 2) if work.n_reviews and each == "T-violence" else 0.0)


def test_labels_of_works_with_reviews_are_measured_beside_those_of_all_works() -> None:
    works, labelled = make_labelled(n_works=40, n_reviewed=12)
    figures = measure_labels(works, labelled, ReviewReader())
    assert list(figures.means) == ["all works", "works with reviews"]
    every, reviewed = figures.means.values()
    assert (every.n_works, reviewed.n_works) == (40, 12)
    others = reviewed.n_labels - 1  # all found by chance
    assert reviewed.auc.value == pytest.approx((1 + 0.5 * others) / (1 + others))
    # Of 20 violent works the 6 with reviews are found, and the others are like the 20 that are not violent.
    assert figures.labels["T-violence"].auc == pytest.approx((6 * 20 + 14 * 20 / 2) / 400)
    assert reviewed.auc.low <= reviewed.auc.value <= reviewed.auc.high
    before = [(work.model_copy(update={"n_reviews": 0}), features) for work, features in works]
    compared = measure_labels(works, labelled, ReviewReader(), lambda: before).means
    assert compared["the same without the records"].auc.value == 0.5
    assert compared["gain"].auc.value == pytest.approx(reviewed.auc.value - 0.5)
    assert compared["gain"].auc.low >= 0


def test_fewer_than_five_positives_among_works_with_reviews_are_not_measured() -> None:
    works, labelled = make_labelled(n_works=40, n_reviewed=8)
    assert list(measure_labels(works, labelled, ReviewReader()).means) == ["all works"]


def test_scores_kept_by_term_equal_those_of_rank_bm25() -> None:
    draw = random.Random(7)
    documents = [draw.choices("storm sea ferry kite salt road winter hope".split(), k=6) for _ in range(60)]  # noqa: SIM905
    query = ["ferry", "hope", "hope", "unheard"]
    expected = BM25Okapi(documents, k1=K1, b=B).get_scores(query)
    counted = [(f"w{n:02}", {word: words.count(word) for word in words}) for n, words in enumerate(documents)]
    scores = RankBM25(counted).scores(query)
    assert scores == pytest.approx({f"w{n:02}": score for n, score in enumerate(expected) if score > 0})


class CountingEncoder(FakeEncoder):
    """An encoder that takes 20 ms a text and counts the texts."""

    n_encoded = 0

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.n_encoded += len(texts)
        time.sleep(0.02 * len(texts))
        return super().encode(texts)


def test_a_text_is_encoded_once_and_its_time_counts_every_time() -> None:
    encoder = CachedEncoder(counting := CountingEncoder())
    first, again = encoder.encode(["a ferry"]), encoder.encode(["a ferry"])
    assert np.array_equal(first, again)
    assert counting.n_encoded == 1
    assert encoder.seconds >= 0.04
    assert encoder.spent_seconds < 0.04


def test_a_query_is_embedded_once_over_all_evaluations(
    films: Path, monkeypatch: pytest.MonkeyPatch, encoder: FakeEncoder
) -> None:
    def evaluate_with(encoder: CountingEncoder) -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr("evaluation.runner.open_encoder", lambda _: encoder)
        return encoder.n_encoded, measure(films, "--systems", "dense", "evoke")

    first = CountingEncoder()
    _, measured = evaluate_with(first)
    again = CountingEncoder()
    _, remeasured = evaluate_with(again)
    assert first.n_encoded > 0 == again.n_encoded
    assert remeasured["systems"] == measured["systems"]
    assert remeasured["latency_ms"]["dense"]["p50"] > 20  # the kept time of the embedding
    other = CountingEncoder("other")
    evaluate_with(other)
    assert other.n_encoded > 0


def test_both_fusions_rank_as_search_answers(small_search: Search) -> None:
    unvalued = Fusions(**{kind: without_values(DEFAULT_FUSIONS.of(kind)) for kind in QUERY_KINDS})
    searches = {"evoke": small_search, "evoke-values": Search(
        small_search.engine, small_search.encoder, small_search._taxonomy, unvalued
    )}  # fmt: skip
    for query in ("something hopeful", "a French comedy", "storms at a lighthouse", "Salt Road", "like Night Ferry"):
        request = SearchRequest(query=query, limit=5, offset=1)
        answered = [[(hit.id, hit.score) for hit in search.search(request).hits] for search in searches.values()]
        assert small_search.rank(request, [DEFAULT_FUSIONS, unvalued]) == answered


def test_the_starter_benchmark_needs_no_folder(encoder: FakeEncoder, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate("--systems", "bm25")
    assert "starter, validation: " in capsys.readouterr().out
    assert len(encoder.embedded) == 350
