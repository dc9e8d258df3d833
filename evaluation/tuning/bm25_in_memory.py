"""BM25 in memory, with the engine's scores, to try parameters without building an index for each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from qdrant_client.models import SparseVector

from indexer.bm25 import BM25, term_id
from indexer.records import TEXT_FIELDS, FieldTerms
from search_api.fusion import Ranking, order_ranking

Floats = NDArray[np.float64]


class LexicalIndex:
    """The terms of works by field.

    An entry is one term of one work; entries are sorted by term, then by work.

    Args:
        works: Ids and terms, in the order of the ids.
    """

    def __init__(self, works: Iterable[tuple[str, FieldTerms]]) -> None:
        ids: list[str] = []
        counted: dict[tuple[int, int], list[float]] = {}
        for number, (id_, field_terms) in enumerate(works):
            ids.append(id_)
            for column, name in enumerate(TEXT_FIELDS):
                for term, count in field_terms.get(name, {}).items():
                    counted.setdefault((term_id(term), number), [0.0] * len(TEXT_FIELDS))[column] += count
        self.ids = ids
        self.rows: NDArray[np.intp] = np.arange(len(ids))
        """The row of each work in the table of works; here, until `search_queries` sets it, its place."""
        keys = np.array(list(counted), dtype=np.int64).reshape(-1, 2)
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        self._works = keys[order, 1]
        self._counts: Floats = np.array(list(counted.values())).reshape(-1, len(TEXT_FIELDS))[order]
        self._terms, self._starts = np.unique(keys[order, 0], return_index=True)
        self._ends = np.append(self._starts[1:], len(order))

    def weigh(self, bm25: BM25) -> WeighedIndex:
        """Return the index with the score of each entry: the product of `document_weights` and the IDF."""
        counts = self._counts @ np.array([bm25.weight(name) for name in TEXT_FIELDS])
        lengths = np.bincount(self._works, counts, minlength=len(self.ids))
        mean_length = lengths.mean() if lengths.any() else 1.0
        norms = bm25.k1 * (1 - bm25.b + bm25.b * lengths / mean_length)
        is_there = counts > 0
        n_with = np.add.reduceat(is_there.astype(np.float64), self._starts) if len(self._starts) else np.zeros(0)
        n_works = np.count_nonzero(lengths)  # the engine does not count works without terms
        idf = np.log(1 + (n_works - n_with + 0.5) / (n_with + 0.5))
        weights = np.zeros_like(counts)
        weights[is_there] = counts[is_there] * (bm25.k1 + 1) / (counts[is_there] + norms[self._works[is_there]])
        weights *= np.repeat(idf, self._ends - self._starts)
        places = {term: place for place, term in enumerate(self._terms.tolist()) if n_with[place]}
        return WeighedIndex(self.rows, places, self._starts, self._ends, self._works, weights, idf)


class WeighedIndex:
    """A `LexicalIndex` with its scores under one BM25."""

    def __init__(
        self,
        rows: NDArray[np.intp],
        places: dict[int, int],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        works: NDArray[np.int64],
        weights: Floats,
        idf: Floats,
    ) -> None:
        self._rows, self._places, self._starts, self._ends = rows, places, starts, ends
        self._works, self._weights, self._idf = works, weights, idf

    def idf(self, terms: Iterable[int]) -> dict[int, float]:
        """Return the IDF of terms by their ids; terms that no work has are left out."""
        return {term: float(self._idf[self._places[term]]) for term in terms if term in self._places}

    def rank(self, query: SparseVector, depth: int, allowed: NDArray[np.bool_] | None = None) -> Ranking:
        """Return the best `depth` works with scores above zero, score falling, then row.

        Args:
            query: Term ids and their weights.
            depth: How many works to return at most.
            allowed: Which works may be ranked, (n_works,); None for all.
        """
        scores = np.zeros(len(self._rows))
        for term, weight in zip(query.indices, query.values, strict=True):
            if (place := self._places.get(term)) is not None:
                span = slice(self._starts[place], self._ends[place])
                scores[self._works[span]] += weight * self._weights[span]
        if allowed is not None:
            scores[~allowed] = 0.0
        best = np.argpartition(-scores, depth)[:depth] if depth < len(scores) else np.arange(len(scores))
        best = best[scores[best] > 0]
        return order_ranking(self._rows[best], scores[best])
