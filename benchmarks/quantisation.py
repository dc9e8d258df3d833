"""Measure recall and time of the text leg for the ways to store and search its vectors.

python -m benchmarks.quantisation HOME QUERIES [--queries N]

HOME is a folder with an index, of which only the text vectors are read. QUERIES is a queries.jsonl in BEIR's layout.
The recall of a way is the share of the 200 best works of an exact search that are among its own 200 best. Times are of
processor time, and the best of three.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import orjson
from qdrant_client import models

from benchmarks.peers.protocol import size_on_disk
from evaluation.lines import numbered_lines
from indexer.encoder.encoder import open_encoder
from indexer.engine import EdgeClient, Engine, open_engine_of
from indexer.legs import LEGS
from indexer.serving import read_facts, serving_generation
from indexer.settings import StorageSettings, VectorSettings
from search_api.generation import EXACT_WORKS, text_params
from search_api.settings import VectorSearch

DEPTH = 200
COLLECTION = "works"
PASS = 1_000
STORED = (VectorSettings(), VectorSettings(quantization="int8"), VectorSettings(hnsw_m=32, hnsw_ef_construct=200))
SEARCHED = {
    "none": (VectorSearch(), VectorSearch(hnsw_ef=400), VectorSearch(hnsw_ef=800)),
    "int8": (
        VectorSearch(rescore=False),
        VectorSearch(oversampling=1),
        VectorSearch(oversampling=2),
        VectorSearch(oversampling=4),
        VectorSearch(oversampling=2, hnsw_ef=800),
    ),
}
EXACT = models.SearchParams(exact=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--queries", dest="n_queries", type=int, default=100)
    options = parser.parse_args()
    settings = StorageSettings(home=options.home)
    texts = [orjson.loads(line)["text"] for _, line in numbered_lines(options.queries)]
    queries = open_encoder(settings).encode(texts[: options.n_queries]).tolist()
    with closing(open_engine_of(settings, read_only=True)) as served:
        for stored in STORED:
            with tempfile.TemporaryDirectory(prefix="evoke-bench-") as folder, EdgeClient(folder) as engine:
                seconds = fill(engine, served, stored)
                n_bytes = size_on_disk(Path(folder))
                print(f"{describe(stored)}: built in {seconds:.0f} s, {n_bytes / 2**20:.0f} MiB")
                measure(engine, stored, queries)


def fill(engine: EdgeClient, served: Engine, stored: VectorSettings) -> float:
    """Copy the text vectors of the serving generation into a collection; return the seconds of processor time."""
    name = serving_generation(served)
    facts = read_facts(served, name) if name else None
    if name is None or facts is None:
        raise SystemExit("HOME has no index of this version: run `evoke index`")
    params = LEGS["text"].params(facts.model_copy(update={"vectors": stored}))
    engine.create_collection(COLLECTION, vectors_config={"text": params})  # type: ignore[dict-item]
    started = process_time()
    for records in vectors_of(served, name):
        points = [models.PointStruct.model_construct(id=r.id, vector=r.vector, payload=None) for r in records]
        engine.upsert(COLLECTION, points)
    engine.finish(COLLECTION)
    return process_time() - started


def vectors_of(served: Engine, generation: str) -> Iterator[list[models.Record]]:
    """Yield the points of a generation with their text vectors, some at a time."""
    offset: Any = None
    while True:
        records, offset = served.scroll(
            generation, limit=PASS, offset=offset, with_payload=False, with_vectors=["text"]
        )
        yield records
        if offset is None:
            return


def measure(engine: EdgeClient, stored: VectorSettings, queries: Sequence[Sequence[float]]) -> None:
    """Print recall and time of each way to search a collection."""
    best, exact_seconds = ask(engine, queries, EXACT)
    print(f"    exact search: {exact_seconds * 1_000:.2f} ms a query")
    for search in SEARCHED[stored.quantization]:
        found, seconds = ask(engine, queries, text_params(search, stored, EXACT_WORKS + 1))
        recall = np.mean([len(a & b) / len(b) for a, b in zip(found, best, strict=True)])
        print(f"    {describe(search)}: recall@{DEPTH} {recall:.4f}, {seconds * 1_000:.2f} ms a query")


def ask(
    engine: EdgeClient, queries: Sequence[Sequence[float]], params: models.SearchParams | None, runs: int = 3
) -> tuple[list[set[Any]], float]:
    """Return the best works of each query, and the seconds that a query takes."""
    requests = [models.QueryRequest(query=list(query), using="text", limit=DEPTH, params=params) for query in queries]
    seconds = []
    for _ in range(runs):
        started = process_time()
        answers = [engine.rank_points(COLLECTION, [request])[0] for request in requests]
        seconds.append(process_time() - started)
    return [{point for point, _ in answer} for answer in answers], min(seconds) / len(queries)


def describe(settings: VectorSettings | VectorSearch) -> str:
    """Return the settings that differ from the defaults."""
    changed = settings.model_dump(exclude_defaults=True)
    return ", ".join(f"{name} {value}" for name, value in changed.items()) or "defaults"


if __name__ == "__main__":
    main()
