"""The heads of the reader in torch, and their training on a stream of labelled token vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from search_api.understanding.tagger import Floats, Head
from search_api.understanding.token_labels import LABELS

IGNORED = -1
"""Stands for the label of a token that belongs to no word."""


@dataclass(frozen=True)
class HeadShape:
    """What a head reads, and how large it is."""

    layers: tuple[int, ...]
    dilations: tuple[int, ...] = (1, 2, 4)
    hidden: int = 96
    width: int = 3


@dataclass(frozen=True)
class TokenBatch:
    """Token vectors of several requests, padded to one length.

    Attributes:
        vectors: float32 (n, length, n_layers * dim), the layers that the training reads in rising order.
        mask: float32 (n, length, 1), 1 for a token and 0 for padding.
        labels: int64 (n, length); `IGNORED` for a token that belongs to no word.
    """

    vectors: Floats
    mask: Floats
    labels: np.ndarray[tuple[int, int], np.dtype[np.int64]]


class HeadNetwork(nn.Module):
    """The formula of `search_api.understanding.tagger`, with dropout before the first and the last layer."""

    columns: torch.Tensor
    """The positions of the vectors of the layers that the head reads, among those of a batch."""

    def __init__(self, shape: HeadShape, layers: Sequence[int], dimension: int, dropout: float = 0.2) -> None:
        """Set up a head.

        Args:
            shape: The head's shape.
            layers: The layers whose vectors a batch holds.
            dimension: The length of one layer's vector.
            dropout: The share of inputs that a training step leaves out.
        """
        super().__init__()
        self.shape = shape
        columns = [np.arange(dimension) + layers.index(layer) * dimension for layer in shape.layers]
        self.register_buffer("columns", torch.from_numpy(np.concatenate(columns)))
        self.project = nn.Linear(dimension * len(shape.layers), shape.hidden)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(shape.hidden, shape.hidden, shape.width, padding=each * (shape.width // 2), dilation=each)
            for each in shape.dilations
        )
        self.output = nn.Linear(shape.hidden, len(LABELS))
        self.dropout = nn.Dropout(dropout)

    def forward(self, vectors: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the logits, (n, length, n_labels)."""
        read = vectors if vectors.shape[-1] == len(self.columns) else vectors[..., self.columns]
        hidden = functional.relu(self.project(self.dropout(read))) * mask
        for convolution in self.convolutions:
            convolved = convolution(hidden.transpose(1, 2)).transpose(1, 2)
            hidden = hidden + functional.relu(convolved) * mask
        logits: torch.Tensor = self.output(self.dropout(hidden))
        return logits

    def to_head(self) -> Head:
        """Return the weights as the tagger reads them."""

        def weights(layer: Any) -> tuple[Floats, Floats]:
            return layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()

        return Head(
            layers=self.shape.layers,
            dilations=self.shape.dilations,
            project=weights(self.project),
            convolutions=tuple(map(weights, self.convolutions)),
            output=weights(self.output),
        )


def train_heads(
    shapes: Sequence[HeadShape],
    layers: Sequence[int],
    dimension: int,
    batches: Iterable[TokenBatch],
    n_steps: int,
    seed: int,
    learning_rate: float = 3e-3,
) -> list[Head]:
    """Return heads that were trained on a stream of batches, each on every batch.

    The learning rate rises for 100 steps and then falls to nothing over the `n_steps` batches of the stream.
    """
    with _seeded(seed):
        networks = [HeadNetwork(shape, layers, dimension).train() for shape in shapes]
        optimisers = [torch.optim.AdamW(each.parameters(), lr=learning_rate, weight_decay=0.01) for each in networks]
        for step, batch in enumerate(batches):
            vectors, mask, labels = (torch.from_numpy(each) for each in (batch.vectors, batch.mask, batch.labels))
            rate = learning_rate * min(1.0, (step + 1) / 100) * max(0.01, 1 - step / n_steps)
            for network, optimiser in zip(networks, optimisers, strict=True):
                optimiser.param_groups[0]["lr"] = rate
                logits = network(vectors, mask)
                loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
    return [network.eval().to_head() for network in networks]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Make torch deterministic, on one thread: its threads cost more than they bring on networks of this size."""
    n_threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)
