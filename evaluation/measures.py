"""Runs and qrels to measures, query by query, by ir-measures, whose names and definitions are TREC's."""

from __future__ import annotations

from collections.abc import Mapping

import ir_measures

from evaluation.records import Qrels, Run

RANKING_DEPTH = 100
"""How many works of an answer are judged."""

MEASURES = ("nDCG@10", "RR", "P@10", "R@100", "AP", "Success@10", "F1@10")

_ASKED = [ir_measures.parse_measure(name) for name in (*MEASURES[:-1], "R@10")]


def judge(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    """Gives for each measure each judged query's value; a query that the run does not answer scores zero.

    A grade from 1 up is relevant, and the grade itself is nDCG's gain. F1@10, which ir-measures does not have, is
    2 P R / (P + R) of P@10 and R@10.
    """
    judged: dict[str, dict[str, float]] = {str(measure): dict.fromkeys(qrels, 0.0) for measure in _ASKED}
    grades = {query_id: dict(works) for query_id, works in qrels.items()}
    for metric in ir_measures.iter_calc(_ASKED, grades, _by_rank(run)):
        judged[str(metric.measure)][metric.query_id] = float(metric.value)
    recall = judged.pop("R@10")
    judged["F1@10"] = {query_id: _harmonic_mean(judged["P@10"][query_id], recall[query_id]) for query_id in qrels}
    return judged


def ranked(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Gives an answer's works in order: score falling, then work id; no more than are judged."""
    return sorted(scores.items(), key=lambda work: (-work[1], work[0]))[:RANKING_DEPTH]


def _by_rank(run: Run) -> dict[str, dict[str, float]]:
    """Gives a run whose scores fall strictly: trec_eval, which ir-measures asks, breaks ties in a way of its own."""
    return {
        query_id: {work: float(-rank) for rank, (work, _) in enumerate(ranked(scores))}
        for query_id, scores in run.items()
    }


def _harmonic_mean(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


OBJECTIVE = "nDCG@10"
