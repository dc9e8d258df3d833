"""The report of a build: counts, notes, and the time that each step took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from crawler.text import count_of
from indexer.reviews.choosing import ReviewCounts


class StepSeconds(dict[str, float]):
    """The seconds that each step took."""

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time that the block takes to a step."""
        started = perf_counter()
        try:
            yield
        finally:
            self[step] = self.get(step, 0.0) + perf_counter() - started

    def slowest(self, n_steps: int) -> list[tuple[str, float]]:
        """Return the steps that took longest, longest first."""
        return sorted(self.items(), key=lambda step: -step[1])[:n_steps]


@dataclass
class BuildReport:
    """The report of a build.

    Attributes:
        changes: How many records were new, changed, unchanged or repeated.
        n_works: Works in the index.
        n_embedded: Works embedded in this run.
        n_rejected: Lines that are not records.
        n_foreign: New texts that are not in English.
        n_pruned: Records removed by `--prune`.
        reviews: How many reviews were read and kept.
        generation: The new generation; None if the index was up to date.
        rejects: The file with the rejected lines.
        seconds: The time that each step took.
        notes: Further lines for the person who runs the build.
    """

    changes: Counter[str] = field(default_factory=Counter)
    n_works: int = 0
    n_embedded: int = 0
    n_rejected: int = 0
    n_foreign: int = 0
    n_pruned: int = 0
    reviews: ReviewCounts = field(default_factory=ReviewCounts)
    generation: str | None = None
    rejects: Path | None = None
    seconds: StepSeconds = field(default_factory=StepSeconds)
    notes: list[str] = field(default_factory=list)


def reviews_line(counts: ReviewCounts) -> str:
    """Return what became of the reviews that were read, in one line."""
    kept = f"{counts.n_kept:,} kept" + (f" ({counts.n_features:,} as features only)" if counts.n_features else "")
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in counts.dropped.most_common())
    parts = [
        kept,
        *([f"{counts.dropped.total():,} left out ({dropped})"] if dropped else []),
        *([f"{counts.n_shortened:,} shortened"] if counts.n_shortened else []),
        *([f"personal data cut out of {counts.n_personal:,}"] if counts.n_personal else []),
        *([f"{counts.n_without_scale:,} ratings without a scale ignored"] if counts.n_without_scale else []),
    ]
    return f"{count_of(counts.n_read, 'review')}: {'; '.join(parts)}"
