"""Benchmark folders, made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from catalogues import write_catalogue

Judgement = tuple[str, str, int]

CORPUS: Sequence[Mapping[str, Any]] = tuple(
    {"_id": work_id, "title": title, "text": text, "metadata": {"kind": kind, "imdb_id": f"tt{work_id}"}}
    for work_id, title, text, kind in (
        ("w1", "The Lighthouse Year", "A widower keeps a lighthouse. The storms teach him hope.", "movie"),
        ("w2", "Salt Road", "Two sisters drive a truck of salt across a desert. They laugh a lot.", "movie"),
        ("w3", "The Glass Orchard", "A botanist loses her sight and learns the orchard by smell.", "book"),
        ("w4", "Songs from the Border", "Smugglers and shepherds share one bridge in wartime.", "book"),
        ("w5", "Night Ferry", "A detective rides the last ferry with a killer. Dread grows with the fog.", "movie"),
        ("w6", "Far Signal", "A radio astronomer hears an answer from the stars.", "movie"),
        ("w7", "The Kite Maker", "A boy in Kabul builds kites and mends a broken friendship.", "book"),
        ("w8", "Winter Ferry", "A ferry is caught in ice and its crew tells stories of storms.", "book"),
    )
)  # fmt: skip
QUERIES: Mapping[str, str] = {
    "storms": "storms at a lighthouse",
    "ferry": "the last ferry with a killer",
    "kites": "a boy who builds kites in Kabul",
    "unused": "a query that no split judges",
}
QRELS: Sequence[Judgement] = (
    ("storms", "w1", 2), ("storms", "w8", 1), ("storms", "w2", 0),
    ("ferry", "w5", 2), ("ferry", "w8", 1), ("kites", "w7", 1),
)  # fmt: skip


def write_benchmark(
    folder: Path,
    corpus: Iterable[Mapping[str, Any]] = CORPUS,
    queries: Mapping[str, str] = QUERIES,
    qrels: Iterable[Judgement] = QRELS,
    *,
    split: str = "validation",
    suffix: str = "",
) -> Path:
    """Write a folder in BEIR's layout; `suffix` is added to the names of corpus and queries, such as .gz."""
    (folder / "qrels").mkdir(parents=True)
    write_catalogue(folder / f"corpus.jsonl{suffix}", corpus)
    write_catalogue(folder / f"queries.jsonl{suffix}", [{"_id": i, "text": text} for i, text in queries.items()])
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, each)) for each in qrels)]
    (folder / "qrels" / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    return folder


def add_line(path: Path, line: str | Mapping[str, Any]) -> None:
    with path.open("a") as file:
        file.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
