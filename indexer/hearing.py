"""Make the features of reviews, and add what people say of works to what their descriptions tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from crawler.progress import show_progress
from indexer.build_report import BuildReport
from indexer.records import Features, IndexedWork, ValueLabel, Work
from indexer.reviews.feature_table import ReviewFeatureTable
from indexer.reviews.features import ReviewReader
from indexer.reviews.summary import ReviewSummary
from indexer.stages import batched
from indexer.store import Store
from indexer.values.labelling import Labeller
from indexer.values.voices import hear

WORKS_HEARD = 128
"""Works whose reviews are put together at once."""


def drop_unreadable_reviews(store: Store, reader: ReviewReader, report: BuildReport) -> None:
    """Remove the reviews whose texts are gone and whose features a new analyser or taxonomy would need to make again.

    Call it before records are read: reviews of catalogues that are read again then come back with their texts.
    """
    if unreadable := store.review_features.unreadable(reader.recipe):
        store.review_table.drop(unreadable)
        report.notes.append(
            f"{len(unreadable):,} reviews of which only features are kept must be read again, since these are now made "
            "otherwise: index the catalogues with these reviews again"
        )


def read_reviews(store: Store, reader: ReviewReader, report: BuildReport) -> None:
    """Make the features that reviews lack, and remove the texts of those of which only features are kept."""
    if n_missing := store.review_features.count_missing(reader.recipe):
        with show_progress("reviews", "reading reviews", n_missing) as progress:
            for reviews in store.review_features.missing(reader.recipe):
                with report.seconds.timed("read reviews"):
                    made = list(zip(reviews, reader.read(reviews), strict=True))
                    store.review_features.put(made, reader.recipe)
                progress.update(len(reviews))
    if forgettable := store.review_features.forgettable(reader.recipe):
        store.forget_review_texts(forgettable)


def with_reviews(
    works: Iterable[IndexedWork], features: ReviewFeatureTable, recipe: bytes, labeller: Labeller
) -> Iterator[IndexedWork]:
    """Yield works, in order, with what the reviews of those that have some add to their labels and their terms.

    Args:
        works: The works, labelled from their descriptions.
        features: The features of reviews in the store.
        recipe: The recipe of these features.
        labeller: The labeller of the works.
    """
    for batch in batched(works, WORKS_HEARD):
        reviewed = [each.work.id for each in batch if each.work.n_reviews]
        summaries = dict(features.summaries(recipe, reviewed)) if reviewed else {}
        for indexed in batch:
            summary = summaries.get(indexed.work.id)
            yield add_summary(indexed, summary, labeller) if summary else indexed


def add_summary(indexed: IndexedWork, summary: ReviewSummary, labeller: Labeller) -> IndexedWork:
    """Return a work with what its reviews say."""
    labels = hear(indexed.labels, summary, labeller.voices, labeller.taxonomy)
    return replace(indexed, labels=labels, said=summary.stated, heard=summary.experience)


class HearingLabeller:
    """A labeller that adds what the reviews of works say to the labels of another."""

    def __init__(self, labeller: Labeller, summaries: Mapping[str, ReviewSummary]) -> None:
        """Make a labeller.

        Args:
            labeller: The labeller that reads descriptions.
            summaries: What the reviews of works say, by work id.
        """
        self.taxonomy = labeller.taxonomy
        self._labeller = labeller
        self._summaries = summaries

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Return the labels of each work; see `Labeller`."""
        return [
            hear(labels, self._summaries[work.id], self._labeller.voices, self.taxonomy)
            if work.n_reviews and work.id in self._summaries
            else labels
            for (work, _), labels in zip(works, self._labeller.label(works), strict=True)
        ]
