"""The gate reports the falls since an earlier evaluation that are more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.benchmark import Benchmark
from evaluation.errors import BaselineInvalid
from evaluation.gate import Fall, check_comparable, describe_fall, find_falls, read_baseline
from evaluation.records import BenchmarkResult, LabelFigures
from evaluation.results import results_to_json
from evaluation.runner import to_result

N_QUERIES = 20


def measured(ranks: Sequence[int], name: str = "films", first: int = 0) -> BenchmarkResult:
    """Return the result of a system that finds each query's one relevant work at a given rank."""
    queries = {f"q{number}": "a film" for number in range(first, first + len(ranks))}
    benchmark = Benchmark(name, "validation", Path(), queries, {each: {"right": 1} for each in queries}, frozenset())
    run = {
        query_id: {f"w{place}": -float(place) for place in range(1, rank)} | {"right": -float(rank)}
        for query_id, rank in zip(queries, ranks, strict=True)
    }
    return to_result(benchmark, {"bm25": {}, "evoke": run}, {}, "bm25", LabelFigures())


def falls(before: Sequence[BenchmarkResult], now: Sequence[BenchmarkResult], folder: Path) -> dict[str, float | None]:
    """Return the measures of evoke that fell, with their p; the earlier results go through a file."""
    (folder / "before.json").write_bytes(results_to_json(before))
    fallen = find_falls(read_baseline(folder / "before.json"), now)
    assert all(fall.system == "evoke" for fall in fallen)
    return {fall.measure: fall.p for fall in fallen}


MIXED = [1, 1, 2, 3, 9, 1, 4, 1, 30, 2] * 2


def test_nothing_fell_where_nothing_changed(tmp_path: Path) -> None:
    assert falls([measured(MIXED)], [measured(MIXED)], tmp_path) == {}


def test_a_rise_is_not_a_fall(tmp_path: Path) -> None:
    assert falls([measured(MIXED)], [measured([1] * N_QUERIES)], tmp_path) == {}


def test_a_small_fall_of_most_queries_is_beyond_noise(tmp_path: Path) -> None:
    """Every work slips by one rank: a drop within the interval, but in the same direction for every query."""
    before = measured(MIXED)
    fallen = falls([before], [measured([rank + 1 for rank in MIXED])], tmp_path)
    assert fallen["RR"] is not None
    assert fallen["RR"] < 0.05
    assert "Success@10" not in fallen


def test_a_fall_of_one_query_is_noise(tmp_path: Path) -> None:
    assert falls([measured(MIXED)], [measured([2, *MIXED[1:]])], tmp_path) == {}


def test_a_fall_beyond_the_interval_is_reported_even_on_other_queries(tmp_path: Path) -> None:
    fallen = falls([measured(MIXED)], [measured([50] * N_QUERIES, first=7)], tmp_path)
    assert fallen["nDCG@10"] is None


def test_each_benchmark_is_compared_with_itself(tmp_path: Path) -> None:
    films, books = measured(MIXED), measured([1] * N_QUERIES, "books")
    assert falls([films, books], [books, films], tmp_path) == {}


def test_a_fall_is_described_in_one_line() -> None:
    fall = Fall("films", "evoke", "nDCG@10", 1.0, 0.63093, p=0.00138)
    assert describe_fall(fall) == "fell: films, evoke, nDCG@10 from 1.0000 to 0.6309 (p 0.0014)"
    assert describe_fall(replace(fall, p=None)) == "fell: films, evoke, nDCG@10 from 1.0000 to 0.6309"


@pytest.mark.parametrize(("name", "system"), [("books", "evoke"), ("films", "dense")])
def test_benchmarks_and_systems_without_earlier_results_are_refused(tmp_path: Path, name: str, system: str) -> None:
    (tmp_path / "before.json").write_bytes(results_to_json([measured(MIXED)]))
    now = Benchmark(name, "validation", Path(), {}, {}, frozenset())
    with pytest.raises(BaselineInvalid, match=f"does not have {name}, validation"):
        check_comparable(read_baseline(tmp_path / "before.json"), [now], {system})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1]",
        "{}",
        '{"understanding": "mine.jsonl"}',
        '{"benchmark": "films", "split": "test", "systems": {"bm25": 1}}',
    ],
)
def test_a_file_that_is_not_an_evaluation_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "before.json").write_text(content)
    with pytest.raises(BaselineInvalid, match=r"before.json is not an earlier evaluation"):
        read_baseline(tmp_path / "before.json")
