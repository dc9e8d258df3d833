"""Measure rankings of works by what was to be found. The gain of a work is 1 or 0. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.measures import harmonic_mean
from evaluation.significance import bootstrap_intervals
from evaluation.taste.records import Protocol, SystemFigures
from indexer.taste_training.factors import ndcg

OBJECTIVE = "nDCG@100"
MEASURES = ("nDCG@10", OBJECTIVE, "R@20", "R@50", "P@10", "R@10", "F1@10")
DEPTH = 100
"""How many works of a ranking are measured."""
SHOWN = 10
"""How many works a person sees, for coverage."""


def measure_ranking(ranking: Sequence[str], find: frozenset[str]) -> tuple[float, ...]:
    """Return the values of MEASURES for one person."""
    found = [work_id in find for work_id in ranking[:DEPTH]]
    precision, recall = sum(found[:10]) / 10, sum(found[:10]) / len(find)
    return (
        ndcg(found, len(find), 10),
        ndcg(found, len(find), 100),
        sum(found[:20]) / len(find),
        sum(found[:50]) / len(find),
        precision,
        recall,
        harmonic_mean(precision, recall),
    )


def compare_systems(
    protocol: Protocol, rankings: Mapping[str, Sequence[Sequence[str]]], n_works: int
) -> dict[str, SystemFigures]:
    """Return the figures of each system.

    Args:
        protocol: The protocol.
        rankings: By system the ranking for each case, best first; the first system is compared with the others.
        n_works: How many works are ranked.
    """
    sought = [case.find for case in protocol.cases]
    values = {
        name: np.array([measure_ranking(*each) for each in zip(ranked, sought, strict=True)])
        for name, ranked in rankings.items()
    }
    first = next(iter(values))
    objective = MEASURES.index(OBJECTIVE)
    figures = {}
    for name, own in values.items():
        difference = values[first][:, objective] - own[:, objective]
        *means, differs = bootstrap_intervals(np.column_stack([own, difference]))
        seen = {work_id for ranking in rankings[name] for work_id in ranking[:SHOWN]}
        figures[name] = SystemFigures(
            dict(zip(MEASURES, means, strict=True)), None if name == first else differs, len(seen) / n_works
        )
    return figures
