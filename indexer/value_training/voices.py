"""Learn from the reviews of labelled works what their words say: how often each value is named, and a linear model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.bm25 import term_id
from indexer.reviews.summary import ReviewSummary
from indexer.tf_idf import weigh_known
from indexer.value_training.label_files import LabelledWork
from indexer.value_training.training import LEAST_WORKS
from indexer.values.head import Floats
from indexer.values.voices import NO_VOICES, Voices

LEAST_WORKS_OF_A_WORD = 8
"""A term is used if it is in the reviews of as many works: 7,481 terms of 758 films. With 3 as the least number 13,263
terms reach the same AUC."""

MOST_COMMON = 0.9
"""A term of more than this part of the works tells nothing."""

PENALTY = 0.2
"""Of the squared weights, against the log loss of each work. Between .05 and 1 the mean AUC differs by .003."""

DEVIATION = 0.4
"""The standard deviation of the model's outputs on held-out works, in log-odds. On 202 held-out films it adds .009 to
the mean AUC of 71 values and tags and nothing to nDCG@10; .6 adds .011 and takes .005, 1.2 adds .011 and takes .04."""

ReviewedWork = tuple[LabelledWork, ReviewSummary]


def train_voices(
    train: Sequence[ReviewedWork], validation: Sequence[ReviewedWork], tags_of: Mapping[str, frozenset[str]]
) -> Voices:
    """Return what the reviews of labelled works tell; nothing if fewer than LEAST_WORKS have reviews.

    Args:
        train: Works to count and to train on.
        validation: Works that decide the scale of the linear model; their labels are not read.
        tags_of: The tags and shelves that count as a label of each dimension.
    """
    if len(train) < LEAST_WORKS or not validation:
        return NO_VOICES
    dimensions = tuple(tags_of)
    rates = _rates([summary for _, summary in train], dimensions)
    targets = {dimension: _targets(train, tags_of[dimension]) for dimension in dimensions}
    outputs = tuple(each for each, given in targets.items() if LEAST_WORKS <= given.sum() <= len(train) - LEAST_WORKS)
    ids, idf = _choose_words([summary for _, summary in train])
    if not outputs or not len(ids):
        return Voices(dimensions, rates, (), NO_VOICES.ids, NO_VOICES.idf, NO_VOICES.weight, NO_VOICES.bias)
    words = _to_matrix([summary for _, summary in train], ids, idf)
    weight, bias = _fit(words, np.stack([targets[each] for each in outputs], axis=1))
    held_out = _to_matrix([summary for _, summary in validation], ids, idf) @ weight.T + bias
    scale = DEVIATION / np.maximum(held_out.std(axis=0), 1e-6)  # (n_outputs,)
    bias = (bias - held_out.mean(axis=0)) * scale
    return Voices(dimensions, rates, outputs, ids, idf, (weight * scale[:, None]).astype(np.float32), bias)


def _rates(summaries: Sequence[ReviewSummary], dimensions: Sequence[str]) -> Floats:
    """Return the share of reviews that say each dimension, float32 (n,); one review more says each."""
    counts: Counter[str] = Counter()
    for summary in summaries:
        counts.update(summary.said)
    n_people = sum(summary.n_people for summary in summaries)
    return np.array([(counts[each] + 1) / (n_people + 2) for each in dimensions], dtype=np.float32)


def _targets(works: Sequence[ReviewedWork], tags: frozenset[str]) -> Floats:
    return np.array([labels.has_any(tags) for labels, _ in works], dtype=np.float32)


def _choose_words(summaries: Sequence[ReviewSummary]) -> tuple[NDArray[np.uint32], Floats]:
    """Return the ids of the terms to use, ascending, and their inverse document frequencies ln(N / n)."""
    n_works = Counter(term_id(term) for summary in summaries for term in summary.terms)
    most = MOST_COMMON * len(summaries)
    kept = sorted(each for each, n in n_works.items() if LEAST_WORKS_OF_A_WORD <= n <= most)
    idf = np.log(len(summaries) / np.array([n_works[each] for each in kept], dtype=np.float32))
    return np.array(kept, dtype=np.uint32), idf.astype(np.float32)


def _to_matrix(summaries: Sequence[ReviewSummary], ids: NDArray[np.uint32], idf: Floats) -> Floats:
    """Return the weighted terms of works, float32 (n_works, n_terms)."""
    matrix = np.zeros((len(summaries), len(ids)), dtype=np.float32)
    for row, summary in enumerate(summaries):
        terms = weigh_known(ids, idf, map(term_id, summary.terms), summary.terms.values())
        matrix[row, terms.positions] = terms.weights
    return matrix


def _fit(words: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Return weight (n_outputs, n_terms) and bias of a logistic regression for each output, by L-BFGS.

    Positive and negative works weigh the same in all.
    """
    import torch

    inputs, labels = torch.from_numpy(words), torch.from_numpy(targets)
    n_positive = labels.sum(0)
    each = torch.where(labels > 0, 0.5 / n_positive, 0.5 / (len(labels) - n_positive)) * len(labels)
    weight = torch.zeros(labels.shape[1], inputs.shape[1], requires_grad=True)
    bias = torch.zeros(labels.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = inputs @ weight.T + bias
        total = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, weight=each, reduction="sum")
        total = total + PENALTY / 2 * (weight**2).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach().numpy(), bias.detach().numpy()
