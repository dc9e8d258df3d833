"""BM25 as sparse vectors: documents have their weights without the IDF, queries bring it.

The score is the dot product of a document's and a query's vector. How many works have a term is counted while a
generation is filled. Qdrant's own IDF modifier counts in each shard alone, so that scores would change with the number
of shards.

Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond", equation 3.15, with the IDF of
Lucene, ln(1 + (N - n + 0.5) / (n + 0.5)):

    score(q, d) = sum over t in q of  idf(t) * tf(t, d) (k1 + 1) / (tf(t, d) + k1 (1 - b + b |d| / avgdl))

With field weights, each occurrence of a term is multiplied by the weight of its field, both in tf(t, d) and in |d|
(Robertson, Zaragoza and Taylor 2004, "Simple BM25 Extension to Multiple Weighted Fields"); weight 0 leaves a field out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from crawler.records import ClosedModel
from indexer.errors import BM25Invalid
from indexer.records import FieldTerms, TextField
from indexer.tuning_file import read_tuning

if TYPE_CHECKING:
    from qdrant_client.models import SparseVector

K1 = 1.2
B = 0.75
REVIEWS_WEIGHT = 0.02
"""nDCG@10 of BM25 alone on value_movies, requests_movies and tot_movies, where a tenth of the works have reviews: .208,
.014 and .093 without their terms, .234, .019 and .103 with .02; .268, .010 and .040 with .1, where they drown
descriptions."""


class BM25(ClosedModel):
    """The settings of BM25: chosen by `evoke tune`, and recorded in each generation."""

    k1: float = Field(default=K1, ge=0, le=1_000)
    b: float = Field(default=B, ge=0, le=1)
    weights: dict[TextField, Annotated[float, Field(ge=0, le=1_000)]] = Field(
        default_factory=dict, description="the weight of the terms in each field; a field left out weighs 1"
    )
    reviews: float = Field(
        default=REVIEWS_WEIGHT,
        ge=0,
        le=1_000,
        description="the weight of a term for each person who uses it in a review; such terms do not count as length",
    )

    def weight(self, name: TextField) -> float:
        """Return the weight of a term in a field."""
        return self.weights.get(name, 1.0)

    def count(self, field_terms: FieldTerms) -> dict[str, float]:
        """Return the count of each term in a work, weighted by field; fields of weight 0 are left out."""
        counts: dict[str, float] = {}
        for name, terms in field_terms.items():
            if weight := self.weight(name):
                for term, count in terms.items():
                    counts[term] = counts.get(term, 0.0) + weight * count
        return counts

    def weights_of(self, field_terms: FieldTerms, heard: Mapping[str, int], mean_length: float) -> SparseVector:
        """Return the weights of a work's terms without the IDF.

        Args:
            field_terms: How often each term occurs in each field.
            heard: How many people use each term in a review. A work is not longer for what people say of it.
            mean_length: The mean length of works, in weighted terms.
        """
        counts = self.count(field_terms)
        length = sum(counts.values())
        if self.reviews:
            for term, n_people in heard.items():
                counts[term] = counts.get(term, 0.0) + self.reviews * n_people
        return document_weights(counts, mean_length, k1=self.k1, b=self.b, length=length)


class _BM25Part(BaseModel):
    """The part of a tuning that an index is built with; search reads the rest."""

    bm25: BM25 = BM25()


def read_bm25(tuning: Path | None) -> BM25:
    """Return the BM25 settings of a tuning, or the default ones.

    Raises:
        BM25Invalid: The file cannot be read, or its settings are impossible.
    """
    return read_tuning(tuning, _BM25Part, BM25Invalid).bm25 if tuning else BM25()


@lru_cache(maxsize=500_000)
def term_id(term: str) -> int:
    """Return the 32-bit id of a term: the first four bytes of its BLAKE2b digest."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=4).digest(), "big")


def document_weights(
    counts: Mapping[str, float], mean_length: float, *, k1: float = K1, b: float = B, length: float | None = None
) -> SparseVector:
    """Return a document's BM25 weights without the IDF.

    Args:
        counts: How often each term occurs.
        mean_length: The mean length over the whole collection, in terms.
        k1: How slowly repetitions count less.
        b: How much a long document counts less.
        length: The document's length; None: the sum of the counts.
    """
    length = sum(counts.values()) if length is None else length
    length_norm = k1 * (1 - b + b * length / mean_length) if mean_length else k1
    return _sparse({term: count * (k1 + 1) / (count + length_norm) for term, count in counts.items()})


def inverse_frequencies(n_works: int, counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return Lucene's IDF of terms, float64 (n,), given in how many of `n_works` works each is."""
    counts = counts.astype(np.float64)
    weights: NDArray[np.float64] = np.log(1 + (n_works - counts + 0.5) / (counts + 0.5))
    return weights


def query_weights(terms: Iterable[str]) -> SparseVector:
    """Return a query's weights without the IDF: how often each term occurs in it."""
    return _sparse(Counter(terms))


def top_terms_by_idf(query: SparseVector, idf: Mapping[int, float], n_terms: int) -> SparseVector:
    """Return a query's `n_terms` best terms, by weight times IDF, then id; terms without an IDF are left out."""
    worth = {term: weight * idf[term] for term, weight in zip(query.indices, query.values, strict=True) if term in idf}
    kept = set(sorted(worth, key=lambda term: (-worth[term], term))[:n_terms])
    weights = {term: weight for term, weight in zip(query.indices, query.values, strict=True) if term in kept}
    return _vector(weights)


def _sparse(weights: Mapping[str, float]) -> SparseVector:
    """Return the vector of term weights; the weights of terms that share an id (a hash collision) add up."""
    by_id: dict[int, float] = {}
    for term, weight in weights.items():
        by_id[term_id(term)] = by_id.get(term_id(term), 0.0) + weight
    return _vector(by_id)


def _vector(weights: Mapping[int, float]) -> SparseVector:
    from qdrant_client.models import SparseVector  # takes half a second, which settings need not wait for

    return SparseVector(indices=list(weights), values=[float(weight) for weight in weights.values()])
