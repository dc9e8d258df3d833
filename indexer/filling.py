"""Fill a new generation of the index from the store, verify it, and swap it in."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from shutil import disk_usage

from tqdm import tqdm

from indexer.analysis import ANALYSER_VERSION
from indexer.bm25 import BM25
from indexer.build_report import BuildReport
from indexer.collection import create_generation, swap_generation, upsert_works, verify_generation
from indexer.engine import Engine
from indexer.engine.folder import bytes_on_disk
from indexer.errors import StorageFailed
from indexer.features import FeatureMaker
from indexer.records import Features, IndexedWork, Work
from indexer.schema import SCHEMA_VERSION, GenerationFacts
from indexer.serving import read_facts, serving_generation
from indexer.settings import IndexSettings
from indexer.stages import batched, in_stages
from indexer.store import Store
from indexer.values.labelling import Labeller

FILL_BATCH = 128
"""Works labelled and upserted together. An interrupted build first finishes its batch: with 512 works, ten seconds."""

VERIFIED_SAMPLE = 25
"""Works of a new generation that must be found before it serves."""

ROOM_BYTES = 192 * 2**20
"""Room for an index of one work: the engine reserves 160 MB of files before it fills them, and a file system in memory
allocates them at once."""

ROOM_BYTES_PER_WORK = 16 * 2**10
"""A finished index takes 4.5 kB a work; while it is optimised, old and new segments lie side by side."""

LEAST_FREE_BYTES = 72 * 2**20
"""Bytes that must stay free while a generation is filled, since other processes fill the disk too: within one batch the
engine may add a file of 32 MiB to each of two storages."""


def fill_and_swap(
    engine: Engine,
    store: Store,
    maker: FeatureMaker,
    labeller: Labeller,
    bm25: BM25,
    settings: IndexSettings,
    report: BuildReport,
) -> None:
    """Bring the index up to date with the store; if the serving generation has the same content, do nothing.

    Raises:
        StorageFailed: The disk has too little room.
        VerificationFailed: A check of the new generation failed; the old one goes on serving.
    """
    fingerprint = _content_fingerprint(store, maker, labeller, bm25)
    serving = serving_generation(engine)
    # The generation does not exist if it was damaged and set aside.
    if serving and engine.collection_exists(serving):
        served = read_facts(engine, serving)
        if served and served.fingerprint == fingerprint:
            return
    facts = _generation_facts(fingerprint, store, maker, labeller, bm25)
    _check_room(settings, ROOM_BYTES + facts.n_works * ROOM_BYTES_PER_WORK)
    generation = create_generation(engine, facts, settings)
    works = batched(store.works_with_features(maker.recipe), FILL_BATCH)
    sample = _fill(engine, generation, facts, works, labeller, settings, report)
    if not settings.qdrant_url:  # what was written is written once more while it is optimised
        _check_room(settings, LEAST_FREE_BYTES + bytes_on_disk(settings.home / "index" / "collections" / generation))
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
    """Label works and write them into a generation; return the sample to verify it by."""
    sampled = set(random.Random(facts.fingerprint).sample(range(facts.n_works), min(VERIFIED_SAMPLE, facts.n_works)))  # noqa: S311
    sample: list[IndexedWork] = []
    n_filled = 0

    def label(batch: list[tuple[Work, Features]]) -> list[IndexedWork]:
        with report.seconds.timed("label"):
            return [IndexedWork(*pair, labels) for pair, labels in zip(batch, labeller.label(batch), strict=True)]

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
    """Return a hash over everything that the content of a generation depends on."""
    digest = hashlib.sha256(f"{SCHEMA_VERSION}:{labeller.fingerprint}:{bm25!r}".encode() + maker.recipe)
    for work_id, content_hash in store.hashes():
        digest.update(work_id.encode() + b"\0" + content_hash)
    return digest.hexdigest()


def _check_room(settings: IndexSettings, needed_bytes: int) -> None:
    """Refuse to fill a generation that the disk cannot hold.

    The embedded engine writes through memory maps, so the system kills the process (SIGBUS) when the disk is full.

    Raises:
        StorageFailed: The disk has too little room.
    """
    if settings.qdrant_url:
        return
    free_bytes = disk_usage(settings.home).free
    if free_bytes < needed_bytes:
        raise StorageFailed(
            f"{settings.home}: the disk has {free_bytes / 2**20:,.0f} MiB free and the new index needs "
            f"{needed_bytes / 2**20:,.0f} MiB while it is built: free some space and run `evoke index` again; "
            "what was done is kept, and the old index goes on serving"
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
