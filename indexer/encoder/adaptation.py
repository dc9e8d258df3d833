"""Low-rank changes of an encoder's weights, which `evoke train-encoder` learns (LoRA, Hu et al., arXiv:2106.09685).

The weight of an adapted linear layer is W + B A, with A (rank, n_inputs) and B (n_outputs, rank). The products are
added once, where the weights are loaded: a converted model and torch's both run the sum, at no cost for a text. The
layers of the network below `first_layer` are left as they are, bit by bit.

A file has A and B of each linear layer in half precision, and the digest of the weights that they belong to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawler.whole_files import replacing
from indexer.errors import ModelUnavailable

Floats = NDArray[np.float32]
Halves = NDArray[np.float16]

_FORMAT = "evoke encoder adaptation 1"
_PACKAGED = "encoder.safetensors"


@dataclass(frozen=True)
class Factors:
    """The factors of one linear layer's change: A, float16 (rank, n_inputs), and B, float16 (n_outputs, rank)."""

    a: Halves
    b: Halves

    @property
    def change(self) -> Floats:
        """B A, float32 (n_outputs, n_inputs)."""
        product: Floats = self.b.astype(np.float32) @ self.a.astype(np.float32)
        return product


@dataclass(frozen=True)
class Adaptation:
    """The changes of an encoder's weights.

    Attributes:
        base: The SHA-256 of each weights file that they belong to.
        first_layer: The first layer that changes, counted from 0; those below it keep their vectors.
        factors: The factors by the name of the linear layer, such as "encoder.layer.3.output.dense".
        figures: What the training reports, for the reader of the file.
    """

    base: tuple[str, ...]
    first_layer: int
    factors: Mapping[str, Factors]
    figures: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """A SHA-256 over all that decides a vector."""
        digest = hashlib.sha256(":".join(self.base).encode())
        for name, factors in sorted(self.factors.items()):
            digest.update(name.encode() + np.ascontiguousarray(factors.a).tobytes())
            digest.update(np.ascontiguousarray(factors.b).tobytes())
        return digest.hexdigest()

    def merge(self, transformer: Any) -> None:
        """Add the changes to the weights of a transformer in torch.

        Raises:
            ModelUnavailable: The transformer lacks a linear layer, or has one of another shape.
        """
        import torch

        modules = dict(transformer.named_modules())
        for name, factors in self.factors.items():
            weight = getattr(modules.get(name), "weight", None)
            change = torch.from_numpy(factors.change)
            if weight is None or weight.shape != change.shape:
                raise ModelUnavailable(f"the encoder's adaptation changes a layer that the model lacks: {name}")
            with torch.no_grad():
                weight += change.to(weight.dtype)


def save_adaptation(adaptation: Adaptation, path: Path) -> None:
    """Write an adaptation to a file."""
    from safetensors.numpy import save_file

    metadata = {
        "format": _FORMAT, "base": adaptation.base, "first_layer": adaptation.first_layer,
        "figures": dict(adaptation.figures),
    }  # fmt: skip
    arrays = {
        f"{name}.{part}": array for name, each in adaptation.factors.items() for part, array in vars(each).items()
    }
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with replacing(path) as unfinished:
        save_file(whole, unfinished, {"evoke": json.dumps(metadata)})


def load_adaptation(path: Path | None = None) -> Adaptation:
    """Read an adaptation from a file; None is the packaged one.

    Raises:
        ModelUnavailable: The file cannot be read, or is no adaptation.
    """
    if path is None:
        with as_file(files("indexer") / "encoder" / _PACKAGED) as packaged:
            return load_adaptation(packaged)
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as opened:
            metadata = json.loads((opened.metadata() or {})["evoke"])
            if metadata["format"] != _FORMAT:
                raise ValueError(f"its format is {metadata['format']!r}")
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
        names = sorted({name.rpartition(".")[0] for name in arrays})
        factors = {name: Factors(arrays[f"{name}.a"], arrays[f"{name}.b"]) for name in names}
        for name, each in factors.items():
            _check(name, each)
        return Adaptation(tuple(metadata["base"]), int(metadata["first_layer"]), factors, metadata["figures"])
    except (OSError, KeyError, ValueError, TypeError, RecursionError, SafetensorError) as error:
        why = " ".join(str(error).split())
        raise ModelUnavailable(
            f"{path} is no adaptation of an encoder ({why}): name a file that `evoke train-encoder` wrote, or set "
            "EVOKE_ENCODER_ADAPTATION=off"
        ) from error


def _check(name: str, factors: Factors) -> None:
    """Check what numpy would find later, or never.

    Raises:
        ValueError: The factors do not belong together.
    """
    if factors.a.ndim != 2 or factors.b.ndim != 2 or len(factors.a) != factors.b.shape[1]:
        raise ValueError(f"{name}: the shapes {factors.a.shape} and {factors.b.shape} do not belong together")
    if not all(each.dtype == np.float16 and np.isfinite(each).all() for each in (factors.a, factors.b)):
        raise ValueError(f"{name}: has weights that are no numbers in half precision")
