"""What a training logged to MLflow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest.mock import patch


def read_runs(home: Path) -> list[Any]:
    """Return the runs that are kept in a home folder, the latest first."""
    return read_store((home / "mlflow").as_uri())


def read_store(uri: str) -> list[Any]:
    """Return the runs of Evoke's experiment in a store of MLflow, the latest first."""
    from mlflow import MlflowClient

    with patch.dict(os.environ, {"MLFLOW_ALLOW_FILE_STORE": "true"}):
        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name("evoke")
        return list(client.search_runs([experiment.experiment_id])) if experiment else []


def names_of_data(run: Any) -> list[str]:
    """Return the names of the data that a run learnt from."""
    return sorted(each.dataset.name for each in run.inputs.dataset_inputs)
