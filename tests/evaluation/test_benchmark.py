"""Reading benchmarks in BEIR's layout, and what is said of one that cannot be used."""

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
def test_a_split_has_the_queries_that_it_judges(tmp_path: Path, suffix: str) -> None:
    benchmark = read_benchmark(write_benchmark(tmp_path / "films", suffix=suffix), "validation")
    assert (benchmark.name, benchmark.split) == ("films", "validation")
    assert benchmark.queries == {name: text for name, text in QUERIES.items() if name != "unused"}
    assert benchmark.qrels == {"storms": {"w1": 2, "w8": 1, "w2": 0}, "ferry": {"w5": 2, "w8": 1}, "kites": {"w7": 1}}
    assert benchmark.work_ids == {work["_id"] for work in CORPUS}


def test_a_header_may_be_missing(tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "films")
    (folder / "qrels" / "bare.tsv").write_text("storms\tw1\t1\n")
    assert read_benchmark(folder, "bare").qrels == {"storms": {"w1": 1}}


def test_works_of_several_sources_are_named_as_in_the_index(tmp_path: Path) -> None:
    corpus = [make_record("salt-road", "Salt Road")]
    folder = write_benchmark(tmp_path / "films", corpus, qrels=[("storms", "test:salt-road", 1)])
    assert read_benchmark(folder, "validation").work_ids == {"test:salt-road"}


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "unknown work": (lambda folder: add_line(folder / "qrels/validation.tsv", "kites\tw99\t1"), "validation.tsv:8: .*'w99'"),
    "unknown query": (lambda folder: add_line(folder / "qrels/validation.tsv", "moon\tw1\t1"), "validation.tsv:8: .*'moon'"),
    "judged twice": (lambda folder: add_line(folder / "qrels/validation.tsv", "kites\tw7\t0"), "validation.tsv:8: .*already"),
    "a half grade": (lambda folder: add_line(folder / "qrels/validation.tsv", "kites\tw1\t0.5"), "validation.tsv:8: .*'0.5'"),
    "grade below 0": (lambda folder: add_line(folder / "qrels/validation.tsv", "kites\tw1\t-1"), "validation.tsv:8: .*'-1'"),
    "TREC's qrels": (lambda folder: add_line(folder / "qrels/validation.tsv", "kites 0 w1 1"), "validation.tsv:8: .*tabs"),
    "no judgement": (lambda folder: (folder / "qrels/validation.tsv").write_text("\n"), "validation.tsv has no judgement"),
    "no such split": (lambda folder: (folder / "qrels/validation.tsv").rename(folder / "qrels/dev.tsv"), "there are dev"),
    "no corpus": (lambda folder: (folder / "corpus.jsonl").unlink(), "has no corpus.jsonl"),
    "no queries": (lambda folder: (folder / "queries.jsonl").unlink(), "has no queries.jsonl"),
    "no JSON": (lambda folder: add_line(folder / "queries.jsonl", "storms"), "queries.jsonl:5: is no query"),
    "a query that is no text": (lambda folder: add_line(folder / "queries.jsonl", {"_id": "a", "text": 1}), "queries.jsonl:5: is"),
    "an empty query": (lambda folder: add_line(folder / "queries.jsonl", {"_id": "a", "text": " "}), "jsonl:5: .* 0 char"),
    "too long a query": (lambda folder: add_line(folder / "queries.jsonl", {"_id": "a", "text": "a" * 10_001}), "10,001"),
    "a query twice": (lambda folder: add_line(folder / "queries.jsonl", {"_id": "kites", "text": "a"}), "jsonl:5: .*'kites'"),
    "not UTF-8": (lambda folder: (folder / "queries.jsonl").write_bytes(b"\xff\xfe"), "is not UTF-8"),
    "gzip cut short": (lambda folder: (folder / "queries.jsonl").write_bytes(gzip.compress(b"{}" * 99)[:-4]), "cut short"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, case: str) -> None:
    breaks, told = BROKEN[case]
    folder = write_benchmark(tmp_path / "films")
    breaks(folder)
    with pytest.raises(BenchmarkInvalid, match=told):
        read_benchmark(folder, "validation")


def test_a_judged_work_that_could_not_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "films", [*CORPUS, {"_id": "w9", "title": ""}], qrels=[("storms", "w9", 1)])
    with pytest.raises(BenchmarkInvalid, match=r"no work 'w9'.*corpus.jsonl:9: title"):
        read_benchmark(folder, "validation")
