"""Measure the files of names and facts as the catalogue grows: writing, opening, memory and keystrokes. Prints a table.

python -m benchmarks.names [--works N...] [--texts N]

For each size, one process writes synthetic works (titles of frequent words, people, genres, ratings) as a build does,
one changes a work, and one opens the files and completes titles: from their beginning, from a later word, and with a
slip of the hand. Times are those of the processor.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from qdrant_client import models

from benchmarks.growth import make_facts
from benchmarks.synthetic import N_VALUES
from indexer.known.names import open_names
from indexer.known.writer import NAMES_FILE, KnownWriter
from indexer.name_keys import common_words
from indexer.schema import point_id
from search_api.names import NameIndex
from search_api.work_table import WorkTable

SIZES = (29_000, 1_000_000)
BATCH = 1_000
GENRES = ("Drama", "Comedy", "War", "Romance", "Horror", "Fantasy", "Crime", "Family", "Mystery", "Adventure")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, nargs="+", default=SIZES)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--step", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        name, folder = options.step
        steps = {"write": write, "change": change, "complete": complete}
        took = steps[name](Path(folder), options.works[0], options.texts)
        print(json.dumps(took | {"peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    columns = ("works", "written, s", "bytes a work", "one changed, s", "opened, ms", "MiB", "begin, ms", "word, ms")
    print(f"| {' | '.join(columns)} | slip, ms (p50, p99) |")
    print("|---|---|---|---|---|---|---|---|---|")
    for n_works in options.works:
        with tempfile.TemporaryDirectory(prefix="evoke-bench-") as folder:
            made, changed, asked = (
                run_step(name, folder, n_works, options.texts) for name in ("write", "change", "complete")
            )
        print(
            f"| {n_works:,} | {made['seconds']:.0f} | {made['bytes'] / n_works:.0f} | {changed['seconds']:.2f} "
            f"| {asked['open']:.1f} | {asked['peak MiB']:.0f} | {asked['begin'][0]:.2f} | {asked['word'][0]:.2f} "
            f"| {asked['slip'][0]:.1f}, {asked['slip'][1]:.1f} |",
            flush=True,
        )


def run_step(name: str, folder: str, n_works: int, n_texts: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.names", "--works", str(n_works), "--texts", str(n_texts)]
    ran = subprocess.run([*command, "--step", name, folder], capture_output=True, text=True, check=True)
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def make_points(n_works: int) -> Iterator[list[models.PointStruct]]:
    """Yield batches of points with payloads as search reads them; the same for the same number of works."""
    draw = random.Random(7)
    words = list(common_words())
    surnames = [f"{a}{b}" for a in words[3_000:3_600] for b in ("son", "ley", "er", "well", "ing")]
    values = models.SparseVector(indices=list(range(0, N_VALUES, 9)), values=[0.5] * len(range(0, N_VALUES, 9)))
    batch = []
    for number in range(n_works):
        n_words = draw.choices((1, 2, 3, 4, 5), (2, 4, 4, 2, 1))[0]
        title = " ".join(draw.choices(words, k=n_words)).title()
        people = [f"{draw.choice(words).title()} {draw.choice(surnames).title()}" for _ in range(4)]
        payload = {
            "id": f"w{number:08}",
            "title": title,
            "kind": draw.choice(("movie", "book")),
            "year": draw.randint(1920, 2025),
            "rating": {"count": int(draw.paretovariate(0.6)), "mean": draw.uniform(2, 9), "scale": 10},
            "creators": [{"name": name, "role": "director" if not n else "actor"} for n, name in enumerate(people)],
            "genres": draw.sample(GENRES, 2),
            "language": draw.choice(("en", "fr", "sv")),
            "countries": [draw.choice(("US", "FR", "SE"))],
            "ids": {"imdb": f"tt{number:08}"},
        }
        batch.append(
            models.PointStruct.model_construct(id=point_id(payload["id"]), vector={"values": values}, payload=payload)
        )
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def write(folder: Path, n_works: int, _: int) -> dict[str, Any]:
    started = process_time()
    generating = 0.0
    with KnownWriter(folder / "known", make_facts(n_works).value_ids) as writer:
        batches = make_points(n_works)
        while True:
            began = process_time()
            batch = next(batches, None)
            generating += process_time() - began
            if batch is None:
                break
            writer.add(batch)
        writer.finish(make_facts(n_works))
    n_bytes = sum(path.stat().st_size for path in (folder / "known").iterdir())
    return {"seconds": process_time() - started - generating, "bytes": n_bytes}


def change(folder: Path, n_works: int, _: int) -> dict[str, Any]:
    first = next(make_points(n_works))[:1]
    started = process_time()
    with KnownWriter(folder / "changed", make_facts(n_works).value_ids, folder / "known") as writer:
        writer.add(first)
        writer.finish(make_facts(n_works))
    return {"seconds": process_time() - started}


def complete(folder: Path, n_works: int, n_texts: int) -> dict[str, Any]:
    started = process_time()
    table = WorkTable(folder / "known")
    names = NameIndex(open_names(folder / "known" / NAMES_FILE), table)
    opened = process_time() - started
    draw = random.Random(3)
    texts: dict[str, list[str]] = {"begin": [], "word": [], "slip": []}
    while len(texts["slip"]) < n_texts:
        title = table.titles[draw.randrange(n_works)].casefold()
        if " " in title and len(title) > 9:
            at = draw.randint(3, 6)
            texts["begin"].append(title[: draw.randint(4, 8)])
            texts["word"].append(title.split(" ", 1)[1])
            texts["slip"].append(title[: at - 1] + title[at] + title[at - 1] + title[at + 1 : 10])
    took: dict[str, Any] = {"open": 1_000 * opened}
    for way, typed in texts.items():
        seconds = []
        for text in typed:
            started = process_time()
            names.suggest(text, 8)
            seconds.append(process_time() - started)
        took[way] = [1_000 * float(np.percentile(seconds, q)) for q in (50, 99)]
    return took


if __name__ == "__main__":
    main()
