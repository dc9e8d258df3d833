"""Measure how well the labeller finds the values and tags that people gave to works.

The works that have reviews are measured once more by themselves, and, if records were added to the benchmark's works,
a third time without these records: what reviews tell a labeller shows on the same works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.measures import OBJECTIVE, measure_run
from evaluation.records import ALL, GAIN, REVIEWED, WITHOUT_RECORDS, LabelFigures, LabelMeans, LabelResult
from evaluation.significance import bootstrap_intervals
from indexer.records import Features, Work
from indexer.schema import PRIMARY_SCORE
from indexer.value_training.label_files import LabelledWork
from indexer.values.labelling import LabelsWorks

LEAST_SAID = 5
"""A value that people gave to fewer works is not measured: its figures would be chance."""

Scores = NDArray[np.float32]
MeasuredWorks = Iterable[tuple[Work, Features]]


class _Judged(NamedTuple):
    """The labels of labelled works, each array (n_works, n_dimensions).

    Attributes:
        strengths: The strengths by the labeller.
        probabilities: The probabilities by the labeller.
        said: Whether people gave the work the value.
        known: Whether the vocabulary of the work's people (tags or shelves) has a label that stands for the value.
    """

    strengths: Scores
    probabilities: Scores
    said: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def of(self, works: NDArray[np.bool_]) -> _Judged:
        return _Judged(self.strengths[works], self.probabilities[works], self.said[works], self.known[works])


def measure_labels(
    works: MeasuredWorks,
    labelled: Iterable[LabelledWork],
    labeller: LabelsWorks,
    without_records: Callable[[], MeasuredWorks] | None = None,
) -> LabelFigures:
    """Return the result of each value or tag that has enough labels, by its id, the worst AUC first, and their means.

    A value is measured on the works whose vocabulary (tags or shelves) has a label that stands for it.

    Args:
        works: The works of an index with their features.
        labelled: What people said of works.
        labeller: The labeller that is measured.
        without_records: Returns the same works without the records that were added to them, for a comparison on those
            that have reviews; None if no records were added.
    """
    by_id = {external_id: work for work in labelled for external_id in work.ids}
    matched = [
        (truth, (work, features))
        for work, features in works
        if (truth := next((by_id[external_id] for external_id in work.ids.items() if external_id in by_id), None))
    ]
    truths, measured = [truth for truth, _ in matched], [work for _, work in matched]
    judged = _judge(truths, measured, labeller)
    results = _measure(judged, labeller)
    if not results:
        return LabelFigures()
    means = {ALL: _means(results, len(measured))}
    has_reviews = np.array([work.n_reviews > 0 for work, _ in measured], dtype=bool)
    reviewed = judged.of(has_reviews)
    with_reviews = _measure(reviewed, labeller)
    if with_reviews:
        means[REVIEWED] = _means(with_reviews, int(has_reviews.sum()))
    if with_reviews and without_records:
        ids = [work.id for work, _ in measured if work.n_reviews > 0]
        wanted = set(ids)
        bare = {work.id: (work, features) for work, features in without_records() if work.id in wanted}
        strengths, probabilities = _score([bare[work_id] for work_id in ids], labeller)
        before = _measure(reviewed._replace(strengths=strengths, probabilities=probabilities), labeller)
        means[WITHOUT_RECORDS] = _means(before, len(ids))
        means[GAIN] = _gain(with_reviews, before, len(ids))
    return LabelFigures(results, means)


def _judge(truths: Sequence[LabelledWork], works: Sequence[tuple[Work, Features]], labeller: LabelsWorks) -> _Judged:
    vocabularies: dict[str, set[str]] = {}
    for truth in truths:
        vocabularies.setdefault(truth.vocabulary, set()).update(truth.tags)
    dimensions = labeller.taxonomy.community_labels.values()
    shape = (len(truths), len(dimensions))
    said = [truth.has_any(stand_for) for truth in truths for stand_for in dimensions]
    known = [not stand_for.isdisjoint(vocabularies[truth.vocabulary]) for truth in truths for stand_for in dimensions]
    return _Judged(
        *_score(works, labeller),
        said=np.array(said, dtype=bool).reshape(shape),
        known=np.array(known, dtype=bool).reshape(shape),
    )


def _score(works: Sequence[tuple[Work, Features]], labeller: LabelsWorks) -> tuple[Scores, Scores]:
    """Return the strengths and the probabilities of works, each (n_works, n_dimensions)."""
    zeros = [(0.0, 0.0)] * len(labeller.taxonomy.community_labels)  # for a work without a sentence: it gets no labels
    scores = [[(label.strength, label.probability) for label in own] or zeros for own in labeller.label(works)]
    strengths, probabilities = np.array(scores, dtype=np.float32).reshape(len(works), len(zeros), 2).transpose(2, 0, 1)
    return strengths, probabilities


def _measure(judged: _Judged, labeller: LabelsWorks) -> dict[str, LabelResult]:
    """Return the result of each value or tag that people gave to enough works, the worst AUC first."""
    results = {}
    for column, dimension in enumerate(labeller.taxonomy.community_labels):
        known = judged.known[:, column]
        said = judged.said[known, column]
        if LEAST_SAID <= said.sum() < len(said):
            name = labeller.taxonomy.names[dimension]
            strengths, probabilities = judged.strengths[known, column], judged.probabilities[known, column]
            results[dimension] = measure_label(name, strengths, probabilities, said)
    return dict(sorted(results.items(), key=lambda result: (result[1].auc, result[0])))


def measure_label(name: str, strengths: Scores, probabilities: Scores, said: NDArray[np.bool_]) -> LabelResult:
    """Return the result of one value or tag.

    A work counts as found from the strength PRIMARY_SCORE up. The AUC is the chance that a work with the label
    has a higher strength than a work without it; a tie counts half (Mann and Whitney 1947). For nDCG@10 the works are
    an answer that is ranked by probability.

    Args:
        name: The name to show.
        strengths: The labeller's strengths, (n_works,).
        probabilities: The labeller's probabilities, (n_works,).
        said: Whether people gave the label, (n_works,); some works have it and some do not.
    """
    found = strengths >= PRIMARY_SCORE
    n_said, n_right = int(said.sum()), int((found & said).sum())
    ranks = pd.Series(strengths).rank().to_numpy()
    ids = [f"{place:09}" for place in range(len(said))]  # works with equal probabilities stay in their order
    answer = dict(zip(ids, probabilities.tolist(), strict=True))
    relevant = {each: 1 for each, has in zip(ids, said, strict=True) if has}
    return LabelResult(
        name=name,
        n_works=len(said),
        n_said=n_said,
        precision=n_right / max(int(found.sum()), 1),
        recall=n_right / n_said,
        f1=2 * n_right / (int(found.sum()) + n_said),
        auc=float((ranks[said].sum() - n_said * (n_said + 1) / 2) / (n_said * (len(said) - n_said))),
        ndcg=measure_run({"label": answer}, {"label": relevant})[OBJECTIVE]["label"],
    )


def _means(results: Mapping[str, LabelResult], n_works: int) -> LabelMeans:
    auc, ndcg = bootstrap_intervals(np.array([(each.auc, each.ndcg) for each in results.values()]))
    return LabelMeans(n_works, len(results), auc, ndcg)


def _gain(now: Mapping[str, LabelResult], before: Mapping[str, LabelResult], n_works: int) -> LabelMeans:
    """Return the mean differences, value by value, with intervals that resample the values."""
    differences = [(now[each].auc - before[each].auc, now[each].ndcg - before[each].ndcg) for each in now]
    auc, ndcg = bootstrap_intervals(np.array(differences))
    return LabelMeans(n_works, len(differences), auc, ndcg)
