"""A benchmark's part of the report: its systems in order, with marks, and the queries won and lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.measures import OBJECTIVE
from evaluation.records import BenchmarkResult, Comparison, Interval, LabelResult
from evaluation.significance import SIGNIFICANT

SYSTEM = "evoke"
"""The system whose queries are shown one by one."""
ABOVE, BELOW = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
N_QUERIES = 10
"""How many of the largest wins and losses are shown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A system's figure by one measure, with marks that compare it with the others."""

    interval: Interval
    best: bool
    """Whether no system has a higher value, rounded to three digits as shown; several may be best."""
    mark: str
    """ABOVE or BELOW the baseline; empty for the baseline, and where the difference may be chance."""


@dataclass(frozen=True, slots=True)
class QueryScores:
    """The scores of `evoke` and of the baseline on one query."""

    query: str
    text: str
    score: float
    baseline: float

    @property
    def difference(self) -> float:
        """The score minus the baseline's: above zero, `evoke` wins."""
        return self.score - self.baseline


@dataclass(frozen=True, slots=True)
class Section:
    """A benchmark's result in the order in which the report shows it."""

    result: BenchmarkResult

    @property
    def measures(self) -> list[str]:
        """The measures that any system has, the objective first."""
        measures = dict.fromkeys(measure for system in self.result.systems.values() for measure in system.measures)
        return sorted(measures, key=lambda measure: measure != OBJECTIVE)

    @property
    def intervals(self) -> dict[str, Interval]:
        """The systems that have the objective, best first."""
        systems = self.result.systems.items()
        measured = [(name, system.measures[OBJECTIVE]) for name, system in systems if OBJECTIVE in system.measures]
        return dict(sorted(measured, key=lambda named: (-named[1].value, named[0])))

    @property
    def systems(self) -> list[str]:
        """All systems, best first."""
        return list(self.intervals | dict.fromkeys(self.result.systems))

    @property
    def has_latency(self) -> bool:
        """Whether any system was timed."""
        return any(system.latency_ms for system in self.result.systems.values())

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """The systems that were compared with the baseline by the objective, best first."""
        compared = ((name, self.result.systems[name].comparisons.get(OBJECTIVE)) for name in self.systems)
        return {name: comparison for name, comparison in compared if comparison}

    @property
    def queries(self) -> list[QueryScores]:
        """All queries, greatest win first; empty unless both `evoke` and another baseline were measured."""
        systems, baseline = self.result.systems, self.result.baseline
        if baseline == SYSTEM or not {SYSTEM, baseline} <= systems.keys():
            return []
        ours, theirs = (systems[name].per_query.get(OBJECTIVE, {}) for name in (SYSTEM, baseline))
        queries = [
            QueryScores(query, self.result.queries.get(query, ""), ours[query], theirs[query])
            for query in ours.keys() & theirs.keys()
        ]
        return sorted(queries, key=lambda query: (-query.difference, query.query))

    @property
    def wins(self) -> list[QueryScores]:
        """The largest wins, greatest first."""
        return [query for query in self.queries if query.difference > 0][:N_QUERIES]

    @property
    def losses(self) -> list[QueryScores]:
        """The largest losses, greatest first."""
        return [query for query in reversed(self.queries) if query.difference < 0][:N_QUERIES]

    @property
    def labels(self) -> list[tuple[str, LabelResult]]:
        """Value and tag ids with their results, the worst AUC first; those that could not be judged come last."""
        return sorted(self.result.labels.items(), key=lambda label: (math.isnan(label[1].auc), label[1].auc, label[0]))

    def cell(self, system: str, measure: str = OBJECTIVE) -> Cell | None:
        """Return a system's figure by a measure; None where it has none."""
        intervals = {
            name: result.measures[measure] for name, result in self.result.systems.items() if measure in result.measures
        }
        if system not in intervals:
            return None
        best = max(interval.value for interval in intervals.values())
        return Cell(
            intervals[system],
            best=len(intervals) > 1 and round(intervals[system].value, 3) == round(best, 3),
            mark=_mark(self.result.systems[system].comparisons.get(measure)),
        )


def system_names(results: Sequence[BenchmarkResult]) -> list[str]:
    """Return the names of the systems of all benchmarks, in the order in which they were measured."""
    return list(dict.fromkeys(name for result in results for name in result.systems))


def _mark(comparison: Comparison | None) -> str:
    if comparison is None or comparison.p >= SIGNIFICANT:
        return ""
    return ABOVE if comparison.difference > 0 else BELOW
