"""Log trainings to MLflow where it is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def log_trial(parameters: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
    """Log one trial of a training as a run of MLflow; without MLflow, do nothing."""
    try:
        import mlflow  # type: ignore[import-not-found]
    except ImportError:
        return
    with mlflow.start_run():
        mlflow.log_params(dict(parameters))
        mlflow.log_metrics(dict(metrics))
