"""`evoke index --ray`: what workers make equals what one process makes, and none of them is left behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from catalogues import make_records, write_catalogue
from homes import read_points
from service_processes import children

from indexer.encoder.encoder import Encoder
from indexer.pipeline import build_index
from indexer.settings import IndexSettings

pytest.importorskip("ray", reason="the extra `distributed` is not installed")

N_WORKS = 1_200
"""Three batches of features, and five of labels."""
MOST_SECONDS = 240

EVOKE = [sys.executable, "-c", "import evoke; raise SystemExit(evoke.main())"]
MADE = (
    "SELECT * FROM features ORDER BY text_hash",
    "SELECT text_hash, kind, labels FROM labels ORDER BY text_hash, kind",
    "SELECT fingerprint, dimensions, prototypes FROM labelling",
    "SELECT * FROM served ORDER BY id",
)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("catalogue") / "works.jsonl", make_records(N_WORKS))


@pytest.fixture
def settings(real_encoder: Encoder, pytestconfig: pytest.Config, tmp_path: Path) -> IndexSettings:
    """Settings of a home that has no encoder of its own, so that none is converted."""
    real_encoder.warm()
    return IndexSettings(
        home=tmp_path / "one", runtime="openvino", converted_models=pytestconfig.cache.mkdir("models"), ray_workers=2
    )


@pytest.fixture
def start(settings: IndexSettings, catalogue: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `evoke index --ray` in a group of its own, with a folder of its own for temporary files."""
    started: list[subprocess.Popen[str]] = []
    # Background jobs of a shell ignore SIGINT, and so would the processes that they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    # Ray's sockets lie in it, and their names may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="ray-") as temporary:

        def start(*options: str) -> subprocess.Popen[str]:
            environment = os.environ | {
                "EVOKE_HOME": str(tmp_path / "many"),
                "EVOKE_RUNTIME": "openvino",
                "EVOKE_CONVERTED_MODELS": str(settings.converted_models),
                "EVOKE_RAY_WORKERS": "2",
                "TMPDIR": temporary,
            }
            process = subprocess.Popen(
                [*EVOKE, "index", str(catalogue), *options],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            started.append(process)
            return process

        yield start
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        assert list(Path(temporary).glob("evoke-ray-*")) == []
    signal.signal(signal.SIGINT, before)


def offspring(pid: int) -> set[int]:
    """Return the ids of all processes that a process has started, directly or not."""
    found: set[int] = set()
    with suppress(OSError):
        for child in children(pid):
            found |= {child, *offspring(child)}
    return found


def wait_for_worker(process: subprocess.Popen[str]) -> int:
    """Return the id of a process that makes features."""
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for pid in offspring(process.pid):
            with suppress(OSError):
                if "ray::Map(make_f" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8"):
                    return pid
        time.sleep(0.02)
    pytest.fail(f"no worker began: {process.communicate()[0] if process.poll() is not None else 'it hangs'}")


def made(home: Path) -> list[list[Any]]:
    with closing(sqlite3.connect(home / "store.sqlite3")) as store:
        return [store.execute(query).fetchall() for query in MADE]


def test_a_build_by_workers_of_which_one_is_killed_equals_that_of_one_process(
    start: Callable[..., subprocess.Popen[str]], settings: IndexSettings, catalogue: Path, tmp_path: Path
) -> None:
    process = start("--ray", "local")
    os.kill(wait_for_worker(process), signal.SIGKILL)
    output, _ = process.communicate(timeout=MOST_SECONDS)
    assert process.returncode == 0, output
    assert f"{N_WORKS:,} embedded; now serving works-1" in output
    build_index([catalogue], settings)
    assert made(tmp_path / "many") == made(settings.home)
    assert read_points(tmp_path / "many") == read_points(settings.home)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_no_process_is_left_of_a_build_that_is_stopped(
    start: Callable[..., subprocess.Popen[str]], stop: signal.Signals
) -> None:
    process = start("--ray", "local")
    wait_for_worker(process)
    started = offspring(process.pid)
    assert len(started) > 3
    os.kill(process.pid, stop)
    output, _ = process.communicate(timeout=MOST_SECONDS)
    assert process.returncode, output
    deadline = time.monotonic() + MOST_SECONDS
    while left := [pid for pid in started if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, [Path(f"/proc/{pid}/comm").read_text(encoding="utf-8") for pid in left]
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("127.0.0.1:1", "evoke index: no Ray cluster answers at 127.0.0.1:1"),
        ("auto", "evoke index: no Ray cluster answers at auto"),
        ("nowhere", "evoke index: Invalid value for '--ray': should be local, auto"),
    ],
)
def test_a_cluster_that_does_not_answer_is_reported_in_one_line(
    start: Callable[..., subprocess.Popen[str]], address: str, line: str
) -> None:
    process = start("--ray", address)
    output, _ = process.communicate(timeout=MOST_SECONDS)
    assert process.returncode == 2, output
    assert output.splitlines()[-1].startswith(line)
