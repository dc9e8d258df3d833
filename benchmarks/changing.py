"""Measure what it costs to change a few works of an index. Prints a table in Markdown.

EVOKE_HOME=FOLDER python -m benchmarks.changing [--works N] [--runs N] [--full]

The home folder is copied, and left as it is. In the copy, the descriptions of a few works are changed, and the whole
process of `evoke index` is measured, its start included. With `--full` the index is then removed, and written anew with
the same works: that is what a change costs if it is not applied to the serving generation.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

Fields = Mapping[str, Any]


class Cost(NamedTuple):
    """What a process cost, and its last line."""

    wall_seconds: float
    cpu_seconds: float
    last_line: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=1, help="works to change at once")
    parser.add_argument("--runs", type=int, default=3, help="how often, each time other works")
    parser.add_argument("--full", action="store_true", help="measure a full rebuild too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as folder:
        home = Path(folder, "home")
        shutil.copytree(os.environ["EVOKE_HOME"], home)
        records = export_records(home)
        draw = random.Random(1)
        print(f"{len(records):,} records\n\n| build | wall s | CPU s | |\n|---|--:|--:|---|", flush=True)
        changed = Path(folder, "changed.jsonl")
        for _ in range(options.runs):
            write_changed(changed, draw.sample(records, options.works))
            print_row(f"{options.works:,} changed", index(home, changed))
        if options.full:
            write_changed(changed, draw.sample(records, options.works))
            shutil.rmtree(home / "index")
            print_row("all written anew", index(home, changed))


def export_records(home: Path) -> list[Fields]:
    """Return the records of a home that have a description."""
    lines = run(home, "works", "export").stdout.splitlines()
    return [record for record in map(json.loads, lines) if record.get("description")]


def write_changed(path: Path, records: Sequence[Fields]) -> None:
    """Write records with a sentence more in their descriptions."""
    path.write_text("".join(json.dumps(record) + "\n" for record in map(change, records)), encoding="utf-8")


def change(record: Fields) -> Fields:
    return {**record, "description": f"{record['description']} In the end a lighthouse keeper forgives everyone."}


def index(home: Path, catalogue: Path) -> Cost:
    """Return what it costs to index a catalogue."""
    before, started = children_cpu_seconds(), perf_counter()
    done = run(home, "index", str(catalogue), "--keep-starter")
    return Cost(perf_counter() - started, children_cpu_seconds() - before, done.stdout.splitlines()[-1])


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EVOKE_HOME": str(home)}
    command = [sys.executable, "-m", "evoke", *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)


def children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def print_row(name: str, cost: Cost) -> None:
    print(f"| {name} | {cost.wall_seconds:.1f} | {cost.cpu_seconds:.1f} | {cost.last_line} |", flush=True)


if __name__ == "__main__":
    main()
