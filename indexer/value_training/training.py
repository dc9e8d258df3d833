"""Train a value head on labelled works: make examples, search for the recipe that validates best, and train."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crawler.progress import with_progress
from indexer.analysis import ANALYSER_VERSION
from indexer.bm25 import term_id
from indexer.reviews.summary import ReviewSummary
from indexer.tf_idf import WeighedTerms
from indexer.value_training.calibration import Bools, area_under_curve, average_precision, calibrate
from indexer.value_training.label_files import LabelledWork
from indexer.values.head import Floats, Output, QueryClassifier, TermCounts, Terms, ValueHead

if TYPE_CHECKING:
    from indexer.value_training.network import Recipe

LEAST_WORKS = 10
"""An output is trained only if it has this many positive works to train on, and half as many to validate with."""
N_NETWORKS = 3
LEAST_WORKS_OF_A_TERM = 10
"""A term is used if this many works have it: 5,700 terms of 7,900 works."""


@dataclass(frozen=True)
class LabelledExample:
    """A labelled work: its kind, its labels, the embedding and terms of its text, and what its reviews say, if any."""

    kind: str
    labels: LabelledWork
    vector: Floats
    terms: TermCounts
    decade: int | None = None
    summary: ReviewSummary | None = None


@dataclass(frozen=True)
class Examples:
    """Works to train on or to validate with.

    Attributes:
        vectors: Embeddings, float32 (n, dim).
        terms: Terms of the n works.
        targets: float32 (n, n_outputs), 1 where people gave the work the label.
        known: float32 (n, n_outputs), 1 where people could have given it: the output is for the work's kind, and the
            work's vocabulary has the label.
    """

    vectors: Floats
    terms: list[WeighedTerms]
    targets: Floats
    known: Floats


@dataclass(frozen=True)
class Trial:
    """A recipe with its figures on validation works, as means over the outputs."""

    recipe: Recipe
    average_precision: float
    auc: float

    @property
    def metrics(self) -> dict[str, float]:
        """The figures by name."""
        return {"average precision": self.average_precision, "auc": self.auc}


DEPTHS = (1, 2, 3)
SEARCHED: Mapping[str, Sequence[float]] = {
    "depth": DEPTHS,
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
    """Return the terms that enough works have, with their inverse document frequency ln(N / n)."""
    counts = Counter(term_id(term) for work in works for term in work.terms)
    kept = sorted(each for each, n_works in counts.items() if n_works >= LEAST_WORKS_OF_A_TERM)
    idf = np.log(len(works) / np.array([counts[each] for each in kept], dtype=np.float32))
    return Terms(np.array(kept, dtype=np.uint32), idf.astype(np.float32))


def make_examples(
    works: Sequence[LabelledExample], tags_of: Mapping[str, frozenset[str]], outputs: Sequence[Output], terms: Terms
) -> Examples:
    """Return works as training examples; `tags_of` has the tags and shelves that count as a label of each dimension."""
    vocabularies: dict[str, set[str]] = {}
    for work in works:
        vocabularies.setdefault(work.labels.vocabulary, set()).update(work.labels.tags)
    has_dimension = {
        vocabulary: {dimension: not wanted.isdisjoint(tags) for dimension, wanted in tags_of.items()}
        for vocabulary, tags in vocabularies.items()
    }
    targets = [[work.labels.has_any(tags_of[output.dimension]) for output in outputs] for work in works]
    known = [
        [work.kind == output.kind and has_dimension[work.labels.vocabulary][output.dimension] for output in outputs]
        for work in works
    ]
    return Examples(
        vectors=np.array([work.vector for work in works], dtype=np.float32),
        terms=[terms.weigh(work.terms) for work in works],
        targets=np.array(targets, dtype=np.float32),
        known=np.array(known, dtype=np.float32),
    )


def has_enough_works(train: Examples, validation: Examples) -> Bools:
    """Return for each output whether it has enough positive works, bool (n_outputs,)."""
    counts = [(examples.targets * examples.known).sum(axis=0) for examples in (train, validation)]
    enough: Bools = (counts[0] >= LEAST_WORKS) & (counts[1] >= LEAST_WORKS // 2)
    return enough


def select_outputs(examples: Examples, kept: Bools) -> Examples:
    """Return the examples with only the outputs that are kept."""
    return replace(examples, targets=examples.targets[:, kept], known=examples.known[:, kept])


def search_recipes(train: Examples, validation: Examples, n_terms: int, n_trials: int, seed: int) -> list[Trial]:
    """Return the trials of a random search, best first. The default recipe comes first, then with each other depth."""
    from indexer.value_training.network import Recipe

    draw = random.Random(seed)  # noqa: S311
    recipes = [replace(Recipe(), depth=depth) for depth in DEPTHS[:n_trials]]
    while len(recipes) < n_trials:
        recipes.append(replace(Recipe(), **{name: draw.choice(list(values)) for name, values in SEARCHED.items()}))  # type: ignore[arg-type]
    trials = [
        try_recipe(recipe, train, validation, n_terms, seed) for recipe in with_progress(recipes, "trials", "training")
    ]
    return sorted(trials, key=lambda trial: -trial.average_precision)


def try_recipe(recipe: Recipe, train: Examples, validation: Examples, n_terms: int, seed: int) -> Trial:
    """Train with a recipe and measure it on validation."""
    from indexer.value_training.network import fit

    weights = fit(train.vectors, train.terms, n_terms, train.targets, train.known, recipe, seed)
    logits = weights.logits(validation.vectors, validation.terms)
    precisions, aucs = [], []
    for output in range(validation.targets.shape[1]):
        rows = validation.known[:, output] > 0
        targets = validation.targets[rows, output] > 0
        if targets.any() and not targets.all():
            precisions.append(average_precision(logits[rows, output], targets))
            aucs.append(area_under_curve(logits[rows, output], targets))
    return Trial(recipe, float(np.mean(precisions)), float(np.mean(aucs)))


def train_value_head(
    train: Examples, validation: Examples, outputs: Sequence[Output], tags_of: Mapping[str, frozenset[str]],
    terms: Terms, query_classifier: QueryClassifier, encoder_fingerprint: str, recipe: Recipe, seed: int,
) -> ValueHead:  # fmt: skip
    """Train a head with a recipe and calibrate it on validation."""
    from indexer.value_training.network import fit

    networks = tuple(
        fit(train.vectors, train.terms, len(terms.ids), train.targets, train.known, recipe, seed + n)
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
        calibration=calibrate(logits, validation.targets, validation.known),
        query_classifier=query_classifier,
    )
