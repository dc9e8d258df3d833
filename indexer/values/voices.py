"""What people say of a work, added to its labels: how many name a value, and which words they use besides. In numpy.

A label from the description has a strength and a probability. Of each, the log-odds are shifted by what reviews say:

    shift_v = 0.5 ln(odds of the share of people who say v / odds of the share who say it of any work) + n / (n + 5) r_v
    share   = (people who say v + 10 rate_v) / (n + 10)

with n people, `rate_v` the share of reviews that say v, and r_v the output of a linear model on the terms that people
use, weighted by tf-idf, for the dimensions that it was trained on. So a few people shift little, and a work without
reviews keeps its labels. `docs/reviews.md` has the figures.

A dimension that only reviews tell (`Taxonomy.from_reviews`) has no label from the description. Its strength is

    (share_v - rate_v) / (share_v - rate_v + 0.2)

which is one half if a fifth more people say it than of any work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.bm25 import term_id
from indexer.records import ValueLabel
from indexer.reviews.summary import ReviewSummary
from indexer.tf_idf import weigh_known
from indexer.values.rounding import round_scores
from indexer.values.taxonomy import Taxonomy

Floats = NDArray[np.float32]

SAID_WEIGHT = 0.5
"""Of the log-odds of the share of people. On 202 films that the models were not trained on, .3, .5 and .7 give a mean
AUC of .828, .829 and .830 and an nDCG@10 of .525, .535 and .530."""

PRIOR_PEOPLE = 10
"""People who are taken to have said as much of the work as of any: 3 and 5 are as good for labels, and let the word of
one person count for more."""

TRUST_PEOPLE = 5
"""With as many people, the words that they use count half."""

UNKNOWN_RATE = 0.03
"""The share of reviews that say a value which the voices were not counted for: the median of 212 values and tags."""

CLEAR_SHARE = 0.2
"""By how much the share of people must be above the rate to make a dimension one of the work's primary values."""

LEAST_PROBABILITY = 1e-3
"""Labels have no odds at 0 and 1: they are taken to be this far from them."""


@dataclass(frozen=True)
class Voices:
    """What is known of reviews in general, counted and trained on the reviews of labelled works.

    Attributes:
        dimensions: The values and tags that were counted.
        rates: The share of reviews that say each, float32 (n_dimensions,).
        outputs: Those of them that the linear model has an output for.
        ids: The terms of the linear model, ascending, uint32 (n_terms,).
        idf: Their inverse document frequencies among reviewed works, float32 (n_terms,).
        weight: float32 (n_outputs, n_terms).
        bias: float32 (n_outputs,).
    """

    dimensions: tuple[str, ...]
    rates: Floats
    outputs: tuple[str, ...]
    ids: NDArray[np.uint32]
    idf: Floats
    weight: Floats
    bias: Floats

    def shares(self, summary: ReviewSummary, dimensions: Sequence[str]) -> tuple[Floats, Floats]:
        """Return the share of people who say each dimension, and the rate that it is drawn to: float32 (n,) each."""
        known = dict(zip(self.dimensions, self.rates.tolist(), strict=True))
        rates = np.array([known.get(each, UNKNOWN_RATE) for each in dimensions], dtype=np.float32)
        said = np.array([summary.said[each] for each in dimensions], dtype=np.float32)
        shares: Floats = ((said + PRIOR_PEOPLE * rates) / (summary.n_people + PRIOR_PEOPLE)).astype(np.float32)
        return shares, rates

    def shifts(self, summary: ReviewSummary, dimensions: Sequence[str]) -> Floats:
        """Return the shift of each dimension's log-odds, float32 (n,)."""
        shares, rates = self.shares(summary, dimensions)
        shifts: Floats = SAID_WEIGHT * (_log_odds(shares) - _log_odds(rates))
        if self.outputs and summary.terms:
            terms = weigh_known(self.ids, self.idf, map(term_id, summary.terms), summary.terms.values())
            words = self.weight[:, terms.positions] @ terms.weights + self.bias
            trust = summary.n_people / (summary.n_people + TRUST_PEOPLE)
            by_dimension = dict(zip(self.outputs, (trust * words).tolist(), strict=True))
            shifts += np.array([by_dimension.get(each, 0.0) for each in dimensions], dtype=np.float32)
        return shifts


_NONE = np.zeros(0, dtype=np.float32)
NO_VOICES = Voices((), _NONE, (), np.zeros(0, dtype=np.uint32), _NONE, np.zeros((0, 0), dtype=np.float32), _NONE)


def hear(
    labels: Sequence[ValueLabel], summary: ReviewSummary, voices: Voices, taxonomy: Taxonomy
) -> tuple[ValueLabel, ...]:
    """Return a work's labels with what people say of it; without reviews they stay as they are.

    Args:
        labels: The labels from the description, one for each dimension; none if it has no sentence.
        summary: What the reviews say.
        voices: What is known of reviews in general.
        taxonomy: The taxonomy of the labels.
    """
    if not summary.n_people:
        return tuple(labels)
    dimensions = taxonomy.dimensions
    by_dimension = {label.value_id: label for label in labels}
    shares, rates = voices.shares(summary, dimensions)
    is_more = np.maximum(shares - rates, 0)
    heard = is_more / (is_more + CLEAR_SHARE)
    if labels:
        shifts = voices.shifts(summary, dimensions)
        strengths, probabilities = (
            _shifted(np.array([getattr(by_dimension[each], name) for each in dimensions], dtype=np.float32), shifts)
            for name in ("strength", "probability")
        )
        only_heard = np.array([each in taxonomy.from_reviews for each in dimensions])
        strengths = np.where(only_heard, heard, strengths)
        probabilities = np.where(only_heard, shares, probabilities)
    else:  # without a description, only what people say is known
        strengths, probabilities = heard, shares
    evidence = [by_dimension[each].evidence if each in by_dimension else None for each in dimensions]
    columns = (dimensions, round_scores(strengths).tolist(), round_scores(probabilities).tolist(), evidence)
    return tuple(map(ValueLabel._make, zip(*columns, strict=True)))


def _shifted(probabilities: Floats, shifts: Floats) -> Floats:
    """Return probabilities whose log-odds are shifted. One that is 0 stays: nothing speaks for it."""
    shifted: Floats = 1 / (1 + np.exp(-(_log_odds(probabilities) + shifts)))
    return np.where(probabilities > 0, shifted, 0).astype(np.float32)


def _log_odds(probabilities: Floats) -> Floats:
    kept = np.clip(probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    odds: Floats = np.log(kept / (1 - kept)).astype(np.float32)
    return odds
