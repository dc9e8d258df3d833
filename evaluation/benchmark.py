"""Read benchmarks from folders in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv, each plain or .gz."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path

import orjson

from crawler.catalogue import Rejected, is_called_by_its_text, read_catalogue
from evaluation.errors import BenchmarkInvalid
from evaluation.judgements import read_judgements
from evaluation.lines import Account, numbered_lines
from evaluation.records import AddedRecords, Qrels
from indexer.catalogues import starter_catalogue
from indexer.facts import Filters
from indexer.merging.merging import work_id
from indexer.tracking import Data
from search_api.records import MAX_QUERY_CHARACTERS


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
    notes: tuple[str, ...] = ()
    """Lines to print: what was left out, and what was read otherwise than it is written."""

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


def read_benchmark(folder: Path, split: str, corpus: Path | None = None, *, lenient: bool = False) -> Benchmark:
    """Return one split of the benchmark in a folder; `corpus`, if given, replaces the folder's own.

    A judgement that is repeated counts once. With `lenient`, judgements that cannot be used and queries that are none
    are left out; the benchmark's notes count them. Of judgements that contradict each other the first is kept.

    Raises:
        BenchmarkInvalid: A file is missing or a line cannot be used; the message names both.
    """
    corpus = corpus or _find(folder, "corpus.jsonl")
    queries_file = _find(folder, "queries.jsonl")
    account = Account(lenient)
    texts = _read_queries(queries_file, account)
    work_ids, rejected = _read_work_ids(corpus, account)
    qrels_file = _find_split(folder, split)
    qrels: dict[str, dict[str, int]] = {}
    judged: dict[str, str] = {}
    for line, query_id, work, grade in read_judgements(qrels_file, account):
        judged.setdefault(query_id, f"{line}: {query_id}")
        earlier = qrels.get(query_id, {}).get(work)
        if query_id not in texts:
            problem = f"{queries_file} has no query {query_id!r}"
            account.forgive("judgements of absent queries, left out", line, problem, "add it or remove this line")
        elif work not in work_ids:
            problem = f"{corpus} has no work {work!r}{_first_rejected(rejected)}"
            account.forgive("judgements of absent works, left out", line, problem, "add it or remove this line")
        elif earlier is None:
            qrels.setdefault(query_id, {})[work] = grade
        elif earlier == grade:
            account.count("judgements repeated, counted once", f"{line}")
        else:
            problem = f"query {query_id!r} and work {work!r} are judged twice, {earlier} and {grade}"
            account.forgive("judgements that contradict an earlier one, left out", line, problem, "keep one line")
    for query_id in judged.keys() & texts.keys() - qrels.keys():
        account.count("queries without a judgement that is left", judged[query_id])
    for query_id, grades in qrels.items():
        if not any(grades.values()):
            account.count("queries without a relevant work, which score zero", judged[query_id])
    name = folder.resolve().name
    notes = account.notes(name)
    if not qrels:
        raise BenchmarkInvalid(
            f"{qrels_file} has no judgements: give lines of query, work, grade" + (f" ({notes[-1]})" if notes else "")
        )
    queries = {query_id: texts[query_id] for query_id in qrels}
    return Benchmark(name, split, corpus, queries, qrels, frozenset(work_ids), notes=notes)


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


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise BenchmarkInvalid(f"{folder} has no {name} or {name}.gz: name a folder in BEIR's layout")


def _find_split(folder: Path, split: str) -> Path:
    for name in (f"{split}.tsv", f"{split}.tsv.gz"):
        if (path := folder / "qrels" / name).is_file():
            return path
    there = ", ".join(sorted({file.name.partition(".tsv")[0] for file in (folder / "qrels").glob("*.tsv*")}))
    raise BenchmarkInvalid(f"{folder} has no split {split!r}: " + (f"there are {there}" if there else "there are none"))


def _read_work_ids(corpus: Path, account: Account) -> tuple[set[str], list[Rejected]]:
    """Return the works' ids as the index will name them, and the lines that it will reject."""
    ids: set[str] = set()
    rejected = []
    for entry in read_catalogue(corpus):
        if isinstance(entry, Rejected):
            rejected.append(entry)
            continue
        line, record = entry
        if is_called_by_its_text(record):
            account.count("works without a title, called by the first words of their text", f"{line}")
        ids.add(work_id(record))
    return ids, rejected


def _first_rejected(rejected: list[Rejected]) -> str:
    if not rejected:
        return ""
    return f" ({len(rejected):,} of its lines were rejected, the first at {rejected[0].line}: {rejected[0].reason})"


def _read_queries(path: Path, account: Account) -> dict[str, str]:
    texts: dict[str, str] = {}
    for line, text in numbered_lines(path):
        query_id, query = "", ""
        try:
            fields = orjson.loads(text)
            query_id, query = str(fields["_id"]), fields["text"].strip()
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            problem, remedy = f"not a query ({error!r})", 'give an object with "_id" and "text"'
        else:
            if query_id in texts:
                problem, remedy = f"the id {query_id!r} is taken by an earlier query", "make ids unique"
            elif not 0 < len(query) <= MAX_QUERY_CHARACTERS:
                problem, remedy = f"the query has {len(query):,} characters", f"give 1 to {MAX_QUERY_CHARACTERS:,}"
            else:
                texts[query_id] = query
                continue
        account.forgive("lines that are no queries, left out", line, problem, remedy)
    return texts
