"""Confidence intervals of means over queries, and tests whether two systems differ by more than chance.

Both resample whole queries: the percentile bootstrap and the paired randomisation test (Smucker, Allan and Carterette
2007, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.records import Comparison, Interval

N_RESAMPLES = 10_000
SEED = 20260101
SIGNIFICANT = 0.05
"""A difference with a smaller p is significant."""

_CHUNK = 1_000
"""Resamples made at once: with 10,000 queries they take 80 MB."""
_ROUNDING = 1e-12
"""Differences smaller than this are rounding, not wins or losses."""

Floats = NDArray[np.float64]


def bootstrap_intervals(values: Floats) -> list[Interval]:
    """Return the mean of each column of values, (n_queries, n_columns), with its percentile bootstrap 95% interval.

    All columns share the same resamples. A resample is a vector of counts by query, so the means of many resamples are
    one product of matrices.
    """
    draw = np.random.default_rng(SEED)
    n_queries = len(values)
    chances = np.full(n_queries, 1 / n_queries)
    means = [draw.multinomial(n_queries, chances, size=_CHUNK) @ values for _ in range(N_RESAMPLES // _CHUNK)]
    lows, highs = np.percentile(np.vstack(means) / n_queries, (2.5, 97.5), axis=0)
    return [Interval(*map(float, ends)) for ends in zip(values.mean(axis=0), lows, highs, strict=True)]


def randomisation_p(differences: Floats) -> Floats:
    """Return the two-sided p that the mean is zero, for each column of differences, (n_queries, n_columns).

    If the two systems were equally good, each difference could as well have the other sign:

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
    """Return p adjusted for the number of tests n (Holm 1979): the smallest times n, the next times n - 1, ..."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def compare(values: Floats, baseline: Floats) -> list[Comparison]:
    """Return a comparison of each column of values, (n_queries, n_systems), with the baseline's, (n_queries,)."""
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
    """Return the values of queries in the order of `query_ids`: (n_queries,)."""
    return np.array([per_query[query_id] for query_id in query_ids], dtype=np.float64)
