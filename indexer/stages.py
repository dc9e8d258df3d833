"""Run stages at the same time, each in a thread of its own: while one batch is embedded, the next is analysed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")

N_AHEAD = 3
"""Batches begun and not yet returned: one in each of two stages, and one between them."""


def in_stages(
    batches: Iterable[Any], *stages: Callable[[Any], Any], on_stop: Callable[[], None] | None = None
) -> Iterator[Any]:
    """Run each batch through the stages, one after another, and yield the results in order.

    The caller's thread takes batches from the iterable, at most N_AHEAD in advance. An error in a stage is raised when
    the result of its batch is due. After an error, or if the caller stops early, batches that have not begun are
    dropped.

    Args:
        batches: The batches.
        stages: What each batch runs through.
        on_stop: Called after an error or an early stop, before what runs is waited for: ends what may last long.
    """
    with ExitStack() as threads:
        pools = [ThreadPoolExecutor(1, stage.__name__) for stage in stages]
        for pool in pools:
            threads.callback(pool.shutdown, cancel_futures=True)
        if on_stop:
            threads.push(lambda kind, *_: on_stop() if kind else None)
        begun: deque[Future[Any]] = deque()
        for batch in batches:
            begun.append(_begin(batch, stages, pools))
            if len(begun) >= N_AHEAD:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()


def _begin(batch: Any, stages: Iterable[Callable[[Any], Any]], pools: Iterable[ThreadPoolExecutor]) -> Future[Any]:
    result: Future[Any] = Future()
    result.set_result(batch)
    for stage, pool in zip(stages, pools, strict=True):
        result = pool.submit(lambda stage, earlier: stage(earlier.result()), stage, result)
    return result


def batched(elements: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` elements, the last one shorter."""
    iterator = iter(elements)
    while batch := list(islice(iterator, size)):
        yield batch
