"""The map from a work's content to its factors, for works that few people rated. In numpy.

The input of a work has four parts, each of unit length (or zero where the work has nothing of it):

    text       the encoder's embedding of title and description
    values     the strengths of its values, less the mean strength of each value in the works of the map
    words      the terms of all its text fields with tf-idf weights, (1 + ln tf) * idf
    creators   its creators and its series

The factors are bias + sum over parts of part @ weights. `indexer.taste_training.mapping` fits the weights.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from indexer.name_keys import name_key
from indexer.records import IndexedWork
from indexer.tf_idf import WeighedTerms, weigh_known

Floats = NDArray[np.float32]

MOST_CREATORS = 8
"""The creators that count, in the order of the credits: later ones played small parts."""


@dataclass(frozen=True)
class Words:
    """The words or creators that a map knows: ids, ascending, uint64 (n,), and their idf, float32 (n,)."""

    ids: NDArray[np.uint64]
    idf: Floats

    def weigh(self, counts: Mapping[str, float]) -> WeighedTerms:
        """Return the words that the map knows with tf-idf weights of unit length."""
        return weigh_known(self.ids, self.idf, map(word_id, counts), counts.values())


@dataclass(frozen=True)
class ContentMap:
    """The map of one kind of work; see the formula of the module.

    Attributes:
        value_ids: The values whose strengths it reads, in the order of the rows of `values`.
        value_means: Their mean strengths, float32 (n_values,).
        words: The words that it knows.
        creators: The creators and series that it knows.
        bias: float32 (dim,).
        weights: By part, float32 (n_inputs of the part, dim).
    """

    value_ids: tuple[str, ...]
    value_means: Floats
    words: Words
    creators: Words
    bias: Floats
    weights: Mapping[str, Floats]

    def factors_of(self, indexed: IndexedWork) -> Floats:
        """Return the factors that the content of a work leads one to expect, float32 (dim,)."""
        factors = self.bias.astype(np.float32)
        factors = factors + unit(indexed.features.vector.astype(np.float32)) @ self.weights["text"]
        factors = factors + unit(centred_values(indexed, self.value_ids, self.value_means)) @ self.weights["values"]
        for part, known, counts in (
            ("words", self.words, word_counts(indexed)),
            ("creators", self.creators, creator_counts(indexed)),
        ):
            positions, weights = known.weigh(counts)
            factors = factors + weights @ self.weights[part][positions]
        return factors.astype(np.float32)


def unit(vector: Floats) -> Floats:
    """Return a vector with length 1; zeros stay zeros."""
    scaled: Floats = vector / (np.linalg.norm(vector) or 1.0)
    return scaled.astype(np.float32)


def centred_values(indexed: IndexedWork, value_ids: Iterable[str], means: Floats) -> Floats:
    """Return the strengths of a work's values less their means, float32 (n_values,); zeros for a work without any."""
    strengths = {label.value_id: label.strength for label in indexed.labels}
    if not strengths:
        return np.zeros_like(means)
    found = np.array([strengths.get(each, 0.0) for each in value_ids], dtype=np.float32)
    centred: Floats = found - means
    return centred


def word_counts(indexed: IndexedWork) -> Counter[str]:
    """Return how often each term occurs in a work's text; the names of its creators are left out."""
    counts: Counter[str] = Counter()
    for field, terms in indexed.features.field_terms.items():
        if field != "creators":
            counts.update(terms)
    return counts


def creator_counts(indexed: IndexedWork) -> dict[str, float]:
    """Return a work's first creators and its series, by key, each once."""
    work = indexed.work
    names = [name_key(creator.name) for creator in work.creators[:MOST_CREATORS]]
    series = [f"series {name_key(work.series.name)}"] if work.series else []
    return dict.fromkeys((name for name in [*names, *series] if name), 1.0)


@lru_cache(maxsize=1 << 18)
def word_id(word: str) -> int:
    """Return the id of a word or creator: 64 bits of its hash."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
