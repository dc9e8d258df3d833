"""Measure how fast IMDb's tables are read, and in how much memory.

python benchmarks/imdb_tables.py [--rows N] [--all-films]

Writes a title.basics and a title.ratings table of N rows with invented titles to a temporary folder, and reads them in
a child process. 15% of the titles are films, as in the real data set, where most titles are episodes; with --all-films
all are.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter, process_time

from crawler.sources.imdb.tables import read_tables

FILM_SHARE = 0.15
RATED_SHARE = 0.15
WORDS = ("Paper", "Boats", "Été", "Night", "of", "the", "Salt", "Harbour", "Quiet", "Engines", "Winter")
GENRES = ("Comedy", "Drama", "Romance", "Short", "Documentary", "Thriller", "Animation", "Family")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--all-films", action="store_true")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        measure(options.read, options.rows)
        return
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as folder:
        write_tables(Path(folder), options.rows, film_share=1.0 if options.all_films else FILM_SHARE)
        subprocess.run([sys.executable, __file__, "--read", folder, "--rows", str(options.rows)], check=True)


def write_tables(folder: Path, n_rows: int, *, film_share: float) -> None:
    chance = random.Random(0)
    with (folder / "title.basics.tsv").open("w") as basics, (folder / "title.ratings.tsv").open("w") as ratings:
        basics.write(
            "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
        )
        ratings.write("tconst\taverageRating\tnumVotes\n")
        for number in range(1, n_rows + 1):
            title_type = chance.choice(("movie", "short")) if chance.random() < film_share else "tvEpisode"
            title = " ".join(chance.choices(WORDS, k=3))
            original = title if chance.random() < 0.9 else " ".join(chance.choices(WORDS, k=3))
            genres = ",".join(chance.sample(GENRES, k=2))
            year, minutes = chance.randint(1900, 2025), chance.randint(1, 180)
            basics.write(f"tt{number:07}\t{title_type}\t{title}\t{original}\t0\t{year}\t\\N\t{minutes}\t{genres}\n")
            if chance.random() < RATED_SHARE:
                ratings.write(f"tt{number:07}\t{chance.uniform(1, 10):.1f}\t{chance.randint(5, 100_000)}\n")


def measure(folder: Path, n_rows: int) -> None:
    started, processor_started = perf_counter(), process_time()
    counted = Counter(type(result).__name__ for result in read_tables(sorted(folder.iterdir())))
    seconds, processor_seconds = perf_counter() - started, process_time() - processor_started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    counts = ", ".join(f"{count:,} {name}" for name, count in counted.items())
    print(f"{n_rows:,} rows ({counts}) in {seconds:.1f} s: {n_rows / seconds:,.0f} rows/s")
    print(f"{n_rows / processor_seconds:,.0f} rows per second of processor time, peak memory {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
