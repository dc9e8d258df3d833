"""Read benchmarks from folders in BEIR's layout: corpus.jsonl, queries.jsonl (each plain or .gz), qrels/SPLIT.tsv."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path

import orjson

from crawler.catalogue import MAX_LINE_BYTES, Line, Rejected, read_catalogue
from crawler.errors import CatalogueMissing, GzipDamaged
from crawler.gzipped import read_lines
from evaluation.errors import BenchmarkInvalid
from evaluation.records import AddedRecords, Qrels
from indexer.catalogues import starter_catalogue
from indexer.facts import Filters
from indexer.merging.merging import work_id
from indexer.tracking import Data
from search_api.records import MAX_QUERY_CHARACTERS

_GRADE = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class Benchmark:
    """The corpus, queries and judgements of one split."""

    name: str
    split: str
    corpus: Path
    queries: dict[str, str]
    """Query id to text, in the order of the qrels."""
    qrels: Qrels
    work_ids: frozenset[str]
    """All works of the corpus, by the ids that the index gives them."""
    added: AddedRecords | None = None
    """The records that `evaluation.added_records.add_records` added to the works."""
    filters: Mapping[str, Filters] = field(default_factory=dict)
    """The filters of queries, by query id; a query that is missing has none."""
    is_served: bool = False
    """Whether the works are those of the index that serves, which `corpus` is the store of."""

    @property
    def n_qrels(self) -> int:
        """The number of judgements."""
        return sum(map(len, self.qrels.values()))

    @cached_property
    def digest(self) -> str:
        """The first 16 digits of the SHA-256 of the corpus file and the added records. They name the index's folder."""
        with self.corpus.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        if self.added:
            digest.update(self.added.digest.encode())
        return digest.hexdigest()[:16]

    @property
    def data(self) -> Data:
        """The benchmark as data that a training learns from: its digest changes with any work, query or judgement."""
        judged = orjson.dumps([self.digest, self.queries, self.qrels])
        return Data(f"{self.name}, {self.split}", hashlib.sha256(judged).hexdigest())


def starter_benchmark(split: str = "validation") -> Benchmark:
    """Return the benchmark that ships with Evoke: its own queries over the starter catalogue."""
    with as_file(files("evaluation") / "starter") as folder:
        return read_benchmark(folder, split, starter_catalogue())


def read_benchmark(folder: Path, split: str, corpus: Path | None = None) -> Benchmark:
    """Return one split of the benchmark in a folder; `corpus`, if given, replaces the folder's own.

    Raises:
        BenchmarkInvalid: A file is missing or a line cannot be used; the message names both.
    """
    corpus = corpus or _find(folder, "corpus.jsonl")
    queries_file = _find(folder, "queries.jsonl")
    texts = _read_queries(queries_file)
    work_ids, rejected = _read_work_ids(corpus)
    qrels: dict[str, dict[str, int]] = {}
    for line, query_id, judged, grade in _read_qrels(_find_split(folder, split)):
        if query_id not in texts:
            raise BenchmarkInvalid(f"{line}: {queries_file} has no query {query_id!r}: add it or remove this line")
        if judged not in work_ids:
            raise BenchmarkInvalid(
                f"{line}: {corpus} has no work {judged!r}: add it or remove this line" + _first_rejected(rejected)
            )
        grades = qrels.setdefault(query_id, {})
        if judged in grades:
            raise BenchmarkInvalid(f"{line}: query {query_id!r} and work {judged!r} are judged twice: keep one line")
        grades[judged] = grade
    if not qrels:
        raise BenchmarkInvalid(f"{folder / 'qrels' / split}.tsv has no judgements: give lines of query, work, grade")
    name = folder.resolve().name
    queries = {query_id: texts[query_id] for query_id in qrels}
    return Benchmark(name, split, corpus, queries, qrels, frozenset(work_ids))


def refuse_test_split(benchmarks: Sequence[Benchmark]) -> None:
    """Refuse the split "test" for training and tuning: what was chosen on it can no longer be tested on it.

    Raises:
        BenchmarkInvalid: A benchmark has the split "test".
    """
    for benchmark in benchmarks:
        if benchmark.split.casefold() == "test":
            raise BenchmarkInvalid(
                f"{benchmark.name}: the split 'test' is for the final test only: name validation or train"
            )


def numbered_lines(path: Path) -> Iterator[tuple[Line, str]]:
    """Yield the lines of a file that are not blank, each with its place."""
    try:
        for number, raw in read_lines(path, MAX_LINE_BYTES):
            try:
                line = raw.decode("utf-8").rstrip("\n")
            except UnicodeDecodeError as error:
                raise BenchmarkInvalid(
                    f"{path}:{number}: is not UTF-8: byte 0x{raw[error.start]:02x} at column {error.start + 1}:"
                    " save the file as UTF-8"
                ) from error
            if line.strip():
                yield Line(path, number), line
    except (CatalogueMissing, GzipDamaged) as error:
        raise BenchmarkInvalid(str(error)) from error


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise BenchmarkInvalid(f"{folder} has no {name} or {name}.gz: name a folder in BEIR's layout")


def _find_split(folder: Path, split: str) -> Path:
    path = folder / "qrels" / f"{split}.tsv"
    if path.is_file():
        return path
    there = ", ".join(sorted(file.stem for file in (folder / "qrels").glob("*.tsv")))
    raise BenchmarkInvalid(f"{folder} has no split {split!r}: " + (f"there are {there}" if there else "there are none"))


def _read_work_ids(corpus: Path) -> tuple[set[str], list[Rejected]]:
    """Return the works' ids as the index will name them, and the lines that it will reject."""
    ids: set[str] = set()
    rejected = []
    for entry in read_catalogue(corpus):
        if isinstance(entry, Rejected):
            rejected.append(entry)
        else:
            ids.add(work_id(entry[1]))
    return ids, rejected


def _first_rejected(rejected: list[Rejected]) -> str:
    if not rejected:
        return ""
    return f" ({len(rejected):,} of its lines were rejected, the first at {rejected[0].line}: {rejected[0].reason})"


def _read_queries(path: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for line, text in numbered_lines(path):
        try:
            fields = orjson.loads(text)
            query_id, query = str(fields["_id"]), fields["text"].strip()
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise BenchmarkInvalid(f'{line}: not a query ({error!r}): give an object with "_id" and "text"') from error
        if query_id in texts:
            raise BenchmarkInvalid(f"{line}: the id {query_id!r} is taken by an earlier query: make ids unique")
        if not 0 < len(query) <= MAX_QUERY_CHARACTERS:
            raise BenchmarkInvalid(
                f"{line}: the query has {len(query):,} characters: give 1 to {MAX_QUERY_CHARACTERS:,}"
            )
        texts[query_id] = query
    return texts


def _read_qrels(path: Path) -> Iterator[tuple[Line, str, str, int]]:
    for line, text in numbered_lines(path):
        fields = [field.strip() for field in text.split("\t")]
        if line.number == 1 and fields[-1] == "score":
            continue
        if len(fields) != 3:
            raise BenchmarkInvalid(f"{line}: has {len(fields)} fields: give query, work and grade, separated by tabs")
        query_id, judged, grade = fields
        if not _GRADE.fullmatch(grade):
            raise BenchmarkInvalid(
                f"{line}: the grade {grade[:40]!r} is not a whole number: give 0 for irrelevant, 1 or more for relevant"
            )
        yield line, query_id, judged, int(grade)
