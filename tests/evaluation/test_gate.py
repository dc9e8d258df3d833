"""The gate: which falls since an earlier evaluation are more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation.benchmark import Benchmark
from evaluation.errors import BaselineInvalid
from evaluation.gate import check_comparable, describe_fall, find_falls, read_baseline
from evaluation.records import BenchmarkResult
from evaluation.results import results_to_json
from evaluation.runner import to_result

N_QUERIES = 20


def measured(ranks: Sequence[int], name: str = "films", first: int = 0) -> BenchmarkResult:
    """Gives the result of a system that has each query's one relevant work at a rank."""
    queries = {f"q{number}": "a film" for number in range(first, first + len(ranks))}
    benchmark = Benchmark(name, "validation", Path(), queries, {each: {"right": 1} for each in queries}, frozenset())
    run = {
        query_id: {f"w{place}": -float(place) for place in range(1, rank)} | {"right": -float(rank)}
        for query_id, rank in zip(queries, ranks, strict=True)
    }
    return to_result(benchmark, {"bm25": {}, "evoke": run}, {}, "bm25", {})


def falls(before: Sequence[BenchmarkResult], now: Sequence[BenchmarkResult], folder: Path) -> dict[str, float | None]:
    """Gives the measures of evoke that fell, with their p, by way of the file."""
    (folder / "before.json").write_bytes(results_to_json(before))
    found = find_falls(read_baseline(folder / "before.json"), now)
    assert all(fall.system == "evoke" for fall in found)
    return {fall.measure: fall.p for fall in found}


MIXED = [1, 1, 2, 3, 9, 1, 4, 1, 30, 2] * 2


def test_nothing_fell_where_nothing_changed(tmp_path: Path) -> None:
    assert falls([measured(MIXED)], [measured(MIXED)], tmp_path) == {}


def test_what_rose_did_not_fall(tmp_path: Path) -> None:
    assert falls([measured(MIXED)], [measured([1] * N_QUERIES)], tmp_path) == {}


def test_a_small_fall_of_most_queries_is_beyond_noise(tmp_path: Path) -> None:
    """Every work slips by one rank: less than the interval is wide, but never the other way."""
    before = measured(MIXED)
    found = falls([before], [measured([rank + 1 for rank in MIXED])], tmp_path)
    assert found["RR"] is not None
    assert found["RR"] < 0.05
    assert "Success@10" not in found


def test_a_fall_of_one_query_is_noise(tmp_path: Path) -> None:
    assert falls([measured(MIXED)], [measured([2, *MIXED[1:]])], tmp_path) == {}


def test_a_fall_beyond_the_interval_is_told_of_other_queries_too(tmp_path: Path) -> None:
    found = falls([measured(MIXED)], [measured([50] * N_QUERIES, first=7)], tmp_path)
    assert found["nDCG@10"] is None


def test_each_benchmark_is_compared_with_itself(tmp_path: Path) -> None:
    films, books = measured(MIXED), measured([1] * N_QUERIES, "books")
    assert falls([films, books], [books, films], tmp_path) == {}


def test_a_fall_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "before.json").write_bytes(results_to_json([measured([1] * N_QUERIES)]))
    (fall, *_) = find_falls(read_baseline(tmp_path / "before.json"), [measured([2] * N_QUERIES)])
    assert describe_fall(fall) == "fell: films, evoke, nDCG@10 from 1.0000 to 0.6309 (p 0.0014)"


@pytest.mark.parametrize(("name", "system"), [("books", "evoke"), ("films", "dense")])
def test_what_cannot_be_compared_is_not_measured(tmp_path: Path, name: str, system: str) -> None:
    (tmp_path / "before.json").write_bytes(results_to_json([measured(MIXED)]))
    now = Benchmark(name, "validation", Path(), {}, {}, frozenset())
    with pytest.raises(BaselineInvalid, match=f"does not have {name}, validation"):
        check_comparable(read_baseline(tmp_path / "before.json"), [now], {system})


@pytest.mark.parametrize("told", ["", "[1]", "{}", '{"benchmark": "films", "split": "test", "systems": {"bm25": 1}}'])
def test_a_file_that_is_no_evaluation_is_refused(tmp_path: Path, told: str) -> None:
    (tmp_path / "before.json").write_text(told)
    with pytest.raises(BaselineInvalid, match=r"before.json is no earlier evaluation"):
        read_baseline(tmp_path / "before.json")
