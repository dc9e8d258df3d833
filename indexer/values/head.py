"""The value head: it estimates from a work's text the probability that people give the work a value or tag. In numpy.

`indexer.value_training` trains it.

    h_1 = relu(W1 x + W2 bag + b1)    h_i = relu(V_i h_(i-1) + c_i)    logit = W3 h_n + b3

with n, the depth, usually 1, x the sentence embedding of the text, and bag the sum of its terms' vectors, weighted by
tf-idf, (1 + ln tf) idf, scaled to unit length. The embedding carries the meaning of the text, and the terms its exact
words: "gory", or a genre in the catalogue, adds to the meaning (mean AUC of values, for films and for books: 0.772 and
0.860 by embeddings alone, 0.794 and 0.876 with terms).

An output is a value or tag *for one kind of work*, since viewers tag films differently than readers shelve books: one
output for both kinds reached a micro-F1 of 38.3% on the tags of films, one output for each kind 39.6%. A logit is the
mean over three networks with different seeds (mean AUC 0.802 and 0.885; one network alone 0.794 and 0.876). The
probability for a work is

    p = 1 / (1 + exp(-(slope * logit + offset)))

with slope and offset fitted on works that the weights were not trained on (Platt 1999). From the probability `mark`
(the decision threshold) on, a value is one of the work's primary values.

The same file holds the query classifier, which guesses the values that a query asks for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crawler.whole_files import replacing
from indexer.bm25 import term_id
from indexer.errors import ValueHeadInvalid
from indexer.tf_idf import WeighedTerms, weigh_known
from indexer.values.taxonomy import Taxonomy
from indexer.values.voices import NO_VOICES, Voices

Floats = NDArray[np.float32]
TermCounts = Mapping[str, int]
_FORMAT = "3"
_DEEP_FORMAT = "4"
"""Of networks with several hidden layers: a version that reads format 3 alone would leave all but the first out."""

LEAST_KEPT_SHARE = 0.5
"""If the dimensions that a taxonomy kept have less than this part of a query's shares, the query is taken to ask for a
dimension that the taxonomy dropped."""


class Output(NamedTuple):
    """A dimension of the taxonomy for one kind of work."""

    dimension: str
    kind: str


@dataclass(frozen=True)
class Calibration:
    """Slope, offset and mark of each output, float32 (n_outputs,); see the formula of the module."""

    slope: Floats
    offset: Floats
    mark: Floats

    def of(self, outputs: NDArray[np.int_]) -> Calibration:
        """Return the calibration of some outputs, by their positions."""
        return Calibration(*(getattr(self, field.name)[outputs] for field in fields(self)))

    def probabilities(self, logits: Floats) -> Floats:
        """Return the probabilities of logits, both float32 (..., n_outputs)."""
        calibrated = np.clip(self.slope * logits + self.offset, -30, 30)
        probabilities: Floats = (1 / (1 + np.exp(-calibrated))).astype(np.float32)
        return probabilities


@dataclass(frozen=True)
class Terms:
    """The terms that a head was trained on: ids, ascending, uint32 (n_terms,), and inverse document frequencies."""

    ids: NDArray[np.uint32]
    idf: Floats

    def weigh(self, counts: TermCounts) -> WeighedTerms:
        """Return the text's terms that the head was trained on, with tf-idf weights of unit length."""
        return weigh_known(self.ids, self.idf, map(term_id, counts), counts.values())


class Layer(NamedTuple):
    """A hidden layer behind the first: V and c of the module's formula, (n_hidden, n_hidden) and (n_hidden,)."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True)
class Weights:
    """The weights of one network, float32: matrices (n_out, n_in), biases (n_out,), `term` (n_terms, n_bag)."""

    hidden: Floats
    hidden_bias: Floats
    bag: Floats
    term: Floats
    output: Floats
    output_bias: Floats
    deeper: tuple[Layer, ...] = ()

    @property
    def depth(self) -> int:
        """The number of hidden layers."""
        return 1 + len(self.deeper)

    def logits(self, vectors: Floats, terms: Sequence[WeighedTerms] | None = None) -> Floats:
        """Return logits, float32 (n, n_outputs), from embeddings (n, dim) and the terms of the n texts, if any."""
        hidden = vectors @ self.hidden.T + self.hidden_bias
        if terms is not None:
            bags = np.stack([weights @ self.term[positions] for positions, weights in terms])
            hidden = hidden + bags @ self.bag.T
        for layer in self.deeper:
            hidden = np.maximum(hidden, 0) @ layer.weight.T + layer.bias
        logits: Floats = np.maximum(hidden, 0) @ self.output.T + self.output_bias
        return logits


@dataclass(frozen=True)
class QueryClassifier:
    """A softmax regression from a query's embedding x to dimensions: softmax(weight x + bias).

    Attributes:
        dimensions: The dimensions of the taxonomy that it was trained with.
        words: `Taxonomy.word_digests` of that taxonomy, in the order of `dimensions`.
        weight: float32 (n_dimensions, dim).
        bias: float32 (n_dimensions,).
        kept: The positions of the dimensions that may be guessed, ascending; None for all.
    """

    dimensions: tuple[str, ...]
    words: tuple[str, ...]
    weight: Floats
    bias: Floats
    kept: tuple[int, ...] | None = None

    def unknown(self, taxonomy: Taxonomy) -> tuple[str, ...]:
        """Return the taxonomy's dimensions that are new since the training or defined by other words.

        What only reviews tell is never guessed, and therefore never missing.
        """
        trained = dict(zip(self.dimensions, self.words, strict=True))
        return tuple(
            each
            for each, words in taxonomy.word_digests.items()
            if each not in taxonomy.from_reviews and trained.get(each) != words
        )

    def restricted_to(self, taxonomy: Taxonomy) -> QueryClassifier | None:
        """Return the classifier for the dimensions that the taxonomy defines as in training; None if there are none."""
        kept = tuple(
            place
            for place, (dimension, words) in enumerate(zip(self.dimensions, self.words, strict=True))
            if taxonomy.word_digests.get(dimension) == words
        )
        return replace(self, kept=None if len(kept) == len(self.dimensions) else kept) if kept else None

    def shares(self, vector: Floats) -> dict[str, float]:
        """Return the share of each dimension in what a query asks for; the shares sum to 1.

        The softmax is taken over the kept dimensions only. The result is empty if these have less than LEAST_KEPT_SHARE
        of the softmax over all dimensions: otherwise one kept value out of two hundred would always be guessed.

        Args:
            vector: The query's embedding, float32 (dim,).
        """
        logits = self.weight @ vector + self.bias
        shares = np.exp(logits - logits.max())
        if self.kept is None:
            return dict(zip(self.dimensions, (shares / shares.sum()).tolist(), strict=True))
        kept = shares[list(self.kept)]
        if kept.sum() < LEAST_KEPT_SHARE * shares.sum():
            return {}
        names = [self.dimensions[place] for place in self.kept]
        return dict(zip(names, (kept / kept.sum()).tolist(), strict=True))


@dataclass(frozen=True)
class ValueHead:
    """The trained networks with their outputs, and the query classifier trained with them.

    Attributes:
        outputs: The output of each logit.
        trained_on: The tags and shelves that counted as the label of each output, sorted.
        encoder_fingerprint: The encoder whose embeddings it reads.
        analyser_version: The text analyser whose terms it reads.
        terms: The terms that it was trained on.
        networks: The networks whose logits are averaged.
        calibration: How logits become probabilities.
        query_classifier: The query classifier; its dimensions are those of the taxonomy in training.
        voices: What is known of reviews in general; empty if no labelled work had reviews.
    """

    outputs: tuple[Output, ...]
    trained_on: tuple[tuple[str, ...], ...]
    encoder_fingerprint: str
    analyser_version: str
    terms: Terms
    networks: tuple[Weights, ...]
    calibration: Calibration
    query_classifier: QueryClassifier
    voices: Voices = NO_VOICES

    @property
    def depth(self) -> int:
        """The number of hidden layers of each network."""
        return max((network.depth for network in self.networks), default=1)

    def unknown(self, taxonomy: Taxonomy) -> tuple[str, ...]:
        """Return the taxonomy's dimensions that are new since the training or have other tags.

        What only reviews tell is not labelled from a description, and therefore never missing.
        """
        trained_on = {output.dimension: tags for output, tags in zip(self.outputs, self.trained_on, strict=True)}
        dimensions = frozenset(self.query_classifier.dimensions)
        tags_now = {each: tuple(sorted(tags)) for each, tags in taxonomy.community_labels.items()}
        return tuple(
            each
            for each in taxonomy.dimensions
            if each not in taxonomy.from_reviews
            and (each not in dimensions or trained_on.get(each, tags_now[each]) != tags_now[each])
        )

    def logits(self, vectors: Floats, terms: Sequence[WeighedTerms] | None = None) -> Floats:
        """Return logits, float32 (n, n_outputs), of n texts from their embeddings and terms, or embeddings alone."""
        logits: Floats = np.mean([network.logits(vectors, terms) for network in self.networks], axis=0)
        return logits

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 over everything that its labels depend on."""
        digest = hashlib.sha256(_metadata(self)["evoke"].encode())
        for name, array in sorted(_arrays(self).items()):
            digest.update(name.encode() + array.tobytes())
        return digest.hexdigest()


def load_value_head(path: Path | None = None) -> ValueHead:
    """Return the head in a file, or the packaged one.

    Raises:
        ValueHeadInvalid: The file cannot be read, or `evoke train-values` of this version did not write it.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load

    source = path if path is not None else files("indexer.values") / "values.safetensors"
    try:
        arrays = load(source.read_bytes())
        with safe_open(str(source), framework="numpy") as opened:
            metadata = json.loads(opened.metadata()["evoke"])
        if metadata["format"] not in (_FORMAT, _DEEP_FORMAT):
            raise ValueHeadInvalid(
                f"{source}: has format {metadata['format']}, this version reads {_FORMAT} and {_DEEP_FORMAT}; "
                "train it again with `evoke train-values`"
            )
        head = _head(metadata, arrays)
        _check(head)
        return head
    except OSError as error:
        raise ValueHeadInvalid(f"{source}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, LookupError, ValueError, TypeError, RecursionError) as error:
        raise ValueHeadInvalid(f"{source}: is not a value head of `evoke train-values`: {error}") from error


def save_value_head(head: ValueHead, path: Path) -> None:
    """Write a head: matrices as int8 with one scale for each row, which changes probabilities by at most 0.01."""
    from safetensors.numpy import save_file

    with replacing(path) as unfinished:
        save_file(_arrays(head), unfinished, metadata=_metadata(head))


_SCALE = ".scale"
_VOICES_ARRAYS = ("rates", "ids", "idf", "weight", "bias")


def _packed(name: str, array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if array.ndim < 2:
        return {name: array}
    scale = np.maximum(np.abs(array).max(axis=1, keepdims=True), 1e-12) / 127
    return {name: np.rint(array / scale).astype(np.int8), name + _SCALE: scale.astype(np.float32)}


def _unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    array = arrays[name]
    return array if array.ndim < 2 else array.astype(np.float32) * arrays[name + _SCALE]


def _parts(head: ValueHead) -> dict[str, Any]:
    networks = {f"network{n}": weights for n, weights in enumerate(head.networks)}
    return {**networks, "calibration": head.calibration, "terms": head.terms}


def _array_fields(part: Any) -> list[str]:
    return [field.name for field in fields(part) if field.name != "deeper"]


def _arrays(head: ValueHead) -> dict[str, NDArray[Any]]:
    arrays = (
        {
            f"{name}.{field}": getattr(part, field)
            for name, part in _parts(head).items()
            for field in _array_fields(part)
        }
        | {
            f"network{n}.deeper{i}.{field}": getattr(layer, field)
            for n, network in enumerate(head.networks)
            for i, layer in enumerate(network.deeper)
            for field in Layer._fields
        }
        | {
            "query_classifier.weight": head.query_classifier.weight,
            "query_classifier.bias": head.query_classifier.bias,
        }
    )
    if head.voices.dimensions:
        arrays |= {f"voices.{name}": getattr(head.voices, name) for name in _VOICES_ARRAYS}
    return {key: packed for name, array in arrays.items() for key, packed in _packed(name, array).items()}


def _metadata(head: ValueHead) -> dict[str, str]:
    metadata: dict[str, Any] = {
        "format": _FORMAT if head.depth == 1 else _DEEP_FORMAT,
        "outputs": head.outputs,
        "trained_on": head.trained_on,
        "encoder_fingerprint": head.encoder_fingerprint,
        "analyser_version": head.analyser_version,
        "n_networks": len(head.networks),
        "query_classifier": {"dimensions": head.query_classifier.dimensions, "words": head.query_classifier.words},
    }
    if head.depth > 1:
        metadata["depth"] = head.depth
    if head.voices.dimensions:
        metadata["voices"] = {"dimensions": head.voices.dimensions, "outputs": head.voices.outputs}
    return {"evoke": json.dumps(metadata)}


def _head(metadata: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ValueHead:
    def part(kind: Any, name: str) -> Any:
        return kind(*(_unpacked(f"{name}.{field}", arrays) for field in _array_fields(kind)))

    def network(name: str) -> Weights:
        weights: Weights = part(Weights, name)
        deeper = (
            Layer(*(_unpacked(f"{name}.deeper{i}.{field}", arrays) for field in Layer._fields))
            for i in range(metadata.get("depth", 1) - 1)
        )
        return replace(weights, deeper=tuple(deeper))

    return ValueHead(
        outputs=tuple(Output(*output) for output in metadata["outputs"]),
        trained_on=tuple(map(tuple, metadata["trained_on"])),
        encoder_fingerprint=metadata["encoder_fingerprint"],
        analyser_version=metadata["analyser_version"],
        terms=part(Terms, "terms"),
        networks=tuple(network(f"network{n}") for n in range(metadata["n_networks"])),
        calibration=part(Calibration, "calibration"),
        query_classifier=QueryClassifier(
            dimensions=tuple(metadata["query_classifier"]["dimensions"]),
            words=tuple(metadata["query_classifier"]["words"]),
            weight=_unpacked("query_classifier.weight", arrays),
            bias=_unpacked("query_classifier.bias", arrays),
        ),
        voices=_voices(metadata["voices"], arrays) if "voices" in metadata else NO_VOICES,
    )


def _voices(metadata: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Voices:
    parts = {name: _unpacked(f"voices.{name}", arrays) for name in _VOICES_ARRAYS}
    return Voices(dimensions=tuple(metadata["dimensions"]), outputs=tuple(metadata["outputs"]), **parts)


def _check(head: ValueHead) -> None:
    """Check what a file may get wrong and numpy would find at the first use, or never: it broadcasts, and keeps NaN.

    Raises:
        ValueError: The message names the part.
    """
    if not isinstance(head.encoder_fingerprint, str) or not isinstance(head.analyser_version, str):
        raise ValueError("encoder_fingerprint and analyser_version are not texts")
    classifier, n_outputs, n_terms = head.query_classifier, len(head.outputs), len(head.terms.ids)
    if len(head.trained_on) != n_outputs or len(classifier.words) != len(classifier.dimensions) or not head.networks:
        raise ValueError("its lists differ in length")
    n_dim = classifier.weight.shape[1]
    shapes: list[tuple[str, Any, dict[str, tuple[int, ...]]]] = [
        ("terms", head.terms, {"ids": (n_terms,), "idf": (n_terms,)}),
        ("calibration", head.calibration, dict.fromkeys(("slope", "offset", "mark"), (n_outputs,))),
        ("query_classifier", classifier, {
            "weight": (len(classifier.dimensions), n_dim), "bias": (len(classifier.dimensions),),
        }),
    ]  # fmt: skip
    voices, n_words = head.voices, len(head.voices.ids)
    n_heard = len(voices.outputs)
    shapes.append(("voices", voices, {
        "rates": (len(voices.dimensions),), "idf": (n_words,), "weight": (n_heard, n_words), "bias": (n_heard,),
    }))  # fmt: skip
    for n, network in enumerate(head.networks):
        n_hidden, n_bag = network.bag.shape
        shapes += [
            (f"network{n}.deeper{i}", layer, {"weight": (n_hidden, n_hidden), "bias": (n_hidden,)})
            for i, layer in enumerate(network.deeper)
        ]
        shapes.append((f"network{n}", network, {
            "hidden": (n_hidden, n_dim), "hidden_bias": (n_hidden,), "bag": (n_hidden, n_bag),
            "term": (n_terms, n_bag), "output": (n_outputs, n_hidden), "output_bias": (n_outputs,),
        }))  # fmt: skip
    for name, part, shape_of in shapes:
        for field, shape in shape_of.items():
            array = getattr(part, field)
            if array.shape != shape:
                raise ValueError(f"{name}.{field} has the shape {array.shape}, expected {shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name}.{field} has a number that is not finite")
