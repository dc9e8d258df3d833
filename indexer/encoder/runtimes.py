"""What runs a sentence encoder's weights: OpenVINO in eight-bit integers, or torch, the reference."""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.encoder.conversion import TELEMETRY, converted_model, load_module
from indexer.encoder.model_files import ModelFiles, first_line
from indexer.imports import without

Tokens = NDArray[np.int64]
Vectors = NDArray[np.float32]

logger = logging.getLogger(__name__)

_FIRST_RUN = threading.Lock()
"""Until a first run has ended, two threads that give OpenVINO an array can wait for each other for ever: one has the
guard of what pybind11 prepares once and waits for Python's lock, the other the reverse."""


class Runtime(Protocol):
    """Runs a batch of token ids. Thread-safe."""

    name: str
    """Vectors of two names differ a little."""
    padded_to: int
    """Batches are padded to a multiple of as many tokens."""

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
    padded_to = 1
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
    padded_to = 16
    """OpenVINO prepares itself anew for each shape it sees: queries of 5 to 12 tokens, one after the other, took 3.8 ms
    on a core as they were, and 1.6 with few shapes. Documents take as long either way."""

    def __init__(self, model: ModelFiles, cache: Path) -> None:
        with without(TELEMETRY):
            import openvino

        self._core = openvino.Core()
        self._path = converted_model(model, cache)
        self._requests = threading.local()
        self._alone = threading.Lock()
        self._on_one_core = self._compile("THROUGHPUT")
        self._on_all_cores = self._compile("LATENCY")
        with _FIRST_RUN:
            self.run(*(np.ones((1, self.padded_to), dtype=np.int64) for _ in ("ids", "mask")))

    @cached_property
    def n_streams(self) -> int:
        """A batch a core."""
        return int(self._on_one_core.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Gives each token's vector; see `Runtime`.

        A batch has a core; a text by itself has all, unless another one has: with a core each, several texts at once
        take less of the processor, and one takes a quarter longer.
        """
        alone = len(ids) == 1 and self._alone.acquire(blocking=False)
        try:
            vectors: Vectors = self._request("all" if alone else "one").infer([ids, mask], share_inputs=True)[0]
            return vectors
        finally:
            if alone:
                self._alone.release()

    def _request(self, cores: Literal["one", "all"]) -> Any:
        """Gives this thread's own request."""
        if not hasattr(self._requests, cores):
            compiled = self._on_all_cores if cores == "all" else self._on_one_core
            setattr(self._requests, cores, compiled.create_infer_request())
        return getattr(self._requests, cores)

    def _compile(self, hint: str) -> Any:
        # Where the processor has AMX, OpenVINO would compute the rest in bfloat16: a third faster, and wrong for inputs
        # of just 32 tokens (a cosine of .81 to the reference).
        # What is compiled is kept beside the model: to start takes .1 s, not .5.
        options = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": "f32", "CACHE_DIR": str(self._path.parent)}
        return self._core.compile_model(str(self._path), "CPU", options)
