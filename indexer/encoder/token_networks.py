"""Run small networks on the token vectors of an encoder's middle layers.

The last layer of a sentence encoder has lost much of what each word does in its sentence; the layers before it have not
(docs/decisions/0023-reader.md). A network runs in one OpenVINO graph with the layers that it reads: the layers above
them are left out.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from indexer.errors import ModelUnavailable

if TYPE_CHECKING:
    from indexer.encoder.encoder import Encoder

Tokens = NDArray[np.int64]
Vectors = NDArray[np.float32]

WINDOW_TOKENS = 126
"""The most tokens that a network reads at once, special tokens aside. Attention grows with the square of the length:
250 tokens take 11.5 ms of processor time in one window and 9.8 ms in two (four layers)."""
MOST_TOKENS = 8 * WINDOW_TOKENS
"""Tokens of a text that are read, about 4,000 characters: 40 ms of processor time."""
PADDED_TO = 16
"""Windows are padded to a multiple of this many tokens, since OpenVINO prepares itself for each new shape."""

_LAYER = re.compile(r"encoder\.layer\.(\d+)\.output\.LayerNorm/.*/Add$")
_EMBEDDINGS = re.compile(r"embeddings\.LayerNorm/.*/Add$")
"""Names that a converted BERT gives the ends of its layers."""
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]]*\s|\n")


class TokenNetwork(Protocol):
    """A network on token vectors, which OpenVINO and numpy compute alike."""

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers that it reads: 0 is the embeddings of tokens, 1 the vectors after the first layer, and so on."""
        ...

    def build(self, vectors: Mapping[int, Any], mask: Any) -> Any:
        """Return the network's output as an OpenVINO node, f32 (n, length, n_outputs).

        Args:
            vectors: The output of each layer, f32 (n, length, dim).
            mask: 1 for a token and 0 for padding, f32 (n, length, 1).
        """
        ...

    def compute(self, vectors: Mapping[int, Vectors], mask: Vectors) -> Vectors:
        """Return the same in numpy, float32 (n, length, n_outputs)."""
        ...


class NetworkRuntime(Protocol):
    """The layers of an encoder with a network on them. Thread-safe."""

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Return the network's output for each token, float32 (n, length, n_outputs); see `Runtime` for the inputs."""
        ...


class TorchNetworkRuntime:
    """The layers on torch, and the network in numpy."""

    def __init__(self, transformer: Any, network: TokenNetwork) -> None:
        """Take the transformer of a sentence-transformers module."""
        self._transformer = transformer
        self._network = network

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Return the network's output for each token; see `NetworkRuntime`."""
        import torch

        with torch.inference_mode():
            inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            states = self._transformer(**inputs, output_hidden_states=True).hidden_states
        vectors = {layer: states[layer].float().numpy() for layer in self._network.layers}
        return self._network.compute(vectors, mask[..., None].astype(np.float32))


class OpenVinoNetworkRuntime:
    """The layers and the network in one OpenVINO graph. Each run takes one core."""

    def __init__(self, core: Any, path: str, options: Mapping[str, str], network: TokenNetwork) -> None:
        """Cut a converted encoder behind the layers that a network reads, put the network there, and compile both.

        Raises:
            ModelUnavailable: The encoder lacks one of the layers.
        """
        import openvino
        from openvino import opset13 as ops

        model = core.read_model(path)
        ends = dict(_layer_ends(model))
        if missing := sorted(set(network.layers) - set(ends)):
            raise ModelUnavailable(f"{path} has no layer {missing[0]} that a network could read: it is not a BERT")
        inputs = {next(iter(parameter.output(0).names)): parameter for parameter in model.get_parameters()}
        mask = ops.convert(ops.unsqueeze(inputs["mask"], ops.constant([2], np.int64)), "f32")
        output = network.build({layer: ends[layer] for layer in network.layers}, mask)
        cut = openvino.Model([output.output(0)], [inputs["ids"], inputs["mask"]], "tokens")
        self._compiled = core.compile_model(cut, "CPU", dict(options))
        self._requests = threading.local()

    def run(self, ids: Tokens, mask: Tokens) -> Vectors:
        """Return the network's output for each token; see `NetworkRuntime`."""
        if not hasattr(self._requests, "own"):
            self._requests.own = self._compiled.create_infer_request()
        output: Vectors = self._requests.own.infer([ids, mask], share_inputs=True)[0]
        return output


def _layer_ends(model: Any) -> Iterator[tuple[int, Any]]:
    """Yield each layer's number and the node whose output its vectors are; 0 is the embeddings."""
    for node in model.get_ordered_ops():
        name = node.get_friendly_name()
        if match := _LAYER.search(name):
            yield int(match[1]) + 1, node
        elif _EMBEDDINGS.search(name):
            yield 0, node


class TokenReader:
    """A network that reads texts of any length. Thread-safe; the graph is compiled at first use.

    Args:
        encoder: The encoder whose layers it reads.
        network: The network.
        keep: Whether the compiled graph is kept on disk, for the next process.
    """

    def __init__(self, encoder: Encoder, network: TokenNetwork, *, keep: bool = True) -> None:
        self._encoder = encoder
        self._network = network
        self._keep = keep
        self._lock = threading.Lock()
        self._runtime: NetworkRuntime | None = None

    def read(self, text: str) -> tuple[NDArray[np.int64], Vectors]:
        """Return the characters of each token, int64 (n_tokens, 2), and its outputs, float32 (n_tokens, n_outputs).

        A text longer than `WINDOW_TOKENS` is read in windows that end at sentence ends, up to `MOST_TOKENS`.

        Raises:
            ModelUnavailable: The encoder cannot be loaded, or lacks a layer that the network reads.
        """
        from indexer.encoder.encoder import cut_at_sentences

        files = self._encoder.files
        tokens = files.tokenizer.encode(text, add_special_tokens=False)
        offsets = np.array(tokens.offsets[:MOST_TOKENS], dtype=np.int64).reshape(-1, 2)
        if not len(offsets):
            return offsets, np.zeros((0, 0), dtype=np.float32)
        sentence_ends = [match.end() for match in _SENTENCE_END.finditer(text)]
        cuts = cut_at_sentences(offsets[:, 1].tolist(), sentence_ends, min(WINDOW_TOKENS, files.max_tokens))
        return offsets, np.concatenate([self._read_window(tokens.ids[first:last]) for first, last in pairwise(cuts)])

    def _read_window(self, ids: Sequence[int]) -> Vectors:
        files = self._encoder.files
        before, after = files.special_tokens
        n_tokens = len(before) + len(ids) + len(after)
        padded = np.full((1, -(-n_tokens // PADDED_TO) * PADDED_TO), files.padding_id, dtype=np.int64)
        padded[0, :n_tokens] = [*before, *ids, *after]
        mask = (np.arange(padded.shape[1]) < n_tokens).astype(np.int64)[None]
        return self.runtime.run(padded, mask)[0, len(before) : len(before) + len(ids)]

    @property
    def runtime(self) -> NetworkRuntime:
        """The compiled graph."""
        with self._lock:
            if self._runtime is None:
                self._runtime = self._encoder.open_network(self._network, keep=self._keep)
            return self._runtime
