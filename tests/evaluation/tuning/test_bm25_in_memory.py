"""BM25 in memory gives the engine's scores under any parameters."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import models

from evaluation.tuning.bm25_in_memory import LexicalIndex
from indexer.bm25 import BM25, document_weights, inverse_frequencies, query_weights, top_terms_by_idf
from indexer.engine import Engine, open_engine
from indexer.known.term_counts import TermCounts
from indexer.records import FieldTerms
from search_api.fusion import Ranking

WORDS = "whale sea captain ship storm island treasure map friend enemy night star love war child river snow".split()  # noqa: SIM905

SETTINGS = (
    BM25(),
    BM25(k1=0.6, b=0.25),
    BM25(k1=3, b=1, weights={"title": 4, "keywords": 0.5}),
    BM25(b=0, weights={"title": 0, "genres": 0}),
)


def random_works(seed: int) -> list[tuple[str, FieldTerms]]:
    draw = random.Random(seed)
    weights = [1 / rank for rank in range(1, len(WORDS) + 1)]
    return [
        (
            f"w{number:03}",
            {
                "title": Counter(draw.choices(WORDS, k=draw.randint(0, 3))),
                "genres": Counter(["rare"] if number % 50 == 0 else []),
                "keywords": Counter(draw.choices(WORDS, k=draw.randint(0, 5))),
                "description": Counter(draw.choices(WORDS, weights, k=draw.randint(0, 40))),
            },
        )
        for number in range(200)
    ]


def fill(location: Path, works: Sequence[tuple[str, FieldTerms]], bm25: BM25) -> Engine:
    counts = [bm25.count(terms) for _, terms in works]
    mean_length = sum(sum(each.values()) for each in counts) / len(counts)
    engine = open_engine(location)
    engine.create_collection("works", sparse_vectors_config={"bm25": models.SparseVectorParams()})
    vectors = [document_weights(each, mean_length, k1=bm25.k1, b=bm25.b) for each in counts]
    engine.upsert("works", [models.PointStruct(id=n, vector={"bm25": each}) for n, each in enumerate(vectors)])
    engine.finish("works")
    return engine


def as_pairs(ranking: Ranking) -> dict[int, float]:
    return dict(zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True))


@pytest.mark.parametrize("bm25", SETTINGS, ids=repr)
def test_scores_equal_those_of_the_engine(tmp_path: Path, bm25: BM25) -> None:
    works = random_works(seed=7)
    engine = fill(tmp_path, works, bm25)
    index = LexicalIndex(works).weigh(bm25)
    query = query_weights(["whale", "whale", "snow", "treasure", "rare", "unheard"])
    counts = TermCounts()
    counts.add(document_weights(bm25.count(terms), 1.0) for _, terms in works)
    ids, n_with = counts.totals()
    idf = dict(zip(ids.tolist(), inverse_frequencies(counts.n_works, n_with).tolist(), strict=True))
    assert index.idf(query.indices) == pytest.approx({term: idf[term] for term in query.indices if term in idf})
    values = [weight * idf.get(term, 0.0) for term, weight in zip(query.indices, query.values, strict=True)]
    weighed = models.SparseVector(indices=query.indices, values=values)
    points = engine.query_points("works", query=weighed, using="bm25", limit=len(works)).points
    expected = {int(point.id): point.score for point in points if point.score > 0}
    assert as_pairs(index.rank(query, depth=len(works))) == pytest.approx(expected, rel=1e-4)
    best = index.rank(query, depth=10)
    assert best.scores == pytest.approx([point.score for point in points[:10]], rel=1e-4)
    assert list(as_pairs(best)) == sorted(as_pairs(best), key=lambda row: (-as_pairs(best)[row], row))
    engine.close()


def test_only_allowed_works_are_ranked() -> None:
    works = random_works(seed=3)
    index, query = LexicalIndex(works).weigh(BM25()), query_weights(["whale"])
    allowed = np.arange(len(works)) % 2 == 0
    found = index.rank(query, 200).rows
    assert index.rank(query, 200, allowed).rows.tolist() == found[allowed[found]].tolist()


def test_the_terms_with_the_highest_idf_are_kept() -> None:
    query = models.SparseVector(indices=[1, 2, 3, 4, 5], values=[1.0, 3.0, 1.0, 1.0, 9.0])
    kept = top_terms_by_idf(query, {1: 2.0, 2: 1.0, 3: 0.5, 4: 2.0}, 2)  # no work has the fifth
    assert (kept.indices, kept.values) == ([1, 2], [1.0, 3.0])
    assert len(top_terms_by_idf(query, {1: 2.0, 2: 1.0}, 4).indices) == 2
