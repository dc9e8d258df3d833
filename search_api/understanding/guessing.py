"""Words in which no rule reads a value, read by what they mean: "make me believe in people again"."""

from __future__ import annotations

from collections.abc import Mapping

LEAST_CERTAINTY = 0.25
"""Of the likeliest dimension. Half of the paraphrases of moods have .38 and more, of misspelt titles .11, of plots told
in brief .19, of facts ("a short French book") .17: from .2 on, answers to the last get worse."""
LEAST_SHARE, MOST_DIMENSIONS = 0.05, 3
"""Of what else may be meant: with one dimension alone nDCG@10 on the paraphrases is .006 lower, with more no higher."""


def guess_values(shares: Mapping[str, float]) -> dict[str, float]:
    """Gives the dimensions that a query likely asks for, the likeliest with weight 1; none where it may be anything."""
    likeliest = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_DIMENSIONS]
    most = likeliest[0][1]
    if most < LEAST_CERTAINTY:
        return {}
    return {name: round(share / most, 4) for name, share in likeliest if share >= LEAST_SHARE}
