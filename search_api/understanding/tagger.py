"""The tagger: it labels each word of a request as a wish, a dislike, a title that was liked, and so on.

`evaluation.reader_training` trains it. It is one network, or several whose probabilities are averaged, on the vectors
of an encoder's middle layers: with x the concatenated vectors of a token's layers and m the mask of padding,

    h_0 = relu(P x + p) m        h_i = h_(i-1) + relu(conv_i(h_(i-1)) + c_i) m        shares = softmax(O h_n + o)

where conv_i is a dilated convolution over the tokens. A word's shares are the mean over its tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawler.whole_files import replacing
from indexer.artefacts import check_reader
from indexer.encoder.encoder import Encoder
from indexer.encoder.token_networks import TokenReader
from indexer.settings import StorageSettings
from search_api.errors import ReaderInvalid
from search_api.understanding.query import WORD
from search_api.understanding.token_labels import LABELS, TokenLabels

Floats = NDArray[np.float32]

_FORMAT = "1"
_NO_TOKENS = np.zeros((0, 2), dtype=np.int64)


@dataclass(frozen=True)
class Head:
    """A network on the vectors of some layers; all arrays are float32.

    Attributes:
        layers: The layers whose vectors it reads, concatenated in this order.
        dilations: The dilation of each convolution.
        project: P and p of the module's formula, (hidden, n_layers * dim) and (hidden,).
        convolutions: The kernel of each convolution, (hidden, hidden, width), and its bias, (hidden,); width is odd.
        output: O and o, (n_labels, hidden) and (n_labels,).
    """

    layers: tuple[int, ...]
    dilations: tuple[int, ...]
    project: tuple[Floats, Floats]
    convolutions: tuple[tuple[Floats, Floats], ...]
    output: tuple[Floats, Floats]

    def build(self, vectors: Mapping[int, Any], mask: Any) -> Any:
        """Return the shares as an OpenVINO node; see `TokenNetwork`."""
        from openvino import opset13 as ops

        def dense(node: Any, weights: tuple[Floats, Floats]) -> Any:
            return ops.add(ops.matmul(node, ops.constant(weights[0]), False, True), ops.constant(weights[1]))

        def turn(node: Any) -> Any:
            return ops.transpose(node, ops.constant([0, 2, 1], np.int64))

        mask = turn(mask)
        joined = ops.concat([vectors[layer] for layer in self.layers], -1)
        hidden = ops.multiply(turn(ops.relu(dense(joined, self.project))), mask)
        for (kernel, bias), dilation in zip(self.convolutions, self.dilations, strict=True):
            padding = [dilation * (kernel.shape[2] // 2)]
            convolved = ops.convolution(hidden, ops.constant(kernel), [1], padding, padding, [dilation])
            convolved = ops.relu(ops.add(convolved, ops.constant(bias[None, :, None])))
            hidden = ops.add(hidden, ops.multiply(convolved, mask))
        return ops.softmax(dense(turn(hidden), self.output), -1)

    def compute(self, vectors: Mapping[int, Floats], mask: Floats) -> Floats:
        """Return the shares in numpy; see `TokenNetwork`."""
        joined = np.concatenate([vectors[layer] for layer in self.layers], axis=-1)
        hidden = np.maximum(joined @ self.project[0].T + self.project[1], 0) * mask
        for (kernel, bias), dilation in zip(self.convolutions, self.dilations, strict=True):
            reach, length = dilation * (kernel.shape[2] // 2), hidden.shape[1]
            padded = np.pad(hidden, ((0, 0), (reach, reach), (0, 0)))
            shifted = (padded[:, tap * dilation : tap * dilation + length] for tap in range(kernel.shape[2]))
            convolved = sum(part @ kernel[:, :, tap].T for tap, part in enumerate(shifted))
            hidden = hidden + np.maximum(convolved + bias, 0) * mask
        logits = hidden @ self.output[0].T + self.output[1]
        exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
        shares: Floats = exponentials / exponentials.sum(axis=-1, keepdims=True)
        return shares


@dataclass(frozen=True)
class AveragedHeads:
    """Heads whose shares are averaged: a `TokenNetwork`."""

    heads: tuple[Head, ...]

    @property
    def layers(self) -> tuple[int, ...]:
        """Every layer that a head reads, rising."""
        return tuple(sorted({layer for head in self.heads for layer in head.layers}))

    def build(self, vectors: Mapping[int, Any], mask: Any) -> Any:
        """Return the mean of the heads' shares as an OpenVINO node; see `TokenNetwork`."""
        from openvino import opset13 as ops

        total, *others = (head.build(vectors, mask) for head in self.heads)
        for shares in others:
            total = ops.add(total, shares)
        return ops.multiply(total, ops.constant(np.float32(1 / len(self.heads))))

    def compute(self, vectors: Mapping[int, Floats], mask: Floats) -> Floats:
        """Return the mean of the heads' shares in numpy; see `TokenNetwork`."""
        shares: Floats = np.mean([head.compute(vectors, mask) for head in self.heads], axis=0, dtype=np.float32)
        return shares


@dataclass(eq=False)
class Tagger:
    """Heads that label the words of a request. Thread-safe.

    Attributes:
        network: The heads.
        encoder_fingerprint: The encoder whose vectors the heads were trained on.
        seed: The seed of its training.
        figures: The share of words that it labelled rightly, by the name of a test.
        keep: Whether the compiled graph is kept on disk, for the next process.
    """

    network: AveragedHeads
    encoder_fingerprint: str
    seed: int = 0
    figures: Mapping[str, Any] = field(default_factory=dict)
    keep: bool = True
    _opened: tuple[Encoder, TokenReader] | None = None

    def label(self, text: str, encoder: Encoder) -> TokenLabels:
        """Return the probability of each label for each word of a text.

        A word is what `query.WORD` matches; one that the tokenizer leaves out, or that stands beyond what
        `TokenReader` reads, is "other".

        Raises:
            ModelUnavailable: The encoder cannot be loaded, or lacks a layer that a head reads.
        """
        spans = [match.span() for match in WORD.finditer(text)]
        shares = np.zeros((len(spans), len(LABELS)), dtype=np.float32)
        offsets, of_tokens = self._reader(encoder).read(text) if spans else (_NO_TOKENS, shares)
        if len(offsets):
            starts, ends = np.array(spans).T
            words = np.searchsorted(starts, offsets[:, 0], side="right") - 1
            within = (words >= 0) & (offsets[:, 0] < ends[words]) & (offsets[:, 0] < offsets[:, 1])
            np.add.at(shares, words[within], of_tokens[within])
        shares[shares.sum(axis=1) == 0, LABELS.index("other")] = 1
        return TokenLabels(spans, shares / shares.sum(axis=1, keepdims=True))

    def _reader(self, encoder: Encoder) -> TokenReader:
        if self._opened is None or self._opened[0] is not encoder:
            self._opened = encoder, TokenReader(encoder, self.network, keep=self.keep)
        return self._opened[1]


def open_tagger(settings: StorageSettings, encoder: Encoder) -> Callable[[str], TokenLabels] | None:
    """Return what labels the words of a request, by the tagger that the settings name; None if it does not fit.

    `indexer.artefacts.find_misfits` says why it does not fit.

    Raises:
        ReaderInvalid: The file cannot be read, or `evoke train-reader` did not write it.
    """
    tagger = load_tagger(settings.reader)
    if check_reader(tagger.encoder_fingerprint, encoder).problem:
        return None
    return partial(tagger.label, encoder=encoder)


def load_tagger(path: Path | None = None) -> Tagger:
    """Return the tagger in a file, or the packaged one.

    Raises:
        ReaderInvalid: The file cannot be read, or `evoke train-reader` did not write it.
    """
    from safetensors import SafetensorError, safe_open

    source = Path(str(path if path is not None else files("search_api") / "understanding" / "reader.safetensors"))
    try:
        source.open("rb").close()  # for a folder, safetensors would report a missing device
        with safe_open(source, framework="numpy") as opened:
            metadata = json.loads(opened.metadata()["evoke"])
            arrays = {name: opened.get_tensor(name).astype(np.float32) for name in opened.keys()}  # noqa: SIM118
        made_again = "train it again with `evoke train-reader`"
        if metadata["format"] != _FORMAT:
            raise ReaderInvalid(
                f"{source}: has format {metadata['format']}, this version reads {_FORMAT}; {made_again}"
            )
        if tuple(metadata["labels"]) != LABELS:
            raise ReaderInvalid(f"{source}: has other labels than {', '.join(LABELS)}; {made_again}")
        if not isinstance(metadata["encoder_fingerprint"], str):
            raise TypeError("encoder_fingerprint is not text")
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has a number that is not finite")
        heads = tuple(_read_head(number, head, arrays) for number, head in enumerate(metadata["heads"]))
        if not heads:
            raise ValueError("has no head")
        network = AveragedHeads(heads)
        return Tagger(network, metadata["encoder_fingerprint"], int(metadata["seed"]), dict(metadata["figures"]))
    except OSError as error:
        raise ReaderInvalid(f"{source}: cannot be read: {error.strerror or error}") from error
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise ReaderInvalid(f"{source}: is not a file of `evoke train-reader`: {problem}") from error


def _read_head(number: int, metadata: Mapping[str, Any], arrays: Mapping[str, Floats]) -> Head:
    """Return the head with a number; its arrays must have the shapes that `Head` names."""

    def weights(name: str, *shape: int | None) -> tuple[Floats, Floats]:
        weight, bias = (arrays[f"{number}.{name}.{part}"] for part in ("weight", "bias"))
        fits = len(shape) == weight.ndim and all(
            asked in (None, own) for asked, own in zip(shape, weight.shape, strict=True)
        )
        if not fits or bias.shape != weight.shape[:1]:
            raise ValueError(f"{number}.{name} has the shape {weight.shape}")
        return weight, bias

    layers, dilations = (tuple(int(each) for each in metadata[name]) for name in ("layers", "dilations"))
    project = weights("project", None, None)
    hidden = len(project[1])
    return Head(
        layers=layers,
        dilations=dilations,
        project=project,
        convolutions=tuple(weights(f"convolutions.{i}", hidden, hidden, None) for i in range(len(dilations))),
        output=weights("output", len(LABELS), hidden),
    )


def save_tagger(tagger: Tagger, path: Path) -> None:
    """Write a tagger in half precision."""
    from safetensors.numpy import save_file

    arrays: dict[str, NDArray[Any]] = {}
    for number, head in enumerate(tagger.network.heads):
        convolutions = {f"convolutions.{i}": weights for i, weights in enumerate(head.convolutions)}
        for name, (weight, bias) in {"project": head.project, **convolutions, "output": head.output}.items():
            arrays[f"{number}.{name}.weight"] = weight.astype(np.float16)
            arrays[f"{number}.{name}.bias"] = bias.astype(np.float16)
    metadata = {
        "format": _FORMAT,
        "encoder_fingerprint": tagger.encoder_fingerprint,
        "labels": LABELS,
        "heads": [{"layers": head.layers, "dilations": head.dilations} for head in tagger.network.heads],
        "seed": tagger.seed,
        "figures": tagger.figures,
    }
    with replacing(path) as unfinished:
        save_file(arrays, unfinished, metadata={"evoke": json.dumps(metadata)})
