"""The records of an evaluation: the figures of systems on benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Run = Mapping[str, Mapping[str, float]]
"""A system's answers: query id to work id to score. Works are ordered by falling score, then by id."""

Qrels = Mapping[str, Mapping[str, int]]
"""Judgements: query id to work id to grade. Grade 0 means judged and irrelevant."""

ALL, REVIEWED = "all works", "works with reviews"
WITHOUT_RECORDS, GAIN = "the same without the records", "gain"
"""The names of the works that labels are measured on; the gain is the mean difference of the two before it."""


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
    ndcg: float
    """nDCG@10 of the works ranked by the probability of the label; those that people gave it to are relevant."""


@dataclass(frozen=True)
class LabelMeans:
    """Means over the values and tags measured on some works; the intervals resample values and tags."""

    n_works: int
    n_labels: int
    auc: Interval
    ndcg: Interval


@dataclass(frozen=True)
class LabelFigures:
    """How well the labeller finds values and tags."""

    labels: Mapping[str, LabelResult] = field(default_factory=dict)
    """Value or tag id to its result on all works, the worst AUC first."""
    means: Mapping[str, LabelMeans] = field(default_factory=dict)
    """The means on all works and on those with reviews, by ALL, REVIEWED, WITHOUT_RECORDS and GAIN."""


@dataclass(frozen=True)
class AddedFile:
    """A catalogue of `--records`, and the numbers of those of its lines that were added to works."""

    path: Path
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Refusals:
    """How many records were refused for one reason, and the place of the first, with its problem if it has one."""

    count: int
    first: str


@dataclass(frozen=True)
class AddedRecords:
    """The records that `--records` added to the works of a benchmark."""

    files: tuple[AddedFile, ...]
    digest: str
    """A digest of the added records, whatever files they are in; empty if none was added."""
    n_works: int
    """How many works have added records."""
    n_works_of_corpus: int
    """How many works there are, with and without added records."""
    n_without_work: int
    """Records that share no id with a work."""
    n_repeated: int
    """Records that an earlier line has already."""
    refused: Mapping[str, Refusals]
    """Reason to how many records were refused for it."""

    @property
    def n_added(self) -> int:
        """How many records were added."""
        return sum(len(file.lines) for file in self.files)


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
    label_means: Mapping[str, LabelMeans] = field(default_factory=dict)
    """The means of `labels`, and those on the works that have reviews, by the names of `LabelFigures`."""
    added: AddedRecords | None = None
    """None without `--records`."""
