"""Sentences to value labels with evidence: the zero-shot labeller, which needs no training data.

A sentence's likeness to a value is the cosine of its vector and the value's prototype, the mean of its description's
vector and its cue phrases'. A work's likeness is that of its best sentence, which is the evidence. Some texts are near
every prototype and some near none, so a work's likenesses are standardised over its values, and scaled:

    z_v = (max over s of cos(s, v) - mean) / deviation        score_v = z_v / 3, kept in [0, 1]

Measured on the validation queries that name a value (nDCG@10, books and films): this .521 and .179; without the
standardising .429 and .138; by descriptions alone .480 and .177, by cues alone .478 and .178; by the whole text's
vector .524 and .129; by sentences embedded each for itself .433 and .183, at twice the cost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import orjson
from numpy.typing import NDArray

from indexer.embedding import Encoder, Vectors
from indexer.records import Features, ValueLabel
from indexer.values import Taxonomy

LABELLER_VERSION = "zero-shot-1"
DEVIATIONS_AT_FULL_SCORE = 3.0
PRIMARY_SCORE = 0.5
"""A work's primary values, 1.5 deviations above its mean: four to six of the 72 for most works."""


class ZeroShotLabeller:
    """Labels works by the likeness of their sentences to the values' own words.

    Those are embedded with the first work: a build that finds nothing to do does not wait for them.
    """

    def __init__(self, taxonomy: Taxonomy, encoder: Encoder) -> None:
        self.taxonomy = taxonomy
        self._encoder = encoder

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the taxonomy's words, the encoder and the method: labels of two fingerprints never mix."""
        words = [(value.id, value.description, value.cues) for value in self.taxonomy.values]
        told = orjson.dumps([LABELLER_VERSION, self._encoder.fingerprint, words])
        return hashlib.sha256(told).hexdigest()

    @cached_property
    def _prototypes(self) -> Vectors:
        return _prototypes(self.taxonomy, self._encoder)

    def label(self, features: Features) -> tuple[ValueLabel, ...]:
        """Gives a label for every value, in the taxonomy's order; a work without a sentence gets none."""
        if not features.sentences:
            return ()
        likeness = features.sentence_vectors.astype(np.float32) @ self._prototypes.T  # (n_sentences, n_values)
        best = likeness.argmax(axis=0)
        scores = scale_likeness(likeness.max(axis=0))
        return tuple(
            ValueLabel(value_id, float(score), features.sentences[sentence])
            for value_id, score, sentence in zip(self.taxonomy.ids, scores, best, strict=True)
        )


def scale_likeness(likeness: Sequence[float] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Gives the scores, float32 (n_values,) in [0, 1], of one work's likenesses to all values."""
    values = np.asarray(likeness, dtype=np.float32)
    deviation = values.std()
    if deviation == 0:
        return np.zeros_like(values)
    scores: NDArray[np.float32] = np.clip((values - values.mean()) / deviation / DEVIATIONS_AT_FULL_SCORE, 0, 1)
    return scores


def _prototypes(taxonomy: Taxonomy, encoder: Encoder) -> Vectors:
    """Gives a unit vector a value: float32 (n_values, dim)."""
    values = taxonomy.values
    vectors = iter(encoder.encode([text for value in values for text in (value.description, *value.cues)]))
    rows = []
    for value in values:
        description = next(vectors)
        cues = sum((next(vectors) for _ in value.cues), start=np.zeros_like(description))
        row = description + cues / (np.linalg.norm(cues) or 1)
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)
