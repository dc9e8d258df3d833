"""Features to value labels with evidence, by a trained head where there is one for a value, else by zero-shot likeness.

Zero-shot needs no training data. A sentence's likeness to a value is the cosine of its vector and the value's
prototype, the mean of its description's vector and its cue phrases'. A work's likeness is that of its best sentence.
It counts for as much as it stands out, both among the work's own likenesses and among those of works in general:

    z_v = min((c_v - mean) / deviation, (c_v - 0.15) / 0.097)  with c_v = max over s of cos(s, v)
    strength_v = z_v / 3, kept in [0, 1]

Among the work's own, since some texts are near every prototype (nDCG@10 of value_books and value_movies .521 and .179,
without .429 and .138). Among those in general, since of a text about cast and crew some value is always the nearest:
such texts (414 found by their wording) had 3.2 primary values, others 5.8; now 0.6 and 3.7, and the mean AUC of values
is as good (films .657 -> .666, books .732 -> .732).

Trained (see `head.py`): the probability that people say so of the work. Few are ever said to be inspiring, so a
probability of .3 says more of inspiration than of humour: p / (p + mark_v), with a half at the mark. That is the
strength of a tag; of a value it is the mean with the strength by likeness (nDCG@10 of value_books and value_movies .719
and .427, without .704 and .425, for tags too .698 and .323). A dimension that people do not say of works of this kind
is told by the output of another kind where there is one (mean AUC .70 and .75, by likeness .66 and .70).
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

from crawler.records import Kind
from indexer.encoder.encoder import Encoder, Vectors
from indexer.records import Features, ValueLabel, Work
from indexer.values.head import Calibration, Floats, ValueHead, load_value_head
from indexer.values.taxonomy import Taxonomy

LABELLER_VERSION = "4"
DEVIATIONS_AT_FULL_SCORE = 3.0
LIKENESS_MEAN, LIKENESS_DEVIATION = 0.15, 0.097
"""Of the 2.1 million likenesses of 10,103 works to 212 dimensions, by all-MiniLM-L6-v2."""

logger = logging.getLogger(__name__)


class Labeller(Protocol):
    """Labels works with the values and tags of a taxonomy."""

    taxonomy: Taxonomy

    @property
    def fingerprint(self) -> str:
        """Changes with everything that labels depend on: labels of two fingerprints never mix."""
        ...

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Gives for each work a label for every dimension of the taxonomy, in its order; none without a sentence."""
        ...

    def said_of(self, kind: Kind | None) -> frozenset[str]:
        """Gives the dimensions that people say of works of this kind, as far as was learnt; else all."""
        ...


def open_labeller(taxonomy: Taxonomy, encoder: Encoder, head_path: Path | None = None) -> Labeller:
    """Gives the trained labeller where the head speaks of this taxonomy in this encoder's vectors, else zero-shot."""
    zero_shot = ZeroShotLabeller(taxonomy, encoder)
    head = load_value_head(head_path)
    if head.encoder_fingerprint != encoder.fingerprint:
        logger.info("the values' head was trained with another encoder: values are labelled by likeness alone")
        return zero_shot
    return TrainedLabeller(zero_shot, head)


class TrainedLabeller:
    """Labels works by a head; values that it was not trained on, or on other tags, by likeness."""

    def __init__(self, zero_shot: ZeroShotLabeller, head: ValueHead) -> None:
        self.taxonomy = zero_shot.taxonomy
        self._zero_shot = zero_shot
        self._head = head
        self._places: dict[Kind | None, tuple[NDArray[np.int_], NDArray[np.int_], Calibration]] = {}
        labels = self.taxonomy.community_labels
        place = {dimension: n for n, dimension in enumerate(self.taxonomy.dimensions)}
        # A taxonomy of the user's own may share nothing with the head: then there are no outputs.
        self._outputs = [
            (n, output, place[output.dimension])
            for n, (output, tags) in enumerate(zip(head.outputs, head.trained_on, strict=True))
            if output.dimension in place and tuple(sorted(labels[output.dimension])) == tags
        ]

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the head and with what zero-shot labels depend on."""
        return hashlib.sha256(f"{self._zero_shot.fingerprint}:{self._head.fingerprint}".encode()).hexdigest()

    def said_of(self, kind: Kind | None) -> frozenset[str]:
        """Gives the dimensions with an output of this kind, or of any where the kind is not known."""
        return frozenset(output.dimension for _, output, _ in self._outputs if kind in (None, output.kind))

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Gives the labels; where they are trained, with the sentence that the head rates highest by itself."""
        told = [features for _, features in works if features.sentences]
        if not told:
            return [() for _ in works]
        terms = [self._head.terms.weigh(each.terms) for each in told]
        logits = iter(self._head.logits(np.stack([each.vector for each in told]), terms))
        sentences = np.vstack([each.sentence_vectors for each in told]).astype(np.float32)
        ends = np.cumsum([len(each.sentences) for each in told])[:-1]
        rated = iter(np.split(self._head.logits(sentences), ends))
        return [
            self._label(work, features, next(logits), next(rated)) if features.sentences else ()
            for work, features in works
        ]

    def _label(self, work: Work, features: Features, logits: Floats, rated: Floats) -> tuple[ValueLabel, ...]:
        likeness = self._zero_shot.likeness(features)
        best, strengths = likeness.argmax(axis=0), to_strengths(standardise(likeness.max(axis=0)))
        probabilities = strengths.copy()
        dimensions, outputs, calibration = self._told_of(work.kind)
        trained = calibration.probabilities(logits[outputs])
        probabilities[dimensions] = trained
        said = trained / (trained + calibration.mark)
        are_values = dimensions < len(self.taxonomy.ids)
        strengths[dimensions] = np.where(are_values, (said + strengths[dimensions]) / 2, said)
        best[dimensions] = rated[:, outputs].argmax(axis=0)
        return _labels(self.taxonomy, features, strengths, probabilities, best)

    def _told_of(self, kind: Kind | None) -> tuple[NDArray[np.int_], NDArray[np.int_], Calibration]:
        """Gives the dimensions that are told of a kind, each with the output that tells it: its own, else another's."""
        if kind not in self._places:
            chosen: dict[int, int] = {}
            for output, (_, of_kind), dimension in self._outputs:
                if of_kind == kind or dimension not in chosen:
                    chosen[dimension] = output
            dimensions, outputs = np.array(sorted(chosen.items()), dtype=int).reshape(-1, 2).T
            self._places[kind] = (dimensions, outputs, self._head.calibration.of(outputs))
        return self._places[kind]


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

    def said_of(self, kind: Kind | None) -> frozenset[str]:  # noqa: ARG002 - of any kind
        """Gives every dimension: nothing was learnt."""
        return frozenset(self.taxonomy.dimensions)

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Gives for each work a label for every dimension of the taxonomy, in its order; none without a sentence."""
        return [self._label(features) if features.sentences else () for _, features in works]

    def _label(self, features: Features) -> tuple[ValueLabel, ...]:
        likeness = self.likeness(features)
        strengths = to_strengths(standardise(likeness.max(axis=0)))
        return _labels(self.taxonomy, features, strengths, strengths, likeness.argmax(axis=0))


def _labels(
    taxonomy: Taxonomy, features: Features, strengths: Floats, probabilities: Floats, best: NDArray[np.intp]
) -> tuple[ValueLabel, ...]:
    # As lists: to make numbers of numpy's one by one took half the time of all labelling.
    columns = (
        taxonomy.dimensions,
        strengths.tolist(),
        probabilities.tolist(),
        map(features.sentences.__getitem__, best.tolist()),
    )
    return tuple(map(ValueLabel._make, zip(*columns, strict=True)))


def to_strengths(standard: Floats) -> Floats:
    """Gives the strengths, float32 (n,) in [0, 1], of standardised likenesses."""
    strengths: Floats = np.clip(standard / DEVIATIONS_AT_FULL_SCORE, 0, 1)
    return strengths


def standardise(likeness: Sequence[float] | Floats) -> Floats:
    """Gives by how many deviations likenesses stand out, float32 (n,): among themselves, and among works in general."""
    values = np.asarray(likeness, dtype=np.float32)
    deviation = values.std()
    among_themselves = (values - values.mean()) / deviation if deviation else np.zeros_like(values)
    standard: Floats = np.minimum(among_themselves, (values - LIKENESS_MEAN) / LIKENESS_DEVIATION)
    return standard


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
