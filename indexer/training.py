"""`evoke train-values`: community tags of works to a head that predicts values and tags from sentence embeddings.

A label file is JSON Lines, a work a line: an id (`imdb_id`, `goodreads_id`, ... or `ids`), `split` ("train" or
"validation"), and `tags` (a list) or `shelves` (names with counts). Works are found in the catalogues by those ids.
Weights are trained on `train`, chosen and calibrated on `validation`; nothing else is read.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from indexer.errors import HeadInvalid
from indexer.head import Calibration, Floats, Head

LEAST_SHELF_SHARE = 0.01
"""Of the times that readers put a book on shelves which mean something, so many must be on a tag's shelves."""
LEAST_WORKS = 10
"""An output with fewer works to learn from, or fewer to be judged by, is not trained."""
INPUT_SCALE = 10.0
"""Embeddings have unit length, so their numbers are near 0.05; the scale is folded into the weights."""

_ID_KEYS = {"imdb_id": "imdb", "tmdb_id": "tmdb", "goodreads_id": "goodreads", "open_library_id": "open_library"}


@dataclass(frozen=True)
class LabelledWork:
    """What people said of one work; `vocabulary` names the kind of label, since an absent one only counts within it."""

    ids: frozenset[tuple[str, str]]
    split: str
    vocabulary: str
    tags: Mapping[str, float]
    """Each tag's share: 1 for a tag, for a shelf its part of all shelves that mean something."""


@dataclass(frozen=True)
class Examples:
    """Embeddings float32 (n, dim), and for each output whether it is said, and whether it could have been."""

    vectors: Floats
    likenesses: Floats
    said: Floats
    known: Floats


@dataclass(frozen=True)
class Recipe:
    """What is searched over."""

    hidden: int = 1024
    dropout: float = 0.6
    learning_rate: float = 2e-3
    batch_size: int = 256
    epochs: int = 20
    rare_weight: float = 0.15
    """A positive counts (negatives / positives) to this power."""
    weight_decay: float = 1e-4


@dataclass(frozen=True)
class Trial:
    """A recipe with what it reached on validation, means over the outputs."""

    recipe: Recipe
    average_precision: float
    auc: float


SEARCHED: Mapping[str, Sequence[float]] = {
    "hidden": (256, 512, 1024),
    "dropout": (0.3, 0.5, 0.6, 0.7),
    "learning_rate": (5e-4, 1e-3, 2e-3, 4e-3),
    "batch_size": (64, 256, 1024),
    "epochs": (10, 20, 30),
    "rare_weight": (0.0, 0.15, 0.3, 0.5),
    "weight_decay": (1e-4, 1e-2, 1e-1),
}


def read_labels(paths: Iterable[Path], meaningful: frozenset[str]) -> Iterator[LabelledWork]:
    """Gives the works of label files; shelves that are not `meaningful` (formats, reading status) do not count.

    Raises:
        HeadInvalid: a line is not a labelled work; says file, line and what was expected.
    """
    for path in paths:
        try:
            packed = path.read_bytes()
        except OSError as error:
            raise HeadInvalid(f"{path} cannot be read: {error.strerror}") from error
        text = gzip.decompress(packed) if packed.startswith(b"\x1f\x8b") else packed
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield _read_line(line, f"{path}:{number}", meaningful)


def _read_line(line: bytes, where: str, meaningful: frozenset[str]) -> LabelledWork:
    try:
        fields = orjson.loads(line)
        ids = {_ID_KEYS[key]: str(fields[key]) for key in _ID_KEYS if fields.get(key)} | (fields.get("ids") or {})
        if "shelves" in fields:
            counts = {name: float(count) for name, count in fields["shelves"].items() if name in meaningful}
            total = sum(counts.values()) or 1.0
            tags = {name: count / total for name, count in counts.items()}
        else:
            tags = dict.fromkeys(fields["tags"], 1.0)
        vocabulary = "shelves" if "shelves" in fields else "tags"
        return LabelledWork(frozenset(ids.items()), fields["split"], vocabulary, tags)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise HeadInvalid(
            f'{where}: is no labelled work ({error!r}): give an id such as "imdb_id", "split", and "tags" or "shelves"'
        ) from error


def make_examples(
    works: Sequence[tuple[LabelledWork, Floats, Floats]], outputs: Mapping[str, frozenset[str]]
) -> Examples:
    """Gives examples of works with their embedding and their likeness to every output."""
    vocabularies: dict[str, set[str]] = {}
    for work, _, _ in works:
        vocabularies.setdefault(work.vocabulary, set()).update(work.tags)
    said = [[_is_said(work, labels) for labels in outputs.values()] for work, _, _ in works]
    known = [
        [not labels.isdisjoint(vocabularies[work.vocabulary]) for labels in outputs.values()] for work, _, _ in works
    ]
    return Examples(
        vectors=np.array([vector for _, vector, _ in works], dtype=np.float32),
        likenesses=np.array([likeness for _, _, likeness in works], dtype=np.float32),
        said=np.array(said, dtype=np.float32),
        known=np.array(known, dtype=np.float32),
    )


def _is_said(work: LabelledWork, labels: frozenset[str]) -> bool:
    share = sum(work.tags.get(label, 0.0) for label in labels)
    return share >= (LEAST_SHELF_SHARE if work.vocabulary == "shelves" else 1.0)


def learnable(train: Examples, validation: Examples) -> NDArray[np.bool_]:
    """Says of each output whether there are works enough to learn it from and to judge it by."""
    counts = [(each.said * each.known).sum(axis=0) for each in (train, validation)]
    enough: NDArray[np.bool_] = (counts[0] >= LEAST_WORKS) & (counts[1] >= LEAST_WORKS // 2)
    return enough


def fit(examples: Examples, recipe: Recipe, seed: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Gives weights and biases of both layers, trained by masked binary cross entropy."""
    import torch
    from torch import nn
    from torch.nn.functional import binary_cross_entropy_with_logits

    torch.manual_seed(seed)
    vectors = torch.from_numpy(examples.vectors * INPUT_SCALE)
    said, known = torch.from_numpy(examples.said), torch.from_numpy(examples.known)
    first = nn.Linear(vectors.shape[1], recipe.hidden)
    second = nn.Linear(recipe.hidden, said.shape[1])
    network = nn.Sequential(first, nn.ReLU(), nn.Dropout(recipe.dropout), second)
    rate = ((said * known).sum(0) / known.sum(0).clamp(min=1)).clamp(1e-3, 1 - 1e-3)
    with torch.no_grad():
        second.bias.copy_(torch.log(rate / (1 - rate)))
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs)
    weight = ((1 - rate) / rate) ** recipe.rare_weight
    for _ in range(recipe.epochs):
        for rows in torch.split(torch.randperm(len(vectors)), recipe.batch_size):
            loss = binary_cross_entropy_with_logits(
                network(vectors[rows]), said[rows], weight=known[rows], pos_weight=weight, reduction="sum"
            )
            optimiser.zero_grad()
            (loss / known[rows].sum().clamp(min=1)).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        schedule.step()
    parameters = (first.weight * INPUT_SCALE, first.bias, second.weight, second.bias)
    hidden_weight, hidden_bias, output_weight, output_bias = (each.detach().numpy() for each in parameters)
    return hidden_weight, hidden_bias, output_weight, output_bias


def search_recipes(train: Examples, validation: Examples, n_trials: int, seed: int) -> list[Trial]:
    """Gives the trials of a random search, best first; the first tried is the default recipe."""
    draw = random.Random(seed)  # noqa: S311
    recipes = [Recipe()]
    while len(recipes) < n_trials:
        recipes.append(replace(Recipe(), **{name: draw.choice(list(values)) for name, values in SEARCHED.items()}))  # type: ignore[arg-type]
    trials = [try_recipe(recipe, train, validation, seed) for recipe in recipes]
    return sorted(trials, key=lambda trial: -trial.average_precision)


def try_recipe(recipe: Recipe, train: Examples, validation: Examples, seed: int) -> Trial:
    """Gives what a recipe reaches on validation; recorded by MLflow too, where that is installed."""
    logits = _apply(fit(train, recipe, seed), validation.vectors)
    precisions, aucs = [], []
    for output in range(validation.said.shape[1]):
        rows = validation.known[:, output] > 0
        said = validation.said[rows, output] > 0
        if said.any() and not said.all():
            precisions.append(average_precision(logits[rows, output], said))
            aucs.append(area_under_curve(logits[rows, output], said))
    trial = Trial(recipe, float(np.mean(precisions)), float(np.mean(aucs)))
    _record(trial)
    return trial


def _record(trial: Trial) -> None:
    try:
        import mlflow  # type: ignore[import-not-found]
    except ImportError:
        return
    with mlflow.start_run():
        mlflow.log_params(asdict(trial.recipe))
        mlflow.log_metrics({"average_precision": trial.average_precision, "auc": trial.auc})


def average_precision(scores: Floats, said: NDArray[np.bool_]) -> float:
    """Gives the mean, over the positives, of the precision down to each; ties in the order given."""
    ranked = said[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(ranked)
    return float((hits / np.arange(1, len(ranked) + 1))[ranked].mean())


def area_under_curve(scores: Floats, said: NDArray[np.bool_]) -> float:
    """Gives the chance that a positive is above a negative (Mann and Whitney), ties in the order given."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(len(scores))
    n_said = said.sum()
    return float((ranks[said].sum() - n_said * (n_said - 1) / 2) / (n_said * (len(scores) - n_said)))


def calibrate(logits: Floats, examples: Examples) -> Calibration:
    """Fits each output's slope, likeness and offset by logistic regression on works the weights were not trained on.

    A little ridge keeps the slope near 1 where there are few works to fit it on. The mark is the probability with the
    best F1.
    """
    n_outputs = logits.shape[1]
    fitted = np.zeros((n_outputs, 3), dtype=np.float32)
    marks = np.zeros(n_outputs, dtype=np.float32)
    for output in range(n_outputs):
        rows = examples.known[:, output] > 0
        inputs = np.stack(
            [logits[rows, output], examples.likenesses[rows, output], np.ones(rows.sum())], axis=1
        )  # (n, 3)
        said = examples.said[rows, output]
        fitted[output] = _fit_logistic(inputs, said)
        marks[output] = _best_mark(inputs @ fitted[output], said)
    return Calibration(fitted[:, 0].copy(), fitted[:, 1].copy(), fitted[:, 2].copy(), marks)


def _fit_logistic(inputs: NDArray[np.float64], said: Floats, ridge: float = 1.0) -> NDArray[np.float64]:
    """Gives weights by Newton's method, drawn towards (1, 0, 0)."""
    prior = np.array([1.0, 0.0, 0.0])
    weights = prior.copy()
    for _ in range(30):
        chances = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        gradient = inputs.T @ (chances - said) + ridge * (weights - prior)
        curvature = (inputs.T * (chances * (1 - chances))) @ inputs + ridge * np.eye(3)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _best_mark(scores: Floats, said: Floats) -> float:
    """Gives the probability with the best F1, of the logits of probabilities."""
    ranked = np.argsort(-scores, kind="stable")
    hits = np.cumsum(said[ranked])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + said.sum())
    best = float(np.clip(scores[ranked[int(f1.argmax())]], -30, 30))
    return float(np.clip(1 / (1 + np.exp(-best)), 0.02, 0.9))


def cross_fitted(logits: Floats, examples: Examples) -> Floats:
    """Gives each work's probabilities by a calibration fitted on the other half of the works."""
    chances = np.zeros_like(logits)
    halves = np.arange(len(logits)) % 2
    for half in (0, 1):
        fitted_on, told = halves != half, halves == half
        rows = replace(
            examples, vectors=examples.vectors[fitted_on], likenesses=examples.likenesses[fitted_on],
            said=examples.said[fitted_on], known=examples.known[fitted_on],
        )  # fmt: skip
        chances[told] = calibrate(logits[fitted_on], rows).probabilities(logits[told], examples.likenesses[told])
    return chances


def expected_calibration_error(chances: Floats, examples: Examples, n_bins: int = 15) -> float:
    """Gives the mean over outputs of sum_b |B_b| / n * |mean chance - share said| (Naeini et al. 2015)."""
    errors = []
    for output in range(chances.shape[1]):
        rows = examples.known[:, output] > 0
        told, said = chances[rows, output], examples.said[rows, output]
        bins = np.minimum((told * n_bins).astype(int), n_bins - 1)
        errors.append(
            sum(abs(told[bins == b].sum() - said[bins == b].sum()) for b in range(n_bins)) / max(len(told), 1)
        )
    return float(np.mean(errors))


def _apply(weights: tuple[Floats, Floats, Floats, Floats], vectors: Floats) -> Floats:
    hidden_weight, hidden_bias, output_weight, output_bias = weights
    logits: Floats = np.maximum(vectors @ hidden_weight.T + hidden_bias, 0) @ output_weight.T + output_bias
    return logits


def train_head(
    train: Examples, validation: Examples, outputs: Mapping[str, frozenset[str]], encoder_fingerprint: str,
    recipe: Recipe, seed: int,
) -> Head:  # fmt: skip
    """Gives the head of a recipe, for the outputs that can be learnt."""
    kept = learnable(train, validation)
    train, validation = only(train, kept), only(validation, kept)
    weights = fit(train, recipe, seed)
    names = [name for name, keep in zip(outputs, kept, strict=True) if keep]
    return Head(
        outputs=tuple(names),
        trained_on=tuple(tuple(sorted(outputs[name])) for name in names),
        encoder_fingerprint=encoder_fingerprint,
        hidden_weight=weights[0], hidden_bias=weights[1], output_weight=weights[2], output_bias=weights[3],
        calibration=calibrate(_apply(weights, validation.vectors), validation),
    )  # fmt: skip


def only(examples: Examples, kept: NDArray[np.bool_]) -> Examples:
    """Gives the examples of some outputs."""
    return replace(
        examples,
        likenesses=examples.likenesses[:, kept], said=examples.said[:, kept], known=examples.known[:, kept],
    )  # fmt: skip
