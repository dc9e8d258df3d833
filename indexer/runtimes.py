"""What runs a sentence encoder's weights: OpenVINO in eight-bit integers, or torch, the reference."""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.conversion import converted_model, load_module
from indexer.model_files import ModelFiles, first_line

Tokens = NDArray[np.int64]
Vectors = NDArray[np.float32]

logger = logging.getLogger(__name__)


class Runtime(Protocol):
    """Runs a batch of token ids. Thread-safe."""

    name: str
    """Vectors of two names differ a little."""

    @property
    def n_streams(self) -> int:
        """How many batches are best run at once."""
        ...

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Gives each token's vector, float32 (n, length, dim), of ids (n, length); padding has a mask of 0."""
        ...


def open_runtime(model: ModelFiles, cache: Path) -> Runtime:
    """Gives OpenVINO's runtime, with the converted module kept in the folder `cache`; torch's where that fails."""
    try:
        return OpenVinoRuntime(model, cache)
    except (ImportError, OSError, RuntimeError) as error:
        logger.warning("the encoder runs on torch, several times slower, since OpenVINO fails: %s", first_line(error))
        return TorchRuntime(model)


class TorchRuntime:
    """sentence-transformers on torch, in 32-bit floats."""

    name = "torch"
    n_streams = 1  # torch uses every core for one batch

    def __init__(self, model: ModelFiles) -> None:
        self._module = load_module(model)

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Gives each token's vector; see `Runtime`."""
        import torch

        with torch.inference_mode():
            inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            vectors: Vectors = self._module.forward(inputs)["token_embeddings"].float().numpy()
            return vectors


class OpenVinoRuntime:
    """OpenVINO on the processor, weights and activations of matrix products in eight-bit integers."""

    name = "openvino-int8"

    def __init__(self, model: ModelFiles, cache: Path) -> None:
        import openvino

        self._core = openvino.Core()
        self._path = converted_model(model, cache)
        self._requests = threading.local()
        self._for_one = self._compile("LATENCY")
        """All cores for one text: a short query takes two thirds of the time it takes on one."""

    @cached_property
    def n_streams(self) -> int:
        """A batch a core."""
        return int(self._for_many.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))

    @cached_property
    def _for_many(self) -> Any:
        """A core for each batch. Who serves never needs it: to compile it takes half a second."""
        return self._compile("THROUGHPUT")

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Gives each token's vector; see `Runtime`."""
        name = "one" if len(ids) == 1 else "many"
        if not hasattr(self._requests, name):
            compiled = self._for_one if name == "one" else self._for_many
            setattr(self._requests, name, compiled.create_infer_request())
        vectors: Vectors = getattr(self._requests, name).infer([ids, mask], share_inputs=True)[0]
        return vectors

    def _compile(self, hint: str) -> Any:
        # Where the processor has AMX, OpenVINO would compute the rest in bfloat16: a third faster, and wrong for inputs
        # of just 32 tokens (a cosine of .81 to the reference).
        options = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": "f32"}
        return self._core.compile_model(str(self._path), "CPU", options)
