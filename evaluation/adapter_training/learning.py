"""Train a query adapter on descriptions of works whose right answers are known.

`search_api.query_adapter` has the model. Its matrix A and bias b minimise, over all works of the query's catalogue,

    cross_entropy(q' V.T / TEMPERATURE, right work) + L2_PENALTY * (sum A^2 + sum b^2)

from A = b = 0, which leaves queries unchanged. Vectors of works are left as they are, so one product scores the whole
catalogue and no negatives need to be sampled. The depth, which is the number of layers, is the one that finds the
described works best, on works that are held out. On such works, temperatures of .025 to .1, penalties of .01 to .1 and
factors of rank 64 were no better, and one adapter for each catalogue was worse than one for all: an adapter trained on
films alone harms books.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crawler.progress import with_progress
from search_api.query_adapter import LEAST_DESCRIPTIONS, EmbeddingAdapter, Floats, QueryAdapter

STEEPNESS = 0.75
"""The exponent of w(t). With .5, .75 and 1 nDCG@10 is .451, .457 and .459 on books, .186, .188 and .186 on films."""
TEMPERATURE, L2_PENALTY = 0.035, 0.03
EPOCHS, BATCH_SIZE, LEARNING_RATE = 6, 128, 2e-3
SEED = 20260101
DEPTHS = (1, 2, 3)
PARAMETERS: Mapping[str, float] = {
    "steepness": STEEPNESS, "temperature": TEMPERATURE, "l2_penalty": L2_PENALTY, "epochs": EPOCHS,
    "batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "seed": SEED,
}  # fmt: skip
"""What a training is done with, by name."""


@dataclass(frozen=True)
class TrainingSet:
    """Descriptions of works of one catalogue, with their right answers."""

    works: Floats
    """Embeddings of all works, float32 (n_works, dim)."""
    queries: Floats
    """Embeddings of the descriptions, float32 (n, dim)."""
    answers: NDArray[np.int64]
    """The row in `works` of each description's right work, (n,)."""
    terms: Sequence[Collection[int]]
    """The ids of each description's stems."""

    def subset(self, chosen: NDArray[np.bool_]) -> TrainingSet:
        """Return the descriptions of a mask, (n,), with all works."""
        terms = [self.terms[row] for row in np.flatnonzero(chosen).tolist()]
        return TrainingSet(self.works, self.queries[chosen], self.answers[chosen], terms)


def fit_query_adapter(
    training_sets: Sequence[TrainingSet], encoder_fingerprint: str | None, depth: int = 1
) -> QueryAdapter:
    """Return one query adapter for all catalogues together; without a fingerprint, one that leaves embeddings alone."""
    weights = weigh_terms(terms for one in training_sets for terms in one.terms)
    if encoder_fingerprint is None:
        return QueryAdapter(weights, None)
    return QueryAdapter(weights, fit_adapter(training_sets, encoder_fingerprint, depth))


def try_depths(
    trained: Sequence[TrainingSet], held_out: Sequence[TrainingSet], encoder_fingerprint: str
) -> dict[int, float]:
    """Return for each depth the mean reciprocal rank of the right works of held-out descriptions, by vectors alone.

    The mean is taken over the descriptions of a catalogue, then over the catalogues.
    """
    found = {}
    for depth in with_progress(DEPTHS, "depths", "training"):
        adapter = fit_adapter(trained, encoder_fingerprint, depth)
        found[depth] = float(np.mean([_mean_reciprocal_rank(one, adapter) for one in held_out]))
    return found


def _mean_reciprocal_rank(held_out: TrainingSet, adapter: EmbeddingAdapter) -> float:
    ranks = []
    for query, answer in zip(adapter.turn(held_out.queries), held_out.answers, strict=True):
        cosines = held_out.works @ query
        ranks.append(1 + int((cosines > cosines[answer]).sum()))
    return float(np.mean(1 / np.array(ranks)))


def weigh_terms(descriptions: Iterable[Collection[int]]) -> dict[int, float]:
    """Return w by stem id, for the stems of at least LEAST_DESCRIPTIONS descriptions."""
    counts: Counter[int] = Counter()
    n_descriptions = 0
    for terms in descriptions:
        counts.update(set(terms))
        n_descriptions += 1

    def idf(n: int) -> float:
        return math.log(1 + (n_descriptions - n + 0.5) / (n + 0.5))

    return {
        term: (idf(n) / idf(LEAST_DESCRIPTIONS)) ** STEEPNESS for term, n in counts.items() if n >= LEAST_DESCRIPTIONS
    }


def fit_adapter(
    training_sets: Sequence[TrainingSet], encoder_fingerprint: str, depth: int = 1, seed: int = SEED
) -> EmbeddingAdapter:
    """Return an adapter; the same data and seed give the same one. Its hidden layers begin at random."""
    import torch
    from torch.nn import functional

    draw = torch.Generator().manual_seed(seed)
    dimension = training_sets[0].works.shape[1]
    matrix = torch.zeros(dimension, dimension, requires_grad=True)
    bias = torch.zeros(dimension, requires_grad=True)
    hidden = [
        (
            (torch.randn(dimension, dimension, generator=draw) * (2 / dimension) ** 0.5).requires_grad_(),
            torch.zeros(dimension, requires_grad=True),
        )
        for _ in range(depth - 1)
    ]
    tensors = [tuple(map(torch.from_numpy, (one.works, one.queries, one.answers))) for one in training_sets]
    n_steps = EPOCHS * sum(math.ceil(len(one.answers) / BATCH_SIZE) for one in training_sets)
    optimiser = torch.optim.Adam([matrix, bias, *(part for layer in hidden for part in layer)], lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=n_steps, pct_start=0.1)
    for _ in range(EPOCHS):
        batches = [
            (number, rows)
            for number, (_, queries, _) in enumerate(tensors)
            for rows in torch.split(torch.randperm(len(queries), generator=draw), BATCH_SIZE)
        ]
        for batch in torch.randperm(len(batches), generator=draw).tolist():
            number, rows = batches[batch]
            works, queries, answers = tensors[number]
            query = read = queries[rows]
            for layer, layer_bias in hidden:
                read = torch.relu(read @ layer + layer_bias)
            turned = functional.normalize(query + read @ matrix + bias)
            loss = functional.cross_entropy(turned @ works.T / TEMPERATURE, answers[rows])
            loss = loss + L2_PENALTY * ((matrix**2).sum() + (bias**2).sum())
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    layers = [(weight.detach().numpy(), offset.detach().numpy()) for weight, offset in hidden]
    return EmbeddingAdapter(encoder_fingerprint, matrix.detach().numpy(), bias.detach().numpy(), tuple(layers))
