"""Work in stages that overlap, each in a thread of its own: while one batch is embedded, the next is analysed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from typing import Any, TypeVar

N_AHEAD = 3
"""Batches that are begun and not yet given back: one in each of two stages, and one between them."""


def in_stages(batches: Iterable[Any], *stages: Callable[[Any], Any]) -> Iterator[Any]:
    """Gives what the stages, one after another, make of each batch, in order.

    Batches are taken in the caller's thread, a few ahead. What a stage raises is raised here, in the batch's turn; what
    was not begun is then left, as it is when the caller stops early.
    """
    with ExitStack() as threads:
        pools = [ThreadPoolExecutor(1, stage.__name__) for stage in stages]
        for pool in pools:
            threads.callback(pool.shutdown, cancel_futures=True)
        begun: deque[Future[Any]] = deque()
        for batch in batches:
            begun.append(_begin(batch, stages, pools))
            if len(begun) >= N_AHEAD:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def _begin(batch: Any, stages: Iterable[Callable[[Any], Any]], pools: Iterable[ThreadPoolExecutor]) -> Future[Any]:
    made: Future[Any] = Future()
    made.set_result(batch)
    for stage, pool in zip(stages, pools, strict=True):
        made = pool.submit(lambda stage, earlier: stage(earlier.result()), stage, made)
    return made


T = TypeVar("T")


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Gives things in lists of a size, the last one shorter."""
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
