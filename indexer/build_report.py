"""How long each step of a build took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
