"""Stages overlap, keep the order, and stop where something fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from indexer.stages import N_AHEAD, in_stages


def double(number: int) -> int:
    return number * 2


def to_text(number: int) -> str:
    return f"<{number}>"


def test_each_batch_goes_through_every_stage_in_order() -> None:
    assert list(in_stages(range(10), double, to_text)) == [f"<{2 * n}>" for n in range(10)]
    assert list(in_stages([], double)) == []


def test_stages_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)  # passed only when the two stages stand in it together

    def first(number: int) -> int:
        if number == 1:
            both.wait()
        return number

    def second(number: int) -> int:
        if number == 0:
            both.wait()
        return number

    assert list(in_stages(range(2), first, second)) == [0, 1]


def test_no_more_is_taken_than_is_needed() -> None:
    taken = []

    def batches() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = in_stages(batches(), double)
    assert next(results) == 0
    assert len(taken) <= N_AHEAD


def test_an_error_in_a_stage_is_raised_in_order_and_ends_the_rest() -> None:
    seen = []

    def fail_at_two(number: int) -> int:
        seen.append(number)
        if number == 2:
            raise ValueError("two")
        return number

    results = in_stages(range(100), fail_at_two, double)
    assert [next(results), next(results)] == [0, 2]
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert max(seen) < 2 + N_AHEAD
