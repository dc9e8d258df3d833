"""The value head: a work's text to the probability that people say so of the work. Numpy; trained by value_training.

    hidden = relu(W1 x + W2 bag + b1)        logit = W3 hidden + b3

with x the sentence embedding of the text and bag its terms' vectors, weighted by tf-idf, (1 + ln tf) idf, of unit
length. Embeddings know what words mean and terms which words they are: "gory" and the genre in a catalogue say more
than the gist does (mean AUC of values, films and books: .772 and .860 by embeddings alone, .794 and .876 with terms).

An output is a value or tag *of a kind of work*, since people tag films otherwise than they shelve books: one output for
both reached a micro-F1 of 38.3 on the tags of films where one for each reached 39.6. Its logit is the mean of three
networks that differ in their seed (mean AUC .802 and .885, of one alone .794 and .876), and of a work

    p = 1 / (1 + exp(-(slope * logit + offset)))

with slope and offset fitted on works that the weights were not trained on (Platt 1999). `mark` is the probability from
which a value is called a work's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.bm25 import term_id
from indexer.errors import ValueHeadInvalid

Floats = NDArray[np.float32]
TermCounts = Mapping[str, int]
_FORMAT = "2"


class Output(NamedTuple):
    """A dimension of the taxonomy, as people say it of one kind of work."""

    dimension: str
    kind: str


@dataclass(frozen=True)
class Calibration:
    """For each output: float32 (n_outputs,). See the module for what they are."""

    slope: Floats
    offset: Floats
    mark: Floats

    def of(self, outputs: NDArray[np.int_]) -> Calibration:
        """Gives that of some outputs, by their places."""
        return Calibration(*(getattr(self, field.name)[outputs] for field in fields(self)))

    def probabilities(self, logits: Floats) -> Floats:
        """Gives the probabilities, float32 of the logits' shape (..., n_outputs)."""
        told = np.clip(self.slope * logits + self.offset, -30, 30)
        probabilities: Floats = (1 / (1 + np.exp(-told))).astype(np.float32)
        return probabilities


@dataclass(frozen=True)
class Terms:
    """The terms that a head knows: their ids rising, uint32 (n_terms,), and their inverse document frequencies."""

    ids: NDArray[np.uint32]
    idf: Floats

    def weigh(self, counts: TermCounts) -> WeighedTerms:
        """Gives a text's known terms, tf-idf weights of unit length."""
        ids = np.fromiter(map(term_id, counts), dtype=np.uint32, count=len(counts))
        frequencies = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        places = np.searchsorted(self.ids, ids)
        known = places < len(self.ids)
        known[known] = self.ids[places[known]] == ids[known]
        weights = (1 + np.log(frequencies[known])) * self.idf[places[known]]
        length = np.linalg.norm(weights) or 1.0
        return WeighedTerms(places[known], (weights / length).astype(np.float32))


class WeighedTerms(NamedTuple):
    """A text's terms by their places in a head, int64 (n,), and their weights, float32 (n,)."""

    places: NDArray[np.int64]
    weights: Floats


@dataclass(frozen=True)
class Weights:
    """What is trained: float32, each (n_out, n_in), and biases (n_out,); `term` is (n_terms, n_bag)."""

    hidden: Floats
    hidden_bias: Floats
    bag: Floats
    term: Floats
    output: Floats
    output_bias: Floats

    def logits(self, vectors: Floats, terms: Sequence[WeighedTerms] | None = None) -> Floats:
        """Gives logits, float32 (n, n_outputs), of embeddings (n, dim) and the terms of the n texts, if any."""
        hidden = vectors @ self.hidden.T + self.hidden_bias
        if terms is not None:
            bags = np.stack([weights @ self.term[places] for places, weights in terms])
            hidden = hidden + bags @ self.bag.T
        logits: Floats = np.maximum(hidden, 0) @ self.output.T + self.output_bias
        return logits


@dataclass(frozen=True)
class QueryClassifier:
    """What a query's embedding asks for: softmax(weight x + bias) over `dimensions`."""

    dimensions: tuple[str, ...]
    weight: Floats
    bias: Floats

    def shares(self, vector: Floats) -> dict[str, float]:
        """Gives each dimension's share of what a query's embedding, float32 (dim,), asks for; they sum to 1."""
        logits = self.weight @ vector + self.bias
        shares = np.exp(logits - logits.max())
        return dict(zip(self.dimensions, (shares / shares.sum()).tolist(), strict=True))


@dataclass(frozen=True)
class ValueHead:
    """Weights with their outputs, each with the tags it was trained on, and how queries are read."""

    outputs: tuple[Output, ...]
    trained_on: tuple[tuple[str, ...], ...]
    encoder_fingerprint: str
    terms: Terms
    networks: tuple[Weights, ...]
    calibration: Calibration
    reading: QueryClassifier

    def logits(self, vectors: Floats, terms: Sequence[WeighedTerms] | None = None) -> Floats:
        """Gives logits, float32 (n, n_outputs), of n texts by their embeddings and terms, or embeddings alone."""
        logits: Floats = np.mean([network.logits(vectors, terms) for network in self.networks], axis=0)
        return logits

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything that its answers depend on."""
        digest = hashlib.sha256(_metadata(self)["evoke"].encode())
        for name, array in sorted(_arrays(self).items()):
            digest.update(name.encode() + array.tobytes())
        return digest.hexdigest()


def load_value_head(path: Path | None = None) -> ValueHead:
    """Gives the head in a file, or the one that comes with Evoke.

    Raises:
        ValueHeadInvalid: the file cannot be read, or is no head.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load

    source = path if path is not None else files("indexer.values") / "values.safetensors"
    try:
        arrays = load(source.read_bytes())
        with safe_open(str(source), framework="numpy") as opened:
            told = json.loads(opened.metadata()["evoke"])
        if told["format"] != _FORMAT:
            raise ValueHeadInvalid(
                f"{source}: has format {told['format']}, this version reads {_FORMAT}; train it again"
            )
        return _head(told, arrays)
    except OSError as error:
        raise ValueHeadInvalid(f"{source}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ValueHeadInvalid(f"{source}: is no head of `evoke train-values`: {error}") from error


def save_value_head(head: ValueHead, path: Path) -> None:
    """Writes a head: matrices as int8 with a scale a row, which moves no probability by more than a hundredth."""
    from safetensors.numpy import save_file

    save_file(_arrays(head), path, metadata=_metadata(head))
    path.chmod(0o644)  # safetensors makes it for its owner alone


_SCALE = ".scale"


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


def _arrays(head: ValueHead) -> dict[str, NDArray[Any]]:
    told = {
        f"{name}.{field.name}": getattr(part, field.name)
        for name, part in _parts(head).items()
        for field in fields(part)
    } | {"reading.weight": head.reading.weight, "reading.bias": head.reading.bias}
    return {key: packed for name, array in told.items() for key, packed in _packed(name, array).items()}


def _metadata(head: ValueHead) -> dict[str, str]:
    told = {
        "format": _FORMAT,
        "outputs": head.outputs,
        "trained_on": head.trained_on,
        "encoder_fingerprint": head.encoder_fingerprint,
        "n_networks": len(head.networks),
        "reading": head.reading.dimensions,
    }
    return {"evoke": json.dumps(told)}


def _head(told: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ValueHead:
    def part(kind: Any, name: str) -> Any:
        return kind(*(_unpacked(f"{name}.{field.name}", arrays) for field in fields(kind)))

    return ValueHead(
        outputs=tuple(Output(*output) for output in told["outputs"]),
        trained_on=tuple(map(tuple, told["trained_on"])),
        encoder_fingerprint=told["encoder_fingerprint"],
        terms=part(Terms, "terms"),
        networks=tuple(part(Weights, f"network{n}") for n in range(told["n_networks"])),
        calibration=part(Calibration, "calibration"),
        reading=QueryClassifier(
            tuple(told["reading"]), _unpacked("reading.weight", arrays), _unpacked("reading.bias", arrays)
        ),
    )
