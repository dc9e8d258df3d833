"""Time a hybrid query on the embedded engine, on qdrant_client's engine in memory, and on rank-bm25 with numpy.

python -m benchmarks.engine [--points 20000 100000] [--queries N]

A query is a dense vector of 384 numbers and four words (benchmarks/synthetic.py). Each leg returns its best 100 under
the same filter. They are fused by reciprocal rank, and the best ten are returned with payload. The engine in memory
takes about a second a query, so it gets the smallest collection and few queries. benchmarks/growth.py measures how cost
grows.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from time import perf_counter

import numpy as np
from qdrant_client import models
from rank_bm25 import BM25Okapi

from benchmarks.synthetic import N_DIMENSIONS, bm25_vector, make_batches
from benchmarks.synthetic import make_queries as make_synthetic
from indexer.bm25 import K1, B
from indexer.engine import EdgeClient, Engine, open_engine
from indexer.engine.queries import edge_request

LEG_LIMIT, ANSWERS, RRF_K = 100, 10, 61
N_MEMORY_QUERIES = 2
GENRES = [f"genre {number}" for number in range(20)]


@dataclass
class Corpus:
    """Synthetic works."""

    vectors: np.ndarray
    words: list[np.ndarray]
    kinds: np.ndarray
    years: np.ndarray
    genres: np.ndarray


@dataclass
class Query:
    """A dense vector, words, and a filter that every engine can apply."""

    vector: np.ndarray
    words: np.ndarray
    variant: str
    model: models.Filter | None
    mask: Callable[[Corpus], np.ndarray] | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*(Payload indexes have no effect|Local mode is not recommended)")
    for n_points in sorted(options.points):
        measure(n_points, options.queries, with_memory=n_points == min(options.points))


def measure(n_points: int, n_queries: int, *, with_memory: bool) -> None:
    generator = np.random.default_rng(7)
    corpus = make_corpus(generator, n_points)
    queries = list(make_queries(n_queries))
    print(f"\n{n_points:,} points")
    with tempfile.TemporaryDirectory(prefix="evoke-bench-") as folder, EdgeClient(folder) as edge:
        fill(edge, corpus)
        edge.finish("works")
        print_recall(edge, queries)
        times = {"EdgeClient": run(partial(ask_engine, edge), queries)}
        times["rank-bm25 + numpy"] = run(partial(ask_numpy, corpus, okapi(corpus)), queries[: max(12, n_queries // 5)])
        if with_memory:
            memory = open_engine(":memory:")
            fill(memory, corpus)
            few = [query for variant in variants(queries) for query in of(variant, queries)[:N_MEMORY_QUERIES]]
            times["QdrantClient(':memory:')"] = run(partial(ask_engine, memory), few)
            memory.close()
        print_times(times)
        print_overhead(edge, queries)


def make_corpus(generator: np.random.Generator, n_points: int) -> Corpus:
    batches = list(make_batches(n_points))
    return Corpus(
        np.concatenate([batch.vectors for batch in batches]),
        [words for batch in batches for words in batch.words],
        kinds=generator.integers(2, size=n_points),
        years=generator.integers(1950, 2026, size=n_points),
        genres=generator.integers(len(GENRES), size=(n_points, 3)),
    )


def make_queries(n_queries: int) -> Iterator[Query]:
    years, genres = models.Range(gte=2000, lt=2010), GENRES[:2]
    filters: list[tuple[str, models.FieldCondition | None, Callable[[Corpus], np.ndarray] | None]] = [
        ("no filter", None, None),
        (
            "kind (50%)",
            models.FieldCondition(key="kind", match=models.MatchValue(value="kind 0")),
            lambda corpus: corpus.kinds == 0,
        ),
        (
            "genres (27%)",
            models.FieldCondition(key="genres", match=models.MatchAny(any=genres)),
            lambda corpus: (corpus.genres < len(genres)).any(axis=1),
        ),
        (
            "years (13%)",
            models.FieldCondition(key="year", range=years),
            lambda corpus: (corpus.years >= 2000) & (corpus.years < 2010),
        ),
    ]
    for number, made in enumerate(make_synthetic(n_queries)):
        variant, condition, mask = filters[number % len(filters)]
        model = None if condition is None else models.Filter(must=[condition])
        yield Query(made.vector, made.words, variant, model, mask)


def fill(engine: Engine, corpus: Corpus) -> None:
    started = perf_counter()
    engine.create_collection(
        "works",
        {"text": models.VectorParams(size=N_DIMENSIONS, distance=models.Distance.COSINE)},
        {"bm25": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )
    for key, kind in (("kind", "keyword"), ("genres", "keyword"), ("year", "integer")):
        engine.create_payload_index("works", key, models.PayloadSchemaType(kind))
    engine.upload_points("works", points(corpus), batch_size=500)
    print(f"  {type(engine).__name__} filled in {perf_counter() - started:.0f} s")


def points(corpus: Corpus) -> Iterator[models.PointStruct]:
    for number, words in enumerate(corpus.words):
        yield models.PointStruct(
            id=number,
            vector={
                "text": corpus.vectors[number].tolist(),
                "bm25": bm25_vector(words),
            },
            payload={
                "kind": f"kind {corpus.kinds[number]}",
                "year": int(corpus.years[number]),
                "genres": [GENRES[genre] for genre in corpus.genres[number]],
                "title": f"The title of work {number}",
            },
        )


def legs(query: Query) -> list[models.Prefetch]:
    terms = models.SparseVector(indices=query.words.tolist(), values=[1.0] * len(query.words))
    return [
        models.Prefetch(query=query.vector.tolist(), using="text", limit=LEG_LIMIT),
        models.Prefetch(query=terms, using="bm25", limit=LEG_LIMIT),
    ]


def ask_engine(engine: Engine, query: Query) -> object:
    fused = models.RrfQuery(rrf=models.Rrf(k=RRF_K))
    return engine.query_points("works", fused, prefetch=legs(query), query_filter=query.model, limit=ANSWERS)


def okapi(corpus: Corpus) -> BM25Okapi:
    return BM25Okapi([words.tolist() for words in corpus.words], k1=K1, b=B)


def ask_numpy(corpus: Corpus, bm25: BM25Okapi, query: Query) -> list[int]:
    allowed = None if query.mask is None else query.mask(corpus)
    fused: dict[int, float] = {}
    for scores in (corpus.vectors @ query.vector, bm25.get_scores(query.words.tolist())):
        kept = scores if allowed is None else np.where(allowed, scores, -np.inf)
        best = np.argpartition(-kept, LEG_LIMIT)[:LEG_LIMIT]
        for rank, number in enumerate(best[np.argsort(-kept[best])]):
            fused[int(number)] = fused.get(int(number), 0.0) + 1 / (RRF_K + rank)
    return sorted(fused, key=lambda number: (-fused[number], number))[:ANSWERS]


def run(ask: Callable[[Query], object], queries: Sequence[Query]) -> dict[str, list[float]]:
    """Return the milliseconds of every query, by variant of the filter."""
    ask(queries[0])
    return {
        variant: [milliseconds(partial(ask, query)) for query in of(variant, queries)] for variant in variants(queries)
    }


def milliseconds(call: Callable[[], object]) -> float:
    started = perf_counter()
    call()
    return (perf_counter() - started) * 1_000


def variants(queries: Sequence[Query]) -> list[str]:
    return list(dict.fromkeys(query.variant for query in queries))


def of(variant: str, queries: Sequence[Query]) -> list[Query]:
    return [query for query in queries if query.variant == variant]


def print_times(times: dict[str, dict[str, list[float]]]) -> None:
    edge = {variant: statistics.median(taken) for variant, taken in times["EdgeClient"].items()}
    print(f"  {'p50 / p95 in ms, and times EdgeClient':<40}" + "".join(f"{variant:>26}" for variant in edge))
    for name, by_variant in times.items():
        cells = [
            f"{np.percentile(taken, 50):.2f} / {np.percentile(taken, 95):.2f} ({np.median(taken) / edge[variant]:.0f}x)"
            for variant, taken in by_variant.items()
        ]
        print(f"  {name:<40}" + "".join(f"{cell:>26}" for cell in cells))


def print_recall(edge: EdgeClient, queries: Sequence[Query], n_queries: int = 40) -> None:
    """Print the share of the exact best 100 by vector that the graph finds."""
    shares = []
    for query in queries[:n_queries]:
        ask = partial(edge.query_points, "works", query.vector, using="text", query_filter=query.model, limit=LEG_LIMIT)
        found = {point.id for point in ask(with_payload=False).points}
        exact = ask(with_payload=False, search_params=models.SearchParams(exact=True)).points
        shares.append(len(found & {point.id for point in exact}) / len(exact))
    print(f"  dense recall@{LEG_LIMIT}: {statistics.mean(shares):.3f}")


def print_overhead(edge: EdgeClient, queries: Sequence[Query]) -> None:
    """Print the adapter's share of the time of a query: three prefetches, 100 answers without payload."""
    shard = edge._catalog.open("works").shard
    fused = models.RrfQuery(rrf=models.Rrf(k=RRF_K))
    bare, adapted = [], []
    for query, other in pairwise(queries):
        prefetch = [*legs(query), legs(other)[0]]
        request = models.QueryRequest(query=fused, prefetch=prefetch, filter=query.model)
        bare.append(milliseconds(partial(shard.query, edge_request(no_lookup, request, 100, 0))))
        ask = partial(edge.query_points, query_filter=query.model, limit=100, with_payload=False)
        adapted.append(milliseconds(partial(ask, "works", fused, prefetch=prefetch)))
    medians = statistics.median(bare), statistics.median(adapted)
    print(f"  bare qdrant_edge {medians[0]:.2f} ms, EdgeClient {medians[1]:.2f} ms", end=": ")
    print(f"the adapter adds {statistics.median(b - a for a, b in zip(bare, adapted, strict=True)):.2f} ms")


def no_lookup(*_: object) -> object:
    raise NotImplementedError


if __name__ == "__main__":
    main()
