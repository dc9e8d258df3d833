"""Runtimes of a sentence encoder: OpenVINO in eight-bit integers, or torch, the reference."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from indexer.encoder.conversion import TELEMETRY, converted_model, load_module
from indexer.encoder.kept_models import COMPILED, can_load_weights, kept_compiled
from indexer.encoder.model_files import ModelFiles, in_one_line
from indexer.encoder.token_networks import (
    NetworkRuntime,
    OpenVinoNetworkRuntime,
    TokenNetwork,
    TorchNetworkRuntime,
)
from indexer.errors import ModelUnavailable
from indexer.imports import hide_module

T = TypeVar("T")
Tokens = NDArray[np.int64]
Vectors = NDArray[np.float32]

logger = logging.getLogger(__name__)

ONE_CORE: Mapping[str, str] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": "1"}
"""OpenVINO's options for single texts. With the hint for throughput, 16 tokens take 1.8 ms instead of 1.5."""

_PRECISION: Mapping[str, str] = {"INFERENCE_PRECISION_HINT": "f32"}
"""On a processor with AMX, OpenVINO would compute the other operations in bfloat16: a third faster, but inputs of 32
tokens get wrong vectors (cosine of 0.81 to the reference)."""

FEW_TOKENS = 64
"""Texts of so many tokens in all, padding included, run like a single one. Two texts of 16 tokens take 1.4 times as
long as one, since reading the weights takes half of the time."""

_FIRST_RUN = threading.Lock()
"""Held for the first run. Until the first run has ended, two threads that pass an array to OpenVINO can deadlock: one
holds the guard of pybind11's one-time initialisation and waits for Python's global lock, the other holds the global
lock and waits for the guard."""


class Runtime(Protocol):
    """A thread-safe runtime of a sentence encoder: it turns token ids into token vectors."""

    name: str
    """Vectors of two runtimes with different names differ a little."""
    padded_to: int
    """Batches are padded to a multiple of this many tokens."""
    note: str | None
    """Why this one runs instead of a faster one; None where it was asked for."""

    @property
    def n_streams(self) -> int:
        """How many batches run at once with the highest throughput."""
        ...

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Return each token's vector.

        Args:
            ids: Token ids, int64 (n, length).
            mask: 1 for a token and 0 for padding, int64 (n, length).

        Returns:
            float32 (n, length, dim).
        """
        ...

    def open_network(self, network: TokenNetwork, *, keep: bool) -> NetworkRuntime:
        """Return the encoder's layers with a network on them; with `keep`, the compiled graph is kept on disk.

        Raises:
            ModelUnavailable: The encoder lacks a layer that the network reads.
        """
        ...


def open_runtime(model: ModelFiles, cache: Path, n_threads: int | None = None) -> Runtime:
    """Return OpenVINO's runtime, whose converted model is kept in the folder `cache`; torch's if OpenVINO fails.

    Raises:
        ModelUnavailable: OpenVINO cannot run the model, and torch is not installed or cannot load it either.
    """
    try:
        return OpenVinoRuntime(model, cache, n_threads)
    except (ImportError, OSError, RuntimeError) as error:
        if not can_load_weights():
            raise ModelUnavailable(f"OpenVINO cannot run the model {model.name!r}: {in_one_line(error)}") from error
        note = f"the encoder runs on torch, several times slower, since OpenVINO fails: {in_one_line(error)}"
        logger.warning("%s", note)
        return TorchRuntime(model, note)


class TorchRuntime:
    """sentence-transformers on torch, in 32-bit floats."""

    name = "torch"
    padded_to = 1
    n_streams = 1  # torch uses every core for one batch

    def __init__(self, model: ModelFiles, note: str | None = None) -> None:
        self.note = note
        self._module = load_module(model)

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Return each token's vector; see `Runtime`."""
        import torch

        with torch.inference_mode():
            inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            vectors: Vectors = self._module.forward(inputs)["token_embeddings"].float().numpy()
            return vectors

    def open_network(self, network: TokenNetwork, *, keep: bool) -> NetworkRuntime:
        """Return the encoder's layers with a network on them; see `Runtime`. Nothing is compiled, or kept."""
        del keep
        return TorchNetworkRuntime(self._module[0].auto_model, network)


class OpenVinoRuntime:
    """OpenVINO on the processor, with weights and activations of matrix products in eight-bit integers."""

    name = "openvino-int8"
    padded_to = 16
    """OpenVINO prepares itself for each new shape. Queries of 5 to 12 tokens took 3.8 ms on one core at their own
    lengths, and 1.6 ms when padded to 16. Documents take the same time either way."""
    note: str | None = None

    def __init__(self, model: ModelFiles, cache: Path, n_threads: int | None = None) -> None:
        self._n_threads = n_threads
        with hide_module(TELEMETRY):
            import openvino

        self._core = openvino.Core()
        self._path = converted_model(model, cache)
        self._compiled = cache / self._path.parent.name / COMPILED
        self._requests = threading.local()
        self._for_one = self._compile(ONE_CORE)
        with _FIRST_RUN:
            self.run(*(np.ones((1, self.padded_to), dtype=np.int64) for _ in ("ids", "mask")))

    @cached_property
    def n_streams(self) -> int:
        """One batch per core."""
        return int(self._for_batches.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))

    @cached_property
    def _for_batches(self) -> Any:
        """The model compiled for several batches at once; a service that embeds single texts never opens it."""
        threads = {} if self._n_threads is None else {"INFERENCE_NUM_THREADS": str(self._n_threads)}
        return self._compile({"PERFORMANCE_HINT": "THROUGHPUT", **threads})

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Return each token's vector; see `Runtime`.

        Batches run on one core each, as many at once as there are cores. A single text, and a few short ones, run on
        one core: two cores take twice the processor time and gain .05 of 1.5 ms for 16 tokens, .9 of 3.5 ms for 64.
        """
        kind: Literal["one", "batch"] = "one" if len(ids) == 1 or ids.size <= FEW_TOKENS else "batch"
        vectors: Vectors = self._request(kind).infer([ids, mask], share_inputs=True)[0]
        return vectors

    def _request(self, kind: Literal["one", "batch"]) -> Any:
        """Return this thread's own request."""
        if not hasattr(self._requests, kind):
            compiled = self._for_one if kind == "one" else self._for_batches
            setattr(self._requests, kind, compiled.create_infer_request())
        return getattr(self._requests, kind)

    def open_network(self, network: TokenNetwork, *, keep: bool) -> NetworkRuntime:
        """Return the encoder's layers with a network on them; see `Runtime`."""

        def compile_network(options: Mapping[str, str]) -> NetworkRuntime:
            return OpenVinoNetworkRuntime(self._core, str(self._path), options, network)

        return self._compile_kept(compile_network, ONE_CORE) if keep else compile_network({**ONE_CORE, **_PRECISION})

    def _compile(self, threads: Mapping[str, str]) -> Any:
        return self._compile_kept(lambda options: self._core.compile_model(str(self._path), "CPU", options), threads)

    def _compile_kept(self, compile_model: Callable[[dict[str, str]], T], threads: Mapping[str, str]) -> T:
        """Return what OpenVINO compiles with options; it is kept, and read from what was kept.

        It is kept beside a model that was converted here: starting takes 0.1 s instead of 0.5 s. Where the folder
        cannot be made or used, OpenVINO would fail, and compiles without it.
        """
        options = {**threads, **_PRECISION}
        with kept_compiled(self._compiled):
            if self._compiled.is_dir():
                try:
                    return compile_model({**options, "CACHE_DIR": str(self._compiled)})
                except RuntimeError as error:
                    logger.warning(
                        "the encoder is compiled at each start, since %s cannot keep it: %s",
                        self._compiled,
                        in_one_line(error),
                    )
            return compile_model(options)
