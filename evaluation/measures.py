"""Measure runs against qrels, query by query. The measures are TREC's, as ir-measures defines them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ir_measures
from ir_measures import AP, RR, P, R, Success, nDCG
from ir_measures.measures import Measure

from evaluation.records import Qrels, Run

RANKING_DEPTH = 100
"""How many works of an answer are measured."""


@dataclass(frozen=True)
class Derived:
    """A measure that ir-measures lacks: a function of measures that it has, applied query by query."""

    formula: Callable[..., float]
    of: tuple[Measure, ...]


def harmonic_mean(one: float, other: float) -> float:
    """Return 2 a b / (a + b), and 0 where both are 0."""
    return 2 * one * other / (one + other) if one + other else 0.0


MEASURES: Mapping[str, Measure | Derived] = {
    "nDCG@10": nDCG @ 10,
    "RR": RR,
    "P@10": P @ 10,
    "R@100": R @ 100,
    "AP": AP,
    "Success@10": Success @ 10,
    "F1@10": Derived(harmonic_mean, (P @ 10, R @ 10)),
}
"""Every measure by the name that results, tables and reports show, in their order. A new measure is one line here."""

OBJECTIVE = "nDCG@10"
"""The measure that tuning maximises, that reports rank systems by, and whose interval the table shows."""


def measure_run(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    """Return the values of a run by measure, then by judged query; a query without an answer has value zero.

    A grade from 1 up is relevant, and the grade itself is the gain of nDCG.
    """
    derived = {name: how if isinstance(how, Derived) else Derived(float, (how,)) for name, how in MEASURES.items()}
    parts = list(dict.fromkeys(part for how in derived.values() for part in how.of))
    values = {part: dict.fromkeys(qrels, 0.0) for part in parts}
    grades = {query_id: dict(works) for query_id, works in qrels.items()}
    for metric in ir_measures.iter_calc(parts, grades, _by_rank(run)):
        values[metric.measure][metric.query_id] = float(metric.value)
    return {
        name: {query_id: how.formula(*(values[part][query_id] for part in how.of)) for query_id in qrels}
        for name, how in derived.items()
    }


def ranked(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the first RANKING_DEPTH works of an answer with their scores, by falling score, then by id."""
    return sorted(scores.items(), key=lambda work: (-work[1], work[0]))[:RANKING_DEPTH]


def _by_rank(run: Run) -> dict[str, dict[str, float]]:
    """Return the run with strictly falling scores, because trec_eval, behind ir-measures, has its own tie rule."""
    return {
        query_id: {work: float(-rank) for rank, (work, _) in enumerate(ranked(scores))}
        for query_id, scores in run.items()
    }
