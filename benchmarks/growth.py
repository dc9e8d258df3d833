"""Measure how the cost of a query and of a build grows with the catalogue. Prints tables in Markdown.

python -m benchmarks.growth [--works N...] [--queries N] [--results FOLDER]

For each size, one process sends synthetic works (benchmarks/synthetic.py) through the collection that `evoke index`
creates, and another one queries it as `search_api` does, for the best 200 works without payloads: each leg alone, then
all three in one batch (hybrid). Encoder and parsing are left out, because only the engine's cost grows. Payloads are
short.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from qdrant_client import models

from benchmarks.peers.protocol import size_on_disk
from benchmarks.synthetic import (
    N_DIMENSIONS,
    N_TEXT_WORDS,
    N_VALUES,
    Batch,
    SyntheticQuery,
    bm25_vector,
    make_batches,
    make_queries,
)
from indexer.collection import create_generation, swap_generation
from indexer.engine import EdgeClient
from indexer.legs import LEAST_STRENGTH, LEGS, Leg
from indexer.schema import ALIAS, GenerationFacts
from indexer.settings import IndexSettings
from search_api.generation import Generation
from search_api.ranking_settings import CANDIDATES_PER_LEG
from search_api.retrieval import LegQuery, find_candidates

SIZES = (1_000, 10_000, 100_000, 500_000)
HYBRID = "hybrid"
N_RECALL_QUERIES = 20
WARM_QUERIES = 20

Measured = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, nargs="+", default=SIZES)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--results", type=Path, default=Path("build/bench"), help="folder for figures as JSON")
    parser.add_argument("--step", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        name, folder = options.step
        took = build(Path(folder), options.works[0]) if name == "build" else ask(Path(folder), options.queries)
        took["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(took))
        return
    rows = []
    for n_works in sorted(options.works):
        with tempfile.TemporaryDirectory(prefix="evoke-bench-") as folder:
            built = step("build", folder, n_works, options.queries)
            print(f"{n_works:,} works built: {built}", file=sys.stderr, flush=True)
            rows.append({"n_works": n_works, "build": built, "ask": step("ask", folder, n_works, options.queries)})
            print(f"{n_works:,} works asked: {rows[-1]['ask']}", file=sys.stderr, flush=True)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "growth.json").write_text(json.dumps(rows, indent=1))
    print("\n" + "\n".join(table(rows)))


def step(name: str, folder: str, n_works: int, n_queries: int) -> Measured:
    """Run a step in its own process, to measure the peak memory of that step alone."""
    command = [sys.executable, "-m", "benchmarks.growth", "--step", name, folder]
    sizes = ["--works", str(n_works), "--queries", str(n_queries)]
    answer = subprocess.run([*command, *sizes], check=True, stdout=subprocess.PIPE, text=True)
    measured: Measured = json.loads(answer.stdout.splitlines()[-1])
    return measured


def build(folder: Path, n_works: int) -> Measured:
    """Fill a generation, build its vector index, and let it serve."""
    fill_seconds = 0.0
    with EdgeClient(folder) as engine:
        generation = create_generation(engine, make_facts(n_works), IndexSettings(home=folder))
        for batch in make_batches(n_works):
            points = list(to_points(batch))
            started = perf_counter()
            engine.upsert(generation, points)
            fill_seconds += perf_counter() - started
        started = perf_counter()
        engine.finish(generation)
        vector_index_seconds = perf_counter() - started
        swap_generation(engine, generation)
    return {
        "fill_seconds": fill_seconds,
        "vector_index_seconds": vector_index_seconds,
        "bytes_per_work": size_on_disk(folder) / n_works,
    }


def make_facts(n_works: int) -> GenerationFacts:
    """Return the facts of a generation of synthetic works."""
    return GenerationFacts(
        fingerprint="synthetic",
        model="synthetic",
        encoder_fingerprint="synthetic",
        analyser_version="synthetic",
        taxonomy_version="synthetic",
        value_ids=tuple(f"V{number}" for number in range(N_VALUES)),
        dimension=N_DIMENSIONS,
        mean_terms=N_TEXT_WORDS,
        n_works=n_works,
        built_at="synthetic",
    )


def to_points(batch: Batch) -> Iterator[models.PointStruct]:
    """Yield the points of works, with a payload of the fields that lists show."""
    for row, (vector, words, values) in enumerate(zip(batch.vectors, batch.words, batch.values, strict=True)):
        number = batch.first + row
        yield models.PointStruct.model_construct(
            id=number,
            vector={
                "text": vector.tolist(),
                "bm25": bm25_vector(words),
                "values": sparse(np.where(values >= LEAST_STRENGTH, values, 0)),
            },
            payload={"id": str(number), "title": f"Work {number}", "kind": "book", "year": 1950 + number % 75},
        )


def ask(folder: Path, n_queries: int) -> Measured:
    """Time each leg and all legs at once; no call repeats the query of the call before."""
    with EdgeClient(folder, read_only=True) as engine:
        name = engine.get_aliases().aliases[0].collection_name
        assert engine.get_aliases().aliases[0].alias_name == ALIAS
        # The only fields of a generation that find_candidates reads; the id of a point is the row of its work.
        table = SimpleNamespace(rows_of_points=lambda points: np.asarray(points, dtype=np.intp))
        generation = cast("Generation", SimpleNamespace(name=name, table=table, text_params=None))
        asked = [legs_of(query) for query in make_queries(n_queries + WARM_QUERIES)]
        calls: dict[str, Callable[[Mapping[Leg, LegQuery]], object]] = {
            leg: partial(ask_legs, engine, generation, (leg,)) for leg in LEGS
        }
        calls[HYBRID] = partial(ask_legs, engine, generation, tuple(LEGS))
        milliseconds: dict[str, list[float]] = {call: [] for call in calls}
        for place in range(len(asked)):
            for offset, (call, find) in enumerate(calls.items()):
                query = asked[(place + offset * len(asked) // len(calls)) % len(asked)]
                started = perf_counter()
                find(query)
                if place >= WARM_QUERIES:
                    milliseconds[call].append((perf_counter() - started) * 1_000)
        return {
            "p50_ms": {call: float(np.percentile(taken, 50)) for call, taken in milliseconds.items()},
            "p99_ms": {call: float(np.percentile(taken, 99)) for call, taken in milliseconds.items()},
            "recall": recall(engine, generation, asked[:N_RECALL_QUERIES]),
        }


def legs_of(query: SyntheticQuery) -> dict[Leg, LegQuery]:
    """Return a query's requests to the legs."""
    words = models.SparseVector(indices=query.words.tolist(), values=[1.0] * len(query.words))
    return {"text": query.vector, "bm25": words, "values": sparse(query.values)}


def ask_legs(engine: EdgeClient, generation: Generation, legs: Sequence[Leg], query: Mapping[Leg, LegQuery]) -> object:
    """Search some legs in one batch, as a search does."""
    return find_candidates(engine, generation, {leg: query[leg] for leg in legs}, None, CANDIDATES_PER_LEG)


def recall(engine: EdgeClient, generation: Generation, asked: Sequence[Mapping[Leg, LegQuery]]) -> float:
    """Return the share of the exact best 200 by meaning that the graph finds."""
    shares = []
    for query in asked:
        text = {"text": query["text"]}
        found, exact = (
            {*find_candidates(engine, generation, text, None, CANDIDATES_PER_LEG, exact=how)["text"].rows.tolist()}
            for how in (False, True)
        )
        shares.append(len(found & exact) / len(exact))
    return float(np.mean(shares))


def sparse(vector: np.ndarray) -> models.SparseVector:
    """Return the numbers of a vector that are not zero, as a sparse vector."""
    places = np.flatnonzero(vector)
    return models.SparseVector.model_construct(indices=places.tolist(), values=vector[places].tolist())


def table(rows: Sequence[Measured]) -> Iterator[str]:
    """Yield the figures as lines of Markdown."""
    calls = [*LEGS, HYBRID]
    yield f"| works | {' | '.join(f'{call} p50 / p99 ms' for call in calls)} | recall@{CANDIDATES_PER_LEG} |"
    yield "|--:|" + "--:|" * (len(calls) + 1)
    for row in rows:
        asked = row["ask"]
        cells = [f"{asked['p50_ms'][call]:.2f} / {asked['p99_ms'][call]:.2f}" for call in calls]
        yield f"| {row['n_works']:,} | {' | '.join(cells)} | {asked['recall']:.3f} |"
    yield ""
    for fewer, more in pairwise(rows):
        times = {call: more["ask"]["p50_ms"][call] / fewer["ask"]["p50_ms"][call] for call in calls}
        factors = ", ".join(f"{call} {factor:.2f}x" for call, factor in times.items())
        yield f"From {fewer['n_works']:,} to {more['n_works']:,} works: {factors}."
    yield ""
    yield "| works | fill works/s | vector index s | bytes/work | peak MiB, build | peak MiB, queries |"
    yield "|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        built = row["build"]
        speed, size = row["n_works"] / built["fill_seconds"], built["bytes_per_work"]
        memory = f"{built['peak_mib']:,.0f} | {row['ask']['peak_mib']:,.0f}"
        yield f"| {row['n_works']:,} | {speed:,.0f} | {built['vector_index_seconds']:.1f} | {size:,.0f} | {memory} |"


if __name__ == "__main__":
    main()
