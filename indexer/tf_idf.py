"""Weigh the terms of a text by tf-idf, among the terms that a trained model knows. In numpy."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.unsignedinteger]
"""Hashes of terms, uint32 or uint64 (n,)."""


class WeighedTerms(NamedTuple):
    """A text's terms: their positions among those known, int64 (n,), and their weights, float32 (n,)."""

    positions: NDArray[np.int64]
    weights: Floats


def weigh_known(known: Ids, idf: Floats, ids: Iterable[int], frequencies: Collection[float]) -> WeighedTerms:
    """Return a text's known terms with the weights (1 + ln tf) * idf, scaled to unit length.

    Args:
        known: The ids of the known terms, ascending, (n_known,).
        idf: Their inverse document frequencies, float32 (n_known,).
        ids: The ids of the text's terms, each once.
        frequencies: How often each of these is in the text.
    """
    own = np.fromiter(ids, dtype=known.dtype, count=len(frequencies))
    counts = np.fromiter(frequencies, dtype=np.float32, count=len(frequencies))
    positions = np.searchsorted(known, own)
    is_known = positions < len(known)
    is_known[is_known] = known[positions[is_known]] == own[is_known]
    weights = (1 + np.log(counts[is_known])) * idf[positions[is_known]]
    length = np.linalg.norm(weights) or 1.0
    return WeighedTerms(positions[is_known], (weights / length).astype(np.float32))
