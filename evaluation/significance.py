"""How sure a mean over queries is, and whether two systems differ by more than chance.

Both resample whole queries: the bootstrap's percentile interval and the paired randomisation test (Smucker, Allan and
Carterette 2007, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.records import Comparison, Interval

N_RESAMPLES = 10_000
SEED = 20260101
SIGNIFICANT = 0.05

_CHUNK = 1_000
"""Resamples made at once: with 10,000 queries they take 80 MB."""
_ROUNDING = 1e-12

Floats = NDArray[np.float64]


def bootstrap_intervals(values: Floats) -> list[Interval]:
    """Gives for each column of values, (n_queries, n_columns), its mean with the bootstrap's percentile 95% interval.

    All columns are resampled alike. A resample is how often it has each query: its means are a product of matrices.
    """
    draw = np.random.default_rng(SEED)
    n_queries = len(values)
    chances = np.full(n_queries, 1 / n_queries)
    means = [draw.multinomial(n_queries, chances, size=_CHUNK) @ values for _ in range(N_RESAMPLES // _CHUNK)]
    lows, highs = np.percentile(np.vstack(means) / n_queries, (2.5, 97.5), axis=0)
    return [Interval(*map(float, ends)) for ends in zip(values.mean(axis=0), lows, highs, strict=True)]


def randomisation_p(differences: Floats) -> Floats:
    """Gives for each column of differences, (n_queries, n_columns), the two-sided p of its mean being zero.

    Had the two systems the same quality, each difference might as well have the other sign:

        p = (1 + number of draws of signs with |mean| >= |observed mean|) / (1 + draws)
    """
    draw = np.random.default_rng(SEED)
    observed = np.abs(differences.sum(axis=0))
    as_far = np.zeros(differences.shape[1])
    for _ in range(N_RESAMPLES // _CHUNK):
        signs = draw.integers(0, 2, size=(_CHUNK, len(differences))) * 2.0 - 1.0
        as_far += (np.abs(signs @ differences) >= observed - _ROUNDING * len(differences)).sum(axis=0)
    p: Floats = (as_far + 1) / (N_RESAMPLES + 1)
    return p


def holm(p: Floats) -> Floats:
    """Gives p adjusted for how many tests there are (Holm 1979): the smallest times n, the next times n - 1, ..."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def compare(values: Floats, baseline: Floats) -> list[Comparison]:
    """Gives a comparison of each column of values, (n_queries, n_systems), with the baseline's (n_queries,)."""
    differences = values - baseline[:, None]
    adjusted = holm(randomisation_p(differences))
    return [
        Comparison(
            difference=float(column.mean()),
            p=float(p),
            wins=int((column > _ROUNDING).sum()),
            losses=int((column < -_ROUNDING).sum()),
            ties=int((np.abs(column) <= _ROUNDING).sum()),
        )
        for column, p in zip(differences.T, adjusted, strict=True)
    ]


def to_column(per_query: Mapping[str, float], query_ids: Sequence[str]) -> Floats:
    """Gives the values of queries, in their order."""
    return np.array([per_query[query_id] for query_id in query_ids], dtype=np.float64)
