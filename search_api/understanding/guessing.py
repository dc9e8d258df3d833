"""What a query likely asks for, by the meaning of its words, where no rule reads a value in them; pure.

"Make me gasp at how big the universe is" names no value, and asks for awe.
"""

from __future__ import annotations

from collections.abc import Mapping

LEAST_CERTAINTY = 0.25
"""Of the likeliest dimension. Half of the paraphrases of moods have .38 and more, of misspelt titles .11, of short
plots .19, of facts ("a short French book") .17: from .2 on, answers to the last get worse. On 83 paraphrases of the
starter benchmark's moods nDCG@10 is .222 without guesses and .262 with; with .2 it is .263, with three dimensions that
reach .5 together .259."""
LEAST_SHARE, MOST_DIMENSIONS = 0.05, 3
"""Of what else may be meant. With one dimension alone nDCG@10 on the paraphrases is .006 lower; more don't raise it."""


def guess_values(shares: Mapping[str, float]) -> dict[str, float]:
    """Return the dimensions that a query likely asks for, the likeliest with weight 1; none where it may be anything.

    Args:
        shares: The probability of each dimension of the taxonomy; they sum to 1.
    """
    likeliest = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_DIMENSIONS]
    most = likeliest[0][1]
    if most < LEAST_CERTAINTY:
        return {}
    return {name: round(share / most, 4) for name, share in likeliest if share >= LEAST_SHARE}
