"""Benchmarks in BEIR's layout are read, and broken ones are refused with file and line."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from catalogues import make_record
from judged import CORPUS, QUERIES, add_line, write_benchmark

from evaluation.benchmark import read_benchmark
from evaluation.errors import BenchmarkInvalid


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_split_has_only_the_queries_that_it_judges(tmp_path: Path, suffix: str) -> None:
    benchmark = read_benchmark(write_benchmark(tmp_path / "films", suffix=suffix), "validation")
    assert (benchmark.name, benchmark.split) == ("films", "validation")
    assert benchmark.queries == {name: text for name, text in QUERIES.items() if name != "unused"}
    assert benchmark.qrels == {"storms": {"w1": 2, "w8": 1, "w2": 0}, "ferry": {"w5": 2, "w8": 1}, "kites": {"w7": 1}}
    assert benchmark.work_ids == {work["_id"] for work in CORPUS}


def test_a_header_may_be_missing(tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "films")
    (folder / "qrels" / "bare.tsv").write_text("storms\tw1\t1\n")
    assert read_benchmark(folder, "bare").qrels == {"storms": {"w1": 1}}


def test_source_records_are_named_as_in_the_index(tmp_path: Path) -> None:
    corpus = [make_record("salt-road", "Salt Road")]
    folder = write_benchmark(tmp_path / "films", corpus, qrels=[("storms", "test:salt-road", 1)])
    assert read_benchmark(folder, "validation").work_ids == {"test:salt-road"}


BAD_JUDGEMENTS = {
    "kites\tw99\t1": "has no work 'w99'",
    "moon\tw1\t1": "has no query 'moon'",
    "kites\tw1\t" + "9" * 5_000: "has more than 9 digits",
    "kites\tw7\t0": "'kites' and work 'w7' are judged twice, 1 and 0",
    "kites\tw1\t0.5": "the grade '0.5'",
    "kites\tw1": "has 2 fields",
}
BAD_QUERIES = {
    "storms": "not a query",
    '{"_id": "a", "text": 1}': "not a query",
    '{"text": "a"}': "not a query",
    '{"_id": "a", "text": " "}': "has 0 characters",
    '{"_id": "a", "text": "%s"}' % ("a" * 10_001): "has 10,001 characters",
    '{"_id": "kites", "text": "a"}': "'kites' is taken by an earlier query",
}
BROKEN: dict[str, Callable[[Path], object]] = {
    "validation.tsv has no judgement": lambda folder: (folder / "qrels/validation.tsv").write_text("\n"),
    "there are dev": lambda folder: (folder / "qrels/validation.tsv").rename(folder / "qrels/dev.tsv"),
    "there are none": lambda folder: (folder / "qrels/validation.tsv").unlink(),
    "has no corpus.jsonl or": lambda folder: (folder / "corpus.jsonl").unlink(),
    "has no queries.jsonl or": lambda folder: (folder / "queries.jsonl").unlink(),
    "not UTF-8": lambda folder: (folder / "queries.jsonl").write_bytes(b"\xff\xfe"),
    "cut short": lambda folder: (folder / "queries.jsonl").write_bytes(gzip.compress(b"{}" * 99)[:-4]),
}


@pytest.mark.parametrize("line", BAD_JUDGEMENTS)
def test_a_bad_judgement_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    folder = write_benchmark(tmp_path / "films")
    add_line(folder / "qrels" / "validation.tsv", line)
    with pytest.raises(BenchmarkInvalid, match=f"validation.tsv:8: .*{BAD_JUDGEMENTS[line]}"):
        read_benchmark(folder, "validation")


@pytest.mark.parametrize("line", BAD_QUERIES)
def test_a_bad_query_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    folder = write_benchmark(tmp_path / "films")
    add_line(folder / "queries.jsonl", line)
    with pytest.raises(BenchmarkInvalid, match=f"queries.jsonl:5: .*{BAD_QUERIES[line]}"):
        read_benchmark(folder, "validation")


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_folder_is_refused(tmp_path: Path, message: str) -> None:
    folder = write_benchmark(tmp_path / "films")
    BROKEN[message](folder)
    with pytest.raises(BenchmarkInvalid, match=message):
        read_benchmark(folder, "validation")


def test_a_judged_work_whose_line_was_rejected_is_named_with_that_line(tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "films", [*CORPUS, {"_id": "w9", "title": ""}], qrels=[("storms", "w9", 1)])
    with pytest.raises(BenchmarkInvalid, match=r"no work 'w9'.*corpus.jsonl:9: title"):
        read_benchmark(folder, "validation")
