"""Intervals and tests against what theory says."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.significance import bootstrap_intervals, compare, holm, randomisation_p


def test_an_interval_is_that_of_the_mean_of_queries() -> None:
    """Of 100 queries half score 1: the mean deviates by sqrt(.5 * .5 / 100) = .05, and 95% lie within 1.96 of it."""
    (interval,) = bootstrap_intervals(np.repeat([[0.0], [1.0]], 50, axis=0))
    assert interval.value == 0.5
    assert interval.low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.01)
    assert interval.high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.01)


def test_columns_are_measured_each_for_itself() -> None:
    alone, other = bootstrap_intervals(np.array([[0.25, 1.0], [0.25, 0.0], [0.25, 0.0]]))
    assert (alone.value, alone.low, alone.high) == (0.25, 0.25, 0.25)
    assert (other.low, other.value, other.high) == (0.0, pytest.approx(1 / 3), 1.0)


@pytest.mark.parametrize("n_queries", [1, 2, 4, 8])
def test_p_is_the_share_of_signs_that_reach_as_far(n_queries: int) -> None:
    """Where every query gains alike, of 2^n draws of signs only all plus and all minus do."""
    (p,) = randomisation_p(np.full((n_queries, 1), 0.1))
    assert p == pytest.approx(2 / 2**n_queries, abs=0.01)


def test_systems_that_answer_alike_do_not_differ() -> None:
    assert randomisation_p(np.zeros((30, 2))).tolist() == [1.0, 1.0]


def test_p_is_never_zero() -> None:
    (p,) = randomisation_p(np.ones((60, 1)))
    assert p == pytest.approx(1 / 10_001)


def test_holm_takes_the_smallest_times_all_and_never_falls() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])


def test_a_comparison_counts_wins_losses_and_ties() -> None:
    baseline = np.array([0.2, 0.4, 0.6, 0.8])
    (comparison,) = compare(np.array([[0.3], [0.1], [0.6], [1.0]]), baseline)
    assert (comparison.wins, comparison.losses, comparison.ties) == (2, 1, 1)
    assert comparison.difference == pytest.approx((0.1 - 0.3 + 0.0 + 0.2) / 4)


def test_more_systems_make_a_difference_less_sure() -> None:
    values = np.random.default_rng(1).normal(0.05, 0.1, size=(40, 1))
    (alone,) = compare(values, np.zeros(40))
    among = compare(np.hstack([values, np.zeros((40, 3))]), np.zeros(40))
    assert among[0].p == pytest.approx(4 * alone.p)
