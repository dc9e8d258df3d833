"""The steps of `evoke index`: read, merge, analyse, embed, label, fill, verify, swap. A killed build can be resumed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from indexer.analysis import Analyser
from indexer.artefacts import find_misfits
from indexer.bm25 import read_bm25
from indexer.build_report import BuildReport
from indexer.catalogues import RejectFile, check_files, read_records, starter_catalogue
from indexer.collection import remove_unserved
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.engine import open_engine
from indexer.features import FeatureMaker
from indexer.filling import fill_and_swap
from indexer.healing import set_damage_aside
from indexer.records import Features, Work
from indexer.settings import IndexSettings
from indexer.stages import batched, in_stages
from indexer.store import Store
from indexer.values.labelling import open_labeller
from indexer.values.taxonomy import load_taxonomy
from indexer.works import update_works
from indexer.writing import writing

FEATURE_BATCH = 512
"""Works whose features are made and stored together: enough for sorting by length to save padding, and so few that a
kill loses only seconds of work."""


EMBEDDED_PER_MINUTE = 12_000
"""Works that two cores embed in a minute with OpenVINO: 206 a second (docs/performance.md)."""

logger = logging.getLogger(__name__)


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
        catalogues: Files of source records; none: the starter catalogue.
        settings: Where the index is, and what it is built with.
        prune: Remove the works that the catalogues do not have, if every line could be read.
        keep_starter: Keep the works of the starter catalogue, which are otherwise removed when another one is indexed.
        rejects: The file for lines that are not records, each with file, line and reason; by default `rejects.jsonl`
            in the home folder.
        encoder: An encoder to use instead of the one that the settings name.

    Raises:
        CatalogueMissing: A file cannot be read; nothing was changed.
        NothingToIndex: No line of the catalogues is a record; nothing was changed.
        EngineLocked: Another build is running.
        StorageFailed, VerificationFailed: The old index goes on serving; the next run resumes.
    """
    catalogues = catalogues or [starter_catalogue()]
    reject_file = RejectFile(rejects or settings.home / "rejects.jsonl")
    check_files(catalogues, reject_file.path)
    encoder = encoder or open_encoder(settings)
    taxonomy = load_taxonomy(settings.taxonomy)
    report = BuildReport(rejects=reject_file.path)
    maker = FeatureMaker(Analyser(), encoder, report.seconds)
    labeller = open_labeller(taxonomy, encoder, settings.values_head)
    bm25 = read_bm25(settings.tuning)
    report.notes += find_misfits(settings, encoder, taxonomy)
    with (
        writing(settings.home),
        Store(settings.home) as store,
        # Opened first, so that a build without a working engine fails now and not after hours of work.
        closing(open_engine(settings.engine_location, api_key=settings.engine_key)) as engine,
    ):
        report.notes += set_damage_aside(engine)
        remove_unserved(engine)
        run = store.begin_run()
        with report.seconds.timed("read"), reject_file:
            read_records(catalogues, store, run, report, reject_file, prune=prune, keep_starter=keep_starter)
        with report.seconds.timed("merge"):
            update_works(store, run)
        report.n_works = store.count_works()
        if (n_records := store.count_records()) > report.n_works:
            report.notes.append(f"{n_records:,} records describe {report.n_works:,} works")
        _make_features(store, maker, report)
        fill_and_swap(engine, store, maker, labeller, bm25, settings, report)
        store.remove_other_features(maker.recipe)
    return report


def prepare_works(
    catalogues: Sequence[Path], settings: IndexSettings, maker: FeatureMaker
) -> Iterator[tuple[Work, Features]]:
    """Yield the works of catalogues with their features, by id; the index and its store are not changed.

    The features are kept for the next call in a second store, in the folder `labelling` of the home folder.

    Raises:
        CatalogueMissing, NothingToIndex, EngineLocked, StorageFailed: As for `build_index`.
    """
    folder = settings.home / "labelling"
    reject_file = RejectFile(folder / "rejects.jsonl")
    check_files(catalogues, reject_file.path)
    report = BuildReport(rejects=reject_file.path)
    with writing(folder), Store(folder) as store:
        run = store.begin_run()
        with reject_file:
            read_records(catalogues, store, run, report, reject_file, prune=False, keep_starter=True)
        store.prune(run)
        update_works(store, run)
        _make_features(store, maker, report)
        yield from store.works_with_features(maker.recipe)


def _make_features(store: Store, maker: FeatureMaker, report: BuildReport) -> None:
    """Make the features that are missing; each batch is stored as soon as it is made."""
    for ids in batched(store.works_without_terms(maker.recipe), FEATURE_BATCH):
        works = store.works(ids)
        store.put_terms(zip(works, maker.count_terms(works), strict=True), maker.recipe)
    missing = store.works_without_features(maker.recipe)
    if missing:
        if n_earlier := store.count_other_features(maker.recipe):
            logger.warning(
                "%s works were embedded by another model, adaptation or runtime: they are embedded anew, once, in "
                "about %s min on two cores",
                f"{n_earlier:,}",
                f"{max(1, round(len(missing) / EMBEDDED_PER_MINUTE)):,}",
            )
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
