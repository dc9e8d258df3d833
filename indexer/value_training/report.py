"""The report of a training on validation works: the trials, the figures of each output, and figures by era."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from indexer.value_training.calibration import area_under_curve, cross_fitted, expected_calibration_error
from indexer.value_training.training import Examples, LabelledExample, Trial
from indexer.values.head import Floats, ValueHead
from indexer.values.taxonomy import TAG_PREFIX

ERAS = {"before 1950": 0, "1950 to 1979": 1950, "1980 to 1999": 1980, "from 2000": 2000}
"""The first year of each era."""


@dataclass(frozen=True)
class TrainingReport:
    """A trained head with the trials that chose its recipe and its figures on validation works.

    Attributes:
        head: The trained head.
        trials: The recipes tried, best first.
        n_train: Works trained on.
        n_validation: Works validated with.
        outputs: One row for each output, worst first: kind, dimension, n_positive, precision, recall, f1, auc.
        eras: For each kind, value and era, the mean probability and the share of works that have the label
            (`share_labelled`).
        calibration_error: The mean expected calibration error of the outputs.
    """

    head: ValueHead
    trials: list[Trial]
    n_train: int
    n_validation: int
    outputs: pd.DataFrame
    eras: pd.DataFrame
    calibration_error: float

    @property
    def metrics(self) -> dict[str, float]:
        """The figures that sum the training up, by name."""
        return {
            **self.trials[0].metrics,
            "auc of the head": float(self.outputs.auc.mean()),
            "f1 of the head": float(self.outputs.f1.mean()),
            "calibration error": self.calibration_error,
            "train works": self.n_train,
            "validation works": self.n_validation,
        }


def make_report(
    head: ValueHead, trials: list[Trial], n_train: int, works: Sequence[LabelledExample], validation: Examples
) -> TrainingReport:
    """Return the report of a head on validation works; its probabilities are cross-fitted."""
    logits = head.logits(validation.vectors, validation.terms)
    probabilities = cross_fitted(logits, validation.targets, validation.known)
    return TrainingReport(
        head=head,
        trials=trials,
        n_train=n_train,
        n_validation=len(works),
        outputs=_output_figures(head, logits, probabilities, validation),
        eras=_era_figures(head, probabilities, works, validation),
        calibration_error=expected_calibration_error(probabilities, validation.targets, validation.known),
    )


def _output_figures(head: ValueHead, logits: Floats, probabilities: Floats, validation: Examples) -> pd.DataFrame:
    rows = []
    for place, output in enumerate(head.outputs):
        known = validation.known[:, place] > 0
        probability, targets = probabilities[known, place], validation.targets[known, place] > 0
        called = probability >= head.calibration.mark[place]
        right = int((called & targets).sum())
        precision, recall = right / max(int(called.sum()), 1), right / int(targets.sum())
        rows.append(
            {
                "kind": output.kind,
                "dimension": output.dimension,
                "n_positive": int(targets.sum()),
                "precision": precision,
                "recall": recall,
                "f1": 2 * precision * recall / (precision + recall) if right else 0.0,
                "auc": area_under_curve(logits[known, place], targets),
            }
        )
    return pd.DataFrame(rows).sort_values("auc", ignore_index=True)


def _era_figures(
    head: ValueHead, probabilities: Floats, works: Sequence[LabelledExample], validation: Examples
) -> pd.DataFrame:
    years = np.array([work.decade or -1 for work in works])
    era_of = np.array(list(ERAS))[np.maximum(np.searchsorted(list(ERAS.values()), years, side="right") - 1, 0)]
    rows = []
    for place, output in enumerate(head.outputs):
        if output.dimension.startswith(TAG_PREFIX):
            continue
        for era in ERAS:
            chosen = (validation.known[:, place] > 0) & (years >= 0) & (era_of == era)
            if chosen.any():
                figures = {
                    "probability": probabilities[chosen, place].mean(),
                    "share_labelled": validation.targets[chosen, place].mean(),
                }
                rows.append({"kind": output.kind, "dimension": output.dimension, "era": era, **figures})
    return pd.DataFrame(rows)


def report_to_markdown(report: TrainingReport) -> str:
    """Return tables of the trials, best first, of the outputs, worst first, and of the values by era."""
    columns = [*asdict(report.trials[0].recipe), "average precision", "AUC"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for trial in report.trials:
        settings = " | ".join(f"{setting:g}" for setting in asdict(trial.recipe).values())
        lines.append(f"| {settings} | {trial.average_precision:.4f} | {trial.auc:.4f} |")
    lines += ["", "| kind | value or tag | works | precision | recall | F1 | AUC |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| {row.kind} | {row.dimension} | {row.n_positive} | {row.precision:.2f} | {row.recall:.2f} | {row.f1:.2f} "
        f"| {row.auc:.3f} |"
        for row in report.outputs.itertuples()
    ]
    lines += ["", "Mean probability / share of works labelled, by era:", ""]
    lines += ["| kind | value | " + " | ".join(ERAS) + " |", "|---|---" + "|---" * len(ERAS) + "|"]
    for (kind, value), figures in report.eras.groupby(["kind", "dimension"]) if len(report.eras) else []:
        by_era = figures.set_index("era").reindex(list(ERAS))
        cells = [
            "" if np.isnan(probability) else f"{probability:.2f} / {share:.2f}"
            for probability, share in by_era[["probability", "share_labelled"]].to_numpy()
        ]
        lines.append(f"| {kind} | {value} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
