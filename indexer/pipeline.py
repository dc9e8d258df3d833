"""`evoke index`: read, analyse, embed, label, fill, verify, swap, in streamed batches; a killed build resumes."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import as_file, files
from itertools import chain, islice
from pathlib import Path
from shutil import disk_usage
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from tqdm import tqdm

from crawler.catalogue import BEIR_SOURCE, Line, Rejected, check_catalogue, read_catalogue
from crawler.records import SourceRecord
from indexer.analysis import ANALYSER_VERSION, Analyser
from indexer.bm25 import BM25, read_bm25
from indexer.build_report import StepSeconds
from indexer.collection import (
    SCHEMA_VERSION,
    GenerationFacts,
    create_generation,
    read_facts,
    remove_unserved,
    serving_generation,
    swap_generation,
    upsert_works,
    verify_generation,
)
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import Engine, EngineError, open_engine
from indexer.engine.lock import WriterLock
from indexer.errors import NothingToIndex, StorageFailed
from indexer.features import FeatureMaker
from indexer.merging.match_keys import read_traits
from indexer.merging.matching import MATCHING_VERSION, group_records
from indexer.merging.merging import MERGING_VERSION, authority, merge_records
from indexer.records import Features, IndexedWork, Work
from indexer.settings import IndexSettings
from indexer.stages import in_stages
from indexer.store import Store, StoredRecord
from indexer.values.labelling import Labeller, open_labeller
from indexer.values.taxonomy import load_taxonomy

READ_BATCH = 1_000
FEATURE_BATCH = 512
"""Works whose features are made and stored together: sorted by length they waste little padding, and a kill loses
seconds of work."""
FILL_BATCH = 128
"""Labelled and upserted together. An interrupted build waits for those that it is at: ten seconds of 512."""
VERIFIED_SAMPLE = 25
ROOM_BYTES = 192 * 2**20
"""The engine maps its files before it fills them: 160 MB for one work, which a file system in memory takes at once."""
ROOM_BYTES_PER_WORK = 16 * 2**10
"""A finished index takes 4.5 kB a work; while it is optimised, old and new segments lie side by side."""
LEAST_FREE_BYTES = 8 * 2**20
"""What must stay free while a generation is filled, since others fill the disk too."""

T = TypeVar("T")


@dataclass
class BuildReport:
    """What a build did: counts of works and lines, and seconds by step."""

    changes: Counter[str] = field(default_factory=Counter)
    n_works: int = 0
    n_embedded: int = 0
    n_rejected: int = 0
    n_foreign: int = 0
    n_pruned: int = 0
    generation: str | None = None
    rejects: Path | None = None
    seconds: StepSeconds = field(default_factory=StepSeconds)
    notes: list[str] = field(default_factory=list)


def starter_catalogue() -> Path:
    """Gives the catalogue that ships with Evoke."""
    with as_file(files("indexer") / "starter.jsonl") as path:
        return path


def build_index(
    catalogues: Sequence[Path],
    settings: IndexSettings,
    *,
    prune: bool = False,
    rejects: Path | None = None,
    encoder: Encoder | None = None,
) -> BuildReport:
    """Brings the index up to date with the catalogues and gives what was done.

    Works of earlier builds stay, unless `prune` is set and every line could be read. Lines that are no records go to
    `rejects` (default: `rejects.jsonl` in the home folder), each with file, line and reason. `encoder` replaces the one
    that the settings name.

    Raises:
        CatalogueMissing: a file cannot be read; nothing was changed.
        NothingToIndex: there is not one work in the catalogues; nothing was changed.
        EngineLocked: another build is running.
        StorageFailed, VerificationFailed: the old index goes on serving; the next run resumes.
    """
    catalogues = catalogues or [starter_catalogue()]
    reject_file = RejectFile(rejects or settings.home / "rejects.jsonl")
    _check_files(catalogues, reject_file.path)
    report = BuildReport(rejects=reject_file.path)
    encoder = encoder or open_encoder(settings)
    maker = FeatureMaker(Analyser(), encoder, report.seconds)
    labeller = open_labeller(load_taxonomy(settings.taxonomy), encoder, settings.values_head)
    bm25 = read_bm25(settings.tuning)
    with (
        _writing(settings.home),
        Store(settings.home) as store,
        # Opened before anything is made: an engine that does not answer is better found now than after hours.
        closing(open_engine(settings.engine_location, api_key=settings.engine_key)) as engine,
    ):
        remove_unserved(engine)
        run = store.begin_run()
        with report.seconds.timed("read"), reject_file:
            _read_records(catalogues, store, run, report, reject_file, prune=prune)
        with report.seconds.timed("merge"):
            update_works(store, run)
        report.n_works = store.count_works()
        if (n_records := store.count_records()) > report.n_works:
            report.notes.append(f"{n_records:,} records tell of {report.n_works:,} works")
        _make_features(store, maker, report)
        _fill_and_swap(engine, store, maker, labeller, bm25, settings, report)
    return report


def prepare_works(
    catalogues: Sequence[Path], settings: IndexSettings, maker: FeatureMaker
) -> Iterator[tuple[Work, Features]]:
    """Gives the works of catalogues with their features, by id; the index and its store stay as they are.

    Features are kept in a store of its own, `labelling` in the home folder, for the next time.

    Raises:
        CatalogueMissing, NothingToIndex, EngineLocked, StorageFailed: as for `build_index`.
    """
    folder = settings.home / "labelling"
    reject_file = RejectFile(folder / "rejects.jsonl")
    _check_files(catalogues, reject_file.path)
    report = BuildReport(rejects=reject_file.path)
    with _writing(folder), Store(folder) as store:
        run = store.begin_run()
        with reject_file:
            _read_records(catalogues, store, run, report, reject_file, prune=False)
        store.prune(run)
        update_works(store, run)
        _make_features(store, maker, report)
        yield from store.works_with_features(maker.recipe)


class RejectFile:
    """Where lines that are no records go: made anew by a run that rejects some, gone after one that rejects none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first: Rejected | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        if self.path.is_file():
            self.path.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def write(self, rejected: Rejected) -> None:
        """Adds a line."""
        if self._file is None:
            self.first = rejected
            self._file = self.path.open("wb")
        self._file.write(rejected.to_json())


def _check_files(catalogues: Sequence[Path], rejects: Path) -> None:
    for path in catalogues:
        check_catalogue(path)
        if rejects.exists() and rejects.samefile(path):
            raise StorageFailed(f"{rejects} is a catalogue to read: name another file for the rejected lines")


@contextmanager
def _writing(home: Path) -> Iterator[None]:
    """Holds the home folder's writer lock, and translates what the file system says."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(home)
    except FileExistsError as error:
        raise StorageFailed(f"{home} is a file: EVOKE_HOME should name a folder") from error
    except OSError as error:
        raise StorageFailed(f"{home} cannot be written: {error.strerror or error}") from error
    try:
        yield
    except OSError as error:
        if isinstance(error, EngineError):
            raise
        raise StorageFailed(f"{error.filename or home}: {error.strerror or error}; the index is as it was") from error
    finally:
        lock.release()


def _read_records(
    catalogues: Sequence[Path], store: Store, run: int, report: BuildReport, reject_file: RejectFile, *, prune: bool
) -> None:
    def reject(rejected: Rejected) -> None:
        report.n_rejected += 1
        reject_file.write(rejected)

    lines = tqdm(_records(catalogues, reject), desc="reading", unit=" records", disable=None, leave=False)
    for batch in batched(lines, READ_BATCH):
        changes = store.put_records([(record, str(line)) for line, record in batch], run)
        for (line, record), (change, earlier) in zip(batch, changes, strict=True):
            if change == "conflicting":
                reason = f"source_id: {record.source_id!r} was given already at {earlier}, with other content"
                reject(Rejected(line, reason, record.model_dump_json(exclude_unset=True)))
            else:
                report.changes[change] += 1
    if not report.changes:
        raise NothingToIndex(_why_nothing(catalogues, report, reject_file))
    if prune and report.n_rejected:
        report.notes.append("nothing was pruned, since lines were rejected: mend them and run again")
    elif prune:
        report.n_pruned = store.prune(run)


def _why_nothing(catalogues: Sequence[Path], report: BuildReport, reject_file: RejectFile) -> str:
    first = reject_file.first
    if first is None:
        return f"there is no line in {', '.join(map(str, catalogues))}: give one record a line; the index is as it was"
    more = f" and {report.n_rejected - 1:,} more" if report.n_rejected > 1 else ""
    return f"{first.line}: {first.reason}{more}; no work could be read, mend the lines kept in {reject_file.path}"


def _records(catalogues: Sequence[Path], reject: Callable[[Rejected], None]) -> Iterator[tuple[Line, SourceRecord]]:
    for path in catalogues:
        for told in read_catalogue(path):
            if isinstance(told, Rejected):
                reject(told)
            else:
                yield told


def update_works(store: Store, run: int) -> None:
    """Brings the works up to date with the records; works whose records stayed the same stay too.

    What is made depends on the records alone, so a run goes on wherever another was killed.
    """
    merged = f"{MATCHING_VERSION}:{MERGING_VERSION}:".encode() + store.records_digest()
    if not store.begin_merge(merged):
        return
    gone = store.work_digests()
    changed = ((ids, digest) for ids, digest in _works_told(store) if gone.pop(ids[0], None) != digest)
    for batch in batched(changed, READ_BATCH):
        records = store.source_records([each for ids, _ in batch for each in ids])
        store.put_works((merge_records([records[each] for each in ids]), digest) for ids, digest in batch)
    store.finish_merge(gone, run, merged)


def _works_told(store: Store) -> Iterator[tuple[list[str], bytes]]:
    """Gives for each work the ids of its records, the one that names it first, and a digest of what they tell."""
    records, traits = [], []
    for record in tqdm(store.records(), desc="matching", unit=" records", disable=None, leave=False):
        records.append((_naming_rank(record), record.id, record.digest))
        traits.append(read_traits(record.fields))
    groups = group_records(traits)
    several = {position for group in groups for position in group}
    alone = ([position] for position in range(len(records)) if position not in several)
    for positions in chain(groups, alone):
        members = sorted(records[position] for position in positions)
        digest = hashlib.sha256(b"".join([str(MERGING_VERSION).encode(), *(each for *_, each in members)])).digest()
        yield [record_id for _, record_id, _ in members], digest


def _naming_rank(record: StoredRecord) -> tuple[bool, float, int]:
    """Gives which record of a work names it, by the least: a benchmark's document, the earliest, the best source's."""
    source = record.fields["source"]
    return source != BEIR_SOURCE, math.inf if record.since is None else record.since, authority(source)


def _make_features(store: Store, maker: FeatureMaker, report: BuildReport) -> None:
    """Makes and stores the features that are missing; each batch is kept at once."""
    for ids in batched(store.works_without_terms(maker.recipe), FEATURE_BATCH):
        works = store.works(ids)
        store.put_terms(zip(works, maker.count_terms(works), strict=True), maker.recipe)
    missing = store.works_without_features(maker.recipe)
    if missing:
        with report.seconds.timed("load model"):
            maker.encoder.warm()
    with tqdm(total=len(missing), desc="embedding", unit=" works", disable=None, leave=False) as progress:
        batches = (store.works(ids) for ids in batched(missing, FEATURE_BATCH))
        for made in in_stages(batches, maker.analyse, maker.embed):
            with report.seconds.timed("store"):
                store.put_features(made, maker.recipe)
            report.n_embedded += len(made)
            report.n_foreign += sum(features.text_language != "en" for _, features in made)
            progress.update(len(made))


def _fill_and_swap(
    engine: Engine,
    store: Store,
    maker: FeatureMaker,
    labeller: Labeller,
    bm25: BM25,
    settings: IndexSettings,
    report: BuildReport,
) -> None:
    fingerprint = _content_fingerprint(store, maker, labeller, bm25)
    serving = serving_generation(engine)
    if serving and (served := read_facts(engine, serving)) and served.fingerprint == fingerprint:
        return
    facts = _generation_facts(fingerprint, store, maker, labeller, bm25)
    _check_room(settings, ROOM_BYTES + facts.n_works * ROOM_BYTES_PER_WORK)
    generation = create_generation(engine, facts, settings)
    works = batched(store.works_with_features(maker.recipe), FILL_BATCH)
    sample = _fill(engine, generation, facts, works, labeller, settings, report)
    with report.seconds.timed("build vector index"):
        engine.finish(generation)
    with report.seconds.timed("verify"):
        analyser = maker.analyser
        verify_generation(engine, generation, facts, [(work, analyser.terms(work.work.title)) for work in sample])
    swap_generation(engine, generation)
    report.generation = generation


def _fill(
    engine: Engine,
    generation: str,
    facts: GenerationFacts,
    works: Iterable[list[tuple[Work, Features]]],
    labeller: Labeller,
    settings: IndexSettings,
    report: BuildReport,
) -> list[IndexedWork]:
    """Labels works and writes them into a generation; gives those by which it will be verified."""
    sampled = set(random.Random(facts.fingerprint).sample(range(facts.n_works), min(VERIFIED_SAMPLE, facts.n_works)))  # noqa: S311
    sample: list[IndexedWork] = []
    n_filled = 0

    def label(batch: list[tuple[Work, Features]]) -> list[IndexedWork]:
        with report.seconds.timed("label"):
            return [IndexedWork(*each, told) for each, told in zip(batch, labeller.label(batch), strict=True)]

    def upsert(indexed: list[IndexedWork]) -> list[IndexedWork]:
        _check_room(settings, LEAST_FREE_BYTES)
        with report.seconds.timed("upsert"):
            upsert_works(engine, generation, indexed, facts)
        return indexed

    with tqdm(total=facts.n_works, desc="indexing", unit=" works", disable=None, leave=False) as progress:
        for indexed in in_stages(works, label, upsert):
            sample += [work for position, work in enumerate(indexed, start=n_filled) if position in sampled]
            n_filled += len(indexed)
            progress.update(len(indexed))
    return sample


def _content_fingerprint(store: Store, maker: FeatureMaker, labeller: Labeller, bm25: BM25) -> str:
    """Gives a hash of all that decides what a generation holds: alike, and nothing need be built."""
    digest = hashlib.sha256(f"{SCHEMA_VERSION}:{labeller.fingerprint}:{bm25!r}".encode() + maker.recipe)
    for work_id, content_hash in store.hashes():
        digest.update(work_id.encode() + b"\0" + content_hash)
    return digest.hexdigest()


def _check_room(settings: IndexSettings, needed_bytes: int) -> None:
    """Refuses to fill a generation that the disk cannot hold.

    The embedded engine writes through memory maps: on a disk that runs full, the system kills the process (SIGBUS).
    """
    if settings.qdrant_url:
        return
    free_bytes = disk_usage(settings.home).free
    if free_bytes < needed_bytes:
        raise StorageFailed(
            f"{settings.home}: the disk has {free_bytes / 2**20:,.0f} MiB free and the new index needs "
            f"{needed_bytes / 2**20:,.0f} MiB while it is built: free some and run again; "
            "what was made is kept and the old index goes on serving"
        )


def _generation_facts(
    fingerprint: str, store: Store, maker: FeatureMaker, labeller: Labeller, bm25: BM25
) -> GenerationFacts:
    return GenerationFacts(
        fingerprint=fingerprint,
        model=maker.encoder.model,
        encoder_fingerprint=maker.encoder.fingerprint,
        analyser_version=ANALYSER_VERSION,
        taxonomy_version=labeller.taxonomy.version,
        value_ids=labeller.taxonomy.dimensions,
        dimension=maker.encoder.dimension,
        mean_terms=store.mean_terms(maker.recipe, bm25),
        bm25=bm25,
        n_works=store.count_works(),
        attributions=tuple(store.attributions()),
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Gives things in lists of a size, the last one shorter."""
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
