"""Judgements as public collections have them: their columns, grades and gaps."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from judged import CORPUS, QUERIES, add_line, write_benchmark

from evaluation.benchmark import Benchmark, read_benchmark
from evaluation.errors import BenchmarkInvalid

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_benchmark(tmp_path / "films")


def read(folder: Path, qrels: str | bytes, *, lenient: bool = False) -> Benchmark:
    """Return the benchmark with these judgements as a split of its own."""
    (folder / "qrels" / "own.tsv").write_bytes(qrels.encode() if isinstance(qrels, str) else qrels)
    return read_benchmark(folder, "own", lenient=lenient)


SAME = {"storms": {"w1": 2, "w2": 0}, "kites": {"w7": 1}}
WRITTEN = {
    "scifact": "query-id\tcorpus-id\tscore\nstorms\tw1\t2\nstorms\tw2\t0\nkites\tw7\t1\n",
    "trec-covid: -1 is irrelevant": "query-id\tcorpus-id\tscore\nstorms\tw1\t2\nstorms\tw2\t-1\nkites\tw7\t1\n",
    "TREC DL: spaces": "storms Q0 w1 2\nstorms Q0 w2 0\nkites Q0 w7 1\n",
    "TREC Web: junk is -2": "storms 0  w1   2\nstorms 0  w2  -2\nkites 0  w7   1\n",
    "TREC with tabs": "storms\t0\tw1\t2\nstorms\t0\tw2\t0\nkites\t0\tw7\t1\n",
    "ir_datasets": "query_id\tdoc_id\trelevance\titeration\nstorms\tw1\t2\t0\nstorms\tw2\t0\t0\nkites\tw7\t1\t0\n",
    "ir_datasets, other order": "doc_id\tquery_id\trelevance\nw1\tstorms\t2\nw2\tstorms\t0\nw7\tkites\t1\n",
    "decimal grades": "storms\tw1\t2.0\nstorms\tw2\t-0.0\nkites\tw7\t1.\n",
    "Windows": "query-id\tcorpus-id\tscore\r\nstorms\tw1\t2\r\nstorms\tw2\t0\r\n\r\nkites\tw7\t1\r\n",
}


@pytest.mark.parametrize("qrels", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("wrap", [bytes, BYTE_ORDER_MARK.__add__, gzip.compress], ids=["plain", "mark", "gzip"])
def test_every_way_to_write_judgements_is_read_alike(folder: Path, qrels: str, wrap: type[bytes]) -> None:
    benchmark = read(folder, wrap(qrels.encode()))
    assert (benchmark.qrels, benchmark.notes) == (SAME, ())


def test_the_file_of_a_split_may_be_packed(folder: Path) -> None:
    plain = folder / "qrels" / "validation.tsv"
    (folder / "qrels" / "packed.tsv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert read_benchmark(folder, "packed").qrels == read_benchmark(folder, "validation").qrels
    with pytest.raises(BenchmarkInvalid, match="there are packed, validation"):
        read_benchmark(folder, "other")


def test_a_judgement_that_is_repeated_counts_once(folder: Path) -> None:
    benchmark = read(folder, "storms\tw1\t2\nstorms\tw1\t2\nkites\tw7\t1\n")
    assert benchmark.qrels == {"storms": {"w1": 2}, "kites": {"w7": 1}}
    (note,) = benchmark.notes
    assert note.startswith("films: 1 judgements repeated")
    assert note.endswith("own.tsv:2")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("moon\tw1\t1", "1 judgements of absent queries"),
        ("storms\tw99\t1", "1 judgements of absent works"),
        ("storms\tw1\t0", "1 judgements that contradict an earlier one"),
        ("storms\tw2\thigh", "1 lines that are no judgements"),
        ("storms", "1 lines that are no judgements"),
    ],
)
def test_gaps_are_refused_with_their_line_or_left_out_and_counted(folder: Path, line: str, said: str) -> None:
    qrels = f"storms\tw1\t2\n{line}\nkites\tw7\t1\n"
    with pytest.raises(BenchmarkInvalid, match=r"own.tsv:2: .*--lenient"):
        read(folder, qrels)
    benchmark = read(folder, qrels, lenient=True)
    assert benchmark.qrels == {"storms": {"w1": 2}, "kites": {"w7": 1}}
    (note,) = benchmark.notes
    assert said in note
    assert "own.tsv:2" in note


def test_a_query_whose_judgements_are_all_left_out_is_not_asked(folder: Path) -> None:
    benchmark = read(folder, "storms\tw1\t2\nkites\tw98\t1\nkites\tw99\t1\n", lenient=True)
    assert list(benchmark.queries) == ["storms"]
    works, queries = benchmark.notes
    assert "2 judgements of absent works" in works
    assert "1 queries without a judgement that is left" in queries
    assert queries.endswith("kites")


def test_a_file_without_a_usable_line_is_refused_even_then(folder: Path) -> None:
    with pytest.raises(BenchmarkInvalid, match=r"no judgements.*3 lines that are no judgements.*own.tsv:1"):
        read(folder, "a,b,1\n" * 3, lenient=True)


def test_queries_that_are_none_are_left_out_too(folder: Path) -> None:
    add_line(folder / "queries.jsonl", {"_id": "empty", "text": ""})
    with pytest.raises(BenchmarkInvalid, match=r"queries.jsonl:5: .*--lenient"):
        read_benchmark(folder, "validation")
    benchmark = read_benchmark(folder, "validation", lenient=True)
    assert set(benchmark.queries) == set(QUERIES) - {"unused"}
    assert "1 lines that are no queries" in benchmark.notes[0]


def test_a_document_without_a_title_is_a_work_called_by_its_first_words(tmp_path: Path) -> None:
    text = "Interest that a bank pays on a deposit is taxed in the year in which it is credited, and not later."
    corpus = [*CORPUS, {"_id": "w9", "title": "", "text": text}, {"_id": "w10", "text": "Short."}]
    folder = write_benchmark(tmp_path / "money", corpus, qrels=[("storms", "w9", 1)])
    benchmark = read_benchmark(folder, "validation")
    assert benchmark.qrels == {"storms": {"w9": 1}}
    (note,) = benchmark.notes
    assert "2 works without a title" in note
    assert "corpus.jsonl:9" in note


@pytest.mark.parametrize(
    ("grade", "why"),
    [("12345678901", "has more than 9 digits"), ("-12345678901", "has more than 9 digits"), ("1e3", "is not a whole")],
)
def test_a_grade_that_cannot_be_used_says_why(folder: Path, grade: str, why: str) -> None:
    with pytest.raises(BenchmarkInvalid, match=rf"own.tsv:1: the grade '{grade}' {why}"):
        read(folder, f"storms\tw1\t{grade}\n")


def test_a_grade_may_begin_with_zeros(folder: Path) -> None:
    assert read(folder, "storms\tw1\t00000000002\n").qrels == {"storms": {"w1": 2}}


def test_queries_that_have_no_relevant_work_are_counted(folder: Path) -> None:
    (note,) = read(folder, "storms\tw1\t0\nkites\tw7\t-1\nferry\tw2\t1\n").notes
    assert note.startswith("films: 2 queries without a relevant work, which score zero; the first: ")
    assert note.endswith("own.tsv:1: storms")


@pytest.mark.parametrize("name", ["qrels/validation.tsv", "queries.jsonl"])
def test_a_file_in_utf_16_is_called_so(folder: Path, name: str) -> None:
    (folder / name).write_text((folder / name).read_text(), encoding="utf-16")
    with pytest.raises(BenchmarkInvalid, match=rf"{name}:1: is not UTF-8 but UTF-16: save the file as UTF-8"):
        read_benchmark(folder, "validation")
