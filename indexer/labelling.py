"""Features to value labels with evidence, by a trained head where there is one for a value, else by zero-shot likeness.

Zero-shot needs no training data. A sentence's likeness to a value is the cosine of its vector and the value's
prototype, the mean of its description's vector and its cue phrases'. A work's likeness is that of its best sentence.
Some texts are near every prototype and some near none, so a work's likenesses are standardised over its values:

    z_v = (max over s of cos(s, v) - mean) / deviation        strength_v = z_v / 3, kept in [0, 1]

Measured on the validation queries that name a value (nDCG@10, books and films): this .521 and .179; without the
standardising .429 and .138; by descriptions alone .480 and .177, by cues alone .478 and .178; by the whole text's
vector .524 and .129; by sentences embedded each for itself .433 and .183, at twice the cost.

Trained (see `indexer.head`): the probability that people say so of a work. Few are ever said to be inspiring, so a
probability of .3 says more of inspiration than of humour: strength_v = p / (p + mark_v), with a half at the mark. Of a
value, though not of a tag, the mean with its strength by likeness is taken, since shelves teach more of books than of
films (nDCG@10 of value_books and value_movies .718 and .373, without .700 and .374).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from indexer.embedding import Encoder, Vectors
from indexer.head import Floats, Head, load_head
from indexer.records import Features, ValueLabel
from indexer.values import Taxonomy

LABELLER_VERSION = "3"
DEVIATIONS_AT_FULL_SCORE = 3.0
PRIMARY_SCORE = 0.5
"""A work's primary values: from the mark of a trained value, or 1.5 deviations above the work's mean."""

logger = logging.getLogger(__name__)


class Labeller(Protocol):
    """Labels works with the values and tags of a taxonomy."""

    taxonomy: Taxonomy

    @property
    def fingerprint(self) -> str:
        """Changes with everything that labels depend on: labels of two fingerprints never mix."""
        ...

    def label(self, features: Features) -> tuple[ValueLabel, ...]:
        """Gives a label for every dimension of the taxonomy, in its order; a work without a sentence gets none."""
        ...


def open_labeller(taxonomy: Taxonomy, encoder: Encoder, head_path: Path | None = None) -> Labeller:
    """Gives the trained labeller where the head speaks of this taxonomy in this encoder's vectors, else zero-shot."""
    zero_shot = ZeroShotLabeller(taxonomy, encoder)
    head = load_head(head_path)
    if head.encoder_fingerprint != encoder.fingerprint:
        logger.info("the values' head was trained with another encoder: values are labelled by likeness alone")
        return zero_shot
    return TrainedLabeller(zero_shot, head)


class TrainedLabeller:
    """Labels works by a head; values that it was not trained on, or on other tags, by likeness."""

    def __init__(self, zero_shot: ZeroShotLabeller, head: Head) -> None:
        self.taxonomy = zero_shot.taxonomy
        self._zero_shot = zero_shot
        self._head = head
        place = {output: n for n, output in enumerate(head.outputs)}
        labels = self.taxonomy.community_labels
        pairs = [
            (dimension, place[name])
            for dimension, name in enumerate(self.taxonomy.dimensions)
            if name in place and tuple(sorted(labels[name])) == head.trained_on[place[name]]
        ]
        # A taxonomy of the user's own may share nothing with the head: then there are no pairs.
        self._dimensions, self._outputs = np.array(pairs, dtype=int).reshape(-1, 2).T
        self._calibration = head.calibration.of(self._outputs)
        self._are_values = self._dimensions < len(self.taxonomy.ids)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the head and with what zero-shot labels depend on."""
        return hashlib.sha256(f"{self._zero_shot.fingerprint}:{self._head.fingerprint}".encode()).hexdigest()

    def label(self, features: Features) -> tuple[ValueLabel, ...]:
        """Gives a label for every dimension; where it is trained, with the sentence that the head rates highest."""
        if not features.sentences:
            return ()
        likeness = self._zero_shot.likeness(features)
        best, standard = likeness.argmax(axis=0), standardise(likeness.max(axis=0))
        strengths = to_strengths(standard)
        probabilities = strengths.copy()
        logits = self._head.logits(np.vstack([features.vector, features.sentence_vectors.astype(np.float32)]))
        trained = self._calibration.probabilities(logits[0, self._outputs], standard[self._dimensions])
        said = trained / (trained + self._calibration.mark)
        probabilities[self._dimensions] = trained
        strengths[self._dimensions] = np.where(self._are_values, (said + strengths[self._dimensions]) / 2, said)
        best[self._dimensions] = logits[1:, self._outputs].argmax(axis=0)
        return _labels(self.taxonomy, features, strengths, probabilities, best)


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
        words = [(name, *self.taxonomy.prototype_texts(name)) for name in self.taxonomy.dimensions]
        told = orjson.dumps([LABELLER_VERSION, self._encoder.fingerprint, words])
        return hashlib.sha256(told).hexdigest()

    @cached_property
    def _prototypes(self) -> Vectors:
        return _prototypes(self.taxonomy, self._encoder)

    def likeness(self, features: Features) -> Floats:
        """Gives the cosine of each sentence and dimension, float32 (n_sentences, n_dimensions)."""
        cosines: Floats = features.sentence_vectors.astype(np.float32) @ self._prototypes.T
        return cosines

    def label(self, features: Features) -> tuple[ValueLabel, ...]:
        """Gives a label for every dimension of the taxonomy, in its order; a work without a sentence gets none."""
        if not features.sentences:
            return ()
        likeness = self.likeness(features)
        strengths = to_strengths(standardise(likeness.max(axis=0)))
        return _labels(self.taxonomy, features, strengths, strengths, likeness.argmax(axis=0))


def _labels(
    taxonomy: Taxonomy, features: Features, strengths: Floats, probabilities: Floats, best: NDArray[np.intp]
) -> tuple[ValueLabel, ...]:
    return tuple(
        ValueLabel(name, float(strength), float(probability), features.sentences[sentence])
        for name, strength, probability, sentence in zip(
            taxonomy.dimensions, strengths, probabilities, best, strict=True
        )
    )


def to_strengths(standard: Floats) -> Floats:
    """Gives the strengths, float32 (n,) in [0, 1], of standardised likenesses."""
    strengths: Floats = np.clip(standard / DEVIATIONS_AT_FULL_SCORE, 0, 1)
    return strengths


def standardise(likeness: Sequence[float] | Floats) -> Floats:
    """Gives likenesses in deviations from their mean, float32 (n,); zeros where all are alike."""
    values = np.asarray(likeness, dtype=np.float32)
    deviation = values.std()
    return (values - values.mean()) / deviation if deviation else np.zeros_like(values)


def _prototypes(taxonomy: Taxonomy, encoder: Encoder) -> Vectors:
    """Gives a unit vector a dimension: float32 (n_dimensions, dim)."""
    texts = [taxonomy.prototype_texts(name) for name in taxonomy.dimensions]
    vectors = iter(encoder.encode([text for told in texts for text in told]))
    rows = []
    for told in texts:
        description = next(vectors)
        cues = sum((next(vectors) for _ in told[1:]), start=np.zeros_like(description))
        row = description + cues / (np.linalg.norm(cues) or 1)
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)
