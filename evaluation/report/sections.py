"""What the report shows of a benchmark: systems ranked and marked, and queries won and lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.records import BenchmarkResult, Comparison, Interval, LabelResult
from evaluation.significance import SIGNIFICANT

SYSTEM = "evoke"
"""Whose queries are shown one by one."""
MEASURE = "nDCG@10"
"""What systems are ranked, plotted and compared by."""
ABOVE, BELOW = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
N_QUERIES = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """What a system reached by one measure, and how that stands beside the others."""

    interval: Interval
    best: bool
    """As it is told, to three digits: there may be several."""
    mark: str
    """ABOVE or BELOW; empty where the difference to the baseline may be chance, and for the baseline."""


@dataclass(frozen=True, slots=True)
class QueryScores:
    """What `evoke` and the baseline reached on one query."""

    query: str
    text: str
    score: float
    baseline: float

    @property
    def difference(self) -> float:
        """Above zero is a win."""
        return self.score - self.baseline


@dataclass(frozen=True, slots=True)
class Section:
    """A benchmark's result, in the order in which it is shown."""

    result: BenchmarkResult

    @property
    def measures(self) -> list[str]:
        """Those of any system, nDCG@10 first."""
        measures = dict.fromkeys(measure for system in self.result.systems.values() for measure in system.measures)
        return sorted(measures, key=lambda measure: measure != MEASURE)

    @property
    def intervals(self) -> dict[str, Interval]:
        """The systems that were measured by nDCG@10, best first."""
        systems = self.result.systems.items()
        measured = [(name, system.measures[MEASURE]) for name, system in systems if MEASURE in system.measures]
        return dict(sorted(measured, key=lambda named: (-named[1].value, named[0])))

    @property
    def systems(self) -> list[str]:
        """All of them, best first."""
        return list(self.intervals | dict.fromkeys(self.result.systems))

    @property
    def has_latency(self) -> bool:
        """Whether any system was timed."""
        return any(system.latency_ms for system in self.result.systems.values())

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """The systems that were compared with the baseline by nDCG@10, best first."""
        found = ((name, self.result.systems[name].comparisons.get(MEASURE)) for name in self.systems)
        return {name: comparison for name, comparison in found if comparison}

    @property
    def queries(self) -> list[QueryScores]:
        """Greatest win first; none unless `evoke` was measured, and another system as the baseline."""
        systems, baseline = self.result.systems, self.result.baseline
        if baseline == SYSTEM or not {SYSTEM, baseline} <= systems.keys():
            return []
        ours, theirs = (systems[name].per_query.get(MEASURE, {}) for name in (SYSTEM, baseline))
        queries = [
            QueryScores(query, self.result.queries.get(query, ""), ours[query], theirs[query])
            for query in ours.keys() & theirs.keys()
        ]
        return sorted(queries, key=lambda query: (-query.difference, query.query))

    @property
    def wins(self) -> list[QueryScores]:
        """The largest, greatest first."""
        return [query for query in self.queries if query.difference > 0][:N_QUERIES]

    @property
    def losses(self) -> list[QueryScores]:
        """The largest, greatest first."""
        return [query for query in reversed(self.queries) if query.difference < 0][:N_QUERIES]

    @property
    def labels(self) -> list[tuple[str, LabelResult]]:
        """The dimensions and how well each is found, worst first; what could not be judged comes last."""
        return sorted(self.result.labels.items(), key=lambda label: (math.isnan(label[1].auc), label[1].auc, label[0]))

    def cell(self, system: str, measure: str = MEASURE) -> Cell | None:
        """Gives what a system reached; None where it was not measured so."""
        reached = {
            name: result.measures[measure] for name, result in self.result.systems.items() if measure in result.measures
        }
        if system not in reached:
            return None
        best = max(interval.value for interval in reached.values())
        return Cell(
            reached[system],
            best=len(reached) > 1 and round(reached[system].value, 3) == round(best, 3),
            mark=_mark(self.result.systems[system].comparisons.get(measure)),
        )


def system_names(results: Sequence[BenchmarkResult]) -> list[str]:
    """Gives the systems of all benchmarks, in the order in which they were measured."""
    return list(dict.fromkeys(name for result in results for name in result.systems))


def _mark(comparison: Comparison | None) -> str:
    if comparison is None or comparison.p >= SIGNIFICANT:
        return ""
    return ABOVE if comparison.difference > 0 else BELOW
