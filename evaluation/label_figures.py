"""How well values and tags are found, against what people said of the works."""

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
"""Of a value that fewer works are said to give, no figure tells anything."""


def judge_labels(
    works: Iterable[tuple[Work, Features]], labelled: Iterable[LabelledWork], labeller: Labeller
) -> dict[str, LabelResult]:
    """Gives the result of each dimension of the taxonomy that the labels can judge, by its id, the worst AUC first.

    A dimension is judged on the works whose kind of label, tags or shelves, has one that stands for it.
    """
    by_id = {each: work for work in labelled for each in work.ids}
    told = [
        (found, (work, features))
        for work, features in works
        if (found := next((by_id[each] for each in work.ids.items() if each in by_id), None))
    ]
    vocabularies: dict[str, set[str]] = {}
    for found, _ in told:
        vocabularies.setdefault(found.vocabulary, set()).update(found.tags)
    dimensions = labeller.taxonomy.community_labels
    nothing = [0.0] * len(dimensions)  # of a work without a sentence
    labels = labeller.label([work for _, work in told])
    strengths = np.array([[label.strength for label in own] or nothing for own in labels], dtype=np.float32)
    results = {}
    for column, (dimension, stand_for) in enumerate(dimensions.items()):
        known = np.array([not stand_for.isdisjoint(vocabularies[found.vocabulary]) for found, _ in told], dtype=bool)
        said = np.array([found.is_said(stand_for) for found, _ in told], dtype=bool)[known]
        if LEAST_SAID <= said.sum() < len(said):
            results[dimension] = judge_label(labeller.taxonomy.names[dimension], strengths[known, column], said)
    return dict(sorted(results.items(), key=lambda result: (result[1].auc, result[0])))


def judge_label(name: str, strengths: NDArray[np.float32], said: NDArray[np.bool_]) -> LabelResult:
    """Gives the result of one dimension on some works; both arrays (n_works,), some works said and some not.

    A work has it from the strength of one of its own values up. The AUC is the chance that a work that is said to have
    it is stronger than one that is not; a tie counts half (Mann and Whitney 1947).
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
