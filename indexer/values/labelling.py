"""Label works with values and tags: by the value head for those that it was trained on, by likeness for the others.

Likeness is zero-shot: it needs no training data. The likeness of a sentence to a value is the cosine of the sentence's
vector and the value's prototype: the unit vector of the sum of the description's vector and the unit sum of the cues'
vectors. The likeness of a work is that of its most similar sentence. The strength of a label depends on how far the
likeness stands out, both among the likenesses of the work to all values and among those of works in general:

    z_v = min((c_v - mean) / deviation, (c_v - 0.218) / 0.088)  with c_v = max over s of cos(s, v)
    strength_v = z_v / 3, kept in [0, 1]

The first term is there because some texts are near every prototype: nDCG@10 of the benchmarks value_books and
value_movies is 0.521 and 0.179 with it, 0.429 and 0.138 without. The second is there because even a text that only
lists cast and crew has a nearest value: with it, 414 such texts, found by their wording, have 0.6 primary values on
average and other texts 3.7; without it, 3.2 and 5.8. The mean AUC of values is 0.666 for films with it and 0.657
without, and 0.732 for books either way.

The head (`indexer.values.head`) estimates the probability p that people give the work the value. People call few works
inspiring, so p = 0.3 means more for inspiration than for humour: the trained strength is p / (p + mark_v), which is one
half at the mark. A tag has this strength. A value has the mean of this strength and its strength by likeness: nDCG@10
of value_books and value_movies is 0.719 and 0.427; without the mean 0.704 and 0.425; with the mean for tags too 0.698
and 0.323. If a dimension has no output for the work's kind, the output for another kind is used (mean AUC 0.70 and
0.75; by likeness 0.66 and 0.70).

A dimension that only reviews tell (`Taxonomy.from_reviews`) has a strength of 0 and no evidence here. Its likeness does
not count among those that the others are compared with, so that their strengths are as without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from crawler.records import Kind
from indexer.artefacts import check_value_head
from indexer.encoder.encoder import Encoder, Vectors
from indexer.records import Features, ValueLabel, Work
from indexer.values.head import Calibration, Floats, ValueHead, load_value_head
from indexer.values.rounding import round_scores
from indexer.values.taxonomy import Taxonomy
from indexer.values.voices import NO_VOICES, Voices

LABELLER_VERSION = "6"
DEVIATIONS_AT_FULL_SCORE = 3.0
LIKENESS_MEAN, LIKENESS_DEVIATION = 0.218, 0.088
"""Mean and standard deviation of the 2.1 million likenesses of 10,103 works to 212 dimensions.

By the adapted encoder; all-MiniLM-L6-v2 as it is has 0.15 and 0.097."""


class LabelsWorks(Protocol):
    """A method that labels works with the values and tags of a taxonomy."""

    taxonomy: Taxonomy

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Return the labels of each work: one per dimension, in the taxonomy's order; none if it has no sentence.

        Strengths and probabilities are rounded as the store keeps them (`indexer.values.rounding`).
        """
        ...


class Labeller(LabelsWorks, Protocol):
    """A method that labels works from their descriptions, so that the labels can be kept in the store."""

    prototypes: Vectors
    """The prototype of each dimension, a row of unit length: float32 (n_dimensions, dim). They are made when they are
    first used, unless they are set to those that a labeller with this fingerprint has made."""
    voices: Voices
    """What is known of reviews in general, to add what people say of a work to its labels."""

    @property
    def fingerprint(self) -> str:
        """A hash over everything that labels depend on; labels of two fingerprints never mix."""
        ...

    def dimensions_of(self, kind: Kind | None) -> frozenset[str]:
        """Return the dimensions that have an output for this kind of work; all dimensions if no head is used."""
        ...


def open_labeller(taxonomy: Taxonomy, encoder: Encoder, head_path: Path | None = None) -> Labeller:
    """Return a labeller with the head in a file, or with the packaged one; by likeness alone if the head does not fit.

    Raises:
        ValueHeadInvalid: The file cannot be used.
    """
    zero_shot = ZeroShotLabeller(taxonomy, encoder)
    head = load_value_head(head_path)
    return zero_shot if check_value_head(head, encoder, taxonomy).problem else TrainedLabeller(zero_shot, head)


class TrainedLabeller:
    """A labeller with a value head; dimensions that the head was not trained on are labelled by likeness."""

    def __init__(self, zero_shot: ZeroShotLabeller, head: ValueHead) -> None:
        self.taxonomy = zero_shot.taxonomy
        self.voices = head.voices
        self._zero_shot = zero_shot
        self._head = head
        self._places: dict[Kind | None, tuple[NDArray[np.int_], NDArray[np.int_], Calibration]] = {}
        untold = {*head.unknown(self.taxonomy), *self.taxonomy.from_reviews}
        place = {each: n for n, each in enumerate(self.taxonomy.dimensions) if each not in untold}
        self._outputs = [
            (n, output, place[output.dimension]) for n, output in enumerate(head.outputs) if output.dimension in place
        ]

    @property
    def prototypes(self) -> Vectors:
        """The prototype of each dimension."""
        return self._zero_shot.prototypes

    @prototypes.setter
    def prototypes(self, prototypes: Vectors) -> None:
        self._zero_shot.prototypes = prototypes

    @cached_property
    def fingerprint(self) -> str:
        """A hash over the head, its outputs that are in use, and everything that labels by likeness depend on."""
        used = [n for n, *_ in self._outputs]  # a taxonomy with other tags uses others, with the same words
        return hashlib.sha256(f"{self._zero_shot.fingerprint}:{self._head.fingerprint}:{used}".encode()).hexdigest()

    def dimensions_of(self, kind: Kind | None) -> frozenset[str]:
        """Return the dimensions with an output for this kind, or for any kind if it is not known."""
        return frozenset(output.dimension for _, output, _ in self._outputs if kind in (None, output.kind))

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Return the labels. The evidence of a trained label is the sentence with the highest logit when read alone."""
        with_text = [features for _, features in works if features.sentences]
        if not with_text:
            return [() for _ in works]
        terms = [self._head.terms.weigh(features.terms) for features in with_text]
        logits = iter(self._head.logits(np.stack([features.vector for features in with_text]), terms))
        sentences = np.vstack([features.sentence_vectors for features in with_text]).astype(np.float32)
        ends = np.cumsum([len(features.sentences) for features in with_text])[:-1]
        sentence_logits = iter(np.split(self._head.logits(sentences), ends))
        return [
            self._label(work, features, next(logits), next(sentence_logits)) if features.sentences else ()
            for work, features in works
        ]

    def _label(self, work: Work, features: Features, logits: Floats, sentence_logits: Floats) -> tuple[ValueLabel, ...]:
        likeness = self._zero_shot.likeness(features)
        best, strengths = likeness.argmax(axis=0), self._zero_shot.strengths(likeness)
        probabilities = strengths.copy()
        dimensions, outputs, calibration = self._trained_for(work.kind)
        trained = calibration.probabilities(logits[outputs])
        probabilities[dimensions] = trained
        trained_strengths = trained / (trained + calibration.mark)
        are_values = dimensions < len(self.taxonomy.ids)
        strengths[dimensions] = np.where(are_values, (trained_strengths + strengths[dimensions]) / 2, trained_strengths)
        best[dimensions] = sentence_logits[:, outputs].argmax(axis=0)
        return _labels(self.taxonomy, features, strengths, probabilities, best)

    def _trained_for(self, kind: Kind | None) -> tuple[NDArray[np.int_], NDArray[np.int_], Calibration]:
        """Return the positions of the trained dimensions and of the output for each, and the outputs' calibration.

        The output is that for this kind of work, else one for another kind.
        """
        if kind not in self._places:
            chosen: dict[int, int] = {}
            for output, (_, of_kind), dimension in self._outputs:
                if of_kind == kind or dimension not in chosen:
                    chosen[dimension] = output
            dimensions, outputs = np.array(sorted(chosen.items()), dtype=int).reshape(-1, 2).T
            self._places[kind] = (dimensions, outputs, self._head.calibration.of(outputs))
        return self._places[kind]


class ZeroShotLabeller:
    """A labeller by the likeness of sentences to the taxonomy's own words.

    The words are embedded when the first work is labelled, so that a build with nothing to do does not wait for them.
    """

    voices = NO_VOICES

    def __init__(self, taxonomy: Taxonomy, encoder: Encoder) -> None:
        self.taxonomy = taxonomy
        self._encoder = encoder
        self._prototypes: Vectors | None = None

    @cached_property
    def fingerprint(self) -> str:
        """A hash over the taxonomy's words, the encoder and the method."""
        words = [(each, *self.taxonomy.prototype_texts(each)) for each in self.taxonomy.dimensions]
        from_reviews = sorted(self.taxonomy.from_reviews)
        recipe = orjson.dumps([LABELLER_VERSION, self._encoder.fingerprint, words, from_reviews])
        return hashlib.sha256(recipe).hexdigest()

    @property
    def prototypes(self) -> Vectors:
        """The prototype of each dimension."""
        if self._prototypes is None:
            self._prototypes = _prototypes(self.taxonomy, self._encoder)
        return self._prototypes

    @prototypes.setter
    def prototypes(self, prototypes: Vectors) -> None:
        self._prototypes = prototypes

    def likeness(self, features: Features) -> Floats:
        """Return the cosine of each sentence and each dimension's prototype, float32 (n_sentences, n_dimensions)."""
        cosines: Floats = features.sentence_vectors.astype(np.float32) @ self.prototypes.T
        return cosines

    def strengths(self, likeness: Floats) -> Floats:
        """Return the strengths, float32 (n_dimensions,), by the likeness of a work's sentences; see the module."""
        strengths = np.zeros(likeness.shape[1], dtype=np.float32)
        strengths[self._by_text] = to_strengths(standardise(likeness.max(axis=0)[self._by_text]))
        return strengths

    @cached_property
    def _by_text(self) -> NDArray[np.intp]:
        """The places of the dimensions that a text can tell."""
        return np.flatnonzero([each not in self.taxonomy.from_reviews for each in self.taxonomy.dimensions])

    def dimensions_of(self, kind: Kind | None) -> frozenset[str]:  # noqa: ARG002 - the same for every kind
        """Return every dimension that a text can tell, since none was trained."""
        return frozenset(self.taxonomy.dimensions) - self.taxonomy.from_reviews

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Return the labels; see `Labeller`."""
        return [self._label(features) if features.sentences else () for _, features in works]

    def _label(self, features: Features) -> tuple[ValueLabel, ...]:
        likeness = self.likeness(features)
        strengths = self.strengths(likeness)
        return _labels(self.taxonomy, features, strengths, strengths, likeness.argmax(axis=0))


def _labels(
    taxonomy: Taxonomy, features: Features, strengths: Floats, probabilities: Floats, best: NDArray[np.intp]
) -> tuple[ValueLabel, ...]:
    # Converted to lists at once: converting numpy's numbers one by one took half the time of labelling.
    columns = (
        taxonomy.dimensions,
        round_scores(strengths).tolist(),
        round_scores(probabilities).tolist(),
        (
            None if dimension in taxonomy.from_reviews else features.sentences[sentence]
            for dimension, sentence in zip(taxonomy.dimensions, best.tolist(), strict=True)
        ),
    )
    return tuple(map(ValueLabel._make, zip(*columns, strict=True)))


def to_strengths(standard: Floats) -> Floats:
    """Return the strengths, float32 (n,) in [0, 1], of standardised likenesses."""
    strengths: Floats = np.clip(standard / DEVIATIONS_AT_FULL_SCORE, 0, 1)
    return strengths


def standardise(likeness: Sequence[float] | Floats) -> Floats:
    """Return z of the module's formula for each likeness, float32 (n,): by how many deviations it stands out."""
    values = np.asarray(likeness, dtype=np.float32)
    deviation = values.std()
    among_themselves = (values - values.mean()) / deviation if deviation else np.zeros_like(values)
    standard: Floats = np.minimum(among_themselves, (values - LIKENESS_MEAN) / LIKENESS_DEVIATION)
    return standard


def _prototypes(taxonomy: Taxonomy, encoder: Encoder) -> Vectors:
    """Return one unit vector for each dimension: float32 (n_dimensions, dim)."""
    texts = [taxonomy.prototype_texts(each) for each in taxonomy.dimensions]
    vectors = iter(encoder.encode([text for of_dimension in texts for text in of_dimension]))
    rows = []
    for of_dimension in texts:
        description = next(vectors)
        cues = sum((next(vectors) for _ in of_dimension[1:]), start=np.zeros_like(description))
        row = description + cues / (np.linalg.norm(cues) or 1)
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)
