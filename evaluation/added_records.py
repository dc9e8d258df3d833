"""`--records`: add the records of catalogues to the works of a benchmark that they share an id with.

A real catalogue has several records of a work: facts of one source, reviews of another. A benchmark's corpus has one.
The added records are merged as `evoke index` merges them, but they add no work, join no two works and rename none, so
that the judgements stay those of the same works. What would change the works is refused.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from crawler.catalogue import BEIR_SOURCE, MAX_LINE_BYTES, Line, Rejected, parse_record, read_catalogue, record_to_line
from crawler.gzipped import read_lines, refuse_pipe
from crawler.records import SourceRecord
from evaluation.benchmark import Benchmark
from evaluation.errors import RecordsInvalid
from evaluation.records import AddedFile, AddedRecords, Refusals
from evaluation.settings import EvaluationSettings
from indexer.build_report import BuildReport
from indexer.catalogues import RejectFile, read_records
from indexer.encoder.encoder import Encoder
from indexer.merging.match_keys import MatchKeys, read_match_keys
from indexer.merging.matching import group_records
from indexer.merging.merging import work_id
from indexer.pipeline import update_index
from indexer.stages import batched
from indexer.store import READ_BATCH, Store
from indexer.works import update_works

NOT_A_RECORD = "not being records"
OF_SEVERAL_WORKS = "having ids of several works"
CONFLICTING = "having the id of an earlier record, with other content"
A_DOCUMENT = "being documents of a benchmark, which are not joined to each other"
UNLIKE_ITS_WORK = "not joining the work that has their id, being of another kind, title or id"
CHANGING_WORKS = "changing which works the corpus has"
"""Why records are refused, as the line that counts them says it."""


class _Candidate(NamedTuple):
    """A record that shares an id with one work of the corpus."""

    file: int
    line: Line
    digest: bytes
    keys: MatchKeys
    work: str


@dataclass(frozen=True)
class _Corpus:
    """The records of a corpus, and the works that they are without further records.

    Attributes:
        keys: The match keys of each record, by its id.
        digests: The digest of each record's content, by its id.
        work_of: The work of each record: the first id of the work's records.
        works_with: The works that have an id, by its name and normalised value.
    """

    keys: Mapping[str, MatchKeys]
    digests: Mapping[str, bytes]
    work_of: Mapping[str, str]
    works_with: Mapping[tuple[str, str], set[str]]


class _Sorting:
    """The records of catalogues, sorted into those that belong to one work of a corpus and those that do not.

    Attributes:
        chosen: The records that belong to a work, by their ids.
        refused: How many records were refused, by reason.
    """

    def __init__(self, corpus: _Corpus) -> None:
        self.chosen: dict[str, _Candidate] = {}
        self.refused: dict[str, Refusals] = {}
        self.n_records = self.n_without_work = self.n_repeated = 0
        self._corpus = corpus

    def read(self, file: int, path: Path) -> None:
        """Sort the records of one catalogue."""
        for entry in read_catalogue(path):
            if isinstance(entry, Rejected):
                self.refuse(NOT_A_RECORD, entry.line, f": {entry.reason}")
            else:
                self.n_records += 1
                self._sort(file, *entry)

    def refuse(self, reason: str, line: Line, problem: str = "") -> None:
        """Count a record that is refused."""
        earlier = self.refused.get(reason, Refusals(0, f"{line}{problem}"))
        self.refused[reason] = replace(earlier, count=earlier.count + 1)

    def _sort(self, file: int, line: Line, record: SourceRecord) -> None:
        record_id, keys = work_id(record), _match_keys(record)
        works = {work for each in _ids(keys) for work in self._corpus.works_with.get(each, ())}
        if not works and record_id not in self._corpus.keys:
            self.n_without_work += 1
            return
        digest = _digest(record)
        earlier = self.chosen[record_id].digest if record_id in self.chosen else self._corpus.digests.get(record_id)
        if earlier == digest:
            self.n_repeated += 1
        elif earlier:
            self.refuse(CONFLICTING, line)
        elif record.source == BEIR_SOURCE:
            self.refuse(A_DOCUMENT, line)
        elif len(works) > 1:
            self.refuse(OF_SEVERAL_WORKS, line)
        else:
            self.chosen[record_id] = _Candidate(file, line, digest, keys, *works)


def add_records(benchmark: Benchmark, files: Sequence[Path]) -> Benchmark:
    """Return a benchmark with those records of catalogues that share an id with one of its works.

    Of records with the same id the first counts, in the order of the files. Without any file the benchmark is returned
    as it is.

    Raises:
        CatalogueMissing: A file cannot be read.
        RecordsInvalid: No line of the files is a record.
    """
    if not files:
        return benchmark
    corpus = _read_corpus(benchmark.corpus)
    sorting = _Sorting(corpus)
    for number, path in enumerate(files):
        refuse_pipe(path)
        sorting.read(number, path)
    if not sorting.n_records:
        raise RecordsInvalid(_why_none(files, sorting.refused))
    chosen = sorting.chosen
    while wrong := _find_misplaced(corpus, chosen):
        for record_id, reason in wrong.items():
            sorting.refuse(reason, chosen.pop(record_id).line)
    lines = defaultdict[int, list[int]](list)
    for each in chosen.values():
        lines[each.file].append(each.line.number)
    added = AddedRecords(
        files=tuple(AddedFile(path, tuple(lines[number])) for number, path in enumerate(files)),
        digest=_digest_all(chosen),
        n_works=len({each.work for each in chosen.values()}),
        n_works_of_corpus=len(set(corpus.work_of.values())),
        n_without_work=sorting.n_without_work,
        n_repeated=sorting.n_repeated,
        refused=sorting.refused,
    )
    return replace(benchmark, added=added)


def index_with_records(
    benchmark: Benchmark, added: AddedRecords, settings: EvaluationSettings, encoder: Encoder
) -> BuildReport:
    """Bring the index of a benchmark's corpus and of the records added to it up to date.

    Raises:
        IndexerError, EngineError: The index cannot be built.
    """
    reject_file = RejectFile(settings.home / "rejects.jsonl")
    report = BuildReport(rejects=reject_file.path)

    def read(store: Store) -> None:
        run = store.begin_run()
        with reject_file:
            read_records(
                [benchmark.corpus], store, run, report, reject_file, settings.keeping, prune=False, keep_starter=True
            )
        # A work is named by the record that was merged first: by the corpus, whatever its source.
        update_works(store)
        for batch in batched(read_added(added), READ_BATCH):
            store.put_records(
                [(record, str(line)) for line, record in batch], run, keeping=settings.keeping, counts=report.reviews
            )
        store.prune(run)

    update_index(settings, report, read, encoder=encoder)
    return report


def read_added(added: AddedRecords) -> Iterator[tuple[Line, SourceRecord]]:
    """Yield the added records, each with its place; they are as new to the index as it is to them."""
    for file in added.files:
        numbers = set(file.lines)
        for number, raw in read_lines(file.path, MAX_LINE_BYTES) if numbers else ():
            if number in numbers:
                yield Line(file.path, number), _without_history(parse_record(raw))


def _read_corpus(path: Path) -> _Corpus:
    records = (entry[1] for entry in read_catalogue(path) if not isinstance(entry, Rejected))
    keys: dict[str, MatchKeys] = {}
    digests: dict[str, bytes] = {}
    for record in records:
        if (record_id := work_id(record)) not in keys:
            keys[record_id], digests[record_id] = _match_keys(record), _digest(record)
    groups = _group(keys)
    work_of = {record_id: groups.get(record_id, record_id) for record_id in keys}
    works_with = defaultdict[tuple[str, str], set[str]](set)
    for record_id, its_keys in keys.items():
        for each in _ids(its_keys):
            works_with[each].add(work_of[record_id])
    return _Corpus(keys, digests, work_of, works_with)


def _match_keys(record: SourceRecord) -> MatchKeys:
    return read_match_keys(record.model_dump(mode="json", exclude={"reviews"}))


def _ids(keys: MatchKeys) -> Iterator[tuple[str, str]]:
    """Yield the ids by which records are joined to the works of a corpus; a document's own id names only itself."""
    yield from (each for each in (*keys.work_ids, *keys.edition_ids) if each[0] != BEIR_SOURCE)


def _group(keys: Mapping[str, MatchKeys]) -> dict[str, str]:
    """Return the work of each record that is not alone in its work: the first id of the work's records.

    Records are matched in the order of their ids, as the store does it.
    """
    ids = sorted(keys)
    groups = group_records([keys[record_id] for record_id in ids])
    return {ids[position]: ids[group[0]] for group in groups for position in group}


def _find_misplaced(corpus: _Corpus, chosen: Mapping[str, _Candidate]) -> dict[str, str]:
    """Return the records that merging would not join to their work alone, each with the reason to refuse it."""
    group_of = _group({**corpus.keys, **{record_id: each.keys for record_id, each in chosen.items()}})
    works_in, groups_of = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for record_id, work in corpus.work_of.items():
        group = group_of.get(record_id, record_id)
        works_in[group].add(work)
        groups_of[work].add(group)
    joined = {work for works in works_in.values() if len(works) > 1 for work in works}
    changed = joined | {work for work, groups in groups_of.items() if len(groups) > 1}
    wrong = {}
    for record_id, each in chosen.items():
        works = works_in.get(group_of.get(record_id, record_id), set())
        if works & changed or each.work in changed:
            wrong[record_id] = CHANGING_WORKS
        elif works != {each.work}:
            wrong[record_id] = UNLIKE_ITS_WORK
    if changed and not wrong:
        # Records of other works pushed one of the corpus out of the records that it is compared with.
        return dict.fromkeys(chosen, CHANGING_WORKS)
    return wrong


def _without_history(record: SourceRecord) -> SourceRecord:
    """Return a record without the time it was fetched and the order in which another index first had it."""
    return record.model_copy(update={"fetched_at": None, "since": None})


def _digest(record: SourceRecord) -> bytes:
    return hashlib.sha256(record_to_line(_without_history(record))).digest()


def _digest_all(chosen: Mapping[str, _Candidate]) -> str:
    """Return a digest of all added records, whatever files they are in; empty if there are none."""
    digests: Iterable[bytes] = sorted(each.digest for each in chosen.values())
    return hashlib.sha256(b"".join(digests)).hexdigest()[:16] if chosen else ""


def _why_none(files: Sequence[Path], refused: Mapping[str, Refusals]) -> str:
    if rejected := refused.get(NOT_A_RECORD):
        return f"{rejected.first}: no line of the --records files is a record: name catalogues of source records"
    return f"{', '.join(map(str, files))}: no records: name catalogues of source records"
