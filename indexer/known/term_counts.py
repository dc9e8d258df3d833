"""Count in how many works each term is, while a generation is filled or changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_PENDING = 4_000_000
"""Terms that are collected before they are counted: 16 MB."""


class TermCounts:
    """The number of works with each term, by the id of the term.

    Args:
        ids: The ids of terms, ascending, uint32 (n,).
        counts: In how many works each is, uint32 (n,).
        n_works: How many works have any.

    Attributes:
        n_works: How many works have any term.
    """

    def __init__(self, ids: NDArray[Any] | None = None, counts: NDArray[Any] | None = None, n_works: int = 0) -> None:
        self.n_works = n_works
        self._ids = np.zeros(0, np.uint32) if ids is None else ids.astype(np.uint32)
        self._counts = np.zeros(0, np.int64) if counts is None else counts.astype(np.int64)
        self._pending: dict[int, list[NDArray[np.uint32]]] = {1: [], -1: []}
        self._n_pending = 0

    def add(self, vectors: Iterable[Any]) -> None:
        """Count the terms of works, given by their sparse vectors."""
        self._collect(vectors, 1)

    def remove(self, vectors: Iterable[Any]) -> None:
        """Take works that were counted out again, given by the vectors that they were counted with."""
        self._collect(vectors, -1)

    def totals(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return the ids of the terms that works have, ascending, and in how many works each is: uint32 (n,)."""
        self._merge()
        is_there = self._counts > 0
        return self._ids[is_there], self._counts[is_there].astype(np.uint32)

    def _collect(self, vectors: Iterable[Any], sign: int) -> None:
        for vector in vectors:
            terms = np.asarray(vector.indices, dtype=np.uint32)
            self._pending[sign].append(terms)
            self._n_pending += len(terms)
            self.n_works += sign if len(terms) else 0
        if self._n_pending > MOST_PENDING:
            self._merge()

    def _merge(self) -> None:
        ids, counts = [self._ids], [self._counts]
        for sign, pending in self._pending.items():
            if pending:
                found, n_found = np.unique(np.concatenate(pending), return_counts=True)
                ids.append(found)
                counts.append(sign * n_found)
                pending.clear()
        self._n_pending = 0
        self._ids, places = np.unique(np.concatenate(ids), return_inverse=True)
        self._counts = np.zeros(len(self._ids), np.int64)
        np.add.at(self._counts, places, np.concatenate(counts))
