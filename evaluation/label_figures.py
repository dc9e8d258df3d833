"""Measure how well the labeller finds the values and tags that people gave to works."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.records import LabelResult
from indexer.records import Features, Work
from indexer.schema import PRIMARY_SCORE
from indexer.value_training.label_files import LabelledWork
from indexer.values.labelling import Labeller

LEAST_SAID = 5
"""A value that people gave to fewer works is not measured: its figures would be chance."""


def measure_labels(
    works: Iterable[tuple[Work, Features]], labelled: Iterable[LabelledWork], labeller: Labeller
) -> dict[str, LabelResult]:
    """Return the result of each value or tag that has enough labels, by its id, the worst AUC first.

    A value is measured on the works whose vocabulary (tags or shelves) has a label that stands for it.
    """
    by_id = {external_id: work for work in labelled for external_id in work.ids}
    matched = [
        (truth, (work, features))
        for work, features in works
        if (truth := next((by_id[external_id] for external_id in work.ids.items() if external_id in by_id), None))
    ]
    vocabularies: dict[str, set[str]] = {}
    for truth, _ in matched:
        vocabularies.setdefault(truth.vocabulary, set()).update(truth.tags)
    dimensions = labeller.taxonomy.community_labels
    zeros = [0.0] * len(dimensions)  # for a work without a sentence, which gets no labels
    labels = labeller.label([work for _, work in matched])
    strengths = np.array([[label.strength for label in own] or zeros for own in labels], dtype=np.float32)
    results = {}
    for column, (dimension, stand_for) in enumerate(dimensions.items()):
        known = np.array([not stand_for.isdisjoint(vocabularies[truth.vocabulary]) for truth, _ in matched], dtype=bool)
        said = np.array([truth.has_any(stand_for) for truth, _ in matched], dtype=bool)[known]
        if LEAST_SAID <= said.sum() < len(said):
            results[dimension] = measure_label(labeller.taxonomy.names[dimension], strengths[known, column], said)
    return dict(sorted(results.items(), key=lambda result: (result[1].auc, result[0])))


def measure_label(name: str, strengths: NDArray[np.float32], said: NDArray[np.bool_]) -> LabelResult:
    """Return the result of one value or tag.

    A work counts as found from the strength PRIMARY_SCORE up. The AUC is the chance that a work with the label
    has a higher strength than a work without it; a tie counts half (Mann and Whitney 1947).

    Args:
        name: The name to show.
        strengths: The labeller's strengths, (n_works,).
        said: Whether people gave the label, (n_works,); some works have it and some do not.
    """
    found = strengths >= PRIMARY_SCORE
    n_said, n_right = int(said.sum()), int((found & said).sum())
    ranks = pd.Series(strengths).rank().to_numpy()
    return LabelResult(
        name=name,
        n_works=len(said),
        n_said=n_said,
        precision=n_right / max(int(found.sum()), 1),
        recall=n_right / n_said,
        f1=2 * n_right / (int(found.sum()) + n_said),
        auc=float((ranks[said].sum() - n_said * (n_said + 1) / 2) / (n_said * (len(said) - n_said))),
    )
