"""Log trainings and tunings to MLflow, where it is installed (the extra `track`). docs/tracking.md says what is logged.

Nothing that fails here fails a training: it goes on without being logged, and one line says why.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.extras import installed_version
from crawler.folders import make_private_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

EXPERIMENT = "evoke"
FOLDER = "mlflow"
"""The folder in the home folder that runs are kept in, unless MLFLOW_TRACKING_URI names another place."""
_NOT_IN_NAMES = re.compile(r"[^/\w.\- :]")
_MOST_PENDING = 500
_DIGITS = 32
_DEFAULTS = {
    # MLflow's own would hold up a training for minutes if the server is gone.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    # MLflow refuses its store of files unless asked. Its store in SQLite needs libraries that mlflow-skinny lacks.
    "MLFLOW_ALLOW_FILE_STORE": "true",
    # Else MLflow reports to its makers.
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Variables of MLflow that are set while a training runs, where the user sets none."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Data:
    """What a training learns from: its name, and a digest of its content."""

    name: str
    digest: str


class Run:
    """A run of MLflow. Every method does nothing without one, and after a failure."""

    def __init__(self, client: MlflowClient | None = None, experiment: str = "", run_id: str = "") -> None:
        self._client = client
        self._experiment = experiment
        self._run_id = run_id
        self._pending: list[Metric] = []

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log what the training was asked for, or chose."""
        self._try(lambda client: client.log_batch(self._run_id, params=_to_params(parameters)))

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log figures. They are sent together, many at a time."""
        if self._client:
            self._pending += _to_metrics(metrics, step)
        if len(self._pending) >= _MOST_PENDING:
            self._send_metrics()

    def log_trial(self, parameters: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Log one trial of the training, as a run within its run."""

        def log(client: MlflowClient) -> None:
            trial = client.create_run(self._experiment, tags={"mlflow.parentRunId": self._run_id}, run_name="trial")
            client.log_batch(trial.info.run_id, _to_metrics(metrics, 0), _to_params(parameters))
            client.set_terminated(trial.info.run_id)

        self._try(log)

    def log_data(self, data: Iterable[Path | Data]) -> None:
        """Log what the training learns from: files by their SHA-256. A pipe has none: reading it would empty it."""

        def log(client: MlflowClient) -> None:
            from mlflow.entities import Dataset, DatasetInput

            known = [each if isinstance(each, Data) else _read_data(each) for each in data]
            inputs = [DatasetInput(Dataset(each.name, each.digest[:_DIGITS], "local", each.name)) for each in known]
            client.log_inputs(self._run_id, inputs)

        self._try(log)

    def log_output(self, file: Path) -> None:
        """Log the name and the SHA-256 of what the training wrote."""
        self._try(
            lambda client: client.log_batch(
                self._run_id, params=_to_params({"output": file.name, "output.sha256": _read_data(file).digest})
            )
        )

    def end(self, status: str) -> None:
        """Send what is pending, and end the run: FINISHED, FAILED or KILLED."""
        self._send_metrics()
        self._try(lambda client: client.set_terminated(self._run_id, status))

    def _send_metrics(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            self._try(lambda client: client.log_batch(self._run_id, pending))

    def _try(self, log: Callable[[MlflowClient], object]) -> None:
        if self._client is None:
            return
        try:
            log(self._client)
        except Exception as error:  # noqa: BLE001 - MLflow and its stores raise anything
            self._client = None
            _warn(error)


NOT_TRACKED = Run()
"""The run of a training that is not logged."""


@contextmanager
def track(name: str, home: Path) -> Iterator[Run]:
    """Log the training in the block to MLflow, if it is installed.

    Runs go where MLFLOW_TRACKING_URI says, else to a folder in the home folder; never to the current folder.

    Args:
        name: The training, by its verb.
        home: The home folder.
    """
    with _defaults():
        run = _open(name, home)
        status = "FAILED"
        try:
            yield run
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            run.end(status)


def _open(name: str, home: Path) -> Run:
    try:
        from mlflow import MlflowClient
    except ImportError:
        return NOT_TRACKED
    try:
        place = os.environ.get("MLFLOW_TRACKING_URI")
        if not place:
            make_private_folder(home / FOLDER)
            place = (home / FOLDER).absolute().as_uri()
        client = MlflowClient(tracking_uri=place)
        experiment = _find_experiment(client, os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT)
        tags = {"mlflow.source.name": f"evoke {name}", "evoke.version": installed_version()}
        return Run(client, experiment, client.create_run(experiment, tags=tags, run_name=name).info.run_id)
    except Exception as error:  # noqa: BLE001 - MLflow and its stores raise anything
        _warn(error)
        return Run()


def _find_experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


@contextmanager
def _defaults() -> Iterator[None]:
    added = {name: value for name, value in _DEFAULTS.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _warn(error: Exception) -> None:
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    logger.warning("the training goes on, but MLflow does not log it: %s", line)


def _to_params(parameters: Mapping[str, Any]) -> list[Param]:
    from mlflow.entities import Param

    return [Param(_to_name(name), str(value)) for name, value in parameters.items()]


def _to_metrics(metrics: Mapping[str, float], step: int) -> list[Metric]:
    from mlflow.entities import Metric

    now = int(time.time() * 1_000)
    return [Metric(_to_name(name), float(value), now, step) for name, value in metrics.items()]


def _to_name(name: str) -> str:
    """Return a name that MLflow takes."""
    return _NOT_IN_NAMES.sub("_", name)


def _read_data(file: Path) -> Data:
    if not file.is_file():
        return Data(file.name, "unknown")
    with file.open("rb") as opened:
        return Data(file.name, hashlib.file_digest(opened, "sha256").hexdigest())
