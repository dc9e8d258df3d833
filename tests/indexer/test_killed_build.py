"""A kill at any moment of a build does no harm: the old index serves, the next run continues, and no work is lost."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from catalogues import SMALL, make_record
from fakes import FakeEncoder
from homes import build, open_home, read_points, titles

from indexer.engine import EngineLocked

N_WORKS = 1_300
N_KILLS = 8

WORDS = ("harbour", "winter", "orchard", "sister", "engine", "river", "letter", "border", "glass", "summer", "teacher")
RECORDS = [
    *SMALL[:-1],  # one work less, the others as they were
    *(
        make_record(f"n{number}", f"Work {number}", ". ".join(" ".join(draw.choices(WORDS, k=9)) for _ in range(4)))
        for number in range(N_WORKS)
        for draw in [random.Random(number)]
    ),
]


@pytest.fixture(scope="module")
def processes() -> multiprocessing.context.ForkServerContext:
    """Starts children from a clean server that has the modules loaded, so that a kill can hit any step."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["homes", "spacy.lang.en"])
    return context


def start_build(
    processes: multiprocessing.context.ForkServerContext, home: Path, seconds_per_text: float = 0.001
) -> ForkServerProcess:
    process = processes.Process(
        target=build, args=(home, RECORDS, FakeEncoder(seconds_per_text=seconds_per_text)), kwargs={"prune": True}
    )
    process.start()
    return process


def test_a_killed_build_leaves_the_old_index_and_the_next_goes_on(
    tmp_path: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    build(tmp_path / "start", SMALL)
    home, unharmed = tmp_path / "home", tmp_path / "unharmed"
    shutil.copytree(tmp_path / "start", home)
    shutil.copytree(tmp_path / "start", unharmed)
    started = time.monotonic()
    whole = start_build(processes, unharmed)
    whole.join()
    duration = time.monotonic() - started
    assert whole.exitcode == 0
    before, after = read_points(tmp_path / "start"), read_points(unharmed)
    assert len(before) == len(SMALL)
    assert len(after) == len(RECORDS)

    draw = random.Random(20_261_123)
    for share in sorted(draw.random() for _ in range(N_KILLS)):
        process = start_build(processes, home)
        process.join(timeout=share * duration)
        process.kill()
        process.join()
        assert read_points(home) in (before, after), f"killed after {share:.2f} of a build"
        with open_home(home) as search:
            assert titles(search, "a widower keeps a lighthouse")[0] == "The Lighthouse Year"

    report = build(home, RECORDS, prune=True)
    assert report.n_embedded < len(RECORDS), "what was embedded before a kill is embedded again"
    assert read_points(home) == after


def test_a_second_build_is_refused_at_once_and_names_the_first(
    tmp_path: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    home = tmp_path / "home"
    first = start_build(processes, home, seconds_per_text=0.02)
    try:
        while not (home / "writer.json").exists():
            assert first.is_alive()
            time.sleep(0.01)
        with pytest.raises(EngineLocked, match=f"process {first.pid} on "):
            build(home, SMALL)
    finally:
        first.kill()
        first.join()


def test_a_reader_that_stays_open_follows_the_swap(tmp_path: Path) -> None:
    home = tmp_path / "home"
    build(home, SMALL)
    with open_home(home) as search:
        assert "Work 7" not in titles(search, "Work 7")
        build(home, RECORDS)
        deadline = time.monotonic() + 30
        while "Work 7" not in titles(search, "Work 7"):
            assert time.monotonic() < deadline, "the reader never saw the new generation"
            time.sleep(0.1)
