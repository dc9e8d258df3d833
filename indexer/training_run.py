"""`evoke train-values`: from catalogues and label files to a head and a report of the search that chose it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from indexer.analysis import Analyser
from indexer.embedding import Encoder
from indexer.errors import HeadInvalid
from indexer.features import FeatureMaker
from indexer.head import Floats, Head, save_head
from indexer.labelling import ZeroShotLabeller, standardise
from indexer.pipeline import prepare_works
from indexer.records import Features, Work
from indexer.settings import IndexSettings
from indexer.training import (
    Examples,
    LabelledWork,
    Trial,
    area_under_curve,
    cross_fitted,
    expected_calibration_error,
    learnable,
    make_examples,
    only,
    read_labels,
    search_recipes,
    train_head,
)
from indexer.values import load_taxonomy

SEED = 20260101


@dataclass(frozen=True)
class TrainingReport:
    """What was learnt, by how many works, and what it reached on validation."""

    head: Head
    trials: list[Trial]
    n_train: int
    n_validation: int
    auc: dict[str, float]
    calibration_error: float


def train_values(
    catalogues: Sequence[Path], labels: Sequence[Path], settings: IndexSettings, output: Path, n_trials: int = 12
) -> TrainingReport:
    """Trains a head on the labelled works of catalogues and writes it.

    Raises:
        HeadInvalid: a label file cannot be used, or none of its works is in the catalogues.
        CatalogueMissing, StorageFailed: as for `build_index`.
    """
    taxonomy = load_taxonomy(settings.taxonomy)
    outputs = taxonomy.community_labels
    meaningful = frozenset[str]().union(*outputs.values())
    by_id = {each: work for work in read_labels(labels, meaningful) for each in work.ids}
    encoder = Encoder(settings.model)
    maker = FeatureMaker(Analyser(), encoder)
    zero_shot = ZeroShotLabeller(taxonomy, encoder)
    told = list(_labelled(prepare_works(catalogues, settings, maker), by_id, zero_shot))
    if not told:
        raise HeadInvalid("no labelled work is in the catalogues: they are joined by ids such as imdb or goodreads")
    examples = {
        split: make_examples([each for each in told if each[0].split == split], outputs)
        for split in ("train", "validation")
    }
    train, validation = examples["train"], examples["validation"]
    kept = learnable(train, validation)
    trials = search_recipes(only(train, kept), only(validation, kept), n_trials, SEED)
    head = train_head(train, validation, outputs, encoder.fingerprint, trials[0].recipe, SEED)
    save_head(head, output)
    return _report(head, trials, train, only(validation, kept))


def _labelled(
    works: Iterator[tuple[Work, Features]], by_id: dict[tuple[str, str], LabelledWork], zero_shot: ZeroShotLabeller
) -> Iterator[tuple[LabelledWork, Floats, Floats]]:
    """Gives the labelled works with text, each once, with embedding and standardised likeness."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for work, features in works:
        found = next((by_id[each] for each in work.ids.items() if each in by_id), None)
        if found and features.sentences and found.ids not in seen:
            seen.add(found.ids)
            yield found, features.vector, standardise(zero_shot.likeness(features).max(axis=0))


def _report(head: Head, trials: list[Trial], train: Examples, validation: Examples) -> TrainingReport:
    logits = head.logits(validation.vectors)
    chances = cross_fitted(logits, validation)
    auc = {}
    for place, output in enumerate(head.outputs):
        rows = validation.known[:, place] > 0
        said = validation.said[rows, place] > 0
        auc[output] = area_under_curve(np.asarray(chances[rows, place]), said)
    return TrainingReport(
        head, trials, len(train.vectors), len(validation.vectors), auc, expected_calibration_error(chances, validation)
    )


def report_to_markdown(report: TrainingReport) -> str:
    """Gives the trials, best first, and each output's figures, worst first."""
    lines = ["| hidden | dropout | rate | batch | epochs | rare | decay | average precision | AUC |", "|---" * 9 + "|"]
    for trial in report.trials:
        settings = " | ".join(f"{setting:g}" for setting in asdict(trial.recipe).values())
        lines.append(f"| {settings} | {trial.average_precision:.4f} | {trial.auc:.4f} |")
    lines += ["", "| value or tag | AUC |", "|---|---|"]
    lines += [f"| {name} | {auc:.3f} |" for name, auc in sorted(report.auc.items(), key=lambda pair: pair[1])]
    return "\n".join(lines) + "\n"
