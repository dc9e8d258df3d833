"""The layers of an encoder that are trained, on the cached output of those below; and their training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize

from crawler.progress import with_progress
from evaluation.encoder_training.tasks import Batch
from indexer.encoder.adaptation import Factors
from indexer.encoder.model_files import ModelFiles
from indexer.errors import ModelUnavailable

BUCKET = 16
"""Texts that run together, sorted by length: with buckets little is padded."""
WARM_UP = 0.1
"""The part of a training in which the learning rate rises."""


@dataclass(frozen=True)
class Recipe:
    """How an encoder is adapted.

    Attributes:
        first_layer: The first layer that is trained.
        rank: The rank of each change.
        scale: What B A is multiplied by while it is trained; the file has the product.
        learning_rate: The highest of the cycle.
        n_steps: How many batches.
        max_tokens: Texts are cut to this many tokens, special tokens included.
        seed: Decides everything but the rounding of the processor.
    """

    first_layer: int = 3
    rank: int = 16
    scale: float = 2.0
    learning_rate: float = 8e-4
    n_steps: int = 500
    max_tokens: int = 128
    seed: int = 20260101


class LowRank(nn.Module):
    """W + scale B A, as a parametrisation of a frozen W."""

    def __init__(self, weight: torch.Tensor, rank: int, scale: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(rank, weight.shape[1]))
        self.b = nn.Parameter(torch.zeros(weight.shape[0], rank))
        self.scale = scale
        nn.init.kaiming_uniform_(self.a, a=5**0.5)

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """Return the changed weight."""
        return weight + self.scale * (self.b @ self.a)

    @property
    def factors(self) -> Factors:
        """The factors, with the scale in B."""
        a, b = self.a.detach().numpy(), (self.scale * self.b).detach().numpy()
        return Factors(a.astype(np.float16), b.astype(np.float16))


class LayerStates:
    """The output of the frozen layers for texts, each computed once and kept on disk in half precision."""

    def __init__(self, path: Path, texts: Sequence[str], model: ModelFiles, transformer: Any, recipe: Recipe) -> None:
        """Compute the output for each text, in streams of one bucket.

        Args:
            path: The file that keeps it.
            texts: The texts, each once.
            model: The files of the model, for the tokenizer.
            transformer: The model's BERT.
            recipe: Which layers are frozen, and the longest text.
        """
        ids = [self._ids(text, model, recipe.max_tokens) for text in texts]
        lengths = np.array([len(each) for each in ids])
        ends = lengths.cumsum()
        self._rows = {text: slice(end - length, end) for text, end, length in zip(texts, ends, lengths, strict=True)}
        self._states = np.memmap(path, np.float16, "w+", shape=(int(ends[-1]), model.dimension))
        layers = transformer.encoder.layer[: recipe.first_layer]
        order = np.argsort(lengths, kind="stable")
        for start in with_progress(range(0, len(order), BUCKET), "batches", "frozen layers"):
            chosen = order[start : start + BUCKET].tolist()
            padded = nn.utils.rnn.pad_sequence([torch.tensor(ids[each]) for each in chosen], batch_first=True)
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                states = run_layers(layers, transformer.embeddings(padded), torch.from_numpy(lengths[chosen]))
            for each, state in zip(chosen, states.half().numpy(), strict=True):
                self._states[self._rows[texts[each]]] = state[: lengths[each]]

    @staticmethod
    def _ids(text: str, model: ModelFiles, most: int) -> list[int]:
        before, after = model.special_tokens
        own = model.tokenizer.encode(text, add_special_tokens=False).ids
        return [*before, *own[: most - len(before) - len(after)], *after]

    def buckets(self, texts: Sequence[str]) -> Iterator[tuple[list[int], torch.Tensor, torch.Tensor]]:
        """Yield places in `texts`, their states padded to one length, (n, length, dim), and their lengths, (n,)."""
        spans = [self._rows[text] for text in texts]
        places = sorted(range(len(texts)), key=lambda place: spans[place].stop - spans[place].start)
        for start in range(0, len(places), BUCKET):
            chosen = places[start : start + BUCKET]
            states = [torch.from_numpy(self._states[spans[place]].astype(np.float32)) for place in chosen]
            lengths = torch.tensor([len(each) for each in states])
            yield chosen, nn.utils.rnn.pad_sequence(states, batch_first=True), lengths


def run_layers(layers: Sequence[Any], states: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return the output of layers, (n, length, dim), for padded inputs of these lengths."""
    outside = torch.arange(states.shape[1])[None] >= lengths[:, None]
    mask = torch.zeros(outside.shape, dtype=states.dtype).masked_fill(outside, torch.finfo(states.dtype).min)
    for layer in layers:
        states = layer(states, mask[:, None, None])
    return states


def train_layers(
    model: ModelFiles,
    module: Any,
    batches: Sequence[Batch],
    recipe: Recipe,
    kept: Path,
    report: Callable[[int, str, float], None],
) -> dict[str, Factors]:
    """Return the changes that a training on batches learns, by the name of the linear layer.

    Args:
        model: The model's files.
        module: Its sentence-transformers module, whose weights are not changed for good.
        batches: One for each step.
        recipe: The recipe.
        kept: The file for the output of the frozen layers: 768 bytes a token.
        report: Is called after each step with its number, its task and its loss.

    Raises:
        ModelUnavailable: The model is not a BERT with that many layers.
    """
    transformer = module[0].auto_model
    layers = getattr(getattr(transformer, "encoder", None), "layer", ())
    if len(layers) <= recipe.first_layer or not hasattr(transformer, "embeddings"):
        raise ModelUnavailable(f"the model {model.name!r} is not a BERT of more than {recipe.first_layer} layers")
    transformer.set_attn_implementation("eager")  # twice as fast as the fused kernels for a step on a processor
    transformer.requires_grad_(requires_grad=False)
    texts = list(dict.fromkeys(text for batch in batches for text in (*batch.asks, *batch.works)))
    states = LayerStates(kept, texts, model, transformer, recipe)
    with _seeded(recipe.seed):
        low_ranks = dict(_parametrise(transformer, recipe))
        _fit(layers[recipe.first_layer :], low_ranks, states, batches, recipe, report)
    return {name: low_rank.factors for name, low_rank in low_ranks.items()}


def _parametrise(transformer: Any, recipe: Recipe) -> Iterator[tuple[str, LowRank]]:
    """Change each linear layer of the trained layers, and yield the change by the layer's name."""
    for number, layer in enumerate(transformer.encoder.layer):
        linear = [(name, each) for name, each in layer.named_modules() if isinstance(each, nn.Linear)]
        for name, each in linear if number >= recipe.first_layer else ():
            low_rank = LowRank(each.weight, recipe.rank, recipe.scale)
            parametrize.register_parametrization(each, "weight", low_rank)
            yield f"encoder.layer.{number}.{name}", low_rank


def _fit(
    layers: Sequence[Any],
    low_ranks: Mapping[str, LowRank],
    states: LayerStates,
    batches: Sequence[Batch],
    recipe: Recipe,
    report: Callable[[int, str, float], None],
) -> None:
    parameters = [parameter for each in low_ranks.values() for parameter in each.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=len(batches) + 1, pct_start=WARM_UP
    )
    for step, batch in enumerate(batches):
        with torch.autocast("cpu", torch.bfloat16), parametrize.cached():
            vectors = _embed(layers, states, [*batch.asks, *batch.works])
        asks, works = vectors.chunk(2)
        loss = contrast(asks, works, torch.from_numpy(batch.judged), batch.temperature)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        report(step, batch.task, loss.item())


def _embed(layers: Sequence[Any], states: LayerStates, texts: Sequence[str]) -> torch.Tensor:
    """Return the unit vectors of texts, (n, dim)."""
    rows, places = [], []
    for chosen, padded, lengths in states.buckets(texts):
        tokens = run_layers(layers, padded, lengths).float()
        inside = (torch.arange(tokens.shape[1])[None] < lengths[:, None])[..., None]
        rows.append((tokens * inside).sum(1) / lengths[:, None])
        places += chosen
    return functional.normalize(torch.cat(rows)[np.argsort(places)], dim=1)


def contrast(asks: torch.Tensor, works: torch.Tensor, judged: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return the mean cross entropy of finding the right work among those that are judged, and the other way round.

    Args:
        asks: Unit vectors, (n, dim).
        works: Unit vectors, (n, dim); the one in the same place is right.
        judged: bool (n, n); a pair that is not judged does not count.
        temperature: What cosines are divided by.
    """
    logits = (asks @ works.T / temperature).masked_fill(~judged, -torch.inf)
    right = torch.arange(len(asks))
    return (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right)) / 2


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
