"""Labelled works to a head: examples, the search for a recipe, and training. Chosen on validation, never on more."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from indexer.bm25 import term_id
from indexer.value_training.calibration import Bools, area_under_curve, average_precision, calibrate
from indexer.value_training.label_files import LabelledWork
from indexer.values.head import Floats, Output, QueryClassifier, TermCounts, Terms, ValueHead, WeighedTerms

if TYPE_CHECKING:
    from indexer.value_training.network import Recipe

LEAST_WORKS = 10
"""An output with fewer works to learn from, or half as many to be judged by, is not trained."""
N_NETWORKS = 3
LEAST_WORKS_OF_A_TERM = 10
"""Of 7,900 works: 5,700 terms."""


@dataclass(frozen=True)
class LabelledExample:
    """A labelled work: of which kind, what people said of it, and what its text gives."""

    kind: str
    labels: LabelledWork
    vector: Floats
    terms: TermCounts
    decade: int | None = None


@dataclass(frozen=True)
class Examples:
    """Works to learn from: embeddings, float32 (n, dim), and their terms.

    `said` is 1 where people said so of the work, `known` is 1 where they could have, float32 (n, n_outputs).
    """

    vectors: Floats
    terms: list[WeighedTerms]
    said: Floats
    known: Floats


@dataclass(frozen=True)
class Trial:
    """A recipe with what it reached on validation, means over the outputs."""

    recipe: Recipe
    average_precision: float
    auc: float


SEARCHED: Mapping[str, Sequence[float]] = {
    "hidden": (512, 704),
    "bag": (32, 48),
    "dropout": (0.5, 0.6, 0.7, 0.8),
    "term_dropout": (0.3, 0.5, 0.7, 0.8),
    "learning_rate": (5e-4, 1e-3, 2e-3, 4e-3),
    "batch_size": (64, 256, 1024),
    "epochs": (8, 12, 20),
    "rare_weight": (0.0, 0.15, 0.3),
    "weight_decay": (1e-4, 1e-2, 1e-1),
}


def choose_terms(works: Sequence[LabelledExample]) -> Terms:
    """Gives the terms that enough works have, with ln(N / n) of each."""
    counts = Counter(term_id(term) for told in works for term in told.terms)
    kept = sorted(each for each, n_works in counts.items() if n_works >= LEAST_WORKS_OF_A_TERM)
    idf = np.log(len(works) / np.array([counts[each] for each in kept], dtype=np.float32))
    return Terms(np.array(kept, dtype=np.uint32), idf.astype(np.float32))


def make_examples(
    works: Sequence[LabelledExample], labels: Mapping[str, frozenset[str]], outputs: Sequence[Output], terms: Terms
) -> Examples:
    """Gives the examples of works; `labels` says which tags and shelves stand for each dimension."""
    vocabularies: dict[str, set[str]] = {}
    for told in works:
        vocabularies.setdefault(told.labels.vocabulary, set()).update(told.labels.tags)
    could = {
        vocabulary: {dimension: not stand_for.isdisjoint(tags) for dimension, stand_for in labels.items()}
        for vocabulary, tags in vocabularies.items()
    }
    said = [[told.labels.is_said(labels[each.dimension]) for each in outputs] for told in works]
    known = [
        [told.kind == each.kind and could[told.labels.vocabulary][each.dimension] for each in outputs] for told in works
    ]
    return Examples(
        vectors=np.array([told.vector for told in works], dtype=np.float32),
        terms=[terms.weigh(told.terms) for told in works],
        said=np.array(said, dtype=np.float32),
        known=np.array(known, dtype=np.float32),
    )


def learnable(train: Examples, validation: Examples) -> Bools:
    """Says of each output whether there are works enough to learn it from and to judge it by."""
    counts = [(each.said * each.known).sum(axis=0) for each in (train, validation)]
    enough: Bools = (counts[0] >= LEAST_WORKS) & (counts[1] >= LEAST_WORKS // 2)
    return enough


def only(examples: Examples, kept: Bools) -> Examples:
    """Gives the examples of some outputs."""
    return replace(examples, said=examples.said[:, kept], known=examples.known[:, kept])


def search_recipes(train: Examples, validation: Examples, n_terms: int, n_trials: int, seed: int) -> list[Trial]:
    """Gives the trials of a random search, best first; the first tried is the default recipe."""
    from indexer.value_training.network import Recipe

    draw = random.Random(seed)  # noqa: S311
    recipes = [Recipe()]
    while len(recipes) < n_trials:
        recipes.append(replace(Recipe(), **{name: draw.choice(list(values)) for name, values in SEARCHED.items()}))  # type: ignore[arg-type]
    trials = [try_recipe(recipe, train, validation, n_terms, seed) for recipe in recipes]
    return sorted(trials, key=lambda trial: -trial.average_precision)


def try_recipe(recipe: Recipe, train: Examples, validation: Examples, n_terms: int, seed: int) -> Trial:
    """Gives what a recipe reaches on validation; recorded by MLflow too, where that is installed."""
    from indexer.value_training.network import fit

    weights = fit(train.vectors, train.terms, n_terms, train.said, train.known, recipe, seed)
    logits = weights.logits(validation.vectors, validation.terms)
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


def train_value_head(
    train: Examples, validation: Examples, outputs: Sequence[Output], labels: Mapping[str, frozenset[str]],
    terms: Terms, reading: QueryClassifier, encoder_fingerprint: str, recipe: Recipe, seed: int,
) -> ValueHead:  # fmt: skip
    """Gives the head of a recipe, calibrated on validation."""
    from indexer.value_training.network import fit

    networks = tuple(
        fit(train.vectors, train.terms, len(terms.ids), train.said, train.known, recipe, seed + n)
        for n in range(N_NETWORKS)
    )
    logits = np.mean([network.logits(validation.vectors, validation.terms) for network in networks], axis=0)
    return ValueHead(
        outputs=tuple(outputs),
        trained_on=tuple(tuple(sorted(labels[each.dimension])) for each in outputs),
        encoder_fingerprint=encoder_fingerprint,
        terms=terms,
        networks=networks,
        calibration=calibrate(logits, validation.said, validation.known),
        reading=reading,
    )
