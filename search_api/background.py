"""What is usual among the works of a generation, against which the likes of a person stand out.

A sum of likes says mostly what all works have in common: that they are books. nDCG@100 of books that readers like, from
four fifths of their likes: .097 by the sum of the text vectors, .144 less the mean of all books; by the values .112
less their means, .126 divided by their deviations too; by the terms .214, and .234 weighed by their IDF.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from indexer.bm25 import inverse_frequencies
from indexer.engine import Engine
from search_api.fusion import Rows

if TYPE_CHECKING:
    from search_api.work_table import Floats, ValueProfiles, WorkTable

SAMPLE_SIZE = 2_000
"""How many works are looked at, once in a generation: 0.1 s. The IDF of 2,000 works serves as well as that of all
28,963: .2334 and .2343, see above; that of 500 works: .2318."""
LEAST_OF_A_KIND = 20
"""With fewer works of a kind in the sample, the works of all kinds tell what is usual."""


@dataclass(frozen=True)
class Usual:
    """What is usual in one kind of work: means and deviations over works, float32 (dim,)."""

    text: Floats
    strengths: Floats
    deviations: Floats


@dataclass(frozen=True)
class Background:
    """What is usual in a sample of works.

    Attributes:
        of_all: What is usual in works of all kinds.
        of_kinds: The same by the number of a kind.
        terms: The ids of the terms of the sample, sorted, int64 (n_terms,).
        counts: In how many of its works each term is, int64 (n_terms,).
        n_works: How many works the sample has.
    """

    of_all: Usual
    of_kinds: Mapping[int, Usual]
    terms: NDArray[np.int64]
    counts: NDArray[np.int64]
    n_works: int

    def usual(self, kind: int) -> Usual:
        """Return what is usual in a kind, given by its number."""
        return self.of_kinds.get(kind, self.of_all)

    def idf(self, terms: NDArray[np.int64]) -> Floats:
        """Return the IDF of terms in the sample, float32 (n,)."""
        counts = np.zeros(len(terms), dtype=np.int64)
        if len(self.terms):
            places = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
            counts = np.where(self.terms[places] == terms, self.counts[places], 0)
        return inverse_frequencies(self.n_works, counts).astype(np.float32)


def read_background(engine: Engine, generation: str, table: WorkTable, profiles: ValueProfiles) -> Background:
    """Return what is usual among the works of a generation.

    The sample is the works with the smallest ids of points, which are hashes: works at random.
    """
    records, _ = engine.scroll(generation, limit=SAMPLE_SIZE, with_payload=False, with_vectors=["text", "bm25"])
    rows = table.rows_of_points([record.id for record in records])
    vectors: list[Any] = [record.vector for record in records]
    texts = np.array([each["text"] for each in vectors], dtype=np.float32)
    strengths = profiles.all_strengths(rows)
    terms = np.concatenate([np.zeros(0, np.int64), *(np.asarray(each["bm25"].indices, np.int64) for each in vectors)])
    found, counts = np.unique(terms, return_counts=True)
    kinds = table.kinds[rows]

    def usual(places: Rows) -> Usual:
        return Usual(texts[places].mean(axis=0), strengths[places].mean(axis=0), strengths[places].std(axis=0))

    places_of = {int(kind): np.flatnonzero(kinds == kind) for kind in np.unique(kinds)}
    return Background(
        of_all=usual(np.arange(len(rows))),
        of_kinds={kind: usual(own) for kind, own in places_of.items() if len(own) >= LEAST_OF_A_KIND},
        terms=found,
        counts=counts,
        n_works=len(rows),
    )
