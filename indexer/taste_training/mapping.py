"""Fit the map from content to factors: a ridge regression in closed form, by its kernel.

With the inputs of `indexer.taste.content`, weighted by PART_WEIGHTS, the kernel of two works is the sum over parts of
weight * the product of their inputs. With the kernel K of the works that have factors Y, of mean m,

    A = (K + lambda I)^-1 (Y - m)        weights of a part = weight * inputs' A        bias = m
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from indexer.records import IndexedWork
from indexer.taste.content import ContentMap, Floats, Words, creator_counts, unit, word_counts, word_id

PART_WEIGHTS: Mapping[str, float] = {"text": 1.0, "values": 0.5, "words": 2.0, "creators": 1.0}
REGULARISATION = 3.0
"""lambda. Of .3, 1, 3 and 10, this one found most of the liked books among those without ratings."""
LEAST_WORKS = 2
"""A word that fewer works have says nothing about other works."""
MOST_WORKS = 8_000
"""The most liked works so many are fitted on: the time grows with the cube of their number, to 20 s."""


@dataclass(frozen=True)
class Content:
    """What of a work's content the map reads: its indexed form without the sentences, which are larger."""

    vector: Floats
    strengths: Mapping[str, float]
    words: Mapping[str, float]
    creators: Mapping[str, float]


def read_content(indexed: IndexedWork) -> Content:
    """Return what the map reads of a work."""
    return Content(
        unit(indexed.features.vector.astype(np.float32)),
        {label.value_id: label.strength for label in indexed.labels},
        word_counts(indexed),
        creator_counts(indexed),
    )


def fit_map(
    contents: Sequence[Content], factors: Floats, likers: Any, regularisation: float = REGULARISATION
) -> ContentMap:
    """Return the map that is fitted on works with factors, float32 (n_works, dim), and their numbers of likers."""
    kept = np.sort(np.argsort(-np.asarray(likers), kind="stable")[:MOST_WORKS])
    chosen, targets = [contents[row] for row in kept], factors[kept].astype(np.float64)
    value_ids = tuple(sorted({value_id for each in chosen for value_id in each.strengths}))
    strengths = np.array(
        [[each.strengths.get(value_id, 0.0) for value_id in value_ids] for each in chosen], dtype=np.float32
    ).reshape(len(chosen), len(value_ids))
    means = strengths.mean(axis=0)
    words, creators = _count(each.words for each in chosen), _count(each.creators for each in chosen)
    inputs = {
        "text": np.stack([each.vector for each in chosen]),
        "values": np.stack([unit(row - means) if row.any() else 0 * row for row in strengths]),
        "words": _sparse(words, [each.words for each in chosen]),
        "creators": _sparse(creators, [each.creators for each in chosen]),
    }
    kernel = sum(weight * _dense(inputs[part] @ inputs[part].T) for part, weight in PART_WEIGHTS.items())
    kernel[np.diag_indices(len(chosen))] += regularisation
    bias = targets.mean(axis=0)
    solved = np.linalg.solve(kernel, targets - bias)
    weights = {part: (weight * (inputs[part].T @ solved)).astype(np.float32) for part, weight in PART_WEIGHTS.items()}
    return ContentMap(value_ids, means, words, creators, bias.astype(np.float32), weights)


def _count(texts: Iterable[Mapping[str, float]]) -> Words:
    """Return the words of LEAST_WORKS works or more, with idf(n) = ln(1 + (N - n + 0.5) / (n + 0.5))."""
    n_texts, counts = 0, Counter[str]()
    for text in texts:
        n_texts += 1
        counts.update(text.keys())
    kept = {word_id(word): n for word, n in counts.items() if n >= LEAST_WORKS}
    ids = np.array(sorted(kept), dtype=np.uint64)
    n = np.array([kept[each] for each in ids.tolist()], dtype=np.float32)
    return Words(ids, np.log(1 + (n_texts - n + 0.5) / (n + 0.5)).astype(np.float32))


def _sparse(words: Words, texts: Sequence[Mapping[str, float]]) -> Any:
    from scipy.sparse import csr_matrix

    weighed = [words.weigh(text) for text in texts]
    ends = np.cumsum([0, *(len(each.positions) for each in weighed)])
    positions = np.concatenate([each.positions for each in weighed])
    weights = np.concatenate([each.weights for each in weighed])
    return csr_matrix((weights, positions, ends), shape=(len(texts), len(words.ids)))


def _dense(product: Any) -> Any:
    return np.asarray(product.toarray() if hasattr(product, "toarray") else product, dtype=np.float64)
