"""What `evoke tune` tried, and what it decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from evaluation.measures import OBJECTIVE
from evaluation.records import Interval
from evaluation.significance import Floats
from search_api.ranking_settings import (
    Fusion,
    QueryKind,
    Tuned,
)

Step = Literal["bm25", "cleaning", "fusion"]


@dataclass(frozen=True)
class Trials:
    """What every fusion reaches on every query."""

    fusions: Sequence[Fusion]
    scores: Floats
    """nDCG@10: (n_queries, n_fusions)."""
    kinds: Sequence[QueryKind]
    """The kind of each query."""
    benchmarks: Sequence[str]
    """Where each query comes from."""


@dataclass(frozen=True)
class Decision:
    """What serves, for a kind of query or for all, and what the best other is worth."""

    step: Step
    kind: QueryKind | None
    n_queries: int
    serving: Any
    found: Any
    """The best of all that were tried; None where there are too few queries to choose by."""
    before: float
    """nDCG@10 of what serves; the three figures weigh benchmarks alike."""
    after: float
    """nDCG@10 out of fold."""
    difference: Interval

    @property
    def is_better(self) -> bool:
        """Whether what was found is better by more than chance."""
        return self.found not in (None, self.serving) and self.difference.low > 0

    @property
    def chosen(self) -> Any:
        """What serves from now on."""
        return self.found if self.is_better else self.serving

    def to_figures(self) -> dict[str, Any]:
        """Gives what the choice was made by."""
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
    """The choices, and what they come to: by benchmark nDCG@10 before and, out of fold, after."""

    serving: Tuned
    choices: Sequence[Decision]
    benchmarks: Mapping[str, tuple[float, float]]

    def to_tuned(self) -> Tuned:
        """Gives what index and search read."""
        cleanings = {str(c.kind): c.chosen for c in self.choices if c.step == "cleaning"}
        fusions = {str(c.kind): c.chosen for c in self.choices if c.step == "fusion"}
        bm25 = [choice for choice in self.choices if choice.step == "bm25"]
        figures = {
            "measure": OBJECTIVE,
            "benchmarks": {name: {"before": b, "after": a} for name, (b, a) in self.benchmarks.items()},
            "bm25": bm25[0].to_figures() if bm25 else None,
            "cleanings": {c.kind: c.to_figures() for c in self.choices if c.step == "cleaning"},
            "kinds": {c.kind: c.to_figures() for c in self.choices if c.step == "fusion"},
        }
        return self.serving.model_copy(
            update={
                **fusions,
                "cleanings": self.serving.cleanings.model_copy(update=cleanings),
                "bm25": bm25[0].chosen if bm25 else self.serving.bm25,
                "figures": figures,
            }
        )
