"""Labelled works to a value head: examples, the search for a recipe, training. Only validation works choose."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis import ANALYSER_VERSION
from indexer.bm25 import term_id
from indexer.value_training.calibration import Bools, area_under_curve, average_precision, calibrate
from indexer.value_training.label_files import LabelledWork
from indexer.values.head import Floats, Output, QueryClassifier, TermCounts, Terms, ValueHead, WeighedTerms

if TYPE_CHECKING:
    from indexer.value_training.network import Recipe

LEAST_WORKS = 10
"""An output with fewer positive works to train on, or half as many to validate, is not trained."""
N_NETWORKS = 3
LEAST_WORKS_OF_A_TERM = 10
"""7,900 works have 5,700 such terms."""


@dataclass(frozen=True)
class LabelledExample:
    """A labelled work: its kind, its labels, and the embedding and terms of its text."""

    kind: str
    labels: LabelledWork
    vector: Floats
    terms: TermCounts
    decade: int | None = None


@dataclass(frozen=True)
class Examples:
    """Works to train on or to validate with.

    Attributes:
        vectors: Embeddings, float32 (n, dim).
        terms: Terms of the n works.
        said: float32 (n, n_outputs), 1 where people gave the work the label.
        known: float32 (n, n_outputs), 1 where they could have: the work's kind and its source of labels have it.
    """

    vectors: Floats
    terms: list[WeighedTerms]
    said: Floats
    known: Floats


@dataclass(frozen=True)
class Trial:
    """A recipe with what it reached on validation, as means over the outputs."""

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
    """Return the terms that enough works have, with ln(N / n) of each."""
    counts = Counter(term_id(term) for work in works for term in work.terms)
    kept = sorted(each for each, n_works in counts.items() if n_works >= LEAST_WORKS_OF_A_TERM)
    idf = np.log(len(works) / np.array([counts[each] for each in kept], dtype=np.float32))
    return Terms(np.array(kept, dtype=np.uint32), idf.astype(np.float32))


def make_examples(
    works: Sequence[LabelledExample], tags_of: Mapping[str, frozenset[str]], outputs: Sequence[Output], terms: Terms
) -> Examples:
    """Return works as training examples; `tags_of` has the tags and shelves that count as each dimension's label."""
    vocabularies: dict[str, set[str]] = {}
    for work in works:
        vocabularies.setdefault(work.labels.vocabulary, set()).update(work.labels.tags)
    has_dimension = {
        vocabulary: {dimension: not wanted.isdisjoint(tags) for dimension, wanted in tags_of.items()}
        for vocabulary, tags in vocabularies.items()
    }
    said = [[work.labels.is_said(tags_of[output.dimension]) for output in outputs] for work in works]
    known = [
        [work.kind == output.kind and has_dimension[work.labels.vocabulary][output.dimension] for output in outputs]
        for work in works
    ]
    return Examples(
        vectors=np.array([work.vector for work in works], dtype=np.float32),
        terms=[terms.weigh(work.terms) for work in works],
        said=np.array(said, dtype=np.float32),
        known=np.array(known, dtype=np.float32),
    )


def learnable(train: Examples, validation: Examples) -> Bools:
    """Return for each output whether it has enough positive works, bool (n_outputs,)."""
    counts = [(examples.said * examples.known).sum(axis=0) for examples in (train, validation)]
    enough: Bools = (counts[0] >= LEAST_WORKS) & (counts[1] >= LEAST_WORKS // 2)
    return enough


def only(examples: Examples, kept: Bools) -> Examples:
    """Return the examples with some of the outputs."""
    return replace(examples, said=examples.said[:, kept], known=examples.known[:, kept])


def search_recipes(train: Examples, validation: Examples, n_terms: int, n_trials: int, seed: int) -> list[Trial]:
    """Return the trials of a random search, best first. The default recipe is one of them."""
    from indexer.value_training.network import Recipe

    draw = random.Random(seed)  # noqa: S311
    recipes = [Recipe()]
    while len(recipes) < n_trials:
        recipes.append(replace(Recipe(), **{name: draw.choice(list(values)) for name, values in SEARCHED.items()}))  # type: ignore[arg-type]
    trials = [try_recipe(recipe, train, validation, n_terms, seed) for recipe in recipes]
    return sorted(trials, key=lambda trial: -trial.average_precision)


def try_recipe(recipe: Recipe, train: Examples, validation: Examples, n_terms: int, seed: int) -> Trial:
    """Train with a recipe and measure it on validation; if MLflow is installed, it records the trial too."""
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
    train: Examples, validation: Examples, outputs: Sequence[Output], tags_of: Mapping[str, frozenset[str]],
    terms: Terms, query_classifier: QueryClassifier, encoder_fingerprint: str, recipe: Recipe, seed: int,
) -> ValueHead:  # fmt: skip
    """Train a head with a recipe and calibrate it on validation."""
    from indexer.value_training.network import fit

    networks = tuple(
        fit(train.vectors, train.terms, len(terms.ids), train.said, train.known, recipe, seed + n)
        for n in range(N_NETWORKS)
    )
    logits = np.mean([network.logits(validation.vectors, validation.terms) for network in networks], axis=0)
    return ValueHead(
        outputs=tuple(outputs),
        trained_on=tuple(tuple(sorted(tags_of[each.dimension])) for each in outputs),
        encoder_fingerprint=encoder_fingerprint,
        analyser_version=ANALYSER_VERSION,
        terms=terms,
        networks=networks,
        calibration=calibrate(logits, validation.said, validation.known),
        query_classifier=query_classifier,
    )
