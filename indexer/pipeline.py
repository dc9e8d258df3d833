"""`evoke index`: read, analyse, embed, label, fill, verify, swap, in streamed batches; a killed build resumes."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import as_file, files
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from tqdm import tqdm

from crawler.jsonl import Line, Rejected, read_catalogue
from crawler.records import SourceRecord
from indexer.analysis import ANALYSER_VERSION, Analyser
from indexer.collection import (
    SCHEMA_VERSION,
    GenerationFacts,
    create_generation,
    read_facts,
    serving_generation,
    swap_generation,
    upsert_works,
    verify_generation,
)
from indexer.embedding import Encoder
from indexer.engine import Engine, EngineError, open_engine
from indexer.engine.lock import WriterLock
from indexer.errors import NothingToIndex, StorageFailed
from indexer.features import FeatureMaker
from indexer.labelling import ZeroShotLabeller
from indexer.merging import record_to_work
from indexer.records import IndexedWork
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.values import load_taxonomy

READ_BATCH = 1_000
FEATURE_BATCH = 512
"""Works whose features are made and stored together: sorted by length they waste little padding, and a kill loses
seconds of work."""
FILL_BATCH = 512
VERIFIED_SAMPLE = 25

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
    seconds: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Adds the time that the block takes to a step."""
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[step] += perf_counter() - started


def starter_catalogue() -> Path:
    """Gives the catalogue that ships with Evoke."""
    with as_file(files("indexer") / "starter.jsonl") as path:
        return path


def build_index(
    catalogues: Sequence[Path], settings: IndexSettings, *, prune: bool = False, rejects: Path | None = None
) -> BuildReport:
    """Brings the index up to date with the catalogues and gives what was done.

    Works of earlier builds stay, unless `prune` is set and every line could be read. Lines that are no records go to
    `rejects` (default: `rejects.jsonl` in the home folder), each with file, line and reason.

    Raises:
        CatalogueMissing: a file cannot be read; nothing was changed.
        NothingToIndex: there is not one work.
        EngineLocked: another build is running.
        StorageFailed, VerificationFailed: the old index goes on serving; the next run resumes.
    """
    rejects = rejects or settings.home / "rejects.jsonl"
    report = BuildReport(rejects=rejects)
    with _writing(settings.home), Store(settings.home) as store:
        encoder = Encoder(settings.model)
        with report.timed("load model"):
            maker = FeatureMaker(Analyser(), encoder)
            labeller = ZeroShotLabeller(load_taxonomy(settings.taxonomy), encoder)
        with report.timed("read"):
            _read_works(catalogues or [starter_catalogue()], store, report, rejects, prune=prune)
        report.n_works = store.count_works()
        if not report.n_works:
            raise NothingToIndex(f"no work could be read ({report.n_rejected:,} lines rejected: {rejects}); the index is as it was")  # fmt: skip
        _make_features(store, maker, report)
        with closing(open_engine(settings.engine_location, api_key=settings.engine_key)) as engine:
            _fill_and_swap(engine, store, maker, labeller, settings, report)
    return report


@contextmanager
def _writing(home: Path) -> Iterator[None]:
    """Holds the home folder's writer lock, and translates what the file system says."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(home)
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


def _read_works(
    catalogues: Sequence[Path], store: Store, report: BuildReport, rejects: Path, *, prune: bool
) -> None:
    run = store.begin_run()
    for path in catalogues:  # before anything changes: is every file there?
        next(iter(read_catalogue(path)), None)
    with rejects.open("wb") as reject_file:

        def reject(rejected: Rejected) -> None:
            report.n_rejected += 1
            reject_file.write(rejected.to_json())

        lines = tqdm(_records(catalogues, reject), desc="reading", unit=" works", disable=None, leave=False)
        for batch in _batches(lines, READ_BATCH):
            works = [(record_to_work(record), str(line)) for line, record in batch]
            changes = store.put_works(works, run)
            for (line, record), (change, earlier) in zip(batch, changes, strict=True):
                if change == "conflicting":
                    reason = f"source_id: {record.source_id!r} was given already at {earlier}, with other content"
                    reject(Rejected(line, reason, record.model_dump_json(exclude_unset=True)))
                else:
                    report.changes[change] += 1
    if not report.n_rejected:
        rejects.unlink()
    if prune and report.n_rejected:
        report.notes.append("nothing was pruned, since lines were rejected: mend them and run again")
    elif prune and report.changes:
        report.n_pruned = store.prune(run)


def _records(catalogues: Sequence[Path], reject: Callable[[Rejected], None]) -> Iterator[tuple[Line, SourceRecord]]:
    for path in catalogues:
        for told in read_catalogue(path):
            if isinstance(told, Rejected):
                reject(told)
            else:
                yield told


def _make_features(store: Store, maker: FeatureMaker, report: BuildReport) -> None:
    """Makes and stores the features that are missing; each batch is kept at once."""
    missing = store.works_without_features(maker.recipe)
    with tqdm(total=len(missing), desc="embedding", unit=" works", disable=None, leave=False) as progress:
        for ids in _batches(missing, FEATURE_BATCH):
            works = store.works(ids)
            made = maker.make(works)
            with report.timed("store"):
                store.put_features(zip(works, made, strict=True), maker.recipe)
            report.n_embedded += len(made)
            report.n_foreign += sum(features.text_language != "en" for features in made)
            progress.update(len(made))
    report.seconds += maker.seconds


def _fill_and_swap(
    engine: Engine,
    store: Store,
    maker: FeatureMaker,
    labeller: ZeroShotLabeller,
    settings: IndexSettings,
    report: BuildReport,
) -> None:
    facts = _generation_facts(store, maker, labeller, settings)
    serving = serving_generation(engine)
    if serving and (served := read_facts(engine, serving)) and served.fingerprint == facts.fingerprint:
        return
    generation = create_generation(engine, facts, settings)
    sampled = set(random.Random(facts.fingerprint).sample(range(facts.n_works), min(VERIFIED_SAMPLE, facts.n_works)))  # noqa: S311
    sample: list[IndexedWork] = []
    works = tqdm(
        store.works_with_features(maker.recipe),
        total=facts.n_works, desc="indexing", unit=" works", disable=None, leave=False,
    )  # fmt: skip
    position = 0
    for batch in _batches(works, FILL_BATCH):
        with report.timed("label"):
            indexed = [IndexedWork(work, features, labeller.label(features)) for work, features in batch]
        with report.timed("upsert"):
            upsert_works(engine, generation, indexed, facts)
        sample += [work for offset, work in enumerate(indexed, start=position) if offset in sampled]
        position += len(indexed)
    with report.timed("build vector index"):
        engine.finish(generation)
    with report.timed("verify"):
        analyser = maker.analyser
        verify_generation(engine, generation, facts, [(work, analyser.terms(work.work.title)) for work in sample])
    swap_generation(engine, generation)
    report.generation = generation


def _generation_facts(
    store: Store, maker: FeatureMaker, labeller: ZeroShotLabeller, settings: IndexSettings
) -> GenerationFacts:
    taxonomy = labeller.taxonomy
    digest = hashlib.sha256(f"{SCHEMA_VERSION}:{labeller.fingerprint}".encode() + maker.recipe)
    for work_id, content_hash in store.hashes():
        digest.update(work_id.encode() + b"\0" + content_hash)
    return GenerationFacts(
        fingerprint=digest.hexdigest(),
        model=settings.model,
        encoder_fingerprint=maker.encoder.fingerprint,
        analyser_version=ANALYSER_VERSION,
        taxonomy_version=taxonomy.version,
        value_ids=tuple(taxonomy.ids),
        dimension=maker.encoder.dimension,
        mean_terms=store.mean_terms(maker.recipe),
        n_works=store.count_works(),
        attributions=tuple(store.attributions()),
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
