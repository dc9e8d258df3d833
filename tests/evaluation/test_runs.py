"""Runs of other engines are read as trec_eval reads them, and what does not count is said."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
import pytrec_eval
from judged import CORPUS, write_benchmark

from evaluation.benchmark import Benchmark, read_benchmark
from evaluation.errors import RunInvalid
from evaluation.measures import measure_run
from evaluation.runs import read_run, write_run

TREC_NAMES = {
    "nDCG@10": "ndcg_cut_10", "RR": "recip_rank", "P@10": "P_10", "R@100": "recall_100", "AP": "map",
    "Success@10": "success_10",
}  # fmt: skip


@pytest.fixture
def films(tmp_path: Path) -> Benchmark:
    return read_benchmark(write_benchmark(tmp_path / "films"), "validation")


RUN = "storms Q0 w1 1 0.9 mine\nstorms\tQ0\tw8\t2\t0.4\tmine\nferry Q0 w5 1 -1 mine\nkites Q0 w7 1 3e2 mine\n"


@pytest.mark.parametrize(
    "wrapped",
    [RUN.encode(), b"\xef\xbb\xbf" + RUN.encode(), gzip.compress(RUN.encode()), RUN.replace("\n", "\r\n\r\n").encode()],
    ids=["plain", "mark", "gzip", "Windows"],
)
def test_a_run_is_read_however_it_was_saved(films: Benchmark, tmp_path: Path, wrapped: bytes) -> None:
    (tmp_path / "mine.run").write_bytes(wrapped)
    read = read_run(tmp_path / "mine.run", films)
    assert (read.tag, read.notes) == ("mine", ())
    assert {query: list(works) for query, works in read.answers.items()} == {
        "storms": ["w1", "w8"], "ferry": ["w5"], "kites": ["w7"],
    }  # fmt: skip


def test_queries_that_are_missing_or_not_judged_are_said(films: Benchmark, tmp_path: Path) -> None:
    (tmp_path / "mine.run").write_text("storms Q0 w1 1 1 mine\nmoon Q0 w1 1 1 mine\nunused Q0 w2 1 1 mine\n")
    read = read_run(tmp_path / "mine.run", films)
    not_judged, missing = read.notes
    assert not_judged.startswith("mine.run: 2 answers to queries that are not judged; the first: ")
    assert not_judged.endswith("mine.run:2: moon")
    assert missing == "mine.run: 2 judged queries without an answer, which score zero; the first: ferry"
    assert measure_run(read.answers, films.qrels)["RR"] == {"storms": 1.0, "ferry": 0.0, "kites": 0.0}


@pytest.mark.parametrize(
    ("line", "said", "rank"),
    [
        ("storms Q0 w99 1 5 mine", "1 answers with absent works", 2),
        ("storms Q0 w1 2 0.1 mine", "1 answers given twice", 1),
        ("storms Q0 w2 1 high mine", "1 lines that are no answers", 1),
        ("storms Q0 w2 1 5", "1 lines that are no answers", 1),
    ],
)
def test_lines_that_cannot_be_used_are_refused_or_counted(
    films: Benchmark, tmp_path: Path, line: str, said: str, rank: int
) -> None:
    (tmp_path / "mine.run").write_text(f"{RUN}{line}\n")
    with pytest.raises(RunInvalid, match=r"mine.run:5: .*--lenient"):
        read_run(tmp_path / "mine.run", films)
    read = read_run(tmp_path / "mine.run", films, lenient=True)
    (note,) = read.notes
    assert said in note
    assert "mine.run:5" in note
    assert measure_run(read.answers, films.qrels)["RR"]["storms"] == pytest.approx(1 / rank)


def test_measures_of_a_run_equal_those_of_trec_eval(films: Benchmark, tmp_path: Path) -> None:
    """Scores tie often, some only in the 32 bits that trec_eval keeps; some queries have no answer."""
    drawn = random.Random(5)
    works = [work["_id"] for work in CORPUS]
    for number in range(40):
        run = {
            query: {
                work: drawn.choice([0.5, 0.25, 0.1, 0.1 + 1e-10, -3.0])
                for work in drawn.sample(works, drawn.randint(1, len(works)))
            }
            for query in drawn.sample(sorted(films.queries), drawn.randint(1, len(films.queries)))
        }
        path = tmp_path / f"{number}.run"
        path.write_text("".join(f"{q} Q0 {w} 0 {score!r} x\n" for q, each in run.items() for w, score in each.items()))
        measured = measure_run(read_run(path, films).answers, films.qrels)
        by_trec = pytrec_eval.RelevanceEvaluator(films.qrels, set(TREC_NAMES.values())).evaluate(run)
        for name, trec_name in TREC_NAMES.items():
            expected = {query: by_trec[query][trec_name] if query in by_trec else 0.0 for query in films.queries}
            assert measured[name] == pytest.approx(expected, abs=1e-12), (number, name)


def test_a_saved_run_keeps_its_order_in_trec_eval(films: Benchmark, tmp_path: Path) -> None:
    answers = {"storms": {"w1": 0.5, "w8": 0.5, "w2": 0.5 - 1e-12, "w3": 0.25}}
    write_run(tmp_path / "own.run", "own", answers)
    written = [line.split("\t") for line in (tmp_path / "own.run").read_text().splitlines()]
    scores = {work: float(score) for _, _, work, _, score, _ in written}
    (judged,) = (
        pytrec_eval.RelevanceEvaluator({"storms": {"w8": 1}}, {"recip_rank"}).evaluate({"storms": scores}).values()
    )
    assert judged["recip_rank"] == pytest.approx(1 / 2)
    assert list(read_run(tmp_path / "own.run", films).answers["storms"]) == ["w1", "w8", "w2", "w3"]
