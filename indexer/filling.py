"""Make a generation of the index from the store, verify it, and swap it in.

A generation is filled with all works, or it is a copy of the serving one with the differences applied. A copy keeps the
mean length of the generation that was filled, within `MEAN_TOLERANCE`; and at most `MOST_CHANGED` of its points are
replaced or deleted ones, which the engine keeps until their segment is rebuilt. Beyond them all works are filled in.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from crawler.progress import show_progress
from indexer.analysis import ANALYSER_VERSION
from indexer.artefacts import TASTE
from indexer.build_report import BuildReport
from indexer.collection import (
    copy_generation,
    create_generation,
    mark_twins,
    read_terms,
    remove_works,
    swap_generation,
    verify_generation,
    work_to_point,
)
from indexer.encoder.encoder import Encoder
from indexer.engine import Engine, NotSupported, ServerClient
from indexer.engine.folder import bytes_on_disk
from indexer.hearing import with_reviews
from indexer.known.writer import KnownWriter, is_written, remove_others
from indexer.recipes import Recipe
from indexer.records import Features, IndexedWork, Work
from indexer.room import check_room
from indexer.schema import GenerationFacts
from indexer.served import Differences, Served
from indexer.serving import read_facts, serving_generation
from indexer.settings import IndexSettings
from indexer.stages import batched, in_stages
from indexer.store import Store
from indexer.taste.taste import Taste
from indexer.values.label_table import Labelling
from indexer.values.labelling import Labeller
from indexer.values.taxonomy import Taxonomy

FILL_BATCH = 128
"""Works upserted together. An interrupted build first finishes its batch."""

MOST_CHANGED = 0.1
"""The share of works that may be changed, added or removed since all works were last filled in. The
engine keeps replaced and deleted points until their segment is rebuilt."""

MEAN_TOLERANCE = 0.01
"""How far the mean length of works may be from the one that BM25 weights were computed with, as a share of it. Each
weight is then off by less than 1%."""

VERIFIED_SAMPLE = 25
"""Works of a new generation that must be found before it serves; of a copy, as many changed and as many other works."""

SERVER_GRACE_SECONDS = 10.0
"""How long a server keeps a generation that was replaced: readers on other machines notice the swap within a second and
use the old generation while they load the new one."""

ROOM_BYTES = 192 * 2**20
"""Room for an index of one work: the engine reserves 160 MB of files before it fills them, and a file system in memory
allocates them at once."""

ROOM_BYTES_PER_WORK = 16 * 2**10
"""A finished index takes 4.5 kB a work; while it is optimised, old and new segments lie side by side."""

LEAST_FREE_BYTES = 72 * 2**20
"""Bytes that must stay free while a generation is filled, since other processes fill the disk too: within one batch the
engine may add a file of 32 MiB to each of two storages."""


@dataclass(frozen=True)
class Filling:
    """One build's access to what generations are made from and where they go."""

    engine: Engine
    store: Store
    recipe: Recipe
    encoder: Encoder
    taxonomy: Taxonomy
    labeller: Labeller
    settings: IndexSettings
    report: BuildReport
    taste: Taste | None = None

    @cached_property
    def labelling(self) -> Labelling:
        """The way in which works are labelled."""
        return self.store.labels.labelling(self.recipe.labels, self.taxonomy.dimensions)

    def fingerprint(self) -> str:
        """Return the fingerprint of a generation of the stored works."""
        return self.recipe.fingerprint(self.store.hashes())


@dataclass(frozen=True)
class _New:
    """A generation that is being made: a copy of `base` with the differences applied, or one with all works."""

    name: str
    facts: GenerationFacts
    base: str | None = None
    differences: Differences | None = None

    @property
    def changed(self) -> list[str] | None:
        """The ids of the works to write; None for all."""
        return None if self.differences is None else self.differences.changed

    @property
    def gone(self) -> list[str]:
        """The ids of the works to remove."""
        return [] if self.differences is None else self.differences.gone


def remembered_base(filling: Filling) -> Served | None:
    """Return the serving generation if the store remembers its works and they were made with the same recipe.

    If a build was killed between the swap and the store's note of it, the note is made now. Call it before records are
    read.
    """
    serving, served = serving_generation(filling.engine), filling.store.served.read()
    # The generation does not exist if it was damaged and set aside.
    if serving is None or not filling.engine.collection_exists(serving):
        return None
    if served is None or served.generation != serving:
        facts = read_facts(filling.engine, serving)
        if facts is None or facts.fingerprint != filling.fingerprint():
            return None
        _remember_all(filling, serving, facts)
        served = filling.store.served.read()
    return served if served and served.settings == filling.recipe.settings else None


def fill_and_swap(filling: Filling, base: Served | None) -> None:
    """Bring the index up to date with the store; if the serving generation has the same content, do nothing.

    Args:
        filling: The store, with features and labels of every work, and the engine.
        base: What `remembered_base` returned before the store was changed.

    Raises:
        StorageFailed: The disk has too little room.
        VerificationFailed: A check of the new generation failed; the old one goes on serving.
    """
    fingerprint = filling.fingerprint()
    serving = serving_generation(filling.engine)
    # To read the facts loads the collection: only when they may be equal.
    is_there = serving is not None and filling.engine.collection_exists(serving)
    if serving and is_there and (base is None or base.facts.fingerprint == fingerprint):
        facts = read_facts(filling.engine, serving)
        if facts and facts.fingerprint == fingerprint:
            return
        base = None
    new = (base and _begin_copy(filling, base, fingerprint)) or _begin_empty(filling, fingerprint)
    _write(filling, new)
    with filling.report.seconds.timed("verify"):
        verify_generation(filling.engine, new.name, new.facts, _sample(filling, new))
    new = _note_seconds(filling, new)
    swap_generation(
        filling.engine, new.name, grace_seconds=SERVER_GRACE_SECONDS if filling.settings.qdrant_url else 0.0
    )
    _remember(filling, new)
    remove_others(filling.settings.known_folder, new.name)
    filling.report.generation = new.name


def _begin_empty(filling: Filling, fingerprint: str) -> _New:
    """Create a generation for all works."""
    facts = _make_facts(filling, fingerprint)
    _check_room(filling.settings, ROOM_BYTES + facts.n_works * ROOM_BYTES_PER_WORK)
    return _New(create_generation(filling.engine, facts, filling.settings), facts)


def _begin_copy(filling: Filling, base: Served, fingerprint: str) -> _New | None:
    """Copy the serving generation; None if it differs too much, or cannot be copied."""
    differences = filling.store.served.differences()
    n_works = filling.store.count_works()
    n_changed = base.facts.n_changed + differences.n_works
    if n_changed > MOST_CHANGED * base.facts.n_works:
        if base.facts.n_changed:
            _note_full(filling, f"{n_changed:,} works changed since that was last done")
        return None
    if not is_written(filling.settings.known_folder / base.generation, base.facts):
        return None
    mean = _mean_length(filling, differences, n_works)
    if abs(mean - base.facts.mean_terms) > MEAN_TOLERANCE * base.facts.mean_terms:
        _note_full(filling, f"their mean length is now {mean:.1f} terms, and not {base.facts.mean_terms:.1f}")
        return None
    _check_room(filling.settings, ROOM_BYTES + n_works * ROOM_BYTES_PER_WORK)
    try:
        with filling.report.seconds.timed("copy"):
            name = copy_generation(filling.engine, base.generation)
    except NotSupported:
        return None
    if read_facts(filling.engine, name) != base.facts:  # another index with the same name
        filling.engine.delete_collection(name)
        return None
    facts = base.facts.model_copy(
        update={
            "fingerprint": fingerprint,
            "n_works": n_works,
            "n_changed": n_changed,
            "attributions": tuple(filling.store.attributions()),
            "built_at": _now(),
        }
    )
    filling.engine.update_collection(name, metadata=facts.model_dump(mode="json"))
    return _New(name, facts, base.generation, differences)


def _note_full(filling: Filling, reason: str) -> None:
    filling.report.notes.append(f"all works were written anew, since {reason}")


def _mean_length(filling: Filling, differences: Differences, n_works: int) -> float:
    """Return the mean length of the stored works, from that of the served ones and the differences."""
    served = filling.store.served
    lengths = filling.store.lengths(filling.recipe.features, filling.recipe.bm25, differences.changed)
    total = served.total_length() - served.total_length([*differences.changed, *differences.gone])
    return (total + sum(length for *_, length in lengths)) / n_works if n_works else 0.0


def _write(filling: Filling, new: _New) -> None:
    """Write the works of a generation that differ from its base: their points, and what is known of them."""
    engine, seconds, known_folder = filling.engine, filling.report.seconds, filling.settings.known_folder
    n_rated = n_of_kinds = 0
    base = known_folder / new.base if new.base else None
    stop_waiting = engine.stop_waiting if isinstance(engine, ServerClient) else None
    with KnownWriter(known_folder / new.name, new.facts.value_ids, base) as known:

        def write(works: list[IndexedWork]) -> int:
            nonlocal n_rated, n_of_kinds
            _check_room(filling.settings, LEAST_FREE_BYTES)
            with seconds.timed("upsert"):
                points = [work_to_point(work, new.facts, filling.taste) for work in works]
                if new.base:
                    known.uncount_terms(read_terms(engine, new.name, [work.work.id for work in works]))
                known.add(points)
                engine.upsert(new.name, points, wait=True)
            if filling.taste:
                n_rated += sum(filling.taste.row_of(work) is not None for work in works)
                n_of_kinds += sum(work.work.kind in filling.taste.kinds for work in works)
            return len(works)

        works = with_reviews(
            filling.store.indexed_works(filling.recipe.features, filling.labelling, new.changed),
            filling.store.review_features,
            filling.recipe.reviews,
            filling.labeller,
        )
        n_works = new.facts.n_works if new.changed is None else len(new.changed)
        with show_progress("works", "indexing", n_works) as progress:
            for n_written in in_stages(batched(works, FILL_BATCH), write, on_stop=stop_waiting):
                progress.update(n_written)
        if filling.taste and new.changed is None:
            filling.report.notes.append(_describe_taste(n_rated, n_of_kinds, n_works))
        for gone in batched(new.gone, FILL_BATCH):
            known.uncount_terms(read_terms(engine, new.name, gone))
            known.remove(gone)
            remove_works(engine, new.name, gone)
        if not filling.settings.qdrant_url:  # what was written is written once more while it is optimised
            written = filling.settings.home / "index" / "collections" / new.name
            _check_room(filling.settings, LEAST_FREE_BYTES + bytes_on_disk(written))
        with seconds.timed("build vector index"):
            # Which works are the same as a better-known one shows only now, and is noted in their points.
            mark_twins(engine, new.name, known.finish(new.facts))
            engine.finish(new.name)


def _describe_taste(n_rated: int, n_of_kinds: int, n_works: int) -> str:
    """Return what the taste vectors are made from; of no ratings, if the file was trained on another catalogue."""
    if n_rated:
        parts = f"{n_rated:,} works from their ratings, {n_of_kinds - n_rated:,} from their content"
        n_others = n_works - n_of_kinds
        return f"taste vectors: {parts}{f', {n_others:,} of other kinds have none' if n_others else ''}"
    return (
        "the taste file has ratings of none of the works, so it was trained on another catalogue: all taste vectors "
        f"are made from content; to train one that fits: `{TASTE.command}`, then set {TASTE.variable}=FILE"
    )


def _note_seconds(filling: Filling, new: _New) -> _New:
    """Write into the facts of a generation how long each step of its build took, and return it with them."""
    seconds = {step: round(taken, 3) for step, taken in filling.report.seconds.items()}
    filling.engine.update_collection(new.name, metadata={"build_seconds": seconds})
    return replace(new, facts=new.facts.model_copy(update={"build_seconds": seconds}))


def _sample(filling: Filling, new: _New) -> Iterator[tuple[Work, Features]]:
    """Yield the works to verify a generation by: some at random, and some of those that differ from its base."""
    draw = random.Random(new.facts.fingerprint)  # noqa: S311
    ids = set(filling.store.sample_works(VERIFIED_SAMPLE, draw))
    if new.changed:
        ids |= set(draw.sample(new.changed, min(VERIFIED_SAMPLE, len(new.changed))))
    return filling.store.works_with_features(filling.recipe.features, ids)


def _remember(filling: Filling, new: _New) -> None:
    """Note in the store what serves now."""
    if new.differences is None:
        _remember_all(filling, new.name, new.facts)
        return
    served = Served(generation=new.name, settings=filling.recipe.settings, facts=new.facts)
    lengths = filling.store.lengths(filling.recipe.features, filling.recipe.bm25, new.differences.changed)
    filling.store.served.update(served, lengths, new.gone)


def _remember_all(filling: Filling, generation: str, facts: GenerationFacts) -> None:
    served = Served(generation=generation, settings=filling.recipe.settings, facts=facts)
    filling.store.served.replace(served, filling.store.lengths(filling.recipe.features, filling.recipe.bm25))


def _check_room(settings: IndexSettings, needed_bytes: int) -> None:
    """Refuse to fill a generation that the disk cannot hold.

    The embedded engine writes through memory maps, so the system kills the process (SIGBUS) when the disk is full.

    Raises:
        StorageFailed: The disk has too little room.
    """
    if settings.qdrant_url:
        return
    check_room(
        settings.home,
        needed_bytes,
        "the new index needs {} while it is built",
        "free some space and run `evoke index` again; what was done is kept, and the old index goes on serving",
    )


def _make_facts(filling: Filling, fingerprint: str) -> GenerationFacts:
    """Return the facts of a generation of all stored works."""
    store, encoder, taxonomy = filling.store, filling.encoder, filling.taxonomy
    lengths = [length for *_, length in store.lengths(filling.recipe.features, filling.recipe.bm25)]
    return GenerationFacts(
        fingerprint=fingerprint,
        model=encoder.model,
        encoder_fingerprint=encoder.fingerprint,
        analyser_version=ANALYSER_VERSION,
        taxonomy_version=taxonomy.version,
        value_ids=taxonomy.dimensions,
        dimension=encoder.dimension,
        mean_terms=sum(lengths) / len(lengths) if lengths else 0.0,
        bm25=filling.recipe.bm25,
        vectors=filling.recipe.vectors,
        taste=filling.taste.fingerprint if filling.taste else None,
        taste_dimension=filling.taste.dim if filling.taste else 0,
        n_works=store.count_works(),
        attributions=tuple(store.attributions()),
        built_at=_now(),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
