"""How long each step of a build took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter


class StepSeconds(dict[str, float]):
    """Seconds by step."""

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Adds the time that the block takes to a step."""
        started = perf_counter()
        try:
            yield
        finally:
            self[step] = self.get(step, 0.0) + perf_counter() - started

    def slowest(self, n_steps: int) -> list[tuple[str, float]]:
        """Gives the steps that took longest, longest first."""
        return sorted(self.items(), key=lambda step: -step[1])[:n_steps]


@dataclass
class BuildReport:
    """What a build did: counts of works and lines, and seconds by step."""

    changes: Counter[str] = field(default_factory=Counter)
    n_works: int = 0
    n_embedded: int = 0
    n_rejected: int = 0
    n_foreign: int = 0
    n_pruned: int = 0
    generation: str | None = None
    rejects: Path | None = None
    seconds: StepSeconds = field(default_factory=StepSeconds)
    notes: list[str] = field(default_factory=list)
