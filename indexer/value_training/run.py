"""`evoke train-values`: train a value head on catalogues and label files, and report on the trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from indexer.analysis import ANALYSER_VERSION, Analyser
from indexer.encoder.encoder import Encoder, open_encoder
from indexer.errors import ValueHeadInvalid
from indexer.features import FeatureMaker
from indexer.pipeline import prepare_works
from indexer.records import Features, Work
from indexer.reviews.summary import ReviewSummary
from indexer.settings import IndexSettings
from indexer.tracking import track
from indexer.value_training.label_files import LabelledWork, read_labels
from indexer.value_training.report import TrainingReport, make_report
from indexer.value_training.training import (
    LabelledExample,
    choose_terms,
    has_enough_works,
    make_examples,
    search_recipes,
    select_outputs,
    train_value_head,
)
from indexer.value_training.voices import ReviewedWork, train_voices
from indexer.values.head import Output, QueryClassifier, save_value_head
from indexer.values.taxonomy import Taxonomy, load_taxonomy

SEED = 20260101
NO_KIND = "work"
"""Stands for the kind of a work whose kind is unknown."""


def train_values(
    catalogues: Sequence[Path], labels: Sequence[Path], settings: IndexSettings, output: Path, n_trials: int = 12
) -> TrainingReport:
    """Train a value head on the labelled works of catalogues and write it to a file.

    Args:
        catalogues: The works' texts.
        labels: Label files; see `indexer.value_training.label_files`.
        settings: The encoder and the taxonomy to train for.
        output: The file to write.
        n_trials: How many recipes to try.

    Raises:
        ValueHeadInvalid: A label file cannot be used, or too few of its works are in the catalogues.
        CatalogueMissing, StorageFailed: As for `build_index`.
    """
    taxonomy = load_taxonomy(settings.taxonomy)
    tags_of = taxonomy.community_labels
    by_id = {each: work for work in read_labels(labels, frozenset().union(*tags_of.values())) for each in work.ids}
    encoder = open_encoder(settings)
    works = prepare_works(catalogues, settings, FeatureMaker(Analyser(), encoder), taxonomy)
    labelled = list(_labelled(works, by_id))
    if not labelled:
        raise ValueHeadInvalid(
            "no labelled work is in the catalogues: give both the same ids, such as imdb or goodreads"
        )
    split = {name: [each for each in labelled if each.labels.split == name] for name in ("train", "validation")}
    if not all(split.values()):
        raise ValueHeadInvalid('one of the splits "train" and "validation" has no labelled work: both need some')
    terms = choose_terms(split["train"])
    kinds = sorted({each.kind for each in labelled})
    outputs = [Output(dimension, kind) for kind in kinds for dimension in taxonomy.dimensions]
    train, validation = (make_examples(split[name], tags_of, outputs, terms) for name in ("train", "validation"))
    kept = has_enough_works(train, validation)
    outputs = [each for each, keep in zip(outputs, kept, strict=True) if keep]
    if not outputs:
        raise ValueHeadInvalid(
            "no value or tag has enough labelled works: each needs 10 of a kind to train on and 5 to validate"
        )
    train, validation = select_outputs(train, kept), select_outputs(validation, kept)
    with track("train-values", settings.home) as run:
        run.log_data([*catalogues, *labels])
        made_with = {"encoder": encoder.fingerprint, "analyser": ANALYSER_VERSION, "taxonomy": taxonomy.version}
        run.log_parameters({"n_trials": n_trials, "seed": SEED, **made_with})
        trials = search_recipes(train, validation, len(terms.ids), n_trials, SEED)
        for trial in trials:
            run.log_trial(asdict(trial.recipe), trial.metrics)
        run.log_parameters(asdict(trials[0].recipe))
        head = train_value_head(
            train, validation, outputs, tags_of, terms, learn_query_classifier(taxonomy, encoder), encoder.fingerprint,
            trials[0].recipe, SEED,
        )  # fmt: skip
        voices = train_voices(_reviewed(split["train"]), _reviewed(split["validation"]), tags_of)
        head = replace(head, voices=voices)
        save_value_head(head, output)
        run.log_output(output)
        report = make_report(head, trials, len(split["train"]), split["validation"], validation)
        run.log_metrics(report.metrics)
    return report


def _labelled(
    works: Iterator[tuple[Work, Features, ReviewSummary | None]], by_id: Mapping[tuple[str, str], LabelledWork]
) -> Iterator[LabelledExample]:
    """Yield the works that have labels and a text, each once."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for work, features, summary in works:
        labels = next((by_id[each] for each in work.ids.items() if each in by_id), None)
        if labels and features.sentences and labels.ids not in seen:
            seen.add(labels.ids)
            decade = work.year // 10 * 10 if work.year else None
            yield LabelledExample(work.kind or NO_KIND, labels, features.vector, features.terms, decade, summary)


def _reviewed(works: Sequence[LabelledExample]) -> list[ReviewedWork]:
    """Return the works that have reviews."""
    return [(work.labels, work.summary) for work in works if work.summary]


def learn_query_classifier(taxonomy: Taxonomy, encoder: Encoder) -> QueryClassifier:
    """Train the query classifier on the taxonomy's own phrases: asking words, names, descriptions and cues."""
    from indexer.value_training.network import fit_query_classifier

    phrases = taxonomy.phrases
    place = {dimension: n for n, dimension in enumerate(taxonomy.dimensions)}
    shares = np.zeros((len(phrases), len(place)), dtype=np.float32)
    for row, dimensions in enumerate(phrases.values()):
        for dimension in dimensions:
            shares[row, place[dimension]] = 1 / len(dimensions)
    weight, bias = fit_query_classifier(encoder.encode(list(phrases)), shares, SEED)
    words = tuple(taxonomy.word_digests[dimension] for dimension in taxonomy.dimensions)
    return QueryClassifier(taxonomy.dimensions, words, weight, bias)
