"""The records of `evoke tune`: scores of the settings that were tried, and the decisions made by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from evaluation.measures import OBJECTIVE
from evaluation.records import Interval
from evaluation.significance import Floats
from search_api.ranking_settings import Fusion, QueryKind, Tuned

Step = Literal["bm25", "cleaning", "fusion"]


@dataclass(frozen=True)
class FusionScores:
    """The objective of every query under every fusion."""

    fusions: Sequence[Fusion]
    scores: Floats
    """(n_queries, n_fusions)."""
    kinds: Sequence[QueryKind]
    """The kind of each query."""
    benchmarks: Sequence[str]
    """The benchmark of each query."""


@dataclass(frozen=True)
class Decision:
    """A decision to keep or replace one serving setting, for a kind of query or for all queries."""

    step: Step
    kind: QueryKind | None
    n_queries: int
    serving: Any
    found: Any
    """The best of all settings that were tried; None where there are too few queries to choose by."""
    before: float
    """The objective under the serving setting. In all three figures benchmarks have equal weight."""
    after: float
    """The objective out of fold."""
    difference: Interval
    """The mean of `after` minus `before`, query by query."""

    @property
    def name(self) -> str:
        """What is decided, such as "fusion, mood"."""
        return f"{self.step}, {self.kind or 'all'}"

    @property
    def is_better(self) -> bool:
        """Whether the found setting is better by more than chance."""
        return self.found not in (None, self.serving) and self.difference.low > 0

    @property
    def chosen(self) -> Any:
        """The setting to serve from now on."""
        return self.found if self.is_better else self.serving

    def to_figures(self) -> dict[str, Any]:
        """Return the figures behind the decision, for the tuning file."""
        return {
            "n_queries": self.n_queries,
            "before": self.before,
            "out_of_fold": self.after,
            "difference": asdict(self.difference),
            "found": self.found and self.found.model_dump(),
            "is_better": self.is_better,
        }


@dataclass(frozen=True)
class Tuning:
    """The result of a tuning."""

    serving: Tuned
    decisions: Sequence[Decision]
    benchmarks: Mapping[str, tuple[float, float]]
    """Benchmark to the objective before all decisions and, out of fold, after them."""

    @property
    def parameters(self) -> dict[str, Any]:
        """The settings that are chosen, by name."""
        return {each.name: each.chosen.model_dump_json() for each in self.decisions}

    @property
    def metrics(self) -> dict[str, float]:
        """The figures behind the decisions, by name."""
        figures = {
            f"{name} {moment}": value
            for name, (before, after) in self.benchmarks.items()
            for moment, value in (("before", before), ("after", after))
        }
        return figures | {f"{each.name} difference": each.difference.value for each in self.decisions}

    def to_tuned(self) -> Tuned:
        """Return the settings that index and search read, with the figures they were chosen by."""
        cleanings = {str(d.kind): d.chosen for d in self.decisions if d.step == "cleaning"}
        fusions = {str(d.kind): d.chosen for d in self.decisions if d.step == "fusion"}
        bm25 = [decision for decision in self.decisions if decision.step == "bm25"]
        figures = {
            "measure": OBJECTIVE,
            "benchmarks": {name: {"before": b, "after": a} for name, (b, a) in self.benchmarks.items()},
            "bm25": bm25[0].to_figures() if bm25 else None,
            "cleanings": {d.kind: d.to_figures() for d in self.decisions if d.step == "cleaning"},
            "kinds": {d.kind: d.to_figures() for d in self.decisions if d.step == "fusion"},
        }
        return self.serving.model_copy(
            update={
                **fusions,
                "cleanings": self.serving.cleanings.model_copy(update=cleanings),
                "bm25": bm25[0].chosen if bm25 else self.serving.bm25,
                "figures": figures,
            }
        )
