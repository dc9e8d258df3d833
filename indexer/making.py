"""Make the features and labels that works lack; each batch is stored as soon as it is made."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crawler.progress import show_progress
from indexer.build_report import BuildReport
from indexer.features import FeatureMaker
from indexer.records import Features, IndexedWork, Work
from indexer.stages import batched, in_stages
from indexer.store import Store
from indexer.values.label_table import Labelling
from indexer.values.labelling import Labeller

FEATURE_BATCH = 512
"""Works whose features are made and stored together: enough for sorting by length to save padding, and so few that a
kill loses only seconds of work."""

LABEL_BATCH = 256
"""Works labelled and stored together. An interrupted build first finishes its batch: with 256 works, five seconds."""

EMBEDDED_PER_MINUTE = 12_000
"""Works that two cores embed in a minute with OpenVINO: 206 a second (docs/performance.md)."""

logger = logging.getLogger(__name__)


class Makers(Protocol):
    """What makes features and labels of batches of works, given by their ids; batches may come in another order."""

    def features(self, batches: Iterable[list[str]]) -> Iterator[list[tuple[Work, Features]]]:
        """Yield the works of each batch with their features."""
        ...

    def labels(self, batches: Iterable[list[str]], prototypes: NDArray[np.float32]) -> Iterator[list[IndexedWork]]:
        """Yield the works of each batch with their features, which are stored, and with labels by these prototypes."""
        ...


def _features_here(
    store: Store, maker: FeatureMaker, batches: Iterable[list[str]]
) -> Iterator[list[tuple[Work, Features]]]:
    with maker.seconds.timed("load model"):
        maker.encoder.warm()
    yield from in_stages(map(store.works, batches), maker.analyse, maker.embed)


def _labels_here(
    store: Store, maker: FeatureMaker, labeller: Labeller, batches: Iterable[list[str]]
) -> Iterator[list[IndexedWork]]:
    def label(works: list[tuple[Work, Features]]) -> list[IndexedWork]:
        with maker.seconds.timed("label"):
            return label_works(works, labeller)

    yield from in_stages((list(store.works_with_features(maker.recipe, batch)) for batch in batches), label)


def label_works(works: Sequence[tuple[Work, Features]], labeller: Labeller) -> list[IndexedWork]:
    """Return works with their labels, in order."""
    return [IndexedWork(*pair, labels) for pair, labels in zip(works, labeller.label(works), strict=True)]


def make_features(
    store: Store,
    maker: FeatureMaker,
    report: BuildReport,
    ids: Collection[str] | None = None,
    makers: Makers | None = None,
) -> None:
    """Make the features that works lack, all works or some; by other makers than this process if there are some."""
    for batch in batched(store.works_without_terms(maker.recipe), FEATURE_BATCH):
        works = store.works(batch)
        store.put_terms(zip(works, maker.count_terms(works), strict=True), maker.recipe)
    missing = store.works_without_features(maker.recipe, ids)
    if not missing:
        return
    if n_earlier := store.count_other_features(maker.recipe):
        logger.warning(
            "%s works were embedded by another model, adaptation or runtime: they are embedded anew, once, in about "
            "%s min on two cores",
            f"{n_earlier:,}",
            f"{max(1, round(len(missing) / EMBEDDED_PER_MINUTE)):,}",
        )
    with show_progress("works", "embedding", len(missing)) as progress:
        batches = batched(missing, FEATURE_BATCH)
        for made in makers.features(batches) if makers else _features_here(store, maker, batches):
            with report.seconds.timed("store"):
                store.put_features(made, maker.recipe)
            report.n_embedded += len(made)
            report.n_foreign += sum(features.text_language != "en" for _, features in made)
            progress.update(len(made))


def make_labels(
    store: Store,
    maker: FeatureMaker,
    labeller: Labeller,
    labelling: Labelling,
    report: BuildReport,
    ids: Collection[str] | None = None,
    makers: Makers | None = None,
) -> None:
    """Make the labels that works lack, all works or some; by other makers than this process if there are some."""
    missing = store.labels.missing(labelling, ids)
    if not missing:
        return
    kept = store.labels.prototypes(labelling)
    if kept is not None:
        labeller.prototypes = kept
    prototypes = labeller.prototypes
    with show_progress("works", "labelling", len(missing)) as progress:
        batches = batched(missing, LABEL_BATCH)
        for labelled in makers.labels(batches, prototypes) if makers else _labels_here(store, maker, labeller, batches):
            with report.seconds.timed("store"):
                store.labels.put(labelled, labelling)
            progress.update(len(labelled))
    if kept is None:
        store.labels.keep_prototypes(labelling, prototypes)
