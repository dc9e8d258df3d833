"""BM25 as sparse vectors: document weights here, the IDF in the engine, so that their dot product is the score.

Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond", equation 3.15, with the IDF of
Lucene, ln(1 + (N - n + 0.5) / (n + 0.5)), which Qdrant's IDF modifier computes from the collection itself:

    score(q, d) = sum over t in q of  idf(t) * tf(t, d) (k1 + 1) / (tf(t, d) + k1 (1 - b + b |d| / avgdl))
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from qdrant_client.models import SparseVector

K1 = 1.2
B = 0.75


@lru_cache(maxsize=500_000)
def term_id(term: str) -> int:
    """Gives the 32-bit id of a term: the first four bytes of its BLAKE2b digest."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=4).digest(), "big")


def document_weights(counts: Mapping[str, int], mean_length: float, *, k1: float = K1, b: float = B) -> SparseVector:
    """Gives a document's BM25 weights without the IDF; `mean_length` is in terms, over the whole collection."""
    length_norm = k1 * (1 - b + b * sum(counts.values()) / mean_length) if mean_length else k1
    return _sparse({term: count * (k1 + 1) / (count + length_norm) for term, count in counts.items()})


def query_weights(terms: Iterable[str]) -> SparseVector:
    """Gives a query's weights: how often each term is asked for."""
    return _sparse(Counter(terms))


def _sparse(weights: Mapping[str, float]) -> SparseVector:
    """Gives the vector of term weights; two terms with one id (a hash collision) add up."""
    by_id: dict[int, float] = {}
    for term, weight in weights.items():
        by_id[term_id(term)] = by_id.get(term_id(term), 0.0) + weight
    return SparseVector(indices=list(by_id), values=[float(weight) for weight in by_id.values()])
