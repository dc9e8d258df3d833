"""Round strengths and probabilities to the steps in which the store keeps them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCORE_STEPS = 2**16 - 1
"""Steps from 0 to 1: what two bytes hold. A step is a sixth of the fourth digit, which payloads round to."""


def round_scores(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return scores in [0, 1] as the nearest multiples of 1 / SCORE_STEPS."""
    rounded: NDArray[np.float64] = np.rint(scores.astype(np.float64) * SCORE_STEPS) / SCORE_STEPS
    return rounded
