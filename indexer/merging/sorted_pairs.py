"""Sort more pairs of numbers than memory holds: they go to files, a file that is too large is split by ranges.

A distribution sort (Knuth, The Art of Computer Programming, volume 3, 5.2.5): since every number of one file is less
than those of the next, files are sorted one after another and never merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.int64]
"""Pairs of numbers, int64 (n, 2)."""

_PAIR_BYTES = 16
_MOST_FILES = 64


def sorted_unique(pairs: Pairs) -> Pairs:
    """Return pairs sorted by both numbers, each pair once."""
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    is_new = np.ones(len(pairs), dtype=bool)
    is_new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    unique: Pairs = pairs[is_new]
    return unique


def sort_pairs(chunks: Iterable[Pairs], path: Path, most: int, lowest: int, highest: int) -> Iterator[Pairs]:
    """Take pairs, and return them sorted by both numbers, each pair once, in arrays that together have all.

    Pairs with the same first number are in one array. No other array has more than `most` pairs.

    Args:
        chunks: The pairs, in any order. All are taken before this function returns.
        path: Where a file may be written. It is removed, and so are those beside it that it is split into.
        most: The most pairs that are sorted in memory.
        lowest: No first number is less.
        highest: No first number is more.
    """
    with path.open("wb") as file:
        for chunk in chunks:
            chunk.tofile(file)
    return _sort_file(path, most, lowest, highest)


def _sort_file(path: Path, most: int, lowest: int, highest: int) -> Iterator[Pairs]:
    n_pairs = path.stat().st_size // _PAIR_BYTES
    if n_pairs <= most or lowest == highest:
        pairs = _read(path, 0, n_pairs)
        path.unlink()
        if n_pairs:
            yield sorted_unique(pairs)
        return
    n_parts = min(-(-2 * n_pairs // most), _MOST_FILES)
    starts = [lowest + (highest - lowest + 1) * part // n_parts for part in range(n_parts + 1)]
    parts = [path.with_name(f"{path.name}-{part}") for part in range(n_parts)]
    with ExitStack() as opened:
        files = [opened.enter_context(part.open("wb")) for part in parts]
        for first in range(0, n_pairs, most):
            chunk = _read(path, first, most)
            places = np.searchsorted(np.array(starts[1:-1], dtype=np.int64), chunk[:, 0], side="right")
            for place, file in enumerate(files):
                chunk[places == place].tofile(file)
    path.unlink()
    for part, start, end in zip(parts, starts, starts[1:], strict=False):
        yield from _sort_file(part, most, start, end - 1)


def _read(path: Path, first: int, n_pairs: int) -> Pairs:
    return np.fromfile(path, dtype=np.int64, count=2 * n_pairs, offset=first * _PAIR_BYTES).reshape(-1, 2)
