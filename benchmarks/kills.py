"""Kill builds at random moments and count what follows.

python -m benchmarks.kills -n 100

Two versions of a catalogue take turns, one trial after the other: each trial starts a build of the other version, kills
it (SIGKILL) after a random share of the time that a whole build takes, and then

- reads every work that is served: they must be those of the old version or of the new one, payloads and vectors;
- checks the home folder (`evoke check`): nothing may be damaged;
- builds again: the index must be that of a clean build of the new version, and a search must find a work by its words.

In odd trials every description differs between the versions, in even trials one does.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import numpy as np

from indexer.catalogues import starter_catalogue
from indexer.checking import check_home
from indexer.engine import EdgeClient
from indexer.pipeline import build_index
from indexer.serving import serving_generation
from indexer.settings import IndexSettings

Points = Mapping[str, Any]


def write_versions(folder: Path, n_works: int) -> dict[str, Path]:
    """Write three versions of the starter catalogue: as it is, with one description changed, and with all changed."""
    lines = starter_catalogue().read_bytes().splitlines()[:n_works]
    records = [json.loads(line) for line in lines]
    changed = [{**record, "description": f"{record['description']} It is told twice."} for record in records]
    versions = {"plain": records, "one": [changed[0], *records[1:]], "all": changed}
    paths = {}
    for name, content in versions.items():
        paths[name] = folder / f"{name}.jsonl"
        paths[name].write_text("".join(json.dumps(record) + "\n" for record in content), encoding="utf-8")
    return paths


def build(home: Path, catalogue: Path, models: Path) -> None:
    if not (home / "models").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "models").symlink_to(models)
    build_index([catalogue], IndexSettings(home=home), prune=True)


def read_points(home: Path) -> Points:
    """Return payload and vectors of each work that is served."""
    with closing(EdgeClient(home / "index", read_only=True)) as engine:
        generation = serving_generation(engine)
        assert generation, "no generation serves"
        records, _ = engine.scroll(generation, limit=100_000, with_payload=True, with_vectors=True)
    points = {
        record.payload["id"]: [record.payload, _comparable(record.vector)] for record in records if record.payload
    }
    assert len(points) == len(records), "a work is there twice"
    return points


def _comparable(vectors: Any) -> dict[str, list[float]]:
    """Return the numbers of vectors, those of sparse ones by their places."""
    sparse = {
        leg: [number for pair in sorted(zip(vectors[leg].indices, vectors[leg].values, strict=True)) for number in pair]
        for leg in ("bm25", "values")
    }
    return {**sparse, "text": vectors["text"]}


def are_equal(one: Points, other: Points) -> bool:
    """Return whether two indexes have the same works.

    Weights of terms may differ by a hundredth, since a build that changes a few works keeps the mean length that the
    others were weighed with; and vectors by a little, since rounding depends on the texts that are embedded together.
    """
    if one.keys() != other.keys():
        return False
    return all(
        payload == other[work][0]
        and all(
            len(numbers) == len(other[work][1][leg]) and np.allclose(numbers, other[work][1][leg], rtol=0.01, atol=0.02)
            for leg, numbers in vectors.items()
        )
        for work, (payload, vectors) in one.items()
    )


def time_build(processes: ForkServerContext, *arguments: Path) -> float:
    """Return the seconds that a build in a process of its own takes."""
    process = processes.Process(target=build, args=arguments)
    started = time.monotonic()
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - started


def kill_once(processes: ForkServerContext, share: float, seconds: float, *arguments: Path) -> str:
    """Start a build, kill it after a share of its time, and return how it ended."""
    process = processes.Process(target=build, args=arguments)
    process.start()
    process.join(timeout=share * seconds)
    ended_before = process.exitcode is not None
    process.kill()
    process.join()
    return "ended before" if ended_before else "killed"


def run(n_trials: int, n_works: int, seed: int, folder: Path, models: Path) -> Counter[str]:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["indexer.pipeline", "spacy.lang.en"])
    versions = write_versions(folder, n_works)
    models.mkdir(exist_ok=True)
    clean = {}
    for name, path in versions.items():
        time_build(processes, folder / name, path, models)
        clean[name] = read_points(folder / name)
    home = folder / "killed"
    build(home, versions["plain"], models)
    seconds = {}
    for name in ("one", "plain", "all"):
        seconds[name] = time_build(processes, home, versions[name], models)
    build(home, versions["plain"], models)
    counts: Counter[str] = Counter()
    draw = random.Random(seed)
    now = "plain"
    for trial in range(n_trials):
        following = "plain" if now != "plain" else ("all" if trial // 2 % 2 else "one")
        share, started = draw.random(), time.monotonic()
        counts[kill_once(processes, share, seconds[following], home, versions[following], models)] += 1
        served = read_points(home)
        is_old = are_equal(served, clean[now])
        assert is_old or are_equal(served, clean[following]), f"trial {trial}: neither the old nor the new index serves"
        counts["the old index serves" if is_old else "the new index serves"] += 1
        damaged = [each for each in check_home(IndexSettings(home=home)) if each.is_damaged]
        assert not damaged, f"trial {trial}: {damaged}"
        build(home, versions[following], models)
        assert are_equal(read_points(home), clean[following]), f"trial {trial}: the next run is not a clean build"
        counts["the next run equals a clean build"] += 1
        names = sorted(each.name for each in (home / "index" / "collections").iterdir())
        assert len(names) == 1, f"trial {trial}: {names}"
        print(
            f"{trial + 1:4} {now} to {following}, killed after {share:4.0%}: {dict(counts)} "
            f"({time.monotonic() - started:.1f} s)",
            flush=True,
        )
        now = following
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("-n", "--trials", type=int, default=100)
    parser.add_argument("--works", type=int, default=350)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--models", type=Path, help="the folder of converted encoders, such as EVOKE_HOME/models")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    models = arguments.models.absolute() if arguments.models else folder / "models"
    try:
        counts = run(arguments.trials, arguments.works, arguments.seed, folder, models)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(*(f"{count:5} {what}" for what, count in counts.items()), sep="\n")


if __name__ == "__main__":
    main()
