"""What an evaluation says: the measurement of systems on benchmarks, as it is written, shown and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Run = Mapping[str, Mapping[str, float]]
"""Query id to work id to score: what a system answered. Order is score falling, then work id."""

Qrels = Mapping[str, Mapping[str, int]]
"""Query id to work id to grade; 0 is judged and irrelevant."""


@dataclass(frozen=True)
class Interval:
    """A mean over queries with its bootstrap 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """A system against the baseline by one measure, query by query."""

    difference: float
    p: float
    """Two-sided, of a paired randomisation test, adjusted by Holm over the systems of the benchmark."""
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True)
class SystemResult:
    """What one system reached on one benchmark."""

    measures: Mapping[str, Interval]
    """By ir-measures' names, such as nDCG@10."""
    per_query: Mapping[str, Mapping[str, float]]
    """Measure to query id to value."""
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    """Measure to comparison with the baseline; empty for the baseline itself."""
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    """"p50" and "p95" of answering a query; empty for a run that was read from a file."""


@dataclass(frozen=True)
class LabelResult:
    """How well one value or tag is found, against what people said of the works."""

    name: str
    n_works: int
    n_said: int
    precision: float
    recall: float
    f1: float
    auc: float


@dataclass(frozen=True)
class BenchmarkResult:
    """What the systems reached on one benchmark."""

    benchmark: str
    split: str
    baseline: str
    n_works: int
    n_queries: int
    n_qrels: int
    queries: Mapping[str, str]
    """Query id to text."""
    systems: Mapping[str, SystemResult]
    labels: Mapping[str, LabelResult] = field(default_factory=dict)
    """Dimension of the taxonomy to its result; empty where no label file was given."""
