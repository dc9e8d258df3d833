"""Calibrate logits into probabilities, and measure how good they are. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.values.head import Calibration, Floats

Bools = NDArray[np.bool_]


RIDGE = 0.01
"""The penalty, for each work, that pulls slope and offset towards 1 and 0; outputs with few positive works need it.
Cross-fitted on 2,164 works: a calibration error of 0.018, a micro-F1 of film tags of 42.0% and a recall of the five
best tags of 20.1%. With a twentieth of the penalty: 0.016, 42.0% and 18.7%. Uncalibrated: 0.024, 42.2% and 20.9%."""


def calibrate(logits: Floats, targets: Floats, known: Floats) -> Calibration:
    """Fit each output's slope and offset by logistic regression; its mark is the decision threshold with the best F1.

    Args:
        logits: float32 (n, n_outputs), of works that the weights were not trained on.
        targets: float32 (n, n_outputs), 1 where people gave the work the label.
        known: float32 (n, n_outputs), 1 where people could have given it; other entries are ignored.
    """
    n_outputs = logits.shape[1]
    fitted = np.zeros((n_outputs, 2), dtype=np.float32)
    marks = np.zeros(n_outputs, dtype=np.float32)
    for output in range(n_outputs):
        rows = known[:, output] > 0
        inputs = np.stack([logits[rows, output], np.ones(rows.sum())], axis=1)  # (n, 2)
        fitted[output] = _fit_logistic(inputs, targets[rows, output])
        marks[output] = _best_mark(inputs @ fitted[output], targets[rows, output])
    return Calibration(fitted[:, 0].copy(), fitted[:, 1].copy(), marks)


def _fit_logistic(inputs: NDArray[np.float64], targets: Floats) -> NDArray[np.float64]:
    """Return slope and offset, pulled towards 1 and 0, by Newton's method."""
    prior, ridge = np.array([1.0, 0.0]), RIDGE * len(targets)
    weights = prior.copy()
    for _ in range(30):
        probabilities = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        gradient = inputs.T @ (probabilities - targets) + ridge * (weights - prior)
        curvature = (inputs.T * (probabilities * (1 - probabilities))) @ inputs + ridge * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def _best_mark(scores: Floats, targets: Floats) -> float:
    """Return the threshold with the best F1, in [0.02, 0.9]; `scores` are calibrated logits."""
    ranked = np.argsort(-scores, kind="stable")
    hits = np.cumsum(targets[ranked])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + targets.sum())
    best = float(np.clip(scores[ranked[int(f1.argmax())]], -30, 30))
    return float(np.clip(1 / (1 + np.exp(-best)), 0.02, 0.9))


def cross_fitted(logits: Floats, targets: Floats, known: Floats) -> Floats:
    """Return probabilities, float32 (n, n_outputs); each half of the works is calibrated by a fit on the other half."""
    probabilities = np.zeros_like(logits)
    halves = np.arange(len(logits)) % 2
    for half in (0, 1):
        fitted, rest = halves != half, halves == half
        calibration = calibrate(logits[fitted], targets[fitted], known[fitted])
        probabilities[rest] = calibration.probabilities(logits[rest])
    return probabilities


def average_precision(scores: Floats, targets: Bools) -> float:
    """Return average precision: the mean of the precisions at the ranks of the positives. Ties keep the given order."""
    ranked = targets[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(ranked)
    return float((hits / np.arange(1, len(ranked) + 1))[ranked].mean())


def area_under_curve(scores: Floats, targets: Bools) -> float:
    """Return the ROC AUC, the probability that a positive ranks above a negative (Mann and Whitney 1947).

    Ties keep the given order.
    """
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(len(scores))
    n_positive = targets.sum()
    return float((ranks[targets].sum() - n_positive * (n_positive - 1) / 2) / (n_positive * (len(scores) - n_positive)))


def expected_calibration_error(probabilities: Floats, targets: Floats, known: Floats, n_bins: int = 15) -> float:
    """Return the expected calibration error (Naeini et al. 2015), as the mean over outputs.

    For one output it is the sum over bins B of |B| / n * |mean probability in B - share of positives in B|.
    """
    errors = []
    for output in range(probabilities.shape[1]):
        rows = known[:, output] > 0
        of_output, truth = probabilities[rows, output], targets[rows, output]
        bins = np.minimum((of_output * n_bins).astype(int), n_bins - 1)
        errors.append(
            sum(abs(of_output[bins == b].sum() - truth[bins == b].sum()) for b in range(n_bins))
            / max(len(of_output), 1)
        )
    return float(np.mean(errors))
