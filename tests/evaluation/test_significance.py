"""Intervals and tests give the values that theory predicts."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.significance import bootstrap_intervals, compare, holm, randomisation_p


def test_an_interval_is_that_of_the_mean_over_queries() -> None:
    """With half of 100 queries at 1, the mean deviates by sqrt(.5 * .5 / 100) = .05; 1.96 times that covers 95%."""
    (interval,) = bootstrap_intervals(np.repeat([[0.0], [1.0]], 50, axis=0))
    assert interval.value == 0.5
    assert interval.low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.01)
    assert interval.high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.01)


def test_columns_are_independent() -> None:
    alone, other = bootstrap_intervals(np.array([[0.25, 1.0], [0.25, 0.0], [0.25, 0.0]]))
    assert (alone.value, alone.low, alone.high) == (0.25, 0.25, 0.25)
    assert (other.low, other.value, other.high) == (0.0, pytest.approx(1 / 3), 1.0)


@pytest.mark.parametrize("n_queries", [1, 2, 4, 8])
def test_p_is_the_share_of_draws_of_signs_with_as_large_a_mean(n_queries: int) -> None:
    """If all queries gain the same, only two of 2^n draws reach the mean: all plus and all minus."""
    (p,) = randomisation_p(np.full((n_queries, 1), 0.1))
    assert p == pytest.approx(2 / 2**n_queries, abs=0.01)


def test_equal_answers_give_p_one() -> None:
    assert randomisation_p(np.zeros((30, 2))).tolist() == [1.0, 1.0]


def test_p_is_never_zero() -> None:
    (p,) = randomisation_p(np.ones((60, 1)))
    assert p == pytest.approx(1 / 10_001)


def test_holm_multiplies_the_smallest_by_all_and_keeps_the_order() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])


def test_a_comparison_counts_wins_losses_and_ties() -> None:
    baseline = np.array([0.2, 0.4, 0.6, 0.8])
    (comparison,) = compare(np.array([[0.3], [0.1], [0.6], [1.0]]), baseline)
    assert (comparison.wins, comparison.losses, comparison.ties) == (2, 1, 1)
    assert comparison.difference == pytest.approx((0.1 - 0.3 + 0.0 + 0.2) / 4)


def test_more_systems_raise_the_adjusted_p() -> None:
    values = np.random.default_rng(1).normal(0.05, 0.1, size=(40, 1))
    (alone,) = compare(values, np.zeros(40))
    among = compare(np.hstack([values, np.zeros((40, 3))]), np.zeros(40))
    assert among[0].p == pytest.approx(4 * alone.p)
