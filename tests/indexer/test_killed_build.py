"""A kill at any moment of a build does no harm: the old index serves, the next run continues, and no work is lost."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from collections.abc import Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from catalogues import SMALL, Fields, make_record
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


CHANGED = [  # twenty works less, and every fiftieth with other words
    {**record, "description": record["description"].replace("winter", "volcano")} if place % 50 == 0 else record
    for place, record in enumerate(RECORDS[20:])
]


def start_build(
    processes: multiprocessing.context.ForkServerContext,
    home: Path,
    records: Sequence[Fields] = RECORDS,
    seconds_per_text: float = 0.001,
) -> ForkServerProcess:
    process = processes.Process(
        target=build, args=(home, records, FakeEncoder(seconds_per_text=seconds_per_text)), kwargs={"prune": True}
    )
    process.start()
    return process


def kill_builds(
    processes: multiprocessing.context.ForkServerContext,
    start: Path,
    home: Path,
    unharmed: Path,
    records: Sequence[Fields],
    n_kills: int,
) -> None:
    """Build records in copies of a home, once whole and then killed at random moments; the old index or the new serves.

    Args:
        processes: Starts the builds.
        start: The home to copy.
        home: The copy in which builds are killed.
        unharmed: The copy in which nothing is killed.
        records: What is built.
        n_kills: How many builds are killed.
    """
    shutil.copytree(start, home)
    shutil.copytree(start, unharmed)
    started = time.monotonic()
    whole = start_build(processes, unharmed, records)
    whole.join()
    duration = time.monotonic() - started
    assert whole.exitcode == 0
    before, after = read_points(start), read_points(unharmed)
    assert before != after
    draw = random.Random(20_261_123)
    for share in sorted(draw.random() for _ in range(n_kills)):
        process = start_build(processes, home, records)
        process.join(timeout=share * duration)
        process.kill()
        process.join()
        assert read_points(home) in (before, after), f"killed after {share:.2f} of a build"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with all records. To read only."""
    home = tmp_path_factory.mktemp("built") / "home"
    build(home, RECORDS)
    return home


def test_a_killed_build_leaves_the_old_index_and_the_next_goes_on(
    tmp_path: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    start, home, unharmed = tmp_path / "start", tmp_path / "home", tmp_path / "unharmed"
    build(start, SMALL)
    kill_builds(processes, start, home, unharmed, RECORDS, N_KILLS)
    with open_home(home) as search:
        assert titles(search, "a widower keeps a lighthouse")[0] == "The Lighthouse Year"
    report = build(home, RECORDS, prune=True)
    assert report.n_embedded < len(RECORDS), "what was embedded before a kill is embedded again"
    assert read_points(home) == read_points(unharmed)
    assert len(read_points(home)) == len(RECORDS)


def test_a_killed_build_of_a_few_changes_leaves_the_old_index_and_the_next_goes_on(
    tmp_path: Path, built: Path, processes: multiprocessing.context.ForkServerContext
) -> None:
    home, unharmed = tmp_path / "home", tmp_path / "unharmed"
    kill_builds(processes, built, home, unharmed, CHANGED, N_KILLS // 2)
    build(home, CHANGED, prune=True)
    assert read_points(home) == read_points(unharmed)
    assert len(read_points(home)) == len(RECORDS) - 20


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


def test_a_reader_that_stays_open_follows_the_swap(tmp_path: Path, built: Path) -> None:
    home = Path(shutil.copytree(built, tmp_path / "home"))
    with open_home(home) as search:
        assert "Paper Boats" not in titles(search, "Paper Boats")
        build(home, [make_record("new", "Paper Boats")])
        deadline = time.monotonic() + 30
        while "Paper Boats" not in titles(search, "Paper Boats"):
            assert time.monotonic() < deadline, "the reader never saw the new generation"
            time.sleep(0.1)
