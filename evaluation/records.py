"""The records of an evaluation: the figures of systems on benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Run = Mapping[str, Mapping[str, float]]
"""A system's answers: query id to work id to score. Works are ordered by falling score, then by id."""

Qrels = Mapping[str, Mapping[str, int]]
"""Judgements: query id to work id to grade. Grade 0 means judged and irrelevant."""


@dataclass(frozen=True)
class Interval:
    """A mean over queries with its bootstrap 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """A system compared with the baseline by one measure, query by query."""

    difference: float
    """Mean over the queries; above zero the system is better than the baseline."""
    p: float
    """Two-sided p of a paired randomisation test, adjusted by Holm over the systems of the benchmark."""
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True)
class SystemResult:
    """One system's figures on one benchmark."""

    measures: Mapping[str, Interval]
    """The mean of each measure, by its name in `evaluation.measures.MEASURES`."""
    per_query: Mapping[str, Mapping[str, float]]
    """Measure to query id to value."""
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    """Measure to comparison with the baseline; empty for the baseline itself."""
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    """"p50" and "p95" of the time to answer a query; empty for a run read from a file."""


@dataclass(frozen=True)
class LabelResult:
    """How well the labeller finds one value or tag, measured by the labels that people gave to works."""

    name: str
    n_works: int
    """How many works have a label to compare with."""
    n_said: int
    """How many works people gave the label to."""
    precision: float
    recall: float
    f1: float
    auc: float


@dataclass(frozen=True)
class BenchmarkResult:
    """All systems' figures on one benchmark."""

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
    """Value or tag id to its result; empty where no label file was given."""
