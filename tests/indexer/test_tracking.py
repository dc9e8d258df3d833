"""Trainings are logged to MLflow where it is installed, and go on where it fails."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tracked import names_of_data, read_runs, read_store

from indexer.tracking import Data, track

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_mlflow_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)


def test_a_run_has_parameters_figures_trials_and_digests(home: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text("{}")
    (tmp_path / "head.safetensors").write_text("weights")
    with track("train-values", home) as run:
        run.log_data([tmp_path / "labels.jsonl", Data("films, train", "ab" * 32)])
        run.log_parameters({"seed": 7, "text": None})
        for step, loss in enumerate([0.5, 0.25]):
            run.log_metrics({"nDCG@10": loss}, step)
        run.log_trial({"hidden": 512}, {"auc": 0.8})
        run.log_output(tmp_path / "head.safetensors")
    logged, trial = sorted(read_runs(home), key=lambda each: each.info.run_name)
    assert logged.info.status == "FINISHED"
    digest = hashlib.sha256(b"weights").hexdigest()
    assert logged.data.params == {
        "seed": "7", "text": "None", "output": "head.safetensors", "output.sha256": digest
    }  # fmt: skip
    assert logged.data.metrics == {"nDCG_10": 0.25}
    assert logged.data.tags["mlflow.source.name"] == "evoke train-values"
    assert names_of_data(logged) == ["films, train", "labels.jsonl"]
    assert {each.dataset.digest for each in logged.inputs.dataset_inputs} == {
        "ab" * 16, hashlib.sha256(b"{}").hexdigest()[:32]
    }  # fmt: skip
    assert (trial.data.params, trial.data.metrics) == ({"hidden": "512"}, {"auc": 0.8})
    assert trial.data.tags["mlflow.parentRunId"] == logged.info.run_id


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_training_that_ends_early_is_logged_so(home: Path, error: type[BaseException], status: str) -> None:
    def train() -> None:
        with track("tune", home) as run:
            run.log_metrics({"loss": 1.5})
            raise error

    with pytest.raises(error):
        train()
    (logged,) = read_runs(home)
    assert (logged.info.status, logged.data.metrics) == (status, {"loss": 1.5})


def test_a_pipe_is_not_read(home: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with track("train-values", home) as run:
        run.log_data([tmp_path / "pipe"])
    (logged,) = read_runs(home)
    assert [each.dataset.digest for each in logged.inputs.dataset_inputs] == ["unknown"]


def test_nothing_is_written_to_the_current_folder_and_nothing_is_sent_to_mlflows_makers(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    code = (
        "import sys; from pathlib import Path; from indexer.tracking import track\n"
        "with track('tune', Path(sys.argv[1])) as run: run.log_trial({'a': 1}, {'b': 2})\n"
        "from mlflow.telemetry import get_telemetry_client; print(get_telemetry_client())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")], cwd=tmp_path / "here", capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("None\n", "")
    assert list((tmp_path / "here").iterdir()) == []
    assert len(read_runs(tmp_path / "home")) == 2


def test_the_users_own_place_and_variables_are_respected(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = (tmp_path / "mine").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", place)
    with track("tune", home):
        pass
    assert len(read_store(place)) == 1
    assert not home.exists()
    assert [name for name in os.environ if name.startswith("MLFLOW_")] == ["MLFLOW_TRACKING_URI"]


def test_a_server_that_is_gone_costs_one_line_and_no_training(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with track("tune", home) as run:
            run.log_parameters({"seed": 1})
            run.log_metrics({"loss": 1})
    (line,) = [record.getMessage() for record in caplog.records if record.name == "indexer.tracking"]
    assert line.startswith("the training goes on, but MLflow does not log it: API request to http://127.0.0.1")
    assert "\n" not in line


def test_a_store_that_breaks_on_the_way_costs_one_line(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with track("tune", home) as run:
        shutil.rmtree(home / "mlflow")
        for step in range(3):
            run.log_parameters({f"step {step}": 1})
    assert len([record for record in caplog.records if record.name == "indexer.tracking"]) == 1


def test_without_mlflow_nothing_is_logged_and_nothing_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with track("tune", home) as run:
        run.log_parameters({"seed": 1})
        run.log_metrics({"loss": 1})
        run.log_data([Path("missing")])
    assert not home.exists()
    assert caplog.records == []
