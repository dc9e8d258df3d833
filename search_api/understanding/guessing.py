"""Guess the values that a query asks for by its meaning, if no rule reads a value in its words; pure.

"Make me gasp at how big the universe is" names no value, and asks for awe.
"""

from __future__ import annotations

from collections.abc import Mapping

LEAST_CERTAINTY = 0.25
"""The least probability of the likeliest dimension; below it nothing is guessed.

The median of that probability is .38 for paraphrases of moods, .19 for short plots, .17 for facts ("a short French
book") and .11 for misspelt titles. With a bound of .2, answers to facts get worse. On 83 paraphrases of the starter
benchmark's moods nDCG@10 is .222 without guesses, .262 with this bound, .263 with .2, and .259 if instead three
dimensions together must reach .5.
"""
LEAST_SHARE, MOST_DIMENSIONS = 0.05, 3
"""The least probability of a further guess, and how many guesses are made at most.

With one guess nDCG@10 on these paraphrases is .006 lower; with more than three it is not higher.
"""


def guess_values(shares: Mapping[str, float]) -> dict[str, float]:
    """Return the dimensions that a query likely asks for with their weights, 1 for the likeliest; {} if none is likely.

    Args:
        shares: The probability of each dimension of the taxonomy; they sum to 1.
    """
    likeliest = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_DIMENSIONS]
    most = likeliest[0][1]
    if most < LEAST_CERTAINTY:
        return {}
    return {name: round(share / most, 4) for name, share in likeliest if share >= LEAST_SHARE}
