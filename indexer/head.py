"""Head: sentence embeddings to logits of values and community tags, as trained by `indexer.training`. Pure numpy.

logits = W2 relu(W1 x + b1) + b2, and the probability that people say so of a work:

    p = 1 / (1 + exp(-(slope * logit + likeness * z + offset)))

with z the standardised zero-shot likeness (see `indexer.labelling`); slope, likeness and offset are fitted on works
that the weights were not trained on (Platt 1999). `mark` is the probability from which a value is called a work's own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import HeadInvalid

Floats = NDArray[np.float32]
_FORMAT = "1"


@dataclass(frozen=True)
class Calibration:
    """For each output: float32 (n_outputs,). See the module for what they are."""

    slope: Floats
    likeness: Floats
    offset: Floats
    mark: Floats

    def of(self, outputs: NDArray[np.int_]) -> Calibration:
        """Gives that of some outputs, by their places."""
        return Calibration(*(getattr(self, field.name)[outputs] for field in fields(self)))

    def probabilities(self, logits: Floats, likenesses: Floats) -> Floats:
        """Gives the probabilities, float32 of the logits' shape (..., n_outputs)."""
        told = self.slope * logits + self.likeness * likenesses + self.offset
        return (1 / (1 + np.exp(-np.clip(told, -30, 30)))).astype(np.float32)


@dataclass(frozen=True)
class Head:
    """Weights with the names of their outputs: ids of values and tags, each with the tags it was trained on."""

    outputs: tuple[str, ...]
    trained_on: tuple[tuple[str, ...], ...]
    encoder_fingerprint: str
    hidden_weight: Floats
    hidden_bias: Floats
    output_weight: Floats
    output_bias: Floats
    calibration: Calibration

    def logits(self, vectors: Floats) -> Floats:
        """Gives logits, float32 (n, n_outputs), of embeddings, float32 (n, dim)."""
        hidden = np.maximum(vectors @ self.hidden_weight.T + self.hidden_bias, 0)
        logits: Floats = hidden @ self.output_weight.T + self.output_bias
        return logits

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything that its answers depend on."""
        digest = hashlib.sha256(_metadata(self)["evoke"].encode())
        for name, array in sorted(_arrays(self).items()):
            digest.update(name.encode() + array.tobytes())
        return digest.hexdigest()


def load_head(path: Path | None = None) -> Head:
    """Gives the head in a file, or the one that comes with Evoke.

    Raises:
        HeadInvalid: the file cannot be read, or is no head.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load

    source = path if path is not None else files("indexer") / "values.safetensors"
    try:
        packed = source.read_bytes()
        arrays = {name: array.astype(np.float32) for name, array in load(packed).items()}
        with safe_open(str(source), framework="numpy") as opened:
            told = json.loads(opened.metadata()["evoke"])
        if told["format"] != _FORMAT:
            raise HeadInvalid(f"{source}: has format {told['format']}, this version reads {_FORMAT}; train it again")
        calibration = Calibration(*(arrays[field.name] for field in fields(Calibration)))
        return Head(
            outputs=tuple(told["outputs"]),
            trained_on=tuple(map(tuple, told["trained_on"])),
            encoder_fingerprint=told["encoder_fingerprint"],
            calibration=calibration,
            **{name: arrays[name] for name in _WEIGHTS},
        )
    except OSError as error:
        raise HeadInvalid(f"{source}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise HeadInvalid(f"{source}: is no head of `evoke train-values`: {error}") from error


def save_head(head: Head, path: Path) -> None:
    """Writes a head; the weights as float16, which moves no probability by more than a thousandth."""
    from safetensors.numpy import save_file

    save_file(_arrays(head), path, metadata=_metadata(head))


_WEIGHTS = ("hidden_weight", "hidden_bias", "output_weight", "output_bias")


def _arrays(head: Head) -> dict[str, NDArray[np.float16] | Floats]:
    weights = {name: getattr(head, name).astype(np.float16) for name in _WEIGHTS}
    return weights | {field.name: getattr(head.calibration, field.name) for field in fields(Calibration)}


def _metadata(head: Head) -> dict[str, str]:
    told = {
        "format": _FORMAT,
        "outputs": head.outputs,
        "trained_on": head.trained_on,
        "encoder_fingerprint": head.encoder_fingerprint,
    }
    return {"evoke": json.dumps(told)}
