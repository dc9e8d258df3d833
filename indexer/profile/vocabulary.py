"""Measure how a vocabulary grows with the text: Heaps' law, V = K * n ** beta (Heaps 1978; Herdan 1964)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_STEP = 1.1
FIT_FROM = 1_000
"""The law is fitted from this many words on: nearly all of the first words of a text are new, in any language."""
_FIT_LEAST_POINTS = 5


@dataclass(frozen=True, slots=True)
class HeapsLaw:
    """The fitted V = scale * n ** exponent."""

    scale: float
    exponent: float

    def distinct(self, n_seen: float) -> float:
        """Return how many distinct words the law predicts for a text of `n_seen` words."""
        return float(self.scale * n_seen**self.exponent)


class Growth:
    """The number of distinct words against words read, noted whenever the text has grown by a tenth.

    It keeps the distinct words, but no text.
    """

    def __init__(self) -> None:
        self.n_seen = 0
        self.points: list[tuple[int, int]] = []
        self._words: set[str] = set()

    @property
    def n_distinct(self) -> int:
        """The number of distinct words so far."""
        return len(self._words)

    def add(self, words: Iterable[str]) -> None:
        """Read more words."""
        before = self.n_seen
        for word in words:
            self.n_seen += 1
            self._words.add(word)
        if self.n_seen > before and (not self.points or self.n_seen >= self.points[-1][0] * _STEP):
            self.points.append((self.n_seen, self.n_distinct))

    def fitted(self) -> tuple[list[tuple[int, int]], HeapsLaw] | None:
        """Return the points from FIT_FROM words on, with the law that fits them; None if there are too few."""
        points = [point for point in self.points if point[0] >= FIT_FROM]
        return (points, fit_heaps(points)) if len(points) >= _FIT_LEAST_POINTS else None


def fit_heaps(points: Sequence[tuple[int, int]]) -> HeapsLaw:
    """Return the law of points (n, V): the least-squares line through (ln n, ln V)."""
    log_seen, log_distinct = np.log(points).T
    exponent, intercept = np.polyfit(log_seen, log_distinct, deg=1)
    return HeapsLaw(float(np.exp(intercept)), float(exponent))
