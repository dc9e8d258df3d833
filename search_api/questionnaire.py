"""Choose the values and works that a questionnaire shows a person who makes a profile."""

from __future__ import annotations

import numpy as np

from crawler.records import KINDS
from indexer.values.taxonomy import Taxonomy
from search_api.diversity import Variety, diversify
from search_api.generation import Generation
from search_api.records import Questionnaire, WorkReference
from search_api.views import view_value
from search_api.work_table import Floats

N_VALUES = 10
N_WORKS_OF_A_KIND = 10
MOST_READ = 2_000
"""The most works whose values are compared, at equal distances in the table."""


def make_questionnaire(generation: Generation, taxonomy: Taxonomy) -> Questionnaire:
    """Return the values that tell the works of a generation apart best, and the best-known works of each kind."""
    table = generation.table
    n_rows = len(table.points)
    rows = np.linspace(0, n_rows - 1, min(n_rows, MOST_READ)).astype(np.intp)
    ids = [value.id for value in taxonomy.values]
    chosen = choose_columns(generation.profiles.strengths(rows, ids), N_VALUES)
    works: list[WorkReference] = []
    for kind in KINDS:
        known = [(row, float(table.known[row])) for row in table.best(kind, "known").tolist() if not table.is_twin[row]]
        best = diversify(known, table, Variety(by_kind=False), N_WORKS_OF_A_KIND)[:N_WORKS_OF_A_KIND]
        works += table.refer_to(np.array([row for row, _ in best], dtype=np.intp))
    return Questionnaire(values=tuple(view_value(taxonomy.by_id[ids[n]]) for n in chosen), works=tuple(works))


def choose_columns(strengths: Floats, most: int) -> list[int]:
    """Return the columns that vary most, each without what the columns before it tell: pivoted Gram-Schmidt.

    Args:
        strengths: The strengths of works in values, (n_works, n_values).
        most: How many columns; there are fewer if the others tell nothing new.
    """
    left = strengths.astype(np.float64) - strengths.mean(axis=0)
    chosen: list[int] = []
    for _ in range(min(most, left.shape[1])):
        variances = (left**2).sum(axis=0)
        best = int(variances.argmax())
        if variances[best] <= 1e-9:
            break
        chosen.append(best)
        direction = left[:, best] / np.sqrt(variances[best])
        left -= np.outer(direction, direction @ left)
    return chosen
