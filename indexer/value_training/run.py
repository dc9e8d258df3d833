"""`evoke train-values`: from catalogues and label files to a head and a report of the search that chose it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from indexer.analysis import Analyser
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.errors import ValueHeadInvalid
from indexer.features import FeatureMaker
from indexer.pipeline import prepare_works
from indexer.records import Features, Work
from indexer.settings import IndexSettings
from indexer.value_training.label_files import LabelledWork, read_labels
from indexer.value_training.report import TrainingReport, make_report
from indexer.value_training.training import (
    LabelledExample,
    choose_terms,
    learnable,
    make_examples,
    only,
    search_recipes,
    train_value_head,
)
from indexer.values.head import Output, QueryClassifier, save_value_head
from indexer.values.taxonomy import Taxonomy, load_taxonomy

SEED = 20260101
KINDLESS = "work"
"""Stands for the kind of a work that has none."""


def train_values(
    catalogues: Sequence[Path], labels: Sequence[Path], settings: IndexSettings, output: Path, n_trials: int = 12
) -> TrainingReport:
    """Trains a head on the labelled works of catalogues and writes it.

    Raises:
        ValueHeadInvalid: a label file cannot be used, or none of its works is in the catalogues.
        CatalogueMissing, StorageFailed: as for `build_index`.
    """
    taxonomy = load_taxonomy(settings.taxonomy)
    stand_for = taxonomy.community_labels
    by_id = {each: work for work in read_labels(labels, frozenset().union(*stand_for.values())) for each in work.ids}
    encoder = open_encoder(settings)
    works = prepare_works(catalogues, settings, FeatureMaker(Analyser(), encoder))
    told = list(_labelled(works, by_id))
    if not told:
        raise ValueHeadInvalid(
            "no labelled work is in the catalogues: they are joined by ids such as imdb or goodreads"
        )
    split = {name: [each for each in told if each.labels.split == name] for name in ("train", "validation")}
    if not all(split.values()):
        raise ValueHeadInvalid('the labelled works should be of two splits, "train" and "validation": one has none')
    terms = choose_terms(split["train"])
    kinds = sorted({each.kind for each in told})
    outputs = [Output(dimension, kind) for kind in kinds for dimension in taxonomy.dimensions]
    train, validation = (make_examples(split[name], stand_for, outputs, terms) for name in ("train", "validation"))
    kept = learnable(train, validation)
    outputs = [each for each, keep in zip(outputs, kept, strict=True) if keep]
    if not outputs:
        raise ValueHeadInvalid(
            "no value or tag has works enough: a value of a kind needs 10 to learn from, 5 to judge by"
        )
    train, validation = only(train, kept), only(validation, kept)
    trials = search_recipes(train, validation, len(terms.ids), n_trials, SEED)
    head = train_value_head(
        train, validation, outputs, stand_for, terms, learn_query_classifier(taxonomy, encoder), encoder.fingerprint,
        trials[0].recipe, SEED,
    )  # fmt: skip
    save_value_head(head, output)
    return make_report(head, trials, len(split["train"]), split["validation"], validation)


def _labelled(
    works: Iterator[tuple[Work, Features]], by_id: Mapping[tuple[str, str], LabelledWork]
) -> Iterator[LabelledExample]:
    """Gives the labelled works with text, each once."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for work, features in works:
        found = next((by_id[each] for each in work.ids.items() if each in by_id), None)
        if found and features.sentences and found.ids not in seen:
            seen.add(found.ids)
            decade = work.year // 10 * 10 if work.year else None
            yield LabelledExample(work.kind or KINDLESS, found, features.vector, features.terms, decade)


def learn_query_classifier(taxonomy: Taxonomy, encoder: Encoder) -> QueryClassifier:
    """Learns how queries are read from the taxonomy's words: what is asked with, and what tells of each dimension."""
    from indexer.value_training.network import fit_query_classifier

    shares = taxonomy.phrases
    place = {dimension: n for n, dimension in enumerate(taxonomy.dimensions)}
    wanted = np.zeros((len(shares), len(place)), dtype=np.float32)
    for row, told in enumerate(shares.values()):
        for dimension in told:
            wanted[row, place[dimension]] = 1 / len(told)
    weight, bias = fit_query_classifier(encoder.encode(list(shares)), wanted, SEED)
    return QueryClassifier(taxonomy.dimensions, weight, bias)
