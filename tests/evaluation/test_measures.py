"""Measures give the values that their formulas give by hand."""

from __future__ import annotations

from math import log2

import pytest

from evaluation.measures import MEASURES, measure_run


def test_measures_of_a_ranking_follow_their_formulas() -> None:
    """The answer has two of three relevant works, the better one at rank 2."""
    judged = measure_run({"q": {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.1}}, {"q": {"b": 2, "c": 1, "e": 1, "d": 0}})
    gain = 2 / log2(3) + 1 / log2(4)
    best_gain = 2 / log2(2) + 1 / log2(3) + 1 / log2(4)
    precision, recall = 2 / 10, 2 / 3
    assert {measure: values["q"] for measure, values in judged.items()} == pytest.approx(
        {
            "nDCG@10": gain / best_gain,
            "RR": 1 / 2,
            "P@10": precision,
            "R@100": recall,
            "AP": (1 / 2 + 2 / 3) / 3,
            "Success@10": 1,
            "F1@10": 2 * precision * recall / (precision + recall),
        }
    )


def test_every_measure_has_every_judged_query_and_no_other() -> None:
    judged = measure_run({"asked": {"a": 1.0}, "elsewhere": {"a": 1.0}}, {"asked": {"a": 1}, "other": {"a": 1}})
    assert set(judged) == set(MEASURES)
    assert all(set(values) == {"asked", "other"} for values in judged.values())


@pytest.mark.parametrize("run", [{}, {"q": {}}, {"q": {"irrelevant": 1.0}}])
def test_an_unanswered_query_scores_zero(run: dict[str, dict[str, float]]) -> None:
    assert {values["q"] for values in measure_run(run, {"q": {"a": 1, "irrelevant": 0}}).values()} == {0.0}


@pytest.mark.parametrize(("relevant", "expected"), [("a", 1.0), ("b", 1 / 2), ("c", 1 / 3)])
def test_works_with_equal_scores_are_ranked_by_id(relevant: str, expected: float) -> None:
    run = {"q": {"c": 0.5, "a": 0.5, "b": 0.5}}
    assert measure_run(run, {"q": {relevant: 1}})["RR"]["q"] == pytest.approx(expected)


def test_a_hundred_works_are_judged() -> None:
    run = {"q": {f"w{number:03}": -float(number) for number in range(150)}}
    judged = measure_run(run, {"q": {"w009": 1, "w010": 1, "w099": 1, "w100": 1}})
    assert judged["R@100"]["q"] == pytest.approx(3 / 4)
    assert judged["P@10"]["q"] == pytest.approx(1 / 10)
