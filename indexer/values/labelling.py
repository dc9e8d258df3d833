"""Features to value labels with evidence: by the value head for what it was trained on, by likeness for the rest.

Likeness is zero-shot: it needs no training data. A sentence's likeness to a value is the cosine of the sentence's
vector and the value's prototype, the mean of the vectors of its description and its cue phrases. A work's likeness is
that of its best sentence. It counts for as much as it stands out, both among the work's own likenesses and among those
of works in general:

    z_v = min((c_v - mean) / deviation, (c_v - 0.15) / 0.097)  with c_v = max over s of cos(s, v)
    strength_v = z_v / 3, kept in [0, 1]

The first, because some texts are near every prototype (nDCG@10 of value_books and value_movies .521 and .179, without
it .429 and .138). The second, because even a text that only lists cast and crew has a nearest value: 414 such texts,
found by their wording, had 3.2 primary values and other texts 5.8, and now have 0.6 and 3.7, at the same mean AUC of
values (films .657 before, .666 now; books .732 both).

The head (`indexer.values.head`) estimates the probability p that people give the work the value. Few works are ever
called inspiring, so p = .3 is more for inspiration than for humour: the trained strength is p / (p + mark_v), one half
at the mark. A tag has that strength; a value has the mean of it and of its strength by likeness (nDCG@10 of value_books
and value_movies .719 and .427; without the mean .704 and .425; with it for tags too .698 and .323). If no output of the
work's kind was trained for a dimension, the output of another kind is used (mean AUC .70 and .75, by likeness .66 and
.70).
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
from indexer.values.taxonomy import Taxonomy

LABELLER_VERSION = "4"
DEVIATIONS_AT_FULL_SCORE = 3.0
LIKENESS_MEAN, LIKENESS_DEVIATION = 0.15, 0.097
"""Over the 2.1 million likenesses of 10,103 works to 212 dimensions, with all-MiniLM-L6-v2."""


class Labeller(Protocol):
    """What labels works with the values and tags of a taxonomy."""

    taxonomy: Taxonomy

    @property
    def fingerprint(self) -> str:
        """A hash over everything that labels depend on; labels of two fingerprints never mix."""
        ...

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Return for each work one label per dimension, in the taxonomy's order; no label if it has no sentence."""
        ...

    def said_of(self, kind: Kind | None) -> frozenset[str]:
        """Return the dimensions that people give to works of this kind: those with an output, or all if untrained."""
        ...


def open_labeller(taxonomy: Taxonomy, encoder: Encoder, head_path: Path | None = None) -> Labeller:
    """Return a labeller by the head in a file, or by the packaged one; by likeness alone if the head does not fit.

    Raises:
        ValueHeadInvalid: The file cannot be used.
    """
    zero_shot = ZeroShotLabeller(taxonomy, encoder)
    head = load_value_head(head_path)
    return zero_shot if check_value_head(head, encoder, taxonomy).problem else TrainedLabeller(zero_shot, head)


class TrainedLabeller:
    """A labeller by a head; dimensions that the head was not trained on are labelled by likeness."""

    def __init__(self, zero_shot: ZeroShotLabeller, head: ValueHead) -> None:
        self.taxonomy = zero_shot.taxonomy
        self._zero_shot = zero_shot
        self._head = head
        self._places: dict[Kind | None, tuple[NDArray[np.int_], NDArray[np.int_], Calibration]] = {}
        unknown = head.unknown(self.taxonomy)
        place = {each: n for n, each in enumerate(self.taxonomy.dimensions) if each not in unknown}
        self._outputs = [
            (n, output, place[output.dimension]) for n, output in enumerate(head.outputs) if output.dimension in place
        ]

    @cached_property
    def fingerprint(self) -> str:
        """A hash over the head and everything that labels by likeness depend on."""
        return hashlib.sha256(f"{self._zero_shot.fingerprint}:{self._head.fingerprint}".encode()).hexdigest()

    def said_of(self, kind: Kind | None) -> frozenset[str]:
        """Return the dimensions with an output for this kind, or for any kind if it is not known."""
        return frozenset(output.dimension for _, output, _ in self._outputs if kind in (None, output.kind))

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Return the labels; a trained one has as evidence the sentence with the highest logit by itself."""
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
        best, strengths = likeness.argmax(axis=0), to_strengths(standardise(likeness.max(axis=0)))
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
        """Return the positions of the trained dimensions, of the output for each, and the outputs' calibration.

        The output for this kind is taken if there is one, else that for another kind.
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

    The words are embedded with the first work, so that a build without anything to do does not wait for them.
    """

    def __init__(self, taxonomy: Taxonomy, encoder: Encoder) -> None:
        self.taxonomy = taxonomy
        self._encoder = encoder

    @cached_property
    def fingerprint(self) -> str:
        """A hash over the taxonomy's words, the encoder and the method."""
        words = [(each, *self.taxonomy.prototype_texts(each)) for each in self.taxonomy.dimensions]
        recipe = orjson.dumps([LABELLER_VERSION, self._encoder.fingerprint, words])
        return hashlib.sha256(recipe).hexdigest()

    @cached_property
    def _prototypes(self) -> Vectors:
        return _prototypes(self.taxonomy, self._encoder)

    def likeness(self, features: Features) -> Floats:
        """Return the cosine of each sentence and each dimension's prototype, float32 (n_sentences, n_dimensions)."""
        cosines: Floats = features.sentence_vectors.astype(np.float32) @ self._prototypes.T
        return cosines

    def said_of(self, kind: Kind | None) -> frozenset[str]:  # noqa: ARG002 - the same for every kind
        """Return every dimension, since none was trained."""
        return frozenset(self.taxonomy.dimensions)

    def label(self, works: Sequence[tuple[Work, Features]]) -> list[tuple[ValueLabel, ...]]:
        """Return the labels; see `Labeller`."""
        return [self._label(features) if features.sentences else () for _, features in works]

    def _label(self, features: Features) -> tuple[ValueLabel, ...]:
        likeness = self.likeness(features)
        strengths = to_strengths(standardise(likeness.max(axis=0)))
        return _labels(self.taxonomy, features, strengths, strengths, likeness.argmax(axis=0))


def _labels(
    taxonomy: Taxonomy, features: Features, strengths: Floats, probabilities: Floats, best: NDArray[np.intp]
) -> tuple[ValueLabel, ...]:
    # As lists: converting numpy's numbers one by one took half the time of all labelling.
    columns = (
        taxonomy.dimensions,
        strengths.tolist(),
        probabilities.tolist(),
        map(features.sentences.__getitem__, best.tolist()),
    )
    return tuple(map(ValueLabel._make, zip(*columns, strict=True)))


def to_strengths(standard: Floats) -> Floats:
    """Return the strengths, float32 (n,) in [0, 1], of standardised likenesses."""
    strengths: Floats = np.clip(standard / DEVIATIONS_AT_FULL_SCORE, 0, 1)
    return strengths


def standardise(likeness: Sequence[float] | Floats) -> Floats:
    """Return by how many deviations each likeness stands out, float32 (n,): see the formula of the module."""
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
