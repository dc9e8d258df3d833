"""What each word of a request does there: it asks for something, refuses something, or names a work."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from search_api.understanding.query import Span

Label = Literal["other", "wish", "dislike", "like", "unlike", "seen"]
"""What a word does. "wish" and "dislike": it says what the works are to have, or not to have. "like", "unlike" and
"seen": it belongs to the name of a work that the person liked, disliked, or knows or excludes. "other": everything
else, small talk too."""
LABELS: tuple[Label, ...] = get_args(Label)


@dataclass(frozen=True)
class TokenLabels:
    """The probability of each label for each word of a text.

    Attributes:
        spans: The characters of each word, rising.
        shares: The probability of each of `LABELS`, float32 (n_words, n_labels); rows sum to 1.
    """

    spans: Sequence[Span]
    shares: NDArray[np.float32]

    def n_words(self, *labels: Label) -> int:
        """Return how many words have one of the labels as their most probable one."""
        wanted = [LABELS.index(label) for label in labels]
        return int(np.isin(self.shares.argmax(axis=1), wanted).sum()) if len(self.shares) else 0

    def share(self, start: int, end: int) -> dict[Label, float]:
        """Return the mean probability of each label over the words that touch a stretch; without a word, "other"."""
        first = bisect_right(self.spans, start, key=itemgetter(1))
        last = bisect_left(self.spans, end, key=itemgetter(0))
        if first >= last:
            return {label: float(label == "other") for label in LABELS}
        # Most stretches are one word: the mean of one row takes half of the time of this method.
        shares = self.shares[first] if last - first == 1 else self.shares[first:last].mean(axis=0)
        return dict(zip(LABELS, shares.tolist(), strict=True))
