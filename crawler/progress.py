"""Show how far a long command is: a bar on a terminal, elsewhere a line on stderr every ten seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import Protocol, TextIO, TypeVar

LINE_SECONDS = 10.0
"""The least time between two lines. A command that is shorter writes none."""

T = TypeVar("T")


class Progress(Protocol):
    """What a command says its progress to."""

    def update(self, n: int = 1, /) -> object:
        """Count what was done since the last call."""
        ...


class ProgressLines:
    """Progress as lines, for a log or a pipe: `embedding: 1,200 of 28,963 works after 40 s, about 15 min left`."""

    def __init__(
        self,
        unit: str,
        title: str = "",
        total: int | None = None,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin at nothing.

        Args:
            unit: What is counted, in the plural.
            title: What is done with it.
            total: How many there are; None if nobody knows.
            stream: Where the lines go; None: stderr.
            clock: The time in seconds.
        """
        self._unit, self._title, self._total = unit, title, total
        self._stream = stream or sys.stderr
        self._clock = clock
        self._n = 0
        self._started = self._written = clock()

    def update(self, n: int = 1, /) -> None:
        """Count what was done, and write a line if the last one is ten seconds old."""
        self._n += n
        now = self._clock()
        if now - self._written >= LINE_SECONDS:
            self._written = now
            self._stream.write(f"{self._describe(now - self._started)}\n")
            self._stream.flush()

    def _describe(self, seconds: float) -> str:
        done = f"{self._n:,} of {self._total:,}" if self._total else f"{self._n:,}"
        left = seconds / self._n * (self._total - self._n) if self._total and self._n else 0
        title = f"{self._title}: " if self._title else ""
        return f"{title}{done} {self._unit} after {_duration(seconds)}" + (
            f", about {_duration(left)} left" if left > 0 else ""
        )


@contextmanager
def show_progress(unit: str, title: str = "", total: int | None = None) -> Iterator[Progress]:
    """Yield what the block says its progress to: a bar if stderr is a terminal, else lines."""
    if not sys.stderr.isatty():
        yield ProgressLines(unit, title, total)
        return
    from tqdm import tqdm

    with tqdm(desc=title or None, unit=f" {unit}", total=total, leave=False) as bar:
        yield bar


def with_progress(entries: Iterable[T], unit: str, title: str = "", total: int | None = None) -> Iterator[T]:
    """Yield entries, and show how many were taken; `total` is known of what has a length."""
    with show_progress(unit, title, len(entries) if isinstance(entries, Sized) else total) as progress:
        for entry in entries:
            yield entry
            progress.update(1)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
