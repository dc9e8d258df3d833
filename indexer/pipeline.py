"""The steps of `evoke index`: read, merge, analyse, embed, label, fill, verify, swap. A killed build can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from indexer.analysis import Analyser
from indexer.artefacts import find_misfits, open_taste
from indexer.bm25 import read_bm25
from indexer.build_report import BuildReport
from indexer.catalogues import RejectFile, apply_keeping, check_files, read_records, starter_catalogue
from indexer.collection import remove_unserved
from indexer.encoder.encoder import Encoder, expected_runtime, open_encoder
from indexer.engine import open_engine_of
from indexer.errors import NothingToIndex
from indexer.features import FeatureMaker
from indexer.filling import Filling, fill_and_swap, remembered_base
from indexer.healing import set_damage_aside
from indexer.hearing import drop_unreadable_reviews, read_reviews
from indexer.making import Makers, make_features, make_labels
from indexer.recipes import Recipe
from indexer.records import Features, Work
from indexer.reviews.features import ReviewReader
from indexer.reviews.summary import ReviewSummary
from indexer.settings import IndexSettings
from indexer.store import Store
from indexer.values.labelling import open_labeller
from indexer.values.taxonomy import Taxonomy, load_taxonomy
from indexer.works import update_works
from indexer.writing import writing

STORED_WORKS = (
    "no catalogue was named: the index is of the stored works, and --keep-starter adds the starter catalogue to them"
)


def build_index(
    catalogues: Sequence[Path],
    settings: IndexSettings,
    *,
    prune: bool = False,
    keep_starter: bool = False,
    rejects: Path | None = None,
    encoder: Encoder | None = None,
) -> BuildReport:
    """Bring the index up to date with the catalogues and return what was done.

    Works of earlier builds stay, except those of the starter catalogue.

    Args:
        catalogues: Files of source records; none: those of the store, and the starter catalogue if it has no others.
        settings: Where the index is, and what it is built with.
        prune: Remove the works that the catalogues do not have, if every line could be read.
        keep_starter: Keep the works of the starter catalogue, which are otherwise removed when another one is indexed.
        rejects: The file for lines that are not records, each with file, line and reason; by default `rejects.jsonl`
            in the home folder.
        encoder: An encoder to use instead of the one that the settings name.

    Raises:
        CatalogueMissing: A file cannot be read; nothing was changed.
        NothingToIndex: No line of the catalogues is a record, or none are named to prune by; nothing was changed.
        EngineLocked: Another build is running.
        StorageFailed, VerificationFailed: The old index goes on serving; the next run resumes.
    """
    is_named = bool(catalogues)
    catalogues = catalogues or [starter_catalogue()]
    reject_file = RejectFile(rejects or settings.home / "rejects.jsonl")
    check_files(catalogues, reject_file.path)
    report = BuildReport(rejects=reject_file.path)

    def read(store: Store) -> None:
        if not is_named and store.has_own_records():
            if prune:
                raise NothingToIndex("--prune removes what is not in the catalogues: name those whose works stay")
            if not keep_starter:
                report.notes += [STORED_WORKS, *apply_keeping(store, settings.keeping)]
                return
        with report.seconds.timed("read"), reject_file:
            run = store.begin_run()
            read_records(
                catalogues,
                store,
                run,
                report,
                reject_file,
                settings.keeping,
                prune=prune,
                keep_starter=keep_starter,
            )

    update_index(settings, report, read, encoder=encoder)
    return report


def update_index(
    settings: IndexSettings,
    report: BuildReport,
    change: Callable[[Store], None],
    *,
    encoder: Encoder | None = None,
    anew: bool = False,
    embeds: bool = True,
) -> None:
    """Change the stored records, and bring works and index up to date with them.

    Args:
        settings: Where the index is, and what it is built with.
        report: Takes what was done.
        change: Changes the records of the store; if it raises an error, the index stays as it is.
        encoder: An encoder to use instead of the one that the settings name.
        anew: Write all works anew, so that the new index holds no bytes of the old one.
        embeds: Whether works may lack features. Without, the encoder that the settings name is neither converted nor
            loaded, unless a work lacks them all the same.

    Raises:
        EngineLocked: Another build is running.
        StorageFailed, VerificationFailed: The old index goes on serving; the next run resumes.
    """
    runtime = None if embeds or encoder else expected_runtime(settings)
    encoder = encoder or open_encoder(settings)
    taxonomy = load_taxonomy(settings.taxonomy)
    maker = FeatureMaker(Analyser(), encoder, report.seconds, runtime)
    labeller = open_labeller(taxonomy, encoder, settings.values_head)
    taste, _ = open_taste(settings.taste, encoder)
    fingerprint = taste.fingerprint if taste else None
    reader = ReviewReader(maker.analyser, taxonomy)
    recipe = Recipe(
        maker.recipe, labeller.fingerprint, read_bm25(settings.tuning), settings.vectors, fingerprint, reader.recipe
    )
    report.notes += find_misfits(settings, encoder, taxonomy)
    with (
        writing(settings.home),
        Store(settings.home) as store,
        # Opened first, so that a build without a working engine fails now and not after hours of work.
        closing(open_engine_of(settings, patience_seconds=settings.qdrant_retry_seconds)) as engine,
        _open_makers(settings, recipe, report) as makers,
    ):
        filling = Filling(engine, store, recipe, encoder, taxonomy, labeller, settings, report, taste)
        report.notes += set_damage_aside(engine)
        remove_unserved(engine)
        base = None if anew else remembered_base(filling)
        drop_unreadable_reviews(store, reader, report)
        change(store)
        with report.seconds.timed("merge"):
            update_works(store, settings.matching_memory_mb)
        report.n_works = store.count_works()
        if (n_records := store.count_records()) > report.n_works:
            report.notes.append(f"{n_records:,} records describe {report.n_works:,} works")
        # All other works are in the base, which was made with the same recipe: they lack nothing.
        changed = None if base is None else store.served.differences().changed
        make_features(store, maker, report, changed, makers)
        make_labels(store, maker, labeller, filling.labelling, report, changed, makers)
        read_reviews(store, reader, report)
        fill_and_swap(filling, base)
        store.remove_other_features(maker.recipe)
        store.labels.remove_others(filling.labelling)
        store.review_features.remove_others(reader.recipe)


@contextmanager
def _open_makers(settings: IndexSettings, recipe: Recipe, report: BuildReport) -> Iterator[Makers | None]:
    """Yield what makes features and labels in other processes, if the settings ask for them."""
    if settings.ray is None:
        yield None
        return
    from indexer.distributed import RayMakers

    with RayMakers(settings, recipe, report.seconds) as makers:
        yield makers


def prepare_works(
    catalogues: Sequence[Path], settings: IndexSettings, maker: FeatureMaker, taxonomy: Taxonomy
) -> Iterator[tuple[Work, Features, ReviewSummary | None]]:
    """Yield the works of catalogues, with their features and what their reviews say, by id.

    The index and its store are not changed. The features are kept for the next call in a second store, in the folder
    `labelling` of the home folder.

    Raises:
        CatalogueMissing, NothingToIndex, EngineLocked, StorageFailed: As for `build_index`.
    """
    folder = settings.home / "labelling"
    reject_file = RejectFile(folder / "rejects.jsonl")
    check_files(catalogues, reject_file.path)
    report = BuildReport(rejects=reject_file.path)
    reader = ReviewReader(maker.analyser, taxonomy)
    with writing(folder), Store(folder) as store:
        drop_unreadable_reviews(store, reader, report)
        run = store.begin_run()
        with reject_file:
            read_records(catalogues, store, run, report, reject_file, settings.keeping, prune=False, keep_starter=True)
        store.prune(run)
        update_works(store, settings.matching_memory_mb)
        make_features(store, maker, report)
        read_reviews(store, reader, report)
        summaries = dict(store.review_features.summaries(reader.recipe))
        for work, features in store.works_with_features(maker.recipe):
            yield work, features, summaries.get(work.id)
