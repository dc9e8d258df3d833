"""Somebody who follows the documentation: their files, their home folder, and their commands."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pages import ROOT

EVOKE = "import sys, crawler.progress, evoke; crawler.progress.LINE_SECONDS = float('inf'); sys.exit(evoke.main())"
"""The command without lines of progress, which a slow machine would add to what a page shows."""


@dataclass
class Reader:
    """Somebody who follows one page from its first block to its last."""

    folder: Path
    environment: dict[str, str]
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__page__"})
    printed: str = ""


@dataclass(frozen=True)
class Service:
    """A running `evoke serve`: its address, and what it printed until it was ready."""

    address: str
    printed: str


def environment_without_evoke() -> dict[str, str]:
    """Return the environment less its Evoke settings, with the package of this checkout.

    A make that runs the tests must not show: a make inside another names the folders that it enters.
    """
    left_out = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVOKE_") and name not in left_out}
    return {**kept, "PYTHONPATH": str(ROOT)}


def make_home(home: Path, models: Path, indexed: Path | None = None) -> Path:
    """Make a home that has the converted models, and the index of another home when one is given."""
    if indexed:
        subprocess.run(["cp", "-R", indexed, home], check=True)  # keeps the holes of the engine's files
    else:
        home.mkdir()
    (home / "models").symlink_to(models)
    return home


def write_commands(folder: Path, service: Service, new_home: Path) -> dict[str, str]:
    """Write the commands of the pages into a folder and return the environment in which they are found.

    `evoke` is that of this checkout; `evoke serve` prints what the running service printed. `curl` asks that service,
    whose port is its own. `make` finds Evoke installed, and a home that has the converted model and no index yet.
    """
    serving = folder / "serving.txt"
    serving.write_text(service.printed, encoding="utf-8")
    evoke, curl, make = folder / "evoke", shutil.which("curl"), shutil.which("make")
    scripts = {
        "python": f'exec {sys.executable} "$@"',
        "evoke": f'[ "$1" = serve ] && exec cat {serving}\nexec python -c "{EVOKE}" "$@"',
        "curl": f'exec {curl} "${{@//127.0.0.1:8000/{service.address}}}"',
        "make": f'exec {make} -s -C {ROOT} BIN={folder} INSTALLED={evoke} EVOKE_HOME={new_home} "$@"',
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return {**environment_without_evoke(), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}


def _write_tables(folder: Path, films: Sequence[Mapping[str, Any]]) -> None:
    top = [
        "Series_Title",
        "Released_Year",
        "Runtime",
        "Genre",
        "IMDB_Rating",
        "Overview",
        "Director",
        "Star1",
        "No_of_Votes",
    ]
    with (folder / "imdb_top_1000.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(top)
        for film in films:
            year = "PG" if film is films[-1] else film["year"]
            genres = ", ".join(film["genres"])
            table.writerow(
                [film["title"], year, "142 min", genres, 8.1, film["description"], "A. Director", "", "1,200"]
            )
    with (folder / "my films.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["Film", "Released", "Plot", "Score", "Votes"])
        table.writerows([film["title"], film["year"], film["description"], "8,1", "1.200"] for film in films)


def write_catalogues(folder: Path) -> None:
    """Write the files that pages speak of, from the starter catalogue: 20 films and 20 books, and a benchmark of each.

    For the films there are also another engine's run, `theirs.run`, and labels, `tags.jsonl`; an export of reviews; and
    the films as a table of Kaggle and as one of nobody's.
    """
    (folder / "letterboxd-export").mkdir()
    (folder / "letterboxd-export" / "reviews.csv").write_text(
        "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Review,Tags,Watched Date\n"
        "2024-01-02,Metropolis,1927,https://boxd.it/a,4.5,,Still frightening.,,2024-01-01\n",
        encoding="utf-8",
    )
    starter = ROOT / "evaluation" / "starter"
    lines = (ROOT / "indexer" / "starter.jsonl").read_text(encoding="utf-8").splitlines()
    works = [json.loads(line) for line in lines]
    header, *judgements = (starter / "qrels" / "validation.tsv").read_text(encoding="utf-8").splitlines()
    for kind, name in (("movie", "films"), ("book", "books")):
        chosen = [work for work in works if work["kind"] == kind][:20]
        for number, work in enumerate(chosen, start=1):
            work["ids"] = {"imdb": f"tt{number:07}"}
        catalogue = _to_json_lines([{**work, "source": "mine"} for work in chosen])
        (folder / f"{name}.jsonl").write_text(catalogue, encoding="utf-8")
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(catalogue.encode()))
        benchmark = folder / "benchmarks" / name
        (benchmark / "qrels").mkdir(parents=True)
        (benchmark / "corpus.jsonl").write_text(_to_json_lines(chosen), encoding="utf-8")
        shutil.copy(starter / "queries.jsonl", benchmark)
        judged = {f"{work['source']}:{work['source_id']}" for work in chosen}
        kept = [line for line in judgements if line.split("\t")[1] in judged]
        (benchmark / "qrels" / "validation.tsv").write_text("\n".join([header, *kept, ""]), encoding="utf-8")
        if kind == "movie":
            _write_tables(folder, chosen)
            answers = [" ".join([query, "Q0", work, "1", "1.0", "theirs"]) for query, work, _ in map(str.split, kept)]
            (folder / "theirs.run").write_text("\n".join(dict.fromkeys(answers)), encoding="utf-8")
            tags = (["comedy"], ["murder"], [])
            labels = [
                {"imdb_id": work["ids"]["imdb"], "split": "validation", "tags": tags[number % 3]}
                for number, work in enumerate(chosen)
            ]
            (folder / "tags.jsonl").write_text(_to_json_lines(labels), encoding="utf-8")


def _to_json_lines(records: list[dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)
